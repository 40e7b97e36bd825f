"""The run folder: what a training process writes and everything else reads; no torch."""
