"""The chapter on many tasks: its data, tables and words."""
