"""Score files: npz and CSV from any framework are read, and what is wrong in them is said with its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tagfit.errors import InputError
from tagfit.evaluation.score_files import read_scores
from tagfit.scores import Scores


def test_two_arrays_in_an_npz(tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    np.savez(path, truth=[[1, 0], [0, -1]], scores=[[0.9, 0.2], [0.1, 0.3]], labels=["beach", "sea"])
    scores = read_scores(path, "validation")
    assert scores.labels == ("beach", "sea")
    assert scores.known.tolist() == [[True, True], [True, False]]
    assert scores.split == "validation"


def test_a_csv_with_two_columns_a_label(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("image;beach;sea_true;beach_score;sea_prob;group\na.jpg;1;?;0.9;0.2;g\nb.jpg;0;1;1e-3;.7;h\n")
    scores = read_scores(path)
    assert scores.labels == ("beach", "sea")
    assert scores.ids.tolist() == ["a.jpg", "b.jpg"]
    assert scores.truth.tolist() == [[1, 0], [0, 1]]
    assert scores.known.tolist() == [[True, False], [True, True]]
    assert scores.scores.tolist() == [[0.9, 0.2], [0.001, 0.7]]
    assert scores.groups.tolist() == ["g", "h"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,beach,beach_score\na,1,0.5\nb,z,y\n", r"row 3, column beach: 'z'[\s\S]*row 3, column beach_score: 'y'"),
        ("image,beach,beach_score\na,1,2.5\n", "look like logits"),
        ("image,beach,beach_score\na,1\n", "row 2: 2 cells, the header has 3"),
        ("image,beach_score\na,0.4\n", "no column 'beach' with the truth"),
        ("image,beach\na,1\n", "beach,beach_score"),
        ("image,beach,beach_score\n", "no rows"),
        ("image,beach,beach_score\na,2,0.4\n", "truth holds 2"),
        ("image,beach,beach,beach_score\na,1,1,0.4\n", "'beach' is there twice"),
        ("image,beach,beach_true,beach_score\na,1,1,0.4\n", "'beach' and 'beach_true' may both be the truth"),
        ("image,beach,beach_score,beach_prob\na,1,1,0.4\n", "'beach_score' and 'beach_prob' may both be the score"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_scores(path)
    assert "scores.csv" in str(raised.value)


def test_a_label_with_a_reserved_name_is_never_read_as_something_else(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("image,weight,weight_score,sea,sea_score\na,1,0.9,0,0.2\nb,0,0.6,1,0.7\n")
    both_readings = r"'weight' is either the truth of a label, because of 'weight_score', or the weight of each row"
    with pytest.raises(InputError, match=rf"{both_readings} \(weight_true for the truth"):
        read_scores(path)
    path.write_text("image,weight_true,weight_score,Group_true,Group_prob\na,1,0.9,0,0.2\nb,0,0.6,1,0.7\n")
    scores = read_scores(path)
    assert scores.labels == ("weight", "Group")
    assert (scores.weights, scores.groups) == (None, None)
    path.write_text("image,weight,weight_true,weight_score\na,3,1,0.9\nb,1,0,0.6\n")
    scores = read_scores(path)
    assert scores.labels == ("weight",)
    assert scores.weights is not None
    assert scores.weights.tolist() == [3.0, 1.0]


def test_a_long_cell_is_a_cell(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    name = "a" * 200_000
    path.write_text(f"image,beach,beach_score\n{name},1,0.9\n")
    assert read_scores(path).ids.tolist() == [name]


def test_folders_are_no_score_files(tmp_path: Path) -> None:
    for name in ("scores.npz", "scores.csv", "scores"):
        (tmp_path / name).mkdir()
        with pytest.raises(InputError, match=name):
            read_scores(tmp_path / name)


def test_other_files_are_refused(tmp_path: Path) -> None:
    for name, message in (("none.npz", "no file"), ("none.csv", "no file"), ("scores.pkl", "not a score file")):
        with pytest.raises(InputError, match=message):
            read_scores(tmp_path / name)
    np.savez(tmp_path / "odd.npz", x=[1])
    with pytest.raises(InputError, match="truth and scores"):
        read_scores(tmp_path / "odd.npz")


@pytest.mark.parametrize(("other", "said"), [("-1", "2 are -1"), ("", "2 are empty")])
def test_a_csv_without_a_zero_is_refused_as_others_may_be_absent_or_unknown(
    tmp_path: Path, other: str, said: str
) -> None:
    path = tmp_path / "s.csv"
    rows = ["image,sea,sea_score", "a,1,0.9", f"b,{other},0.2", "c,1,0.7", f"d,{other},0.4"]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_scores(path)
    path.write_text("\n".join([*rows, "e,0,0.1"]) + "\n", encoding="utf-8")
    assert int(read_scores(path).known.sum()) == 3, "next to a 0 they are unknown"
    path.write_text("\n".join(rows).replace(f",{other},", ",0,") + "\n", encoding="utf-8")
    assert read_scores(path).known.all()


def test_what_is_advised_for_scores_names_no_option_that_scores_do_not_take() -> None:
    with pytest.raises(InputError) as raised:
        Scores.of([[1], [-1]], [[0.9], [0.2]])
    assert "minus_one" not in str(raised.value)
    assert "np.where(truth == -1, np.nan, truth)" in str(raised.value)
