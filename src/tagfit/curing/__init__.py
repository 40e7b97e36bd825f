"""The cure: meet a goal by changing only the recipe, and leave a certificate that can be checked again."""
