"""The methods section as text, with software and references."""
