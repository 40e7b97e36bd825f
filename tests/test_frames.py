"""Real pandas frames wherever data enters: names are kept, columns and rows aligned, missing values unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tagfit
from tagfit.diagnosis.histories import Curves
from tagfit.scores import Scores

pd = pytest.importorskip("pandas", reason="pandas is not among the core dependencies")

LABELS = ["beach", "people", "sea"]
RNG = np.random.default_rng(0)
TRUTH = (RNG.random((60, 3)) < 0.4).astype(int)
SCORES = np.clip(TRUTH * 0.6 + RNG.random((60, 3)) * 0.4, 0, 1)


@pytest.mark.parametrize("dtype", ["int64", "Int64", "boolean", "float32", "object", "str"])
def test_every_type_of_column_and_any_order_gives_the_same_figures(dtype: str) -> None:
    truth = pd.DataFrame(TRUTH, columns=LABELS)
    truth = truth.astype(bool).astype("boolean") if dtype == "boolean" else truth.astype(dtype)
    scores = pd.DataFrame(SCORES, columns=LABELS)[["sea", "beach", "people"]]
    found = tagfit.evaluate(truth, scores, intervals=None)
    assert found["mAP"] == tagfit.evaluate(TRUTH, SCORES, intervals=None)["mAP"]
    assert [record.label for record in found.labels] == LABELS


def test_missing_entries_of_nullable_columns_are_unknown() -> None:
    hidden = RNG.random(TRUTH.shape) < 0.2
    truth = pd.DataFrame(TRUTH, columns=LABELS).astype("Int64").mask(hidden)
    np.testing.assert_array_equal(Scores.of(truth, SCORES).known, ~hidden)


def test_an_index_of_names_aligns_the_rows() -> None:
    names = [f"{row}.jpg" for row in range(len(TRUTH))]
    truth = pd.DataFrame(TRUTH, columns=LABELS, index=names)
    scores = pd.DataFrame(SCORES, columns=LABELS, index=names).sample(frac=1, random_state=1)
    found = Scores.of(truth, scores)
    np.testing.assert_array_equal(found.scores, SCORES)
    assert found.ids.tolist() == names


def test_results_become_frames() -> None:
    found = tagfit.evaluate(TRUTH, SCORES, labels=LABELS, intervals=None)
    assert isinstance(found.to_frame(), pd.DataFrame)
    assert list(found.labels_frame()["label"]) == LABELS


def test_a_history_as_a_frame_and_as_pandas_writes_it(tmp_path: Path) -> None:
    frame = pd.DataFrame({"loss": [0.7, 0.5, 0.4, np.nan, np.nan], "val_loss": [0.8, 0.6, 0.5, np.nan, np.nan]})
    frame.to_csv(tmp_path / "history.csv")
    frame.to_json(tmp_path / "history.json")
    frame.to_json(tmp_path / "records.json", orient="records")
    for given in (
        frame,
        frame.convert_dtypes(),
        *(tmp_path / name for name in ("history.csv", "history.json", "records.json")),
    ):
        curves = Curves.of(given)
        assert curves is not None
        assert curves.running_loss is not None
        assert curves.running_loss[:3].tolist() == [0.7, 0.5, 0.4]
        assert curves.diverged_at == 4
        assert not curves.others


def test_a_frame_of_pictures_and_tags_is_a_source(tmp_path: Path) -> None:
    rows = []
    for number, tags in enumerate(["beach|sea", "people", None, "sea"]):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (8, 8), (number * 40, 0, 0)).save(path)
        rows.append({"image": str(path), "tags": tags})
    found = tagfit.read(pd.DataFrame(rows), learnable=False, allow_outside=True)
    assert found.labels == ("beach", "people", "sea")
    np.testing.assert_array_equal(found.truth, [[1, 0, 1], [0, 1, 0], [0, 0, 0], [0, 0, 1]])
