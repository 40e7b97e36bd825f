"""tagfit demo: the whole way on generated pictures."""

from __future__ import annotations


def demo() -> None:
    """Go the whole way on generated pictures."""
