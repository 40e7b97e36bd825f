"""Run: the folder says what it is, what is missing, and who it belongs to."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from filelock import FileLock

from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import FORMAT, Run, list_runs, open_run
from tagfit.runs.writing import LOCK, claimed_folder, refuse_used
from tagfit.scores import Scores

FINGERPRINT = {"data": "a" * 40, "preprocessing": "b" * 40}


def begun(folder: Path, started: str = "2026-01-01T00:00:00+00:00") -> Run:
    run = Run(folder)
    run.save_info(state="running", recipe="mine", seed=3, started=started)
    Recipe(epochs=7).save(folder / "recipe.toml")
    (folder / "problem.json").write_text(json.dumps({"labels": ["sea", "sky"], "fingerprint": FINGERPRINT}))
    return run


def some_scores(split: str) -> Scores:
    return Scores.of([[1, 0], [0, 1]], [[0.9, 0.2], [0.1, 0.7]], split=split)


def test_a_run_that_has_begun_can_be_opened(tmp_path: Path) -> None:
    begun(tmp_path / "one")
    run = open_run(tmp_path / "one")
    assert (run.name, run.labels, run.recipe.epochs, run.history) == ("one", ("sea", "sky"), 7, ())
    assert run.info["format"] == FORMAT
    summary = run.summary()
    assert (summary["state"], summary["recipe"], summary["seed"], summary["epochs"]) == ("killed", "mine", 3, 0)
    assert summary["train_loss"] is None


def test_a_run_is_killed_when_it_says_running_and_nobody_holds_its_lock(tmp_path: Path) -> None:
    run = begun(tmp_path / "one")
    assert run.state == "killed"
    with FileLock(run.folder / LOCK):
        assert run.state == "running"
    assert run.state == "killed"
    run.save_info(state="done")
    assert run.state == "done"


@pytest.mark.parametrize(("file", "field"), [("run.json", "state"), ("problem.json", "labels")])
def test_what_a_file_lacks_is_said_with_its_name(tmp_path: Path, file: str, field: str) -> None:
    run = begun(tmp_path / "one")
    values = json.loads((run.folder / file).read_text())
    del values[field]
    (run.folder / file).write_text(json.dumps(values))
    with pytest.raises(InputError, match=f"{file} holds no '{field}'"):
        _ = run.state if file == "run.json" else run.labels


def test_a_damaged_run_is_listed_with_the_others_and_a_run_lists_itself(tmp_path: Path) -> None:
    begun(tmp_path / "good")
    (begun(tmp_path / "bad").folder / "run.json").write_text("{")
    assert [run.name for run in list_runs(tmp_path)] == ["bad", "good"]
    assert [run.name for run in list_runs(tmp_path / "good")] == ["good"]


def test_a_folder_in_use_is_refused_and_an_empty_one_is_not(tmp_path: Path) -> None:
    refuse_used(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / LOCK).touch()
    refuse_used(tmp_path / "empty")
    begun(tmp_path / "one")
    with pytest.raises(InputError, match="train --resume"):
        refuse_used(tmp_path / "one")
    with pytest.raises(InputError, match="exists and is not empty"):
        refuse_used(tmp_path / "one" / "run.json")


def test_changes_of_the_record_leave_the_rest(tmp_path: Path) -> None:
    run = begun(tmp_path / "one")
    run.save_info(state="done", epochs=7)
    assert (run.info["state"], run.info["epochs"], run.info["seed"]) == ("done", 7, 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "holds no run.json"),
        ('{"format": 99}', "run format 99"),
        ("{}", "run format None"),
        ("[]", "holds no JSON object"),
        ("{", "is not JSON"),
        (b"\xff", "is not JSON"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, content: str | bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=said):
        open_run(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        open_run(tmp_path / "absent")


def test_scores_come_back_and_those_that_are_not_there_are_named(tmp_path: Path) -> None:
    run = begun(tmp_path / "one")
    with pytest.raises(InputError, match=r"no scores of the split 'train'.*none yet"):
        run.scores("train")
    run.save_scores(some_scores("validation"))
    run.save_scores(some_scores("train"))
    assert run.scored_splits == ("train", "validation")
    np.testing.assert_array_equal(run.scores("train").scores, some_scores("train").scores)
    with pytest.raises(InputError, match="it has train, validation"):
        run.scores("test")


def test_discarding_results_leaves_what_a_resumed_training_needs(tmp_path: Path) -> None:
    run = begun(tmp_path / "one")
    run.save_scores(some_scores("train"))
    for name in ("weights.safetensors", "checkpoint.safetensors", "history.jsonl", ".run.json.x.part", ".lock"):
        (run.folder / name).touch()
    (run.folder / "scores" / ".train.npz.x.part").touch()
    run.discard_results()
    run.discard_results()
    kept = {path.name for path in run.folder.rglob("*") if path.is_file()}
    assert kept == {"run.json", "recipe.toml", "problem.json", "checkpoint.safetensors", "history.jsonl", ".lock"}


def test_runs_are_listed_oldest_first(tmp_path: Path) -> None:
    for name, year in (("b", 2025), ("a", 2026), ("c", 2024)):
        begun(tmp_path / name, f"{year}-01-01T00:00:00+00:00")
    (tmp_path / "no-run").mkdir()
    assert [run.name for run in list_runs(tmp_path)] == ["c", "b", "a"]
    assert list_runs(tmp_path / "absent") == []


def test_default_folders_do_not_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with claimed_folder("mine", 4) as first, claimed_folder("mine", 4) as second:
        assert first.parent == Path("runs")
        assert first.name.endswith("-mine-4")
        assert second.name == f"{first.name}-2"
        (second / "run.json").touch()
    assert not first.exists(), "nothing was written in it"
    assert second.exists()


@pytest.mark.parametrize("changed", FINGERPRINT)
def test_another_problem_is_refused_by_what_changed(tmp_path: Path, changed: str) -> None:
    run = begun(tmp_path / "one")
    run.refuse_another(cast(Problem, SimpleNamespace(fingerprint=FINGERPRINT)))
    other: Any = SimpleNamespace(fingerprint={**FINGERPRINT, changed: "c" * 40})
    with pytest.raises(InputError, match=f"the {changed} of .*one changed since the run began.*aaaa|bbbb.*now cccc"):
        run.refuse_another(other)


def test_a_folder_named_in_markup_is_harmless_in_a_notebook(tmp_path: Path) -> None:
    assert "<script>" not in begun(tmp_path / "<script>")._repr_html_()
