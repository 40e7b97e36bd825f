"""Launch: which of the processes of a training this one is, as ``torchrun`` says it in the environment."""

from __future__ import annotations

import os

# All of them are set by torchrun, and by hand for another launcher.
NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def count() -> int:
    """How many processes train together; 1 without a launcher."""
    return max(1, _number("WORLD_SIZE")) if all(os.environ.get(name) for name in NEEDED) else 1


def rank() -> int:
    """The number of this one, from 0; the first one writes and reports."""
    return _number("RANK") if count() > 1 else 0


def local_rank() -> int:
    """Its number on this machine, which is that of its GPU."""
    return _number("LOCAL_RANK") if os.environ.get("LOCAL_RANK") else rank()


def is_restart() -> bool:
    """Whether the processes were started again, after one of them ended."""
    return count() > 1 and _number("TORCHELASTIC_RESTART_COUNT") > 0


def _number(name: str) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() else 0
