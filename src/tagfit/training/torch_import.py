"""Lazy imports of torch: the modules here are imported where they are needed; without torch, the extra is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tagfit.errors import MissingExtraError


@contextmanager
def torch_for(purpose: str) -> Iterator[None]:
    """Around an import from ``tagfit.training``: without torch, a MissingExtraError says what needs which extra.

    ::

        with torch_for("training"):
            from tagfit.training import fit
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "torch":
            raise MissingExtraError("train", purpose) from None
        raise
