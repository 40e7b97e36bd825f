"""Tuned backbones: which weights are trained, how fast, what is kept of the frozen part, the bits of a resumed run."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from problems import assert_same_runs, pictures
from scipy import special
from torch import nn

from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import Run, open_run
from tagfit.training import fit as fitting
from tagfit.training import memory, nets, whole
from tagfit.training.backbones import efficientnet_lite, extract, features, published
from tagfit.training.backbones.parts import Part, backbone_of, frozen_branch_recipe, frozen_part
from tagfit.training.backbones.tuned import Tuned
from tagfit.training.batches import Batches
from tagfit.training.fit import fit, load_net, resume
from tagfit.training.machine import choose
from tagfit.training.optimise import optimiser, set_learning_rate
from tagfit.training.represent import represent

SIDE = 32
HEAD = {"widths": (), "dropout": (0.0,), "epochs": 2, "batch_size": 16, "weight_decay": 0.01}
LITE = NAMED["pretrained"].changed(**HEAD, backbone="efficientnet-lite0", backbone_size=SIDE, tune="last")


@pytest.fixture(autouse=True)
def _small(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch extracts, since an export takes longer than these trainings; a checkpoint is written every epoch."""
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(cache_dir))
    monkeypatch.setattr(extract, "engine", lambda _part: "torch")
    monkeypatch.setattr(fitting, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("models") / "resnet"
    torch.manual_seed(0)
    config = transformers.ResNetConfig(embedding_size=4, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
    transformers.ResNetModel(config).save_pretrained(folder)
    about = {"image_mean": [0.5] * 3, "image_std": [0.2] * 3, "size": {"height": SIDE, "width": SIDE}}
    (folder / "preprocessor_config.json").write_text(json.dumps(about))
    return folder


def kept(problem: Problem) -> Problem:
    """The same with digests, so that what a frozen part gives is kept."""
    return replace(problem, digests=np.array([f"digest {row}" for row in range(len(problem.inputs))]))


def weights(net: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


# -- what is trained ---------------------------------------------------------------------------------------------------


def test_each_block_has_a_learning_rate_of_its_own() -> None:
    """With a gradient of 1 everywhere, the first step of sgd changes each weight by its rate."""
    recipe = LITE.changed(
        optimiser="sgd", weight_decay=0.0, learning_rate=1e-2, backbone_learning_rate=1e-3, layer_decay=0.5
    )
    net = nets.build(recipe, (SIDE, SIDE, 3), 3)
    assert isinstance(net, Tuned)
    made = optimiser(net, recipe)
    set_learning_rate(made, recipe.learning_rate / 2)
    before = {name: weight.detach().clone() for name, weight in net.named_parameters()}
    for weight in net.parameters():
        if weight.grad is None:
            weight.grad = torch.ones_like(weight)
        else:
            weight.grad.fill_(1)
    made.step()
    steps = {name: float((before[name] - weight.detach()).mean()) for name, weight in net.named_parameters()}
    first, last = min(net.body.blocks._modules, key=int), max(net.body.blocks._modules, key=int)
    for name, rate in {
        "head.1.weight": 0.5e-2,
        "head.1.bias": 0.5e-2,
        "body.head.0.weight": 0.5e-3,
        f"body.blocks.{last}.body.0.weight": 0.5e-3,
        f"body.blocks.{last}.body.1.bias": 0.5e-3,
        f"body.blocks.{first}.body.0.weight": 0.5e-3 * 0.5 ** (len(net.body.blocks) - 1),
    }.items():
        assert steps[name] == pytest.approx(rate, rel=1e-2), name


@pytest.mark.parametrize("tune", ["last", "all"])
def test_a_frozen_branch_is_the_published_body_with_a_head_of_the_recipe_pretrained(tune: str, resnet: Path) -> None:
    recipe = LITE if tune == "last" else LITE.changed(backbone=str(resnet), backbone_size=0, tune="all")
    problem, branched = kept(pictures(40, SIDE)), recipe.changed(epochs=1, frozen_branch=True)
    fitted = memory.fit(problem, branched, seed=3, threads=1, scored=("validation",))
    tuned: dict[str, Any] = {}
    frozen: dict[str, Any] = {}
    for name, value in fitted.weights.items():
        (frozen if name.startswith("frozen.") else tuned)[name] = value
    start = efficientnet_lite.VARIANTS[recipe.backbone].last if tune == "last" else 0
    for name, value in published.load(backbone_of(recipe), start).state_dict().items():
        np.testing.assert_array_equal(frozen[f"frozen.0.{name}"], value, err_msg=name)
    head = memory.fit(problem, frozen_branch_recipe(recipe), seed=3, threads=1, scored=("validation",))
    for name, value in head.weights.items():
        np.testing.assert_array_equal(frozen[f"frozen.1.{name}"], value, err_msg=name)
    without = memory.fit(problem, branched.changed(frozen_branch=False), seed=3, threads=1, scored=("validation",))
    for name, value in without.weights.items():
        np.testing.assert_array_equal(tuned[name], value, err_msg=name)
    logits = [special.logit(each.scores["validation"].astype(float)) for each in (without, head)]
    # Maps are kept in float16, features in float32.
    np.testing.assert_allclose(fitted.scores["validation"], special.expit(np.mean(logits, axis=0)), atol=1e-3)


def test_all_that_a_training_needs_is_extracted_before_with_one_progress(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path))
    problem, recipe = kept(pictures(40, SIDE)), LITE.changed(augment=True, views=2, frozen_branch=True)
    calls: list[tuple[int, int]] = []
    features.keep(problem, recipe, lambda done, total: calls.append((done, total)))
    assert calls[-1] == (4 * 40, 4 * 40), "the features of the frozen branch, maps, and those of two views"
    assert calls == sorted(calls)
    monkeypatch.setattr(extract, "extract", lambda *_: pytest.fail("extracted again"))
    memory.fit(problem, recipe.changed(epochs=1), threads=1)


def test_the_features_of_a_run_are_those_of_its_tuned_branch() -> None:
    problem, recipe = kept(pictures(40, SIDE)), LITE.changed(epochs=1)
    found = []
    for branch in (False, True):
        each = recipe.changed(frozen_branch=branch)
        weights = memory.fit(problem, each, threads=1).weights
        found.append(represent(each, weights, problem.preprocessing, problem.inputs, 3, digests=problem.digests))
    np.testing.assert_array_equal(found[0].features, found[1].features)
    assert not np.array_equal(found[0].scores, found[1].scores)


def test_stochastic_depth_is_part_of_the_training_of_an_efficientnet() -> None:
    problem, recipe = kept(pictures(40, SIDE)), LITE.changed(epochs=1, drop_path=0.5)
    with_it, without = (memory.fit(problem, each, threads=1).history for each in (recipe, recipe.changed(drop_path=0)))
    assert with_it[-1].running_loss != without[-1].running_loss


@pytest.mark.parametrize("statistics", ["frozen", "updated"])
def test_batch_norm_keeps_its_statistics_where_the_recipe_says_so(statistics: str) -> None:
    recipe = LITE.changed(epochs=1, batch_statistics=statistics)
    fitted = memory.fit(kept(pictures(40, SIDE)), recipe, threads=1)
    before = published.load(backbone_of(recipe), efficientnet_lite.VARIANTS[recipe.backbone].last).state_dict()
    same = [
        np.array_equal(fitted.weights[f"body.{name}"], value) for name, value in before.items() if "running" in name
    ]
    assert all(same) if statistics == "frozen" else not any(same)
    trained = [name for name in before if name.endswith("weight")]
    assert not any(np.array_equal(fitted.weights[f"body.{name}"], before[name]) for name in trained)


def test_only_the_last_blocks_of_a_model_of_transformers_are_trained(resnet: Path) -> None:
    recipe = LITE.changed(backbone=str(resnet), backbone_size=0, backbone_learning_rate=1e-2)
    before = weights(published.load(backbone_of(recipe)))
    tuned = {
        tune: memory.fit(pictures(40, SIDE), recipe.changed(tune=tune), threads=1).weights for tune in ("last", "all")
    }
    changed = {
        tune: {name for name, value in before.items() if not np.array_equal(found[f"body.{name}"], value)}
        for tune, found in tuned.items()
    }
    assert changed["last"]
    assert all("stages.1" in name for name in changed["last"]), "the second of two stages"
    assert changed["all"] > changed["last"]
    assert any("embedder" in name for name in changed["all"])


def test_the_head_standardises_the_features_of_train(resnet: Path) -> None:
    recipe = LITE.changed(backbone=str(resnet), backbone_size=0, tune="all", epochs=1, backbone_learning_rate=1e-9)
    problem = pictures(40, SIDE)
    found = memory.fit(problem, recipe, threads=1).weights
    expected = extract.extract(Part(backbone_of(recipe)), problem.inputs[problem.part("train").rows])
    np.testing.assert_allclose(found["head.0.mean"], expected.mean(axis=0), atol=1e-4)


def test_a_processor_trains_in_float32_on_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    machine = choose(LITE, "cpu")
    assert (machine.threads, machine.number_format) == (2, "float32")


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(InputError, match=r"drop_path = 0\.2 needs tune = 'last' or 'all'"):
        Recipe(architecture="pretrained", drop_path=0.2)
    with pytest.raises(InputError, match="frozen_branch = true needs tune = 'last' or 'all'"):
        Recipe(architecture="pretrained", frozen_branch=True)
    with pytest.raises(InputError, match="tune = 'all' needs architecture = 'pretrained'"):
        Recipe(tune="all")
    with pytest.raises(InputError, match="augment = true needs"):
        Recipe(augment=True)


# -- views -------------------------------------------------------------------------------------------------------------


def test_views_are_extracted_once_and_are_augmented_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path))
    problem, recipe = kept(pictures(40, SIDE)), LITE.changed(augment=True, views=2)
    calls: list[tuple[int, int]] = []
    feed = features.feed(problem, recipe, lambda done, total: calls.append((done, total)))
    assert calls[-1] == (3 * 40, 3 * 40)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert len(feed.views) == 2
    assert {values.dtype.name for values in (feed.inputs, *feed.views)} == {"float16"}
    part = frozen_part(recipe)
    assert part is not None
    assert problem.digests is not None
    seen = features.shown(problem.inputs, problem.digests.astype(np.bytes_), 1)
    assert (seen != problem.inputs).reshape(40, -1).any(axis=1).all()
    np.testing.assert_array_equal(feed.views[0], extract.extract(part, seen))
    assert not np.array_equal(feed.views[0], feed.views[1])
    some = features.shown(problem.inputs[7:9], problem.digests[7:9].astype(np.bytes_), 1)
    np.testing.assert_array_equal(some, seen[7:9], "a view depends on its picture alone")
    monkeypatch.setattr(extract, "extract", lambda *_: pytest.fail("extracted again"))
    features.feed(problem, recipe.changed(epochs=7))
    memory.fit(problem, recipe.changed(epochs=1), threads=1)


