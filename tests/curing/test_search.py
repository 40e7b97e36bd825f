"""The search: what comes next hangs on the trials so far, hopeless trials stop, and a killed search ends the same."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tagfit
from commands import ENTRY, environment, killed_at
from tagfit.curing import space, trial
from tagfit.curing.board import Board
from tagfit.curing.jobs import Job, best_so_far, hopeless, sampled
from tagfit.curing.moves import Move
from tagfit.curing.progress import Clock, Progress
from tagfit.curing.request import CureOptions, CureRequest
from tagfit.curing.search import Search
from tagfit.curing.shortfall import _conflicting, trade_off
from tagfit.curing.trial import Trial
from tagfit.curing.winner import Selection
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.goal import Goal
from tagfit.history import Epoch
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import Run

LESSON = Goal("lesson")


def tried(number: int, train: float, validation: float, recipe: Recipe = NAMED["plain-dense"], **about: Any) -> Trial:
    figures = {"train.label_accuracy": train, "validation.label_accuracy": validation}
    about = {"origin": "search", "name": "proposal", "why": "", "base": None, "seed": 0, **about}
    return Trial(number, recipe=recipe, values=figures, **about)


def epoch(number: int, monitored: float) -> Epoch:
    return Epoch(number, 0.1, 0.1, 0.1, 0.9, 0.9, monitored, 1e-3, 0.1)


@given(st.integers(0, 2**31 - 1), st.sampled_from(sorted(NAMED)))
@settings(max_examples=15, deadline=None)
def test_whatever_is_proposed_is_a_recipe_of_the_same_architecture(seed: int, name: str) -> None:
    past = [tried(number, 0.9 + number / 100, 0.8 + number / 100) for number in range(6)]
    recipe = space.propose(NAMED[name], LESSON, past, seed, augment=False)
    assert recipe.architecture == NAMED[name].architecture
    assert recipe.augment == NAMED[name].augment
    assert recipe == space.propose(NAMED[name], LESSON, past, seed, augment=False)


def test_a_proposal_learns_from_what_was_tried() -> None:
    """Where little dropout did well and much did badly, little is proposed."""
    random = np.random.default_rng(0)
    past = []
    for number in range(40):
        share = float(random.uniform(0, 0.7))
        past.append(tried(number, 0.9, 0.8 - share / 4, NAMED["plain-dense"].changed(dropout=(share,))))
    goal = Goal("validation.label_accuracy>=0.85")
    proposed = [space.propose(past[0].recipe, goal, past, seed, augment=False) for seed in range(12)]
    assert np.mean([recipe.dropout[0] for recipe in proposed]) < 0.25


@pytest.mark.parametrize("name", NAMED)
def test_a_recipe_has_a_nearest_point_in_the_space(name: str) -> None:
    import optuna

    distributions = space._distributions(optuna, NAMED[name].architecture, True)
    point = space.params_of(NAMED[name], distributions)
    for field, value in point.items():
        assert distributions[field]._contains(distributions[field].to_internal_repr(value)), field


def search(problem: Problem, folder: Path, start: Trial | None = None) -> Search:
    start = start or tried(-1, 0.98, 0.70, origin="start", name="the starting run")
    return Search(problem, LESSON, start, (), 0, False, folder)


def test_a_trial_is_judged_by_its_fresh_seeds_once_they_are_known(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that met the goal by luck is neither the best any more nor what the sampler learns from."""
    looking = search(problem, tmp_path)
    looking.trials.extend([tried(0, 0.90, 0.86), tried(1, 0.90, 0.84), tried(2, 0.99, 0.83)])
    assert looking.best.number == 0
    looking.confirmed[0] = {"train.label_accuracy": 0.97, "validation.label_accuracy": 0.80}
    assert [one.number for one in looking.ranked()] == [1, 2, 0]
    assert looking.trials[0].values["validation.label_accuracy"] == 0.86, "the log keeps what was measured"
    shown: list[float] = []

    def propose(recipe: Recipe, _goal: Goal, trials: list[Trial], _seed: int, **_: Any) -> Recipe:
        shown.extend(one.values["validation.label_accuracy"] for one in trials)
        return recipe.changed(ema=0.5)

    monkeypatch.setattr(space, "propose", propose)
    looking.next()
    assert shown == [0.70, 0.80, 0.84, 0.83]


