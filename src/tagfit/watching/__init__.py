"""Watching a folder: each new photograph once, when its file is complete, also those that came while nobody watched."""
