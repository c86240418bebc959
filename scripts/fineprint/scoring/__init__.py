"""Scores, intervals, paired tests, calibration."""
