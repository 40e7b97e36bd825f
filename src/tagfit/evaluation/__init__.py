"""Scores become numbers: counts, ranking, thresholds, calibration, intervals; NumPy only."""
