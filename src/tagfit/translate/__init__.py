"""Translation: recipes to Keras or PyTorch code, and Keras models to recipes."""
