"""The reference of a tagger: kept at 16 bits, read back equal, refused where it cannot be one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from red_and_bright import LABELS
from safetensors import numpy as tensors

from tagfit import tagger, workflow
from tagfit.data.problem import Problem
from tagfit.data.splits.split import split
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.runs.run import Run
from tagfit.tagger.folder import REFERENCE, _hash_of
from tagfit.tagger.reference import MOST_ROWS, Reference, sampled


@pytest.fixture(scope="module")
def problem(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Problem:
    """What ``run`` was trained on."""
    rows = np.arange(40)
    truth = np.stack([rows % 2, rows // 2 % 2], axis=1).astype(np.uint8)
    files = tuple(sorted(photos.iterdir()))
    data = TaggedSet(rows.astype(np.str_), truth, np.ones_like(truth, dtype=bool), LABELS, files=files)
    return split(data, size=8, fit="crop", test_share=0.0, cache_dir=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def packed(run: Run, problem: Problem, tmp_path: Path) -> Path:
    workflow.pack(run, tmp_path / "packed", problem=problem)
    return tmp_path / "packed"


@given(
    arrays(np.float32, (3, 2), elements=st.floats(0, 1, width=32)),
    arrays(np.float32, (3, 4), elements=st.floats(-1e6, 1e6, width=32)),
)
def test_what_is_read_is_what_was_kept(scores: np.ndarray, features: np.ndarray) -> None:
    kept = Reference.of(scores, features)
    again = Reference.from_bytes(kept.to_bytes(), 2, "here")
    assert (again.scores == kept.scores).all()
    assert (again.features == kept.features).all()
    assert np.abs(again.scores - scores).max() < 0.003


def test_large_splits_are_sampled_without_repetition() -> None:
    rows = sampled(5000)
    assert len(rows) == len(set(rows.tolist())) == MOST_ROWS
    assert (np.diff(rows) > 0).all()
    assert sampled(7).tolist() == list(range(7))


def test_a_tagger_keeps_what_it_gives_for_validation(packed: Path, problem: Problem) -> None:
    loaded = tagger.load(packed)
    rows = problem.part("validation").rows
    found = loaded.represent(problem.inputs[rows])
    assert loaded.reference is not None
    assert loaded.reference.scores == pytest.approx(found.scores, abs=0.003)
    assert loaded.reference.features == pytest.approx(found.features, rel=2e-3, abs=1e-3)
    assert loaded.measured["reference"] == {"pictures": len(rows), "features": 4}


def test_without_sources_a_tagger_is_packed_and_says_why_it_has_no_reference(run: Run, tmp_path: Path) -> None:
    made = workflow.pack(run, tmp_path / "tagger")
    assert made.reference is None
    assert "made in Python" in made.measured["reference"]["missing"]
    with pytest.raises(InputError, match="made in Python, which cannot be read again"):
        workflow.drift(tmp_path / "tagger", tmp_path)


def test_it_is_left_out_where_that_is_asked_for(run: Run, problem: Problem, tmp_path: Path) -> None:
    made = workflow.pack(run, tmp_path / "tagger", problem=problem, drift=False)
    assert made.reference is None
    assert not (tmp_path / "tagger" / REFERENCE).exists()
    with pytest.raises(InputError, match="packed without, or by an earlier tagfit"):
        workflow.drift(made, tmp_path)


def resealed(folder: Path, data: bytes) -> None:
    """Put other bytes in place of the reference, with hashes that fit."""
    (folder / REFERENCE).write_bytes(data)
    about = json.loads((folder / "tagger.json").read_text(encoding="utf-8"))
    del about["sha256"]
    about["files"][REFERENCE] = hashlib.sha256(data).hexdigest()
    (folder / "tagger.json").write_text(json.dumps({**about, "sha256": _hash_of(about)}), encoding="utf-8")


def half(*shape: int, value: float = 0.5) -> np.ndarray:
    return np.full(shape, value, dtype=np.float16)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: b"", "cannot be read as safetensors"),
        (lambda: b"\xff" * 64, "cannot be read as safetensors"),
        (lambda: tensors.save({"features": half(9, 4)}), "holds no scores of 2 labels"),
        (lambda: tensors.save({"logits": half(9, 3), "features": half(9, 4)}), "holds no scores of 2 labels"),
        (lambda: tensors.save({"logits": half(9), "features": half(9, 4)}), "holds no scores of 2 labels"),
        (lambda: tensors.save({"logits": half(9, 2)}), "holds no features of 9 pictures"),
        (lambda: tensors.save({"logits": half(9, 2), "features": half(8, 4)}), "holds no features of 9 pictures"),
        (lambda: tensors.save({"logits": half(9, 2), "features": half(9, 4, value=np.nan)}), "holds no features"),
        (lambda: tensors.save({"logits": half(9, 2), "features": np.ones((9, 4), np.float32)}), "holds no features"),
    ],
)
def test_a_resealed_reference_that_is_none_is_refused(packed: Path, data: Callable[[], bytes], message: str) -> None:
    resealed(packed, data())
    with pytest.raises(InputError, match=message):
        tagger.load(packed)


def test_a_reference_of_another_net_is_refused_when_it_is_used(packed: Path, photos: Path) -> None:
    resealed(packed, tensors.save({"logits": half(30, 2), "features": half(30, 9)}))
    with pytest.raises(InputError, match="9 features of validation and 4 of today"):
        workflow.drift(packed, photos)


def test_a_changed_reference_is_refused(packed: Path) -> None:
    data = bytearray((packed / REFERENCE).read_bytes())
    data[-1] ^= 1
    (packed / REFERENCE).write_bytes(bytes(data))
    with pytest.raises(InputError, match=f"{REFERENCE} changed since it was written"):
        tagger.load(packed)
    (packed / REFERENCE).unlink()
    with pytest.raises(InputError, match=f"cannot read .*{REFERENCE}"):
        tagger.load(packed)
