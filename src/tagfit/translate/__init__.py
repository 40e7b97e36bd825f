"""Recipes in other tongues: a recipe as Keras or PyTorch code, and a Keras model's configuration as a recipe."""
