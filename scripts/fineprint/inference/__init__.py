"""A method put together in memory, and asked in batches."""
