"""Evaluation: metrics, thresholds, calibration and intervals from scores; NumPy only."""
