"""Pictures: found, decoded, cached, and compared with each other."""
