"""A study held against another one that replicates it."""
