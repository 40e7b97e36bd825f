"""Out-of-fold models on features: the share of wrong tags is right where the run's own scores are overfitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tagfit import workflow
from tagfit.data.problem import Problem
from tagfit.data.readers.arrays import from_arrays
from tagfit.data.splits.split import split
from tagfit.diagnosis.diagnose import diagnose
from tagfit.diagnosis.out_of_fold import held_out
from tagfit.errors import InputError
from tagfit.training.backbones import extract

WRONG = 0.1


def noisy(n: int = 900, seed: int = 0) -> tuple[Problem, np.ndarray, np.ndarray]:
    """Pictures of one colour each, whose brightness of a channel decides a label; a tenth of the tags is flipped."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (n, 1, 1, 3), dtype=np.uint8)
    true = (colours[:, 0, 0] > 127).astype(np.uint8)
    wrong = rng.random(true.shape) < WRONG
    pixels = np.broadcast_to(colours, (n, 8, 8, 3)).copy()
    features = np.tile(colours[:, 0, 0].astype(np.float32), (1, 40)) + rng.normal(0, 20, (n, 120)).astype(np.float32)
    problem = split(
        from_arrays(pixels, true ^ wrong, labels=["r", "g", "b"]), validation=0.3, test=0.1, method="random"
    )
    return problem, features, wrong


@pytest.mark.parametrize("seed", range(3))
def test_the_share_of_wrong_tags_is_estimated_on_train_and_validation(seed: int) -> None:
    problem, features, wrong = noisy(seed=seed)
    sides = held_out(problem, features)
    assert [one.split for one in sides] == ["train", "validation"]
    memorised = {one.split: {**one.fields, "scores": one.fields["truth"] * 0.98 + 0.01} for one in sides}
    found = diagnose(**memorised, held_out=sides)["suspect-tags"]
    assert found.outcome == "fired"
    rate = found.evidence["noise_rate"]
    assert abs(rate.value - wrong[problem.split != "test"].mean()) < 0.02
    assert rate.low <= WRONG <= rate.high
    rows = {split: problem.part(split).rows for split in ("train", "validation")}
    at = {label: place for place, label in enumerate(problem.labels)}
    suspects = found.evidence["suspects"][:30]
    right = [wrong[rows[one["split"]][one["row"]], at[one["label"]]] for one in suspects]
    assert np.mean(right) > 0.9


def test_a_row_is_not_scored_by_a_model_that_saw_it_or_its_group() -> None:
    """Features that name the row, or its group, tell nothing of rows in other folds."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 4)
    truth = (rng.random((30, 1)) < 0.5).astype(np.uint8)[groups]
    rows = rng.random((120, 4), dtype=np.float32)
    data = from_arrays(rows, truth, labels=["a"], groups=[f"g{one}" for one in groups])
    problem = split(data, validation=0.3, test=0.0)
    sides = held_out(problem, np.eye(30, dtype=np.float32)[groups] * 100)
    scores = np.concatenate([one.fields["scores"] for one in sides])
    told = np.concatenate([one.fields["truth"] for one in sides])
    assert abs(scores[told == 1].mean() - scores[told == 0].mean()) < 0.1


def test_unknown_tags_and_labels_with_one_value_do_not_disturb() -> None:
    problem, features, _ = noisy(200)
    truth, known = problem.data.truth.copy(), problem.data.known.copy()
    truth[:, 0], known[:, 1] = 1, False
    object.__setattr__(problem.data, "truth", truth)
    object.__setattr__(problem.data, "known", known)
    for side in held_out(problem, features):
        assert (side.fields["scores"][:, 0] == 1).all()
        assert (side.fields["scores"][:, 1] == 0.5).all()


def test_a_run_is_diagnosed_with_the_features_of_a_backbone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "cache"))
    problem, *_ = noisy(600)

    def colours(_backbone: object, pixels: np.ndarray) -> np.ndarray:
        return np.tile(pixels.reshape(len(pixels), -1, 3).mean(axis=1), (1, 427))[:, :1280].astype(np.float32)

    monkeypatch.setattr(extract, "extract", colours)
    run = workflow.fit(problem, "plain-dense", out=tmp_path / "run", threads=1, overrides={"epochs": 2})
    before = workflow.diagnose(run, problem=problem)
    assert before.material.held_out == ()
    assert "--backbone efficientnet-lite2" in before["suspect-tags"].verdict.remedy.words
    found = workflow.diagnose(run, problem=problem, backbone="efficientnet-lite0")
    assert [side.name for side in found.material.held_out] == ["train", "validation"]
    assert "--backbone" not in found["suspect-tags"].verdict.remedy.words
    assert abs(found["suspect-tags"].evidence["noise_rate"].value - WRONG) < 0.03
    frozen = workflow.fit(problem, "pretrained", out=tmp_path / "frozen", threads=1, overrides={"epochs": 1})
    assert len(workflow.diagnose(frozen, problem=problem).material.held_out) == 2
    with pytest.raises(InputError, match="backbone"):
        workflow.diagnose(train=(problem.data.truth, problem.data.truth), backbone="efficientnet-lite0")
