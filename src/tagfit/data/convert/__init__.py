"""Conversion: what was read, written in a format of other tools, so that it reads back the same."""
