"""The course's nets without a training: scores drawn at random, for tests of what is shown rather than of figures."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagfit.data.problem import Problem
from tagfit.files import to_json
from tagfit.history import Epoch
from tagfit.lesson.labs import bonus, cut, diagnose, edited_code, explain, kept, nets, painted
from tagfit.lesson.steps import OnEpoch
from tagfit.recipe import Recipe

COUNTS = {"train": 60, "validation": 60, "test": 40}
EPOCHS, TURN = 30, 5
# How far the scores of a split are on the side of its tags.
SKILL = {"train": 3.0, "validation": 0.8, "test": 0.8}


def train(
    recipe: Recipe,
    *,
    seed: int = 0,
    problem: Problem | None = None,
    splits: tuple[str, ...] = nets.SPLITS,
    on_epoch: OnEpoch | None = None,
    **_limits: Any,
) -> nets.Trained:
    """What ``nets.train`` returns, at once."""
    problem = painted.problem() if problem is None else problem
    rng = np.random.default_rng(seed)
    history = tuple(map(_epoch, range(1, EPOCHS + 1)))
    for epoch in history:
        if on_epoch is not None:
            on_epoch(epoch, EPOCHS)
    scores = {}
    for name in splits:
        truth = problem.part(name).truth
        logits = SKILL[name] * (2.0 * truth - 1) + rng.normal(size=truth.shape)
        scores[name] = (1 / (1 + np.exp(-logits))).astype(np.float32)
    return nets._trained(problem, recipe, seed, kept.Kept(history, EPOCHS, scores))


def _epoch(epoch: int) -> Epoch:
    """One of a training that memorises: validation turns."""
    validation = 0.5 + 0.03 * abs(epoch - TURN)
    return Epoch(epoch, 0.6 / epoch, 0.6 / epoch, validation, 1 - 0.3 / epoch, 0.72, validation, 0.01, 0.0)


def run(code: str, given: Mapping[str, Any], wanted: Any) -> dict[str, Any]:
    """What ``edited_code.run`` returns, without a process."""
    sent = json.loads(to_json({"given": given}, indent=None))["given"]  # as the process would get it
    found: dict[str, Any] = json.loads(to_json(edited_code.values_of(code, sent, wanted), indent=None))
    return found


def _forget() -> None:
    nets._KNOWN.clear()
    for module in (bonus, cut, diagnose, explain, nets, painted):
        for one in vars(module).values():
            if isinstance(one, functools._lru_cache_wrapper):
                one.cache_clear()


@contextmanager
def engine(cache: Path) -> Iterator[None]:
    """Few small pictures, nets without a training, and code that runs in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAGFIT_CACHE_DIR", str(cache))
        patch.setattr(painted, "COUNTS", COUNTS)
        patch.setattr(painted, "MANY", COUNTS["train"])
        patch.setitem(painted.made.__kwdefaults__, "size", 8)
        patch.setitem(painted.made.__kwdefaults__, "pictures", COUNTS["train"])
        patch.setattr(nets, "train", train)
        patch.setattr(edited_code, "run", run)
        _forget()
        yield
    _forget()
