"""From files to a Problem: readers, the TaggedSet, pictures, splits, duplicates and fingerprints."""
