"""Processors: how many of them this process may use."""

from __future__ import annotations

import os


def usable() -> int:
    """The processors that this process may use; those of the machine where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def for_computing() -> int:
    """The threads to compute with: ``OMP_NUM_THREADS`` if set, else one per usable processor."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else usable()