def test_a_move_that_waits_does_so_while_nothing_but_validation_is_missing(problem: Problem, tmp_path: Path) -> None:
    holding = Move("hold", lambda _recipe: {"dropout": (0.5,)}, waits=True)
    other = Move("other", lambda _recipe: {"ema": 0.9})
    for train, first in ((0.90, "other"), (0.95, "hold")):
        start = tried(-1, train, 0.84, origin="start", name="the starting run")
        looking = Search(problem, LESSON, start, (holding, other), 0, False, tmp_path)
        assert looking.next()[1]["name"] == first
        looking.trials.append(tried(0, 0.99, 0.70, name=first, base=-1))
        assert looking.next()[1]["name"] in {"other", "hold"} - {first}, "it waits, and is not forgotten"


def test_all_of_the_lesson_at_once_changes_the_starting_run_and_a_single_move_the_best(
    problem: Problem, tmp_path: Path
) -> None:
    small, whole = (
        Move(name, lambda _recipe, widths=widths: {"widths": widths}, origin="lesson")  # type: ignore[misc]
        for name, widths in (("small", (8,)), ("whole", (16,)))
    )
    start = tried(-1, 0.98, 0.70, origin="start", name="the starting run")
    looking = Search(problem, LESSON, start, (small, whole, Move("ema", lambda _: {"ema": 0.9})), 0, False, tmp_path)
    better = start.recipe.changed(widths=(8,), norm="batch")
    looking.trials.append(tried(0, 0.93, 0.84, better, name="small", base=-1))
    recipe, about = looking.next()
    assert (about["name"], about["base"], recipe) == ("whole", -1, start.recipe.changed(widths=(16,)))
    looking.trials.append(tried(1, 0.95, 0.83, recipe, name="whole", base=-1))
    recipe, about = looking.next()
    assert (about["name"], about["base"], recipe) == ("ema", 0, better.changed(ema=0.9))


def choosing(looking: Search, budget: float, used: float) -> Selection:
    """A choice with some of its budget used up."""
    asked = CureRequest(LESSON, CureOptions.of(budget=budget))
    return Selection(
        looking, Board(looking.folder, looking.problem, LESSON), asked, Clock(budget, before=used), Progress()
    )


def test_time_is_kept_for_the_trial_that_would_be_retrained(problem: Problem, tmp_path: Path) -> None:
    """For the best where it meets the goal; else for what is tried now, if that takes less."""
    looking = search(problem, tmp_path)
    conv = NAMED["regularised-conv"].changed(epochs=20)
    short = conv.changed(epochs=5)
    assert choosing(looking, 600, 0)._reserve(conv) == 0, "nothing was tried yet"
    looking.trials.append(tried(0, 0.95, 0.86, conv, seconds=100.0, epochs=conv.epochs))
    assert looking.expected(short) == pytest.approx(25.0)
    assert looking.expected(NAMED["plain-dense"]) is None
    assert choosing(looking, 600, 0)._reserve(short) == pytest.approx(3 * 25.0)
    assert choosing(looking, 600, 0)._reserve(conv.changed(epochs=40)) == 3 * 100.0
    looking.trials.append(tried(1, 0.90, 0.86, conv, seconds=50.0, epochs=10))
    assert choosing(looking, 600, 0)._reserve(short) == 3 * 50.0


def test_what_misses_the_goal_is_retrained_as_often_as_there_is_time_for(problem: Problem, tmp_path: Path) -> None:
    looking = search(problem, tmp_path)
    misses, meets = tried(0, 0.95, 0.86, seconds=100.0), tried(1, 0.90, 0.86, seconds=100.0)
    assert choosing(looking, 600, 0)._seeds_for(misses) == [1, 2, 3]
    assert choosing(looking, 600, 350)._seeds_for(misses) == [1, 2]
    assert choosing(looking, 600, 590)._seeds_for(misses) == [1]
    assert choosing(looking, 600, 590)._seeds_for(meets) == [1, 2, 3]


