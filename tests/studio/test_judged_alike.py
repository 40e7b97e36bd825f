"""Runs before and after corrections: the same pictures under other names and tags are judged by the new tags."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tagfit.scores import Scores
from tagfit.studio.pages.start import judged_alike

FILES = [Path(f"/p/{name}.jpg") for name in "abc"]
OLD = Scores.of([[1, 0], [0, 1], [1, 1]], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.6]], labels=["x", "y"], ids=list("abc"))
NEW = Scores.of(
    [[1, 1], [0, 0], [1, 0]], [[0.5, 0.6], [0.4, 0.3], [0.2, 0.1]], labels=["y", "x"], ids=["3/c", "1/a", "2/b"]
)


def test_the_old_scores_take_the_rows_columns_and_tags_of_the_new() -> None:
    found = judged_alike(OLD, FILES, NEW, [FILES[2], FILES[0], FILES[1]])
    assert found is not None
    assert found.scores.tolist() == np.asarray([[0.6, 0.7], [0.1, 0.9], [0.8, 0.2]], OLD.scores.dtype).tolist()
    assert (found.labels, found.truth.tolist(), found.ids.tolist()) == (
        NEW.labels,
        NEW.truth.tolist(),
        NEW.ids.tolist(),
    )


def test_other_pictures_labels_or_no_files_are_left_to_the_comparison() -> None:
    assert judged_alike(OLD, FILES, OLD, FILES) is None, "nothing differs"
    assert judged_alike(OLD, None, NEW, FILES) is None
    assert judged_alike(OLD, FILES, NEW, [*FILES[:2], Path("/p/d.jpg")]) is None
    other = Scores.of([[1]], [[0.5]], labels=["x"], ids=["a"])
    assert judged_alike(OLD, FILES, other, FILES[:1]) is None
