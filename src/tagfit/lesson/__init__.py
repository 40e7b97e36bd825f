"""The lesson: a course of ten stations whose steps run on the engine, with its texts as data."""
