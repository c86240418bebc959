"""Collecting all records of a study, and asking them."""
