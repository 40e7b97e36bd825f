"""Backbones: pretrained nets that turn pictures into features, and the features kept on disk."""
