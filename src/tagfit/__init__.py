"""tagfit: multi-label picture classifiers, judged honestly, diagnosed and cured."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Public name -> the module that holds it; loaded on first use, so that `import tagfit` costs nothing.
_PUBLIC = {
    "InputError": "tagfit.errors",
    "TaggedSet": "tagfit.data.tagged",
    "Problem": "tagfit.data.problem",
    "Scores": "tagfit.scores",
    "split": "tagfit.data.split",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tagfit' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
