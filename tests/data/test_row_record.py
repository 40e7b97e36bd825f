"""RowRecord: a run is opened again as it was, without splitting; anything that changed is noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from small_sets import write_features, write_photos
from tagfit import scoring, workflow
from tagfit.data.plan import Plan
from tagfit.data.row_record import RowRecord
from tagfit.data.splits import split as splitting
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import Run

RECIPE = Recipe(widths=(4,), epochs=1)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


@pytest.fixture
def run(photos: Path, tmp_path: Path) -> Run:
    problem = Plan(str(photos), size=8, cache_dir=str(tmp_path / "cache")).problem()
    return workflow.fit(problem, RECIPE, out=tmp_path / "run", threads=1)


def forbid_splitting(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the source was split again")

    monkeypatch.setattr(splitting.placement, "place", refuse)
    monkeypatch.setattr(splitting, "known_duplicate_groups", refuse)


def test_a_problem_is_opened_again_as_it_was_without_splitting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Plan.from_dict(run.problem["source"]).problem()
    forbid_splitting(monkeypatch)
    again = scoring.reopen(run)
    assert again.to_dict() == whole.to_dict()
    np.testing.assert_array_equal(again.inputs, whole.inputs)
    np.testing.assert_array_equal(again.split, whole.split)
    np.testing.assert_array_equal(again.digests, whole.digests)  # type: ignore[arg-type]


def test_a_look_at_test_decodes_the_pictures_of_test_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = scoring.scored(run, scoring.reopen(run), "test")
    for cached in (tmp_path / "cache").rglob("*"):
        if cached.is_file():
            cached.unlink()
    forbid_splitting(monkeypatch)
    seen: list[tuple[int, int]] = []
    found = scoring.scores_of(run, "test", on_decoded=lambda done, total: seen.append((done, total)))
    assert {total for _, total in seen} == {len(run.problem["ids"]["test"])}
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.truth, expected.truth)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)


def test_a_row_of_test_that_changed_is_noticed(run: Run, photos: Path) -> None:
    name = Path(run.problem["ids"]["test"][0]).name
    tags = photos / "tags.csv"
    lines = [line.replace(f"{name},", f"{name},sun|sea|people|") for line in tags.read_text().splitlines()]
    tags.write_text("\n".join(line.rstrip("|") for line in lines) + "\n")
    with pytest.raises(InputError, match=r"the data of .* changed since the run began"):
        workflow.evaluate(run, split="test")


def test_a_picture_of_test_that_changed_is_noticed(run: Run, photos: Path) -> None:
    names = [Path(one).name for one in run.problem["ids"]["test"][:2]]
    (photos / "images" / names[0]).write_bytes((photos / "images" / names[1]).read_bytes())
    with pytest.raises(InputError, match="changed since the run began"):
        workflow.evaluate(run, split="test")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 broken"])
def test_a_run_without_a_record_or_with_a_broken_one_is_split_again(run: Run, content: bytes | None) -> None:
    run.row_record.unlink()
    if content is not None:
        run.row_record.write_bytes(content)
    assert RowRecord.load(run.row_record) is None
    assert workflow.evaluate(run, split="test").n == len(run.problem["ids"]["test"])  # type: ignore[union-attr]


def test_a_record_of_another_run_is_not_believed(run: Run, tmp_path: Path) -> None:
    source = write_features(tmp_path / "rows.npz")
    other = workflow.fit(Plan(str(source)).problem(), RECIPE, out=tmp_path / "other", threads=1)
    run.row_record.write_bytes(other.row_record.read_bytes())
    assert scoring.reopen(run).fingerprint == run.problem["fingerprint"]
    assert workflow.evaluate(other, split="test").n == len(other.problem["ids"]["test"])  # type: ignore[union-attr]


def test_renamed_files_and_another_order_are_the_same_data(run: Run, photos: Path) -> None:
    images, tags = photos / "images", photos / "tags.csv"
    head, *lines = tags.read_text().splitlines()
    for path in sorted(images.iterdir()):
        path.rename(images / f"new-{path.name}")
    tags.write_text("\n".join([head, *(f"new-{line}" for line in reversed(lines))]) + "\n")
    assert scoring.reopen(run).fingerprint == run.problem["fingerprint"]
    assert workflow.evaluate(run, split="test").n == len(run.problem["ids"]["test"])  # type: ignore[union-attr]
