"""Experiment trackers: what a training reports, sent to MLflow, TensorBoard or Weights & Biases as it goes."""
