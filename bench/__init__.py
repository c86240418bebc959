"""Comparison of speed: the assignment's way, what users pick instead, and Fineprint's."""