def test_each_picture_is_seen_in_all_its_views() -> None:
    shape = (6, 2, 2, 1)
    layers = [np.full(shape, number, dtype=np.float16) for number in range(3)]
    batches = Batches(
        layers[0], np.arange(1, 5), features.AS_THEY_ARE, "cpu", channels_first=True, views=tuple(layers[1:])
    )
    torch.manual_seed(0)
    drawn = torch.stack([batches.batch(torch.arange(4), augment=True)[:, 0, 0, 0] for _ in range(200)])
    for row in drawn.T:
        assert torch.bincount(row.long(), minlength=3).min() > 40
    assert bool((batches.batch(torch.arange(4)) == 0).all())


def test_heads_train_on_views_too(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = LITE.changed(tune="head", augment=True, views=1, epochs=1)
    one, other = (
        memory.fit(kept(pictures(40, SIDE)), recipe.changed(augment=augment), threads=1) for augment in (True, False)
    )
    assert one.history[-1].running_loss != other.history[-1].running_loss


@pytest.mark.parametrize("cut", [0, 60, 3000, 100_000])
def test_views_that_were_cut_anywhere_are_finished_to_the_same(
    cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "BATCH", 8)
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path))
    problem, recipe = kept(pictures(20, SIDE)), LITE.changed(augment=True, views=1)
    expected = [np.array(values) for values in (features.feed(problem, recipe).views)]
    for path in sorted((tmp_path / "features").glob("*.npy")):
        if not path.name.endswith(".digests.npy"):
            path.with_suffix(".part").write_bytes(np.load(path).tobytes()[:cut])
        path.unlink()
    np.testing.assert_array_equal(features.feed(problem, recipe).views[0], expected[0])
    assert not list(tmp_path.rglob("*.part"))


