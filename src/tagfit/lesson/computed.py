"""Computed: figures of questions from a seed, the right one by the engine, the wrong ones by named mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator

from tagfit.evaluation.cases import exceeding
from tagfit.evaluation.point_metrics import point_metrics

TRIES = 1000  # draws until all figures of the options differ
GAP = 0.04  # between figures of options, so that rounding on the way does not lead to a wrong one
WEATHER = ("beach", "sunset", "people", "snow")


def figures(name: str, seed: int) -> dict[str, str]:
    """The figures of a question as texts.

    Args:
        name: one of FIGURES.
        seed: the same seed gives the same figures.
    """
    draw, compared = FIGURES[name]
    generator = np.random.default_rng([seed, *name.encode()])
    for _ in range(TRIES):
        found = {key: _text(value) for key, value in draw(generator).items()}
        ordered = sorted(float(found[key]) for key in compared)
        if min(np.diff(ordered)) >= GAP:
            return found
    raise AssertionError(name)  # no draw has different options


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.2f}"
    return str(value)


def _lost_tags(generator: Generator) -> dict[str, Any]:
    counts = generator.choice([0, 1, 2, 3], size=7, p=[0.2, 0.25, 0.35, 0.2])
    return {
        "pictures": len(counts),
        "counts": ", ".join(map(str, counts)),
        "tags": int(counts.sum()),
        "lost": int((counts - 1).clip(min=0).sum()),
        "several": int((counts > 1).sum()),
        "minus_all": int(counts.sum() - len(counts)),
    }


def _softmax_share(generator: Generator) -> dict[str, Any]:
    n = int(generator.integers(5, 10))
    k = int(generator.integers(2, 5))
    logits = np.where(np.arange(n) < k, 0.0, -np.inf)
    scores = np.exp(logits) / np.exp(logits).sum()
    return {"n": n, "k": k, "right": float(scores[0]), "one": 1.0, "share": k / n}


def _cross_entropy(generator: Generator) -> dict[str, Any]:
    a, b = (float(value) for value in generator.integers(5, 95, size=2) / 100)
    truth, scores = np.array([[1, 0]]), np.array([[a, b]])
    flipped = _measured(np.ones((1, 2)), scores)["loss"]
    return {
        "a": a,
        "b": b,
        "right": _measured(truth, scores)["loss"],
        "flipped": flipped,
        "error": float(np.abs(truth - scores).mean()),
    }


def _precision_at_cut(generator: Generator) -> dict[str, Any]:
    n = 6
    scores = np.sort(generator.choice(np.arange(1, 20), size=n, replace=False))[::-1] / 20
    truth = generator.permutation([1, 1, 1, 0, 0, 0])
    cut = float(scores[generator.integers(2, 5)])
    above = exceeding(scores[:, None], np.array([cut]))[:, 0]
    return {
        "n": n,
        "scores": ", ".join(f"{score:.2f}" for score in scores),
        "present": ", ".join(f"{score:.2f}" for score in scores[truth == 1]),
        "cut": cut,
        "right": _label_counts(truth, above)["precision"],
        "at_least": _label_counts(truth, scores >= cut)["precision"],
        "recall": _label_counts(truth, above)["recall"],
    }


def _averages(generator: Generator) -> dict[str, Any]:
    tp, fp, fn = (generator.integers(low, high, size=2) for low, high in ((2, 40), (1, 20), (1, 30)))
    truth, predicted = _from_counts(tp, fp, fn)
    found = _measured(truth, predicted)
    first, second = generator.choice(WEATHER, size=2, replace=False)
    counts = {f"{name}{place + 1}": int(values[place]) for name, values in _named(tp, fp, fn) for place in (0, 1)}
    return {
        "first": first,
        "second": second,
        **counts,
        "macro": found["macro_f1"],
        "micro": found["micro_f1"],
        "precision": found["macro_precision"],
    }


def _exact_and_label(generator: Generator) -> dict[str, Any]:
    truth = generator.random((5, len(WEATHER))) < 0.45
    predicted = truth ^ (generator.random(truth.shape) < 0.15)
    measured = _measured(truth, predicted)
    rows = [
        f"{place}. {_tags(one)} / {_tags(other)}"
        for place, (one, other) in enumerate(zip(truth, predicted, strict=True), start=1)
    ]
    return {
        "n": len(truth),
        "labels": len(WEATHER),
        "rows": "\n\n".join(rows),
        "label_accuracy": measured["label_accuracy"],
        "exact": measured["subset_accuracy"],
        "found": float((truth & predicted).sum() / max(truth.sum(), 1)),
    }


def _constant_accuracy(generator: Generator) -> dict[str, Any]:
    shares = generator.permutation([generator.integers(60, 90), *generator.integers(5, 45, size=2)]) / 100
    rows = 100
    truth = (np.arange(rows)[:, None] < (shares * rows).round()).astype(np.uint8)
    best = np.tile((shares > 0.5).astype(float), (rows, 1))

    def accuracy(scores: Any) -> float:
        return _measured(truth, scores)["label_accuracy"]

    return {
        "shares": ", ".join(f"{share:.2f}" for share in shares),
        "right": accuracy(best),
        "nothing": accuracy(np.zeros_like(best)),
        "half": 0.5,
    }


def _measured(truth: Any, scores: Any) -> dict[str, float]:
    """The engine's figures for (N, L) truth and scores."""
    names = ("loss", "label_accuracy", "subset_accuracy", "macro_f1", "micro_f1", "macro_precision", "macro_recall")
    return point_metrics(
        np.asarray(truth, np.uint8), np.asarray(scores, np.float64), known=None, weights=None, metrics=names
    )


def _label_counts(truth: Any, predicted: Any) -> dict[str, float]:
    """Precision and recall of one label, (N,) each."""
    found = _measured(truth[:, None], predicted[:, None])
    return {"precision": found["macro_precision"], "recall": found["macro_recall"]}


def _from_counts(tp: Any, fp: Any, fn: Any) -> tuple[Any, Any]:
    """Truth and predictions of two labels with these counts, (N, 2) each."""
    rows = int((tp + fp + fn).max())
    truth, predicted = np.zeros((rows, 2), np.uint8), np.zeros((rows, 2), np.uint8)
    for column in (0, 1):
        truth[: tp[column] + fn[column], column] = 1
        predicted[fn[column] : fn[column] + tp[column] + fp[column], column] = 1
    return truth, predicted


def _named(tp: Any, fp: Any, fn: Any) -> tuple[tuple[str, Any], ...]:
    return ("tp", tp), ("fp", fp), ("fn", fn)


def _tags(row: Any) -> str:
    return " ".join(label for label, there in zip(WEATHER, row, strict=True) if there) or "-"


Draw = Callable[[Generator], dict[str, Any]]
# Each with the names of the figures that are options, which have to differ.
FIGURES: dict[str, tuple[Draw, tuple[str, ...]]] = {
    "lost_tags": (_lost_tags, ("lost", "several", "minus_all")),
    "softmax_share": (_softmax_share, ("right", "one", "share")),
    "cross_entropy": (_cross_entropy, ("right", "flipped", "error")),
    "precision_at_cut": (_precision_at_cut, ("right", "at_least", "recall")),
    "averages": (_averages, ("macro", "micro", "precision")),
    "exact_and_label": (_exact_and_label, ("label_accuracy", "exact", "found")),
    "constant_accuracy": (_constant_accuracy, ("right", "nothing", "half")),
}
