"""Resume: from any checkpoint, after any interruption or refused write, the bits of an undisturbed run."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import assert_same_runs, features, pictures, unfinished

from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.training import fit as fitting
from tagfit.training import machine
from tagfit.training.batches import Batches
from tagfit.training.fit import fit, load_net, resume

DENSE = Recipe(widths=(12, 8), norm="batch", dropout=(0.3,), epochs=5, patience=3, restore_best=True)
CONV = Recipe(architecture="conv", widths=(4, 6), norm="batch", epochs=3, batch_size=16, augment=True)
RECIPES: dict[str, tuple[Callable[[], Problem], Recipe]] = {
    "dense": (features, DENSE),
    "no-norm": (features, Recipe(widths=(6,), epochs=4, schedule="cosine", warmup=0.2)),
    "ema": (features, DENSE.changed(ema=0.95, optimiser="adamw", weight_decay=0.1, schedule="one-cycle")),
    "sgd": (features, DENSE.changed(optimiser="sgd", learning_rate=0.1, gradient_clip=1.0)),
    "conv": (pictures, CONV.changed(dropout=(0.2,))),
    "conv-ema": (pictures, CONV.changed(ema=0.9, restore_best=True, monitor="mAP")),
    "dense-on-pictures": (pictures, DENSE),
}


@pytest.fixture(autouse=True, scope="module")
def _a_checkpoint_every_epoch() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(fitting, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
        yield


@pytest.mark.parametrize("number_format", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", RECIPES)
def test_from_every_checkpoint_the_bits_are_those_of_an_undisturbed_run(
    tmp_path: Path, name: str, number_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, recipe = RECIPES[name]
    if number_format == "bfloat16" and recipe.architecture == "dense":
        recipe = recipe.changed(epochs=2)  # dense nets train in float32 anywhere: one more look is enough
    monkeypatch.setattr(machine, "_bfloat16_is_fast", lambda device: number_format == "bfloat16")
    copies: list[Path] = []

    def copy(*_: object) -> None:
        copies.append(shutil.copytree(tmp_path / "whole", tmp_path / f"at {len(copies) + 1}"))

    whole = fit(make(), recipe, seed=3, out=tmp_path / "whole", threads=1, on_epoch=copy)
    assert len(copies) == len(whole.history) > 1
    for folder in copies:
        resumed = resume(open_run(folder), make())
        assert_same_runs(resumed, whole)
        assert not resumed.checkpoint.exists()


def test_lines_of_the_history_after_the_checkpoint_are_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = features()
    whole = fit(problem, DENSE, out=tmp_path / "whole", threads=1)
    folder = tmp_path / "killed"

    def at_third(epoch: Any, recipe: Recipe) -> None:
        monkeypatch.setattr(fitting, "SECONDS_BETWEEN_CHECKPOINTS", 1e9)
        if epoch.epoch == 3:
            shutil.copytree(tmp_path / "running", folder)

    fit(problem, DENSE, out=tmp_path / "running", threads=1, on_epoch=at_third)
    with (folder / "history.jsonl").open("a") as file:
        file.write('{"epoch": 4, "runn')
    assert [epoch.epoch for epoch in Run(folder).history] == [1, 2, 3]
    assert_same_runs(resume(Run(folder), problem), whole)


def test_a_finished_run_is_resumed_to_itself(tmp_path: Path) -> None:
    run = fit(features(), DENSE, out=tmp_path / "run", threads=1)
    before = run.weights.stat().st_mtime_ns
    resume(run, features(), on_epoch=lambda *_: pytest.fail("trained again"))
    assert run.weights.stat().st_mtime_ns == before


@pytest.mark.parametrize("at", [1, 3])
def test_an_interruption_between_epochs_leaves_a_usable_run(tmp_path: Path, at: int) -> None:
    problem = features()
    whole = fit(problem, DENSE, out=tmp_path / "whole", threads=1)

    def interrupt(epoch: Any, recipe: Recipe) -> None:
        if epoch.epoch == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(problem, DENSE, out=tmp_path / "cut", threads=1, on_epoch=interrupt)
    run = open_run(tmp_path / "cut")
    assert (run.info["state"], run.info["epochs"], len(run.history)) == ("interrupted", at, at)
    kept = run.history[run.info["kept_epoch"] - 1].validation_loss
    stored = run.scores("validation")
    assert kept == pytest.approx(
        -np.log(np.where(stored.truth == 1, stored.scores, 1 - stored.scores)).mean(), rel=1e-5
    )
    load_net(run, (10,))
    assert_same_runs(resume(run, problem), whole)


def test_a_training_that_is_asked_to_stop_ends_with_its_epoch_and_resumes_there(tmp_path: Path) -> None:
    problem = features()
    whole = fit(problem, DENSE, out=tmp_path / "whole", threads=1)
    run = Run(tmp_path / "cut")

    def ask(epoch: Any, recipe: Recipe) -> None:
        if epoch.epoch == 1:
            run.stop_request.touch()

    with pytest.raises(KeyboardInterrupt):
        fit(problem, DENSE, out=run.folder, threads=1, on_epoch=ask)
    assert (run.info["state"], run.info["epochs"]) == ("interrupted", 2), "the epoch in which it was asked is finished"
    assert not run.stop_request.exists()
    run.stop_request.touch()
    assert_same_runs(resume(run, problem), whole)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Problem, Recipe, Run]:
    problem, recipe = features(n=80), DENSE.changed(epochs=3, ema=0.9)
    return problem, recipe, fit(problem, recipe, out=tmp_path_factory.mktemp("whole") / "run", threads=1)


def interrupted_in_a_batch(tmp_path: Path, problem: Problem, recipe: Recipe, call: int) -> Run:
    """A run whose ``call``-th batch of rows, in training or measuring, was met by Ctrl-C."""
    calls = 0
    batch = Batches.batch

    def counted(self: Batches, positions: Any, **how: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise KeyboardInterrupt
        return batch(self, positions, **how)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(Batches, "batch", counted)
        with pytest.raises(KeyboardInterrupt):
            fit(problem, recipe, out=tmp_path, threads=1)
    return open_run(tmp_path)


@given(st.data())
@settings(max_examples=12, deadline=None)
def test_an_interruption_in_the_middle_of_an_epoch_leaves_a_usable_run(
    tmp_path_factory: pytest.TempPathFactory, undisturbed: tuple[Problem, Recipe, Run], data: st.DataObject
) -> None:
    problem, recipe, whole = undisturbed
    tmp_path = tmp_path_factory.mktemp("cut")
    # 48 rows are two batches (the last of 16), then train and validation are measured; at the end scored once more.
    call = data.draw(st.integers(1, 3 * 4 + 2))
    run = interrupted_in_a_batch(tmp_path / "run", problem, recipe, call)
    assert run.info["state"] == "interrupted"
    done = min((call - 1) // 4, 3)
    assert len(run.history) == done
    if done:
        assert run.info["epochs"] == done
        load_net(run, (10,))
    else:
        with pytest.raises(InputError, match="no weights yet"):
            load_net(run, (10,))
    assert_same_runs(resume(run, problem), whole)


def test_a_second_interruption_while_the_first_is_answered_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = features()
    whole = fit(problem, DENSE, out=tmp_path / "whole", threads=1)

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fitting, "score", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit(problem, DENSE, out=tmp_path / "cut", threads=1, on_epoch=interrupt)
    assert_same_runs(resume(open_run(tmp_path / "cut"), problem), whole)


def test_a_resumed_run_shows_no_older_results_while_it_trains(tmp_path: Path) -> None:
    problem = features()

    def interrupt(epoch: Any, recipe: Recipe) -> None:
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(problem, DENSE, out=tmp_path / "run", threads=1, on_epoch=interrupt)
    run = open_run(tmp_path / "run")
    assert run.scored_splits

    def look(*_: object) -> None:
        assert run.info["state"] == "running"
        assert not run.scored_splits
        assert not run.weights.exists()

    resume(run, problem, on_epoch=look)
    assert run.info["state"] == "done"


def interrupted(tmp_path: Path, problem: Problem) -> Run:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(problem, DENSE, out=tmp_path / "run", threads=1, on_epoch=interrupt)
    return open_run(tmp_path / "run")


def test_data_that_changed_under_a_run_is_refused(tmp_path: Path) -> None:
    run = interrupted(tmp_path, features())
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=r"the data of .*run changed since the run began"):
        resume(run, features(seed=1))
    assert {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()} == before


def test_a_recipe_that_changed_under_a_run_is_refused(tmp_path: Path) -> None:
    run = interrupted(tmp_path, features())
    DENSE.changed(epochs=9).save(run.folder / "recipe.toml")
    with pytest.raises(InputError, match="the recipe was changed since the run began"):
        resume(run, features())
    DENSE.save(run.folder / "recipe.toml")
    assert resume(run, features()).info["state"] == "done"


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    run = interrupted(tmp_path, features())
    run.checkpoint.write_bytes(run.checkpoint.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"checkpoint.safetensors cannot be read"):
        resume(run, features())


def full_at(call: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ``call``-th wait for the disk, and all after it, find the disk full; the list counts them."""
    calls: list[int] = []
    fsync = os.fsync

    def counted(handle: int) -> None:
        calls.append(handle)
        if len(calls) >= call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", counted)
    return calls


