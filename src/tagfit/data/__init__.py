"""Data: sources become a TaggedSet, and a TaggedSet becomes a Problem."""
