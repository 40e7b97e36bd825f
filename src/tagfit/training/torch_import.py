"""The door to torch: what imports it is loaded where it is needed, and its absence names the extra that brings it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tagfit.errors import MissingExtraError


@contextmanager
def torch_for(purpose: str) -> Iterator[None]:
    """Around an import from this folder: where torch is not installed, a MissingExtraError says what needs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "torch":
            raise MissingExtraError("train", purpose) from None
        raise
