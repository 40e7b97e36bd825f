"""Little scenes painted by program: which labels they carry, and how they look."""
