"""Photos: keywords in and beside picture files, as photo programs keep them; standard library only."""
