"""The one folder that imports torch: nets, the loop, checkpoints and scoring."""
