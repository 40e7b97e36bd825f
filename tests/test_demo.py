"""The demo: on a few small pictures and epochs it goes the whole way, and its sentences hang on its numbers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commands import Command
from tagfit import demo as module
from tagfit.demo import Demo, interpretation, run_demo
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import open_run

RECIPES = {"short": Recipe(widths=(16,), epochs=3), "longer": Recipe(widths=(8,), epochs=4)}
PAINTING = {"train": 40, "validation": 20, "test": 8, "size": 32}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAGFIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return run_demo(tmp_path_factory.mktemp("demo"), recipes=RECIPES, painting=PAINTING)


def test_it_goes_the_whole_way_through_files(made: Demo) -> None:
    root = made.pictures.directory.parent
    assert (made.pictures.directory / "tags.csv").is_file()
    assert [one.recipe for one in made.trained] == ["short", "longer"]
    for one in made.trained:
        assert one.run.folder.parent == root / "runs"
        assert one.run.state == "done"
        assert set(one.evaluations) == {"train", "validation"}
    assert [len(open_run(one.run.folder).history) for one in made.trained] == [3, 4]


def test_the_ceiling_is_one_minus_the_flipped_share_of_validation(made: Demo) -> None:
    split = made.pictures.splits["validation"]
    assert made.ceiling == 1 - split.flipped / split.entries


def test_the_tagged_pictures_are_of_no_split_that_was_trained_or_watched(made: Demo) -> None:
    seen = open_run(made.trained[0].run.folder).problem["ids"]
    names = {str(Path(record["picture"]).relative_to(made.pictures.directory)) for record in made.tagged}
    assert len(names) == module.UNSEEN
    assert names <= set(seen["test"])
    assert not made.trained[0].run.scored_splits[2:], "tagging is no look at the test split"
    truth = made.pictures.true_tags()
    for record in made.tagged:
        name = str(Path(record["picture"]).relative_to(made.pictures.directory))
        assert record["true_tags"] == list(truth[name])


def test_the_recipes_are_those_of_the_main_job() -> None:
    assert list(module.RECIPES) == ["plain-dense", "regularised-dense", "regularised-conv"]
    assert all(NAMED[name] == recipe for name, recipe in module.RECIPES.items())


def pretended(train: float, validation: float, recipe: str) -> Any:
    values = {
        ("train", "label_accuracy"): train,
        ("validation", "label_accuracy"): validation,
        ("train", "loss"): 0.0,
        ("validation", "loss"): 1.25,
        ("validation", "argmax_accuracy"): 0.111,
    }
    baselines = SimpleNamespace(metrics={"label_accuracy": SimpleNamespace(nothing=0.6, prevalence=0.7)})
    return SimpleNamespace(
        recipe=recipe, value=lambda split, metric: values[split, metric], evaluations={"validation": baselines}
    )


def said(*trained: Any) -> str:
    return "\n".join(interpretation(SimpleNamespace(trained=trained, ceiling=0.9)))  # type: ignore[arg-type]


def test_the_interpretation_follows_the_numbers() -> None:
    overfit = said(pretended(0.98, 0.8, "one"), pretended(0.91, 0.86, "two"), pretended(0.9, 0.85, "three"))
    for expected in (
        "gap of 18.0 points",
        "by heart",
        "two gives up 7.0 points on train and gains 6.0 points",
        "70.0%",
    ):
        assert expected in overfit
    assert "three" not in overfit
    assert "11.1% for two" in overfit
    healthy = said(pretended(0.85, 0.84, "one"), pretended(0.86, 0.83, "two"))
    assert "by heart" not in healthy
    assert "two gains 1.0 points on train and gives up 1.0 points on validation" in healthy


def test_the_command_prints_the_before_and_after(tagfit: Command, made: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_demo", lambda *_, **__: made)
    shown = tagfit("demo")
    assert shown.code == 0
    for expected in ("short", "longer", "predict nothing", "ceiling", "Keras' accuracy", "has not seen", "runs:"):
        assert expected in shown.out
    document = tagfit("demo", "--json").json
    assert [one["recipe"] for one in document["recipes"]] == ["short", "longer"]
    assert document["interpretation"] == interpretation(made)
    accuracy = document["recipes"][0]["splits"]["validation"]["label_accuracy"]
    assert {"value", "nothing", "prevalence"} <= set(accuracy)


def test_it_is_run_again_beside_what_is_there(made: Demo, monkeypatch: pytest.MonkeyPatch, cache_dir: Path) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(cache_dir))
    again = run_demo(made.pictures.directory.parent, recipes=RECIPES, painting=PAINTING)
    assert [one.run.name for one in again.trained] == ["short-2", "longer-2"]
    weights = [one.run.weights.read_bytes() for one in (made.trained[0], again.trained[0])]
    assert weights[0] == weights[1]
