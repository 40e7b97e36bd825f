"""Quick: the few numbers that a training loop wants of every epoch, in a fraction of a millisecond."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases
from tagfit.evaluation.metrics import find
from tagfit.evaluation.totals import Observed

QUICK = ("label_accuracy", "loss", "macro_f1", "mAP")


def quick(
    truth: NDArray[np.uint8],
    known: NDArray[np.bool_] | None,
    scores: NDArray[np.floating[Any]],
    threshold: float = 0.5,
    metrics: tuple[str, ...] = QUICK,
) -> dict[str, float]:
    """Metrics by name, without baselines or intervals; the same values as ``evaluate`` gives.

    Args:
        truth: uint8 (N, L), 0 where unknown.
        known: bool (N, L), or None where everything is known, which is faster.
        scores: float32 or float64 (N, L) in [0, 1]; not checked here.
        threshold: one for all labels.
        metrics: names; only what they need is worked out.
    """
    cuts = np.full(truth.shape[1], float(threshold))
    totals = Observed(Cases(truth, known, scores, cuts, None))
    return {name: float(find(name).value(totals)) for name in metrics}
