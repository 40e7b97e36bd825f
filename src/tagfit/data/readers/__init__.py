"""Readers: one file a format; each turns a source into a TaggedSet."""
