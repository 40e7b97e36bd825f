"""Defaults and limits of a cure; without other imports, so that the help of the command can show them."""

from __future__ import annotations

DEFAULT_BUDGET = 600.0  # seconds
DEFAULT_SEEDS = 3
MAX_SEED = 2**31  # the new seeds that confirm a winner follow it, below the largest seed of a training
