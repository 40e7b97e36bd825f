"""Splits: stratified train, validation and test, without separating groups and duplicates."""