def test_a_disk_that_is_full_at_any_write_is_named_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    problem, recipe = features(n=40), DENSE.changed(epochs=2)
    whole = fit(problem, recipe, out=tmp_path / "whole", threads=1)
    with pytest.MonkeyPatch.context() as counting:
        waits = full_at(10**9, counting)
        fit(problem, recipe, out=tmp_path / "counted", threads=1)
    writes = len(waits)
    assert writes > 10
    resumed = 0
    for write in range(1, writes + 1):
        folder = tmp_path / f"full {write}"
        with pytest.MonkeyPatch.context() as monkeypatch:
            full_at(write, monkeypatch)
            with pytest.raises(InputError, match=rf"cannot write .*full {write}.*No space left on device"):
                fit(problem, recipe, out=folder, threads=1)
        assert unfinished(folder) == []
        if (folder / "run.json").exists():
            assert_same_runs(resume(open_run(folder), problem), whole)
            resumed += 1
    assert resumed == writes - 4  # problem.json, rows.npz, recipe.toml and run.json come first


@pytest.mark.long
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A tmpfs of every size up to what a run needs; mounting it takes root."""
    problem, recipe = features(n=40), DENSE.changed(epochs=3)
    whole = fit(problem, recipe, out=tmp_path / "whole", threads=1)
    place = tmp_path / "small"
    place.mkdir()
    outcomes = set()
    for kilobytes in range(4, 120, 4):
        assert os.system(f"mount -t tmpfs -o size={kilobytes}k tmpfs {place}") == 0
        try:
            outcome = on_a_small_disk(place / "run", tmp_path / f"moved {kilobytes}", problem, recipe)
        finally:
            assert os.system(f"umount {place}") == 0
        outcomes.add(outcome)
        if outcome == "full":
            assert_same_runs(resume(open_run(tmp_path / f"moved {kilobytes}"), problem), whole)
    assert outcomes == {"done", "full", "full before it began"}


def on_a_small_disk(folder: Path, moved: Path, problem: Problem, recipe: Recipe) -> str:
    try:
        fit(problem, recipe, out=folder, threads=1)
    except InputError as error:
        refusal = str(error)
    else:
        return "done"
    assert "No space left on device" in refusal
    assert unfinished(folder) == []
    if not (folder / "run.json").exists():
        return "full before it began"
    shutil.copytree(folder, moved)
    return "full"
