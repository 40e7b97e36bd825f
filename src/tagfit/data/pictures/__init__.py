"""Pictures: finding, decoding, caching and comparing them."""
