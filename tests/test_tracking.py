"""Trackers get what a training reports, and never stop it; the libraries are replaced by fakes of their few calls."""

from __future__ import annotations

import importlib.machinery
import json
import math
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands import Command
from small_sets import write_features
from tagfit.cli.track import results
from tagfit.history import Epoch
from tagfit.recipe import Recipe
from tagfit.tracking import trackers
from tagfit.tracking.tracking import EpochTracking, Tracking


class Calls(list[Any]):
    """What a fake library was asked for."""

    def of(self, kind: str) -> list[Any]:
        return [call[1:] for call in self if call[0] == kind]


def module(name: str, **contents: Any) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__spec__ = importlib.machinery.ModuleSpec(name, None)
    made.__dict__.update(contents)
    return made


def fake_mlflow(calls: Calls, fail: Callable[[], None]) -> dict[str, types.ModuleType]:
    class Client:
        def get_experiment_by_name(self, name: str) -> None:
            fail()
            calls.append(("project", name))

        def create_experiment(self, name: str) -> str:
            return "7"

        def create_run(self, experiment: str, run_name: str, tags: dict[str, str]) -> Any:
            calls.append(("start", run_name))
            return types.SimpleNamespace(info=types.SimpleNamespace(run_id=run_name))

        def log_param(self, run: str, key: str, value: object) -> None:
            calls.append(("setting", key, value))

        def log_batch(self, run: str, metrics: list[tuple[str, float, int, int]]) -> None:
            assert len(metrics) <= 100
            calls.extend(("value", name, value, step) for name, value, _, step in metrics)

        def set_terminated(self, run: str, status: str) -> None:
            calls.append(("finish", status == "FINISHED"))

    entities = module("mlflow.entities", Metric=lambda *one: one)
    return {"mlflow": module("mlflow", MlflowClient=Client, entities=entities), "mlflow.entities": entities}


def fake_tensorboard(calls: Calls, fail: Callable[[], None]) -> dict[str, types.ModuleType]:
    class Writer:
        def __init__(self, folder: str) -> None:
            fail()
            calls.append(("start", Path(folder).name))

        def add_scalar(self, name: str, value: float, step: int, *, description: str) -> None:
            for line in description.split("\n"):
                calls.append(("setting", *line.removeprefix("- ").split(": ", 1)))
            calls.append(("value", name, value, step))

        def flush(self) -> None:
            pass

        def close(self) -> None:
            calls.append(("finish", True))

    summary = module("tensorboard.summary", Writer=Writer)
    return {"tensorboard": module("tensorboard", summary=summary), "tensorboard.summary": summary}


def fake_wandb(calls: Calls, fail: Callable[[], None]) -> dict[str, types.ModuleType]:
    class Run:
        def __init__(self, **given: Any) -> None:
            fail()
            calls.append(("start", given["name"]))
            calls.extend(("setting", *pair) for pair in given["config"].items())
            self.step = 0
            self.summary = types.SimpleNamespace(
                update=lambda values: calls.extend(("value", *pair, self.step) for pair in values.items())
            )

        def log(self, values: dict[str, float], step: int) -> None:
            self.step = step
            calls.extend(("value", *pair, step) for pair in values.items())

        def finish(self, exit_code: int) -> None:
            calls.append(("finish", exit_code == 0))

    return {"wandb": module("wandb", init=Run, Settings=lambda **_: None, login=lambda *, prompt: True)}


FAKES = {"mlflow": fake_mlflow, "tensorboard": fake_tensorboard, "wandb": fake_wandb}


@pytest.fixture(params=FAKES)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Calls]:
    calls = Calls()
    for name, one in FAKES[request.param](calls, lambda: None).items():
        monkeypatch.setitem(sys.modules, name, one)
    return request.param, calls


def epoch(number: int, **values: Any) -> Epoch:
    kept = {"train_loss": 0.5, "validation_loss": None, "train_label_accuracy": 0.9, "validation_label_accuracy": 0.8}
    return Epoch(number, 0.6, **{**kept, "monitored": math.nan, **values}, learning_rate=0.01, seconds=1.0)


