"""``python -m tagfit``: the same command line."""

from __future__ import annotations

from tagfit.cli import main

if __name__ == "__main__":
    main()
