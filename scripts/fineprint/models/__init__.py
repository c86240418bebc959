"""Weights in memory: precision, loading, norms by one kernel, unpacking, sharding, counting."""
