"""Small Problems made of arrays, and the comparison of two runs, for the tests of training."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.problem import Preprocessing, Problem
from tagfit.data.tagged import TaggedSet
from tagfit.runs.run import Run

SPLIT_OF_ROW = ("train", "train", "train", "validation", "test")


def problem_of(
    inputs: NDArray[Any],
    truth: NDArray[np.uint8],
    *,
    known: NDArray[np.bool_] | None = None,
    split: NDArray[np.str_] | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Problem:
    n, labels = truth.shape
    mask = np.ones(truth.shape, dtype=bool) if known is None else known
    names = np.resize(SPLIT_OF_ROW, n) if split is None else split
    data = TaggedSet(
        ids=np.array([f"row {row}" for row in range(n)]),
        truth=truth,
        known=mask,
        labels=tuple(f"label {column}" for column in range(labels)),
        arrays=inputs,
        weights=weights,
    )
    train = inputs[names == "train"].astype(np.float64)
    axes = tuple(range(train.ndim - 1))
    mean, std = train.mean(axis=axes), train.std(axis=axes)
    preprocessing = Preprocessing(
        inputs.shape[1] if inputs.ndim == 4 else None, tuple(mean.tolist()), tuple(np.where(std > 0, std, 1).tolist())
    )
    digest = hashlib.blake2b(inputs.tobytes() + truth.tobytes() + mask.tobytes() + "".join(names).encode())
    fingerprint = {"data": digest.hexdigest(), "preprocessing": hashlib.blake2b(str(mean).encode()).hexdigest()}
    return Problem(data, names, preprocessing, inputs, fingerprint, {})


def features(n: int = 160, width: int = 10, labels: int = 3, seed: int = 0, **about: Any) -> Problem:
    """Rows whose labels hang on them by a noisy plane each."""
    random = np.random.default_rng(seed)
    inputs = random.normal(3, 2, (n, width)).astype(np.float32)
    planes = random.normal(size=(width, labels))
    heights = (inputs - 3) @ planes + random.normal(size=(n, labels))
    return problem_of(inputs, (heights > 0.5).astype(np.uint8), **about)


def pictures(n: int = 60, size: int = 8, labels: int = 3, seed: int = 0, **about: Any) -> Problem:
    """Noise in which each label that is on brightens its own colour."""
    random = np.random.default_rng(seed)
    truth = (random.random((n, labels)) < 0.4).astype(np.uint8)
    brighter = 60 * truth[:, None, None, [column % labels for column in range(3)]]
    inputs = (random.integers(0, 150, (n, size, size, 3)) + brighter).astype(np.uint8)
    return problem_of(inputs, truth, **about)


def assert_same_runs(one: Run, other: Run) -> None:
    """The same weights, scores, history (its times aside) and kept epoch, bit for bit."""
    assert one.weights.read_bytes() == other.weights.read_bytes()
    assert one.scored_splits == other.scored_splits
    for split in one.scored_splits:
        np.testing.assert_array_equal(one.scores(split).scores, other.scores(split).scores)
        np.testing.assert_array_equal(one.scores(split).ids, other.scores(split).ids)
    assert without_times(one) == without_times(other)
    assert [one.info[name] for name in ("state", "epochs", "kept_epoch")] == [
        other.info[name] for name in ("state", "epochs", "kept_epoch")
    ]


def without_times(run: Run) -> list[dict[str, Any]]:
    return [{**asdict(epoch), "seconds": None} for epoch in run.history]


def unfinished(folder: Path) -> list[str]:
    """What was begun and not finished."""
    return [path.name for path in folder.rglob("*.part")]
