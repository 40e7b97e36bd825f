"""Photos: keywords in picture files and next to them, as photo programs keep them; standard library only."""
