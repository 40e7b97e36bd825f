"""Point metrics: metrics by name, without baselines or intervals, fast enough for every epoch of a training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases
from tagfit.evaluation.metrics import find
from tagfit.evaluation.totals import Observed


def point_metrics(
    truth: NDArray[np.uint8],
    scores: NDArray[np.floating[Any]],
    *,
    known: NDArray[np.bool_] | None,
    weights: NDArray[np.float64] | None,
    metrics: tuple[str, ...],
    threshold: float = 0.5,
) -> dict[str, float]:
    """Metrics by name: the same values as ``evaluate`` gives for the same rows, mask and weights.

    ``known`` and ``weights`` have no default, so that no caller drops them by accident.

    Args:
        truth: uint8 (N, L), 0 where unknown.
        scores: float32 or float64 (N, L) in [0, 1]; not validated here.
        known: bool (N, L), or None where every entry is known.
        weights: float64 (N,), non-negative, not all zero; None where every row counts once.
        metrics: names of metrics; only what they need is computed.
        threshold: one for all labels; a label is predicted where score > threshold.

    Raises:
        InputError: an unknown metric.
    """
    mask = None if known is None or known.all() else known  # without a mask the metrics are several times faster
    totals = Observed(Cases(truth, mask, scores, np.full(truth.shape[1], float(threshold)), weights), keeps_rows=False)
    return {name: float(find(name).value(totals)) for name in metrics}
