"""Report: what was found becomes one page that can be passed on."""
