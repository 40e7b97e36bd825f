"""Nothing breaks or warns where there is next to nothing: no rows, one row, nothing known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tagfit.evaluation.choose import choose_thresholds
from tagfit.evaluation.compare import compare
from tagfit.evaluation.evaluate import evaluate
from tagfit.files import to_json
from tagfit.scores import Scores


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("known", [True, False])
def test_next_to_nothing(n: int, known: bool) -> None:
    truth = np.zeros((n, 3), dtype=np.uint8)
    scores = Scores.of(truth, np.full((n, 3), 0.3), known=np.full((n, 3), known))
    found = evaluate(scores, metrics="all")
    assert json.loads(to_json(found.to_dict()))["metrics"]["mAP"]["value"] is None
    assert found["label_accuracy"] == pytest.approx(1.0 if n and known else np.nan, nan_ok=True)
    assert "Evaluation" in found._repr_html_()
    for strategy in ("best-f1", "best-f1-for-all", "precision=0.9", "recall=0.9", "cost=1:2", "top=2"):
        chosen = choose_thresholds(scores, strategy, resamples=5)
        assert ((chosen.values >= 0) & (chosen.values <= 1)).all()
    if n:
        assert not any(d.shown for d in compare({"a": scores, "b": scores}, repeats=100).overall)
