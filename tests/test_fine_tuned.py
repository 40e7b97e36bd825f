"""A run whose backbone was tuned goes through every step: scored, diagnosed, cured, certified, tagged, packed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tagfit
from commands import Command
from small_sets import LABELS, write_photos
from tagfit import workflow
from tagfit.backbones import FolderBackbone
from tagfit.errors import InputError
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import Run

SIDE = 32
FIELDS = {"backbone_size": 0, "epochs": 3, "batch_size": 16, "backbone_learning_rate": 3e-3, "learning_rate": 1e-2}


@pytest.fixture(scope="module", autouse=True)
def _cache(cache_dir: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAGFIT_CACHE_DIR", str(cache_dir))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fine-tuned")


@pytest.fixture(scope="module")
def recipe(folder: Path) -> Recipe:
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(0)
    config = transformers.ResNetConfig(embedding_size=4, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
    transformers.ResNetModel(config).save_pretrained(folder / "resnet")
    about = {"image_mean": [0.5] * 3, "image_std": [0.2] * 3, "size": {"height": SIDE, "width": SIDE}}
    (folder / "resnet" / "preprocessor_config.json").write_text(json.dumps(about))
    return NAMED["fine-tuned"].changed(**FIELDS, tune="all", backbone=str(folder / "resnet"))


@pytest.fixture(scope="module")
def source(folder: Path) -> Path:
    return write_photos(folder / "photos", n=80)


@pytest.fixture(scope="module")
def problem(source: Path) -> tagfit.Problem:
    return tagfit.split(tagfit.read(source), size=SIDE, validation=0.25, test=0.25)


@pytest.fixture(scope="module")
def run(folder: Path, recipe: Recipe, problem: tagfit.Problem) -> Run:
    return tagfit.fit(problem, recipe, seed=1, out=folder / "run", threads=1)


def test_it_is_judged(run: Run, problem: tagfit.Problem) -> None:
    assert tagfit.evaluate(run, split="validation")["mAP"] > 0.6
    assert tagfit.evaluate(run, split="test", problem=problem).n == len(problem.part("test"))
    assert tuple(tagfit.choose_thresholds(run).labels) == LABELS
    stored = run.scores("validation")
    halved = replace(stored, scores=stored.scores / 2)
    assert tagfit.compare(run, halved, names=["tuned", "halved"])["mAP"].difference == 0
    letter = tagfit.diagnose(run, problem=problem)
    assert letter["training-diverged"].outcome == "passed"
    folds = workflow.cross_fit(run, 2, problem=problem)
    assert np.isfinite(folds["scores"]).all()


def test_it_is_cured_and_the_certificate_names_the_weights(
    run: Run, recipe: Recipe, problem: tagfit.Problem, folder: Path
) -> None:
    found = tagfit.cure(
        problem, "validation.mAP>=0.95", recipe=recipe.changed(epochs=1), trials=1, seeds=1, out=folder / "cure"
    )
    (one,) = found.document.outside
    backbone = FolderBackbone.of(folder / "resnet")
    assert (one.name, one.sha256) == ("resnet", backbone.sha256)
    assert tagfit.verify(found.folder, problem=problem).altered == ()


def test_it_tags_and_its_tagger_carries_the_tuned_backbone(
    run: Run, problem: tagfit.Problem, folder: Path, source: Path
) -> None:
    pytest.importorskip("onnxruntime")
    expected = run.scores("validation").scores
    rows = problem.part("validation").rows
    packed = tagfit.pack(run, folder / "tagger")
    assert any(name.startswith("body.") for name in packed.weights)
    card = (folder / "tagger" / "README.md").read_text(encoding="utf-8")
    assert "a head on a backbone that was tuned, resnet" in card
    tagger = tagfit.Tagger.load(folder / "tagger")
    np.testing.assert_allclose(tagger.probabilities(problem.inputs, rows), expected, atol=1e-6)
    tagfit.pack(run, folder / "graph", format="onnx", problem=problem)
    graph = tagfit.Tagger.load(folder / "graph")
    np.testing.assert_allclose(graph.probabilities(problem.inputs, rows), expected, atol=1e-5)
    picture = sorted((source / "images").iterdir())[0]
    (one,), (other,) = (model.tag([picture]) for model in (tagger, graph))
    assert one["tags"] == other["tags"]


def test_commands_know_it(run: Run, tagfit: Command, folder: Path, source: Path) -> None:
    for library in ("keras", "torch"):
        assert tagfit("recipes", "show", str(run.folder), "--as", library).code == 2
    assert tagfit("report", str(run.folder), "--out", "page.html").code == 0
    assert tagfit("tag", str(run.folder), str(source / "images" / "00.jpg")).code == 0


def test_pictures_in_arrays(recipe: Recipe, problem: tagfit.Problem) -> None:
    train = problem.part("train")
    X = np.asarray(problem.inputs)[train.rows]
    made = tagfit.TagClassifier(recipe.changed(epochs=1), threads=1).fit(X, train.truth)
    assert made.predict_proba(X).shape == train.truth.shape


def test_weights_of_another_net_are_one_error(run: Run, recipe: Recipe, problem: tagfit.Problem, folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    whole = run.weights.read_bytes()
    tensors = load_file(run.weights)
    try:
        save_file({name: value for name, value in tensors.items() if "stages.1" not in name}, run.weights)
        with pytest.raises(InputError, match="weights of another net"):
            tagfit.Tagger.of_run(run).probabilities(problem.inputs[:2])
        run.weights.write_bytes(whole[:-9])
        with pytest.raises(InputError, match="cannot be read as safetensors"):
            tagfit.Tagger.of_run(run)
    finally:
        run.weights.write_bytes(whole)
