"""``python -m tagfit``: the command line."""

from __future__ import annotations

from tagfit.cli import main

if __name__ == "__main__":
    main()
