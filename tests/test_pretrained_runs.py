"""Runs on a frozen backbone go where every run goes: compare, cross-fitting, thresholds, and arrays in scikit-learn."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from commands import Command
from small_sets import LABELS, write_photos
from tagfit import TagClassifier, workflow
from tagfit.backbones import BACKBONES
from tagfit.data.plan import Plan
from tagfit.runs.run import Run
from tagfit.scoring import reopen
from tagfit.training.backbones import extract

HEAD = {"widths": (8,), "epochs": 30, "learning_rate": 0.01, "dropout": (0.0,), "backbone": "efficientnet-lite0"}


class Colours:
    """Stands for the backbone: the mean colour of each picture, repeated; counts the pictures that it is given."""

    def __init__(self) -> None:
        self.pictures = 0

    def __call__(self, _backbone: object, pixels: np.ndarray) -> np.ndarray:
        self.pictures += len(pixels)
        wide = BACKBONES["efficientnet-lite0"].features
        means = pixels.reshape(len(pixels), -1, 3).mean(axis=1)
        return np.tile(means, (1, wide // 3 + 1))[:, :wide].astype(np.float32)


@pytest.fixture
def colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Colours:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "own-cache"))
    found = Colours()
    monkeypatch.setattr(extract, "extract", found)
    return found


def trained(folder: Path, colours: Colours) -> tuple[Run, int]:
    """A run on a frozen backbone from a source on disk, and how many pictures it has."""
    write_photos(folder / "photos", n=90)
    problem = Plan(str(folder / "photos"), size=16).problem()
    run = workflow.fit(problem, "pretrained", overrides=HEAD, out=folder / "head", threads=1)
    assert colours.pictures == len(problem.inputs)
    return run, len(problem.inputs)


def test_a_frozen_backbone_is_compared_with_another_net_on_the_same_pictures(
    tagfit: Command, colours: Colours, tmp_path: Path
) -> None:
    run, pictures = trained(tmp_path, colours)
    untrained = {"widths": (4,), "epochs": 1, "learning_rate": 1e-6}
    workflow.fit(reopen(run), "plain-dense", overrides=untrained, out=tmp_path / "dense", threads=1)
    found = workflow.compare(tmp_path / "dense", run, names=["dense", "head"], metrics="label_accuracy", repeats=100)
    assert found.paired
    assert found["label_accuracy"].difference > 0.2
    words = ("compare", tmp_path / "dense", run.folder, "--split", "test", "--json")
    assert tagfit(*words).code == 0
    assert colours.pictures == pictures, "the test split is scored from the features that are there"


def test_cross_fitting_trains_heads_that_did_not_see_the_row(colours: Colours, tmp_path: Path) -> None:
    run, pictures = trained(tmp_path, colours)
    found = workflow.cross_fit(run, 3)
    own = run.scores("train")
    assert found["scores"].shape == own.scores.shape
    assert not np.allclose(found["scores"], own.scores)
    assert ((found["scores"] > 0.5) == (found["truth"] == 1)).mean() > 0.9
    assert colours.pictures == pictures, "heads of folds train on the features that are there"
    diagnosed = workflow.diagnose(run, cross_fit=found)
    assert diagnosed["suspect-tags"].outcome != "inconclusive"


def test_thresholds_of_a_frozen_backbone_are_chosen_and_used(tagfit: Command, colours: Colours, tmp_path: Path) -> None:
    run, pictures = trained(tmp_path, colours)
    chosen = run.choose_thresholds("best-f1")
    assert chosen.labels == LABELS
    saved = tmp_path / "thresholds.json"
    assert tagfit("thresholds", run.folder, "--for", "best-f1", "--out", saved).code == 0
    told = tagfit("evaluate", run.folder, "--split", "test", "--thresholds", saved, "--json").json
    assert told["splits"]["test"]
    assert colours.pictures == pictures


def test_new_pictures_are_extracted_once_for_all_evaluations(tagfit: Command, colours: Colours, tmp_path: Path) -> None:
    run, pictures = trained(tmp_path, colours)
    write_photos(tmp_path / "more", n=10, seed=5)
    assert tagfit("evaluate", run.folder, tmp_path / "more", "--json").code == 0
    assert colours.pictures == pictures + 10
    assert tagfit("evaluate", run.folder, tmp_path / "more", "--json").code == 0
    assert colours.pictures == pictures + 10


def pictures_of(n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, (n, 3))
    return (generator.integers(0, 80, (n, 12, 16, 3)) + 120 * truth[:, None, None, :]).astype(np.uint8), truth


def test_arrays_of_pictures_are_extracted_once_for_a_fit(colours: Colours) -> None:
    X, Y = pictures_of()
    model = TagClassifier("pretrained", overrides=HEAD, threads=1).fit(X, Y)
    assert colours.pictures == len(X)
    assert (model.predict(X) == Y).mean() > 0.95
    assert colours.pictures == 2 * len(X), "what is predicted is extracted, and not kept"
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    colours.pictures = 0
    other = clone(model).set_params(recipe__epochs=2).fit(X, Y)
    assert other.n_iter_ == 2
    assert colours.pictures == 0, "another head trains on the features that are there"


def test_a_frozen_backbone_is_cross_validated(colours: Colours) -> None:
    X, Y = pictures_of(90)
    model = TagClassifier("pretrained", overrides=HEAD, threads=1)
    assert cross_val_score(model, X / 255.0, Y, cv=3).mean() > 0.9
    bytes_and_shares = model.fit(X, Y).predict_proba(X), model.predict_proba(X[:5])
    np.testing.assert_allclose(bytes_and_shares[0][:5], bytes_and_shares[1], atol=1e-6)