def job(recipe: Recipe, looking: Search) -> Job:
    return Job(9, "search", "proposal", recipe, 0, peers=looking.peers(recipe))


def test_a_proposal_below_the_median_is_given_up_and_one_above_is_not(problem: Problem, tmp_path: Path) -> None:
    looking = search(problem, tmp_path)
    recipe = NAMED["plain-dense"].changed(monitor="label_accuracy", epochs=9)
    for number in range(5):
        curve = tuple(0.7 + 0.01 * number for _ in range(9))
        looking.trials.append(tried(number, 0.9, 0.8, recipe, curve=curve))
    for value, expected in ((0.69, "hopeless after epoch 3"), (0.73, "")):
        look = hopeless(job(recipe, looking))
        assert look is not None
        assert [look(epoch(1, value)), look(epoch(2, value))] == ["", ""], "too early to tell"
        assert look(epoch(3, value)).startswith(expected)
        assert bool(expected) == bool(look(epoch(4, value)))


def test_too_few_curves_give_nothing_up(problem: Problem, tmp_path: Path) -> None:
    looking = search(problem, tmp_path)
    looking.trials.append(tried(0, 0.9, 0.8, curve=(0.1,)))
    assert hopeless(job(NAMED["plain-dense"], looking)) is None


def test_the_best_so_far_of_a_loss_is_its_lowest() -> None:
    assert best_so_far((0.5, math.nan, 0.4, 0.6), Recipe()).tolist() == [-0.5, -0.5, -0.4, -0.4]
    assert best_so_far((0.5, 0.4, 0.6), Recipe(monitor="mAP")).tolist() == [0.5, 0.5, 0.6]


def test_a_training_that_diverges_is_a_trial_that_was_stopped(problem: Problem) -> None:
    wild = Recipe(widths=(64,), optimiser="sgd", learning_rate=10.0, epochs=30)
    about = {"number": 0, "origin": "move", "name": "wild", "why": "", "base": None}
    found = trial.run(problem, wild, 0, LESSON.figures, lambda _epoch: "", **about)
    assert "diverged" in found.stopped or found.completed
    assert found.completed == bool(found.values)


def test_trials_come_back_and_a_line_cut_short_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    kept = [tried(0, 0.9, math.nan, curve=(math.nan, 0.5)), tried(1, 0.8, 0.7)]
    for one in kept:
        trial.append(path, one)
    whole = path.read_text()
    path.write_text(whole + whole[:50])
    found = trial.load(path)
    assert [one.number for one in found] == [0, 1]
    assert math.isnan(found[0].values["validation.label_accuracy"])
    assert found[1] == kept[1]
    trial.append(path, kept[0])
    assert len(path.read_text().splitlines()) == 3, "the next one takes the place of the line that was cut short"
    path.write_text("rubbish\n" + whole)
    with pytest.raises(InputError, match="line 1 of"):
        trial.load(path)


def test_a_sample_of_train_leaves_validation_alone_and_hangs_on_no_row_order(problem: Problem) -> None:
    some = sampled(problem, 80, seed=3)
    assert 70 <= (some.split == "train").sum() <= 90
    for split in ("validation", "test"):
        assert ((some.split == split) == (problem.split == split)).all()
    assert (sampled(problem, 80, seed=3).split == some.split).all()
    assert (sampled(problem, 80, seed=4).split != some.split).any()


def test_the_trade_off_holds_only_what_nothing_beats() -> None:
    points = [(0.99, 0.80), (0.90, 0.85), (0.88, 0.86), (0.80, 0.79), (0.99, 0.90)]
    trials = [tried(number, *point) for number, point in enumerate(points)]
    assert [point.trial for point in trade_off(trials, LESSON)] == [3, 2, 4]


