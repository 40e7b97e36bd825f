"""Server: a tagger over HTTP, with requests of many clients scored together."""
