"""The config: its schema, how it is read, what cannot work together, what must be fetched."""