def test_bounds_that_pull_against_each_other_are_told() -> None:
    goal = Goal("validation.label_accuracy>=0.85", gap_at_most=0.05)
    apart = [tried(0, 0.99, 0.86), tried(1, 0.84, 0.82)]
    (found,) = _conflicting(goal, apart)
    assert found.what == "trade-off"
    assert "0.820 at best" in found.says
    assert "0.130 at least" in found.says
    assert _conflicting(goal, [*apart, tried(2, 0.88, 0.86)]) == []
    assert _conflicting(goal, apart[:1]) == []


# Out of reach, so that all trials are made: the moves and then some proposals.
FAR = ("validation.label_accuracy>=0.95", "train.label_accuracy<0.99")
WORDS = ("--goal", FAR[0], "--goal", FAR[1], "--trials", "11", "--seeds", "1")


def winner(folder: Path) -> Any:
    document = json.loads((folder / "certificate.json").read_text())
    return document["search"]["winner"], document["after"]["recipe"], document["means"], document["verdict"]


KILLED_AFTER_TRIAL = """
from tagfit.curing import trial
appended = trial.append
def append(path, found):
    appended(path, found)
    if found.number == {last}:
        from tagfit.training.loop import Training
        Training.run_epoch = lambda self: die()
trial.append = append
"""


@pytest.mark.parametrize("last", [0, 9])
def test_a_search_that_is_killed_and_resumed_has_the_same_winner(
    overfitted: Run, finished_by_command: Path, tmp_path: Path, last: int
) -> None:
    """Killed in the training that follows once so many trials are in the log."""
    run = tmp_path / "run"
    shutil.copytree(overfitted.folder, run)
    folder = tmp_path / "cure"
    words = ("cure", run, *WORDS, "--out", folder)
    killed_at(KILLED_AFTER_TRIAL.format(last=last), words, tmp_path, OMP_NUM_THREADS="1")
    assert [one.number for one in trial.load(folder / "trials.jsonl")] == list(range(last + 1))
    assert not (folder / "certificate.json").exists()
    done = subprocess.run(
        [*ENTRY, "cure", "--resume", str(folder)],
        env=environment(OMP_NUM_THREADS="1"),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert winner(folder) == winner(finished_by_command)
    numbers = [one.number for one in trial.load(folder / "trials.jsonl")]
    assert numbers == list(range(len(numbers))), "no trial is lost, none is there twice"


@pytest.fixture(scope="module")
def finished_by_command(overfitted: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "cure"
    tagfit.cure(overfitted, FAR, trials=11, seeds=1, out=folder)
    return folder


def test_a_resumed_search_knows_what_fresh_seeds_did_not_hold(overfitted: Run, tmp_path: Path) -> None:
    """Cut back to the moment when a trial that met the goal had been refuted, and its proposals yet to come."""
    goal = ("validation.label_accuracy>=0.75", "train.label_accuracy<0.97")
    whole = tagfit.cure(overfitted, goal, trials=16, seeds=1, out=tmp_path / "whole")
    log = trial.load(whole.folder / "trials.jsonl")
    refuted = [one["trial"] for one in whole.to_dict()["search"]["retrained"] if not one["met"]]
    assert refuted
    assert refuted[0] + 1 < len(log), "else nothing comes after it"
    folder = tmp_path / "cut"
    shutil.copytree(whole.folder, folder)
    (folder / "certificate.json").unlink()
    lines = (folder / "trials.jsonl").read_text().splitlines(keepends=True)
    (folder / "trials.jsonl").write_text("".join(lines[: refuted[0] + 1]))
    for run in (folder / "seeds").iterdir():
        if int(run.name.split("-")[1]) > refuted[0]:
            shutil.rmtree(run)
    again = tagfit.resume_cure(folder)
    assert [one.recipe for one in trial.load(folder / "trials.jsonl")] == [one.recipe for one in log]
    assert winner(again.folder) == winner(whole.folder)