# -- runs --------------------------------------------------------------------------------------------------------------


def cases(resnet: Path) -> dict[str, tuple[Problem, Recipe]]:
    more: dict[str, Any] = {"augment": True, "views": 2, "layer_decay": 0.8, "ema": 0.9, "schedule": "one-cycle"}
    last = LITE.changed(**more, drop_path=0.3, frozen_branch=True, restore_best=True, monitor="mAP")
    whole_net = last.changed(backbone=str(resnet), backbone_size=0, tune="all", batch_statistics="updated")
    return {"last": (kept(pictures(40, SIDE)), last), "all": (pictures(60, 24), whole_net)}


@pytest.mark.parametrize("case", ["last", "all"])
def test_from_every_checkpoint_the_bits_are_those_of_an_undisturbed_run(
    case: str, resnet: Path, tmp_path: Path
) -> None:
    problem, recipe = cases(resnet)[case]
    copies: list[Path] = []

    def copy(*_: object) -> None:
        copies.append(shutil.copytree(tmp_path / "whole", tmp_path / f"at {len(copies) + 1}"))

    run = fit(problem, recipe, seed=3, out=tmp_path / "whole", threads=1, on_epoch=copy)
    for folder in copies:
        assert_same_runs(resume(open_run(folder), problem), run)
    assert len(copies) == recipe.epochs
    _scores_as_it_was_trained(run, problem)


def _scores_as_it_was_trained(run: Run, problem: Problem) -> None:
    """From pixels alone, and as one net from pixels to probabilities."""
    stored = run.scores("validation").scores
    rows = problem.part("validation").rows
    found = {name: value.numpy() for name, value in load_net(run, problem.inputs.shape[1:]).state_dict().items()}
    again = memory.score(run.recipe, found, problem.preprocessing, problem.inputs, 3, rows=rows, threads=1)
    np.testing.assert_allclose(again, stored, atol=1e-5)  # maps are rounded to float16
    one = whole.build(run.recipe, found, problem.preprocessing, 3)
    np.testing.assert_allclose(whole.run(one, problem.inputs[rows]), stored, atol=5e-5)
