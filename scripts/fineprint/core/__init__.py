"""What everybody shares: settings' base, record types and JSON, number formats, log lines."""
