"""The demo: on a few small pictures and epochs it goes the whole way, and its sentences hang on its numbers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commands import Command
from tagfit import demo as module
from tagfit.demo import Demo, Promise, interpretation, promises, run_demo
from tagfit.goal import LESSON, Goal
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import open_run

START, COMPARISON = Recipe(widths=(16,), learning_rate=1e-2, epochs=8), Recipe(widths=(8,), epochs=3)
PAINTING = {"train": 40, "validation": 20, "test": 8, "size": 32}
# What a handful of pictures can be taught; no trivial prediction is as good.
GOAL = Goal("validation.macro_f1>=0.99")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAGFIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(module, "TRIALS", 2)
        folder = tmp_path_factory.mktemp("demo")
        return run_demo(folder, start=START, comparison=COMPARISON, goal=GOAL, painting=PAINTING)


def test_it_goes_the_whole_way_through_files(made: Demo) -> None:
    root = made.pictures.directory.parent
    assert (made.pictures.directory / "tags.csv").is_file()
    assert [one.name for one in made.trained] == ["plain-dense", "cured", "small-conv"]
    for one in made.trained:
        assert one.run.state == "done"
        assert set(one.evaluations) == {"train", "validation"}
    assert made.start.run.folder.parent == made.comparison.run.folder.parent == root / "runs"
    assert made.cured.run.folder.is_relative_to(root / "cure")
    for page in (made.letter, made.page, made.report):
        assert "<html" in page.read_text(encoding="utf-8")


def test_the_certificate_is_verified(made: Demo) -> None:
    assert made.verification.holds
    assert made.certificate.to_dict()["goal"]["bounds"] == ["validation.macro_f1>=0.99"]


def test_the_ceiling_is_one_minus_the_flipped_share_of_validation(made: Demo) -> None:
    split = made.pictures.splits["validation"]
    assert made.ceiling == 1 - split.flipped / split.entries


def test_the_tagged_pictures_are_of_no_split_that_was_trained_or_watched(made: Demo) -> None:
    seen = open_run(made.start.run.folder).problem["ids"]
    names = {str(Path(record["picture"]).relative_to(made.pictures.directory)) for record in made.tagged}
    assert len(names) == module.UNSEEN
    assert names <= set(seen["test"])
    truth = made.pictures.true_tags()
    for record in made.tagged:
        name = str(Path(record["picture"]).relative_to(made.pictures.directory))
        assert record["true_tags"] == list(truth[name])


def test_it_cures_what_people_start_with_of_the_mission_s_goal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, Any] = {}

    def cure(run: Any, goal: Goal, **options: Any) -> None:
        asked.update(options, goal=goal, recipe=run.recipe)
        raise KeyboardInterrupt

    def fit(_problem: Any, recipe: Recipe, **_: Any) -> Any:
        return SimpleNamespace(recipe=recipe, folder=tmp_path)

    monkeypatch.setattr(module.workflow, "fit", fit)
    monkeypatch.setattr(module.workflow, "evaluate", lambda _run: {})
    monkeypatch.setattr(module.workflow, "diagnose", lambda *_, **__: None)
    monkeypatch.setattr(module, "write_letter", lambda *_, **__: None)
    monkeypatch.setattr(module, "of_run", lambda _run, **_: made.start)
    monkeypatch.setattr(module, "write_report", lambda *_: None)
    monkeypatch.setattr(module.workflow, "cure", cure)
    with pytest.raises(KeyboardInterrupt):
        run_demo(tmp_path, painting=PAINTING)
    assert asked["recipe"] == NAMED["plain-dense"]
    assert tuple(bound.text for bound in asked["goal"].bounds) == LESSON


def pretended(train: float, validation: float, name: str, loss: float = 0.0) -> Any:
    values = {
        ("train", "label_accuracy"): train,
        ("validation", "label_accuracy"): validation,
        ("train", "loss"): loss,
        ("validation", "loss"): 1.25,
        ("validation", "argmax_accuracy"): 0.111,
    }
    baselines = SimpleNamespace(metrics={"label_accuracy": SimpleNamespace(nothing=0.6, prevalence=0.7)})
    return SimpleNamespace(
        name=name, value=lambda split, metric: values[split, metric], evaluations={"validation": baselines}
    )


def said(start: Any, cured: Any, comparison: Any) -> str:
    best = max((cured, comparison), key=lambda one: one.value("validation", "label_accuracy"))
    demo: Any = SimpleNamespace(start=start, cured=cured, comparison=comparison, best=best, ceiling=0.9)
    return "\n".join(interpretation(demo))


def test_the_interpretation_follows_the_numbers() -> None:
    overfit = said(pretended(0.98, 0.8, "one"), pretended(0.91, 0.86, "two"), pretended(0.9, 0.85, "three"))
    for expected in (
        "gap of 18.0 points",
        "memorised",
        "two gives up 7.0 points on train and gains 6.0 points",
        "three gives up 8.0 points on train and gains 5.0 points",
        "70.0%",
        "11.1% for two",
    ):
        assert expected in overfit
    healthy = said(pretended(0.85, 0.84, "one"), pretended(0.86, 0.83, "two"), pretended(0.8, 0.8, "three"))
    assert "memorised" not in healthy
    assert "two gains 1.0 points on train and gives up 1.0 points on validation" in healthy


def test_the_command_prints_the_whole_story(tagfit: Command, made: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_demo", lambda *_, **__: made)
    monkeypatch.setattr(module, "promises", lambda _demo: [Promise("it works", True, "1.0")])
    shown = tagfit("demo")
    assert shown.code == 0
    for expected in (
        "what is wrong with the plain net",
        "Out of reach",
        "verified:",
        "predict nothing",
        "ceiling",
        "Keras' accuracy",
        "has not seen",
        "letter:",
    ):
        assert expected in shown.out
    *_, report, _, _, studio, learn = shown.out.splitlines()
    assert report.split() == ["report:", str(made.report)]
    assert studio.endswith(f": tagfit studio {made.pictures.directory.parent}")
    assert learn.endswith(": tagfit learn")
    document = tagfit("demo", "--json").json
    assert [one["name"] for one in document["nets"]] == ["plain-dense", "cured", "small-conv"]
    assert document["interpretation"] == interpretation(made)
    accuracy = document["nets"][0]["splits"]["validation"]["label_accuracy"]
    assert {"value", "nothing", "prevalence"} <= set(accuracy)


def turned_out(
    start: Any = None,
    cured: Any = None,
    comparison: Any = None,
    fired: str = "fired",
    verdict: str = "confirmed",
    altered: tuple[str, ...] = (),
) -> Any:
    """A demo in which everything happened as promised, but for what is given."""
    overfitting = SimpleNamespace(outcome=fired, verdict=SimpleNamespace(says="a gap of 0.17"))
    return SimpleNamespace(
        start=start or pretended(0.98, 0.82, "plain", loss=0.05),
        cured=cured or pretended(0.90, 0.86, "cured"),
        comparison=comparison or pretended(0.89, 0.87, "conv"),
        findings={"overfitting": overfitting},
        certificate=SimpleNamespace(verdict=verdict),
        verification=SimpleNamespace(holds=not altered, altered=altered, checks=("one", "two")),
    )


def test_every_promise_is_kept_when_all_steps_turn_out() -> None:
    assert [promise.kept for promise in promises(turned_out())] == [True] * 5


@pytest.mark.parametrize(
    ("different", "broken", "figures"),
    [
        ({"start": pretended(0.957, 0.788, "plain", loss=0.139)}, 0, ("0.957", "0.139", "0.788", "0.97")),
        ({"start": pretended(0.98, 0.82, "plain", loss=0.101)}, 0, ("0.101",)),
        ({"start": pretended(0.98, 0.841, "plain", loss=0.05)}, 0, ("0.841",)),
        ({"fired": "passed"}, 1, ("a gap of 0.17",)),
        ({"verdict": "met, not confirmed"}, 2, ("met, not confirmed", "0.900", "0.860")),
        ({"altered": ("tags.csv was altered",)}, 3, ("tags.csv was altered",)),
        ({"comparison": pretended(0.89, 0.849, "conv")}, 4, ("0.849", "0.860")),
    ],
)
def test_a_step_that_does_not_turn_out_breaks_its_promise_and_shows_the_figures(
    different: dict[str, Any], broken: int, figures: tuple[str, ...]
) -> None:
    found = promises(turned_out(**different))
    assert [number for number, promise in enumerate(found) if not promise.kept] == [broken]
    for figure in figures:
        assert figure in found[broken].figures


def test_a_demo_that_breaks_a_promise_ends_with_exit_code_1(
    tagfit: Command, made: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nets of these tests are too small to keep them."""
    monkeypatch.setattr(module, "run_demo", lambda *_, **__: made)
    shown = tagfit("demo")
    assert shown.code == 1
    assert "NO   plain-dense memorises" in shown.out
    done = tagfit("demo", "--json")
    assert done.code == 1
    assert [promise["kept"] for promise in done.json["promises"]] == [promise.kept for promise in promises(made)]


def test_it_is_run_again_beside_what_is_there(made: Demo, monkeypatch: pytest.MonkeyPatch, cache_dir: Path) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(cache_dir))
    monkeypatch.setattr(module, "TRIALS", 2)
    again = run_demo(made.pictures.directory.parent, start=START, comparison=COMPARISON, goal=GOAL, painting=PAINTING)
    assert [again.start.run.name, again.certificate.folder.name] == ["plain-dense-2", "cure-2"]
    weights = [one.cured.run.weights.read_bytes() for one in (made, again)]
    assert weights[0] == weights[1]
