"""Pages: each function returns a page as a plain dict, which a template draws and ``.json`` prints."""
