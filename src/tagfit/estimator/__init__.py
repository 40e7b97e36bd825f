"""The scikit-learn face: a classifier for everything that takes an estimator."""
