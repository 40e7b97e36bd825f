"""Splits: rows to train, validation and test, stratified, with groups and duplicates on one side."""
