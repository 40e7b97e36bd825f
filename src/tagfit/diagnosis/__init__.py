"""Diagnosis: findings from arrays, a history and the truth; it never sees a model and never trains."""
