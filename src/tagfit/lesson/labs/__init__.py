"""Labs: one module a station, with the steps that the engine runs; they hold no text of their own."""
