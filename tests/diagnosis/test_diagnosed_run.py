"""A run: its scores, history, recipe and inputs are looked at; cross-fitting scores each train row unseen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tagfit
from tagfit import workflow
from tagfit.data.plan import Plan
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(240, 6)).astype(np.float32)
    clean = (rows[:, :2] > 0).astype(np.uint8)
    tags = clean ^ (rng.random(clean.shape) < 0.2).astype(np.uint8)
    np.savez(folder / "data.npz", X=rows, Y=tags, split=np.repeat(["train", "validation"], [160, 80]))
    problem = Plan(data=str(folder / "data.npz")).problem()
    recipe = Recipe(widths=(128,), learning_rate=1e-2, epochs=60)
    return workflow.fit(problem, recipe, out=folder / "run", threads=1, device="cpu")


def test_a_run_that_learnt_by_heart_is_told_so_with_a_remedy_for_its_recipe(run: Run) -> None:
    found = workflow.diagnose(run)
    assert found["overfitting"].outcome == "fired"
    assert found["splits-told-apart"].outcome == "passed"
    assert found["train-figure-with-dropout"].outcome == "passed"
    remedy = found["overfitting"].remedy
    assert remedy is not None
    changed = run.recipe.changed(**remedy.recipe)
    assert changed != run.recipe
    assert workflow.diagnose(run.folder, mute=["overfitting"]).muted == ("overfitting",)


def test_without_its_source_a_run_is_diagnosed_without_inputs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise InputError("the source is gone")

    monkeypatch.setattr("tagfit.workflow.diagnosing.reopen", gone)
    found = workflow.diagnose(run)
    assert found["splits-told-apart"].outcome == "inconclusive"
    assert "the source is gone" in found.material.notes[0]


def test_cross_fitted_scores_are_of_models_that_had_not_seen_the_row(run: Run) -> None:
    fields = workflow.cross_fit(run, 2)
    train = run.scores("train")
    assert (fields["truth"] == train.truth).all()
    assert (fields["ids"] == train.ids).all()
    seen, unseen = (((one > 0.5) == train.truth).mean() for one in (train.scores, fields["scores"]))
    assert unseen < seen - 0.1
    assert workflow.diagnose(run, cross_fit=fields).material.cross_fit is not None
    with pytest.raises(InputError, match="1 parts of 160"):
        workflow.cross_fit(run, 1)


def test_cross_fitted_scores_keep_the_weights_and_groups_of_their_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows, weights = rng.normal(size=(60, 3)).astype(np.float32), rng.uniform(1, 5, 60)
    problem = tagfit.split(
        tagfit.from_arrays(rows, (rows[:, :2] > 0), weights=weights, groups=[f"g{row // 2}" for row in range(60)])
    )
    run = workflow.fit(problem, Recipe(epochs=1), out=tmp_path / "run", threads=1, device="cpu")
    fields = workflow.cross_fit(run, 2, problem=problem)
    part = problem.part("train")
    assert part.weights is not None
    assert (fields["weights"] == part.weights).all()
    assert (fields["groups"] == part.groups).all()
    side = workflow.diagnose(run, problem=problem, cross_fit=fields).material.cross_fit
    assert side is not None
    assert side.scores.weights is not None
