"""A recipe as Keras code: it compiles, says every field or why not, and comes back as the recipe."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_models import write
from keras_stand_in import stand_in

from tagfit.errors import InputError
from tagfit.recipe import NAMED, Recipe
from tagfit.translate.as_keras import as_keras
from tagfit.translate.as_torch import as_torch
from tagfit.translate.code import Setting
from tagfit.translate.from_keras import from_keras

NASTY = ('a "b"', "it's", "\u202e\n", "été", "both ' and \"", "\\x")
FEATURES = Setting((3,), NASTY, (1.0, 2.0, 3.0), (0.5, 0.1, 2.0))
PICTURES = Setting((8, 8, 3), ("a", "b"), (120.0, 110.5, 99.0), (60.0, 61.0, 62.0))

shares = st.sampled_from([0.0, 0.1, 0.5])


@st.composite
def a_recipe(draw: st.DrawFn, architecture: str | None = None) -> Recipe:
    """Any recipe, of values that a file of Keras holds to the digit."""
    conv = (architecture or draw(st.sampled_from(["dense", "conv"]))) == "conv"
    widths = draw(st.lists(st.integers(1, 64), min_size=1 if conv else 0, max_size=3))
    schedule = draw(st.sampled_from(["constant", "cosine", "one-cycle"]))
    return Recipe(
        architecture="conv" if conv else "dense",
        widths=tuple(widths),
        depth=draw(st.integers(1, 3)) if conv else 1,
        activation=draw(st.sampled_from(["relu", "gelu", "silu", "tanh"])),
        norm=draw(st.sampled_from(["none", "batch"])),
        dropout=(draw(shares),) if conv or not widths else tuple(draw(shares) for _ in widths),
        optimiser=draw(st.sampled_from(["adam", "adamw", "sgd"])),
        learning_rate=draw(st.sampled_from([1e-3, 0.05])),
        schedule=schedule,
        warmup=0.0 if schedule == "one-cycle" else draw(shares),
        weight_decay=draw(st.sampled_from([0.0, 0.01, 0.2])),
        loss=draw(st.sampled_from(["bce", "focal", "asymmetric"])),
        focal_alpha=draw(shares),
        asymmetric_clip=draw(shares),
        label_smoothing=draw(shares),
        positive_weights=draw(st.sampled_from(["none", "balanced"])),
        gradient_clip=draw(st.sampled_from([0.0, 1.0])),
        ema=draw(shares),
        augment=conv and draw(st.booleans()),
        patience=draw(st.integers(0, 2)),
        monitor=draw(st.sampled_from(["loss", "label_accuracy", "macro_f1", "mAP"])),
        restore_best=draw(st.booleans()),
    )


@settings(deadline=None, max_examples=40)
@given(recipe=a_recipe(), runs=st.booleans())
def test_what_is_printed_is_python_and_names_only_what_it_defines(recipe: Recipe, runs: bool) -> None:
    setting = (PICTURES if recipe.architecture == "conv" else FEATURES) if runs else None
    for printed in (as_keras(recipe, "a\nname", setting, Path("w")), as_torch(recipe, "a\nname", setting, Path("w"))):
        tree = ast.parse(printed)
        compile(printed, "<printed>", "exec")
        assert max(len(line) for line in printed.splitlines() if "LABELS" not in line) <= 120
        assert not unknown_names(tree), unknown_names(tree)


def unknown_names(tree: ast.Module) -> set[str]:
    """Names that are read and nowhere bound."""
    bound = set(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__) | {"__name__"}
    read = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
    return read - bound


def built(recipe: Recipe, monkeypatch: pytest.MonkeyPatch, setting: Setting | None = None) -> Any:
    """The model that the printed code compiles, with a stand-in for Keras."""
    for name, module in stand_in().items():
        monkeypatch.setitem(sys.modules, name, module)
    names: dict[str, Any] = {"__name__": "pasted"}
    exec(compile(as_keras(recipe, "net", setting), "<pasted>", "exec"), names)
    shape = (5,) if recipe.architecture == "dense" else (16, 16, 3)
    rows, truth = np.zeros((4, *shape), np.float32), np.eye(4, 3)
    return names["train"](rows, truth, rows, truth)


LAYERS = ("architecture", "widths", "depth", "activation", "norm", "dropout", "augment")


@settings(deadline=None, max_examples=40)
@given(recipe=a_recipe())
def test_the_printed_net_comes_back_as_the_recipe(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.MonkeyPatch.context() as patched:
        model = built(recipe, patched)
    read = from_keras(write(tmp_path_factory.mktemp("m") / "m.keras", model.config())).recipe
    fields = set(LAYERS)
    if not recipe.widths:
        fields -= {"activation", "norm", "dropout"}  # nothing in the net says them
    elif not any(recipe.dropout):  # (0, 0) comes back as (0,)
        fields -= {"dropout"}
        assert not any(read.dropout)
    fields |= {"gradient_clip", "learning_rate", "weight_decay"}
    if recipe.weight_decay:
        fields.add("optimiser")
    if "loss" in model.compiled:
        fields |= {"loss", "label_smoothing"} | ({"focal_alpha", "focal_gamma"} if recipe.loss == "focal" else set())
    for name in fields:
        assert getattr(read, name) == getattr(recipe, name), name


def test_the_training_around_the_net_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(patience=4, monitor="macro_f1", schedule="cosine", ema=0.9, epochs=7, batch_size=16)
    model = built(recipe, monkeypatch)
    kinds = [type(one).__name__ for one in model.told["callbacks"]]
    assert kinds == ["Pace", "RunningAverage", "Judge", "EarlyStopping"]
    stop = model.told["callbacks"][-1].config
    assert stop == {"monitor": "val_macro_f1", "mode": "max", "patience": 4, "restore_best_weights": False}
    assert (model.told["epochs"], model.told["batch_size"]) == (7, 16)
    assert not built(Recipe(), monkeypatch).told["callbacks"]


def test_unknown_entries_are_refused_by_the_printed_code(monkeypatch: pytest.MonkeyPatch) -> None:
    built(Recipe(), monkeypatch)
    names: dict[str, Any] = {}
    exec(as_keras(Recipe(), "net"), names)
    rows = np.zeros((2, 5))
    with pytest.raises(ValueError, match="unknown entries"):
        names["train"](rows, np.array([[1], [-1]]), rows, np.ones((2, 1)))


def test_the_names_of_a_run_are_literals_whatever_they_hold() -> None:
    for printed in (as_keras(Recipe(), "x", FEATURES), as_torch(Recipe(), "x", FEATURES)):
        values = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in ast.parse(printed).body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper()
        }
        assert values["LABELS"] == list(NASTY)
        assert (values["MEAN"], values["STD"]) == (list(FEATURES.mean), list(FEATURES.std))


@pytest.mark.parametrize("name", [name for name, recipe in NAMED.items() if recipe.architecture != "pretrained"])
def test_what_is_not_said_is_named(name: str) -> None:
    head = as_keras(NAMED[name], name).partition("import keras")[0]
    assert head.startswith(f"# {name} in Keras 3")
    assert "unknown" in head
    assert ("bfloat16" in head) == (NAMED[name].architecture == "conv")
    assert ("spread" in head) == (NAMED[name].norm == "batch")


@pytest.mark.parametrize(
    ("size", "mean", "std"), [(None, 3, [1]), ("x", [1], [1]), (None, [1], [math.nan]), (8, ["a"], [1])]
)
def test_a_problem_that_is_none_is_refused(size: Any, mean: Any, std: Any) -> None:
    problem = {"size": size, "mean": mean, "std": std}
    with pytest.raises(InputError, match="describe the preprocessing"):
        Setting.of({"preprocessing": problem, "labels": ["a"]})


@pytest.mark.parametrize("translated", [as_keras, as_torch])
def test_a_pretrained_backbone_has_no_code(translated: Callable[[Recipe, str], str]) -> None:
    with pytest.raises(InputError, match="there is no code for that"):
        translated(NAMED["pretrained"], "pretrained")
    with pytest.raises(InputError, match="tunes the last blocks of efficientnet-lite2: there is no code for that"):
        translated(NAMED["fine-tuned"], "fine-tuned")
