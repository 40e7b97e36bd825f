"""Report: diagnosis and certificate as self-contained HTML pages."""
