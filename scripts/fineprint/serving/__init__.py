"""Many tasks on one backbone: ways of serving them, combining adapters, forgetting."""
