"""Studio: the local pages to look at runs, move cuts, correct tags and start trainings and cures."""