def test_a_training_is_sent_as_it_goes(
    tagfit: Command, library: tuple[str, Calls], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name, calls = library
    rows = write_features(tmp_path / "rows.npz")
    done = tagfit(
        "train", rows, "--set", "epochs=3", "--recipe", "plain-dense", "--seed", "5", "--track", name, "--json"
    )
    assert done.code == 0
    folder = Path(done.json["folder"])
    assert calls.of("start") == [(folder.name,)]
    assert ("seed", "5") in [(key, str(value)) for key, value in calls.of("setting")]
    history = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    sent = [(value, step) for key, value, step in calls.of("value") if key == "train_loss"]
    assert sent == [(one["train_loss"], one["epoch"]) for one in history]
    ends = {key: value for key, value, step in calls.of("value") if key.startswith("validation.") and step == 3}
    assert ends["validation.mAP"] == pytest.approx(done.json["splits"]["validation"]["metrics"]["mAP"]["value"])
    assert calls.of("finish") == [(True,)]

    calls.clear()  # the same, from the finished run
    assert tagfit("runs", folder, "--track", name).code == 0
    assert [(value, step) for key, value, step in calls.of("value") if key == "train_loss"] == sent
    assert calls.of("finish") == [(True,)]


def test_trainings_of_a_cure_are_runs_of_their_own(library: tuple[str, Calls], tmp_path: Path) -> None:
    name, calls = library
    first, second = Recipe(epochs=2), Recipe(epochs=2, dropout=(0.5,))
    with Tracking(name, pytest.fail) as tracking:
        epochs = EpochTracking(tracking, lambda number: f"cure-{number}", tmp_path, {"cure": "mine"})
        for recipe in (first, second, second):
            epochs(epoch(1), recipe)
            epochs(epoch(2), recipe)
            if recipe is second:
                epochs.judged(second, 2, {"validation.mAP": 0.7, "test.mAP": math.nan}, done=True)
        epochs.judged(first, 2, {"validation.mAP": 0.1}, done=True)  # reported late: not of the present training
    assert calls.of("start") == [("cure-1",), ("cure-2",), ("cure-3",)]
    assert calls.of("finish") == [(True,)] * 3
    figures = [one for one in calls.of("value") if "." in one[0]]
    assert figures == [("validation.mAP", 0.7, 2)] * 2
    assert {key for key, *_ in calls.of("value")} == {
        "train_loss", "running_loss", "train_label_accuracy", "validation_label_accuracy", "learning_rate", "seconds",
        "validation.mAP",
    }  # fmt: skip


def test_an_interrupted_training_is_marked_so(library: tuple[str, Calls], tmp_path: Path) -> None:
    name, calls = library

    def interrupted() -> None:
        with Tracking(name, pytest.fail) as tracking:
            EpochTracking(tracking, lambda _: "one", tmp_path, {}, earlier=(epoch(1), epoch(2)))(epoch(2), Recipe())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [step for key, _, step in calls.of("value") if key == "train_loss"] == [1, 2]
    assert calls.of("finish") == [(name == "tensorboard",)]  # event files have no end to mark


@pytest.mark.parametrize("name", FAKES)
def test_a_tracker_that_fails_stops_no_training_and_is_named_once(
    tagfit: Command, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def fail() -> None:
        raise SystemExit("no route to \x1b[31mhost")

    for key, one in FAKES[name](Calls(), fail).items():
        monkeypatch.setitem(sys.modules, key, one)
    rows = write_features(tmp_path / "rows.npz")
    done = tagfit("train", rows, "--set", "epochs=3", "--recipe", "plain-dense", "--track", name, "--json")
    assert done.code == 0
    assert done.json["state"] == "done"
    assert done.err.count("warning") == 1
    assert "no route to \\x1b[31mhost" in done.err


def test_a_tracker_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held, said = threading.Event(), []

    class Silent:
        def start(self, *_: Any) -> None:
            held.wait()

    monkeypatch.setitem(trackers.TRACKERS, "silent", Silent)  # type: ignore[arg-type]
    with Tracking("silent", said.append, patience=0.0) as tracking:
        epochs = EpochTracking(tracking, lambda _: "one", tmp_path, {})
        for number in range(1, 50):
            epochs(epoch(number), Recipe())
    held.set()
    assert said == ["warning: silent is no longer sent to: no answer within 0 s"]


def test_what_is_not_there_is_refused_before_any_work(
    tagfit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = write_features(tmp_path / "rows.npz")
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda _: None)
    for name in FAKES:
        assert f"pip install {name}" in tagfit.refused("train", rows, "--track", name)
    assert "mlflow, tensorboard, wandb" in tagfit.refused("runs", tmp_path, "--track", "comet")


@pytest.mark.parametrize("login", [lambda *, prompt: prompt, lambda: None], ids=["new", "old"])
def test_wandb_never_asks_for_a_login_in_a_training(monkeypatch: pytest.MonkeyPatch, login: Callable[..., Any]) -> None:
    made = module("wandb", login=login, api=types.SimpleNamespace(api_key=None))
    monkeypatch.setitem(sys.modules, "wandb", made)
    for variable in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ValueError, match="wandb login"):
        trackers.check("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    trackers.check("wandb")


def test_results_are_figures(library: tuple[str, Calls]) -> None:
    value = types.SimpleNamespace(value=0.5)
    evaluations: Any = {"test": types.SimpleNamespace(metrics={"mAP": value})}
    assert results(evaluations) == {"test.mAP": 0.5}
