"""Steps: from the starting run to the winner, one change more at a time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import tagfit
from tagfit.curing.board import Board
from tagfit.curing.changes import changes
from tagfit.curing.followup import Followup
from tagfit.curing.moves import moves
from tagfit.curing.search import Search
from tagfit.curing.steps import one_by_one, steps
from tagfit.curing.trial import Trial, load
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Finding, Remedy, fired
from tagfit.goal import Goal
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import Run

LESSON = Goal("lesson")


@pytest.mark.parametrize("before", NAMED)
@pytest.mark.parametrize("after", NAMED)
def test_each_step_adds_to_those_before_it_and_the_last_is_the_whole(before: str, after: str) -> None:
    way = [NAMED[before], *(recipe for _, recipe in one_by_one(NAMED[before], NAMED[after]))]
    assert way[-1] == NAMED[after]
    named = [change.name for one, other in pairwise(way) for change in changes(one, other)]
    assert sorted(named) == sorted(change.name for change in changes(NAMED[before], NAMED[after]))


def test_the_steps_come_in_the_order_of_the_moves() -> None:
    names = [name for name, _ in one_by_one(NAMED["plain-dense"], NAMED["regularised-dense"])]
    assert names == ["epochs and early stopping", "batch norm", "dropout", "net", "learning rate"]


def test_what_is_no_recipe_alone_goes_together_with_the_next() -> None:
    deep, shallow = Recipe(widths=(64, 32, 16), dropout=(0.1, 0.2, 0.3)), Recipe(widths=(64, 32), dropout=(0.4, 0.5))
    assert [name for name, _ in one_by_one(deep, shallow)] == ["dropout and net"]


def test_the_regularised_recipe_is_taken_apart_on_the_way(overfitted: Run, tmp_path: Path) -> None:
    goal = ("validation.label_accuracy>=0.69", "train.label_accuracy<0.95")
    finished = tagfit.cure(overfitted, goal, trials=1, seeds=1, out=tmp_path / "cure")
    document = finished.to_dict()
    log = load(finished.folder / "trials.jsonl")
    assert finished.verdict != "out of reach"
    assert log[document["search"]["winner"]].origin == "lesson"
    found = document["steps"]
    assert [one["name"] for one in found] == [
        *("the starting run", "epochs and early stopping", "batch norm", "dropout", "learning rate"),
    ]
    trained = load(finished.folder / "steps.jsonl")
    assert [one.name for one in trained] == [one["name"] for one in found[1:-1]]
    assert [one["trial"] for one in found] == [None] * 4 + [document["search"]["winner"]]
    assert found[-1]["validation"] == log[0].values["validation.label_accuracy"]
    assert found[0]["train"] == pytest.approx(finished.value("before", "train", "label_accuracy"))


def about(**more: Any) -> dict[str, Any]:
    return {"why": "", "seed": 0, "curve": (), **more}


def values(train: float, validation: float) -> dict[str, float]:
    return {"train.label_accuracy": train, "validation.label_accuracy": validation}


def looked(problem: Problem, folder: Path) -> Search:
    """A starting run, the regularised recipe, a move on it, and a proposal."""
    plain = NAMED["plain-dense"].changed(widths=(256, 128))
    start = Trial(-1, "start", "the starting run", base=None, recipe=plain, values=values(0.98, 0.7), **about())
    asked = [Finding("overfitting", "fit", "issue", "", "", fired("", {}, Remedy("", {"dropout": (0.4,)})))]
    answer = moves(asked, None, augment=False)[0].applied(plain)
    assert answer is not None
    looking = Search(problem, LESSON, start, (), 0, False, folder)
    looking.trials.extend(
        [
            Trial(0, "lesson", "all", base=-1, recipe=answer, values=values(0.93, 0.84), **about()),
            Trial(
                1, "move", "weight decay", base=0, recipe=answer.changed(ema=0.9), values=values(0.9, 0.86), **about()
            ),
            Trial(
                2, "search", "proposal", base=None, recipe=answer.changed(ema=0.5), values=values(0.9, 0.87), **about()
            ),
        ]
    )
    return looking


def test_without_time_the_steps_say_so_and_nothing_is_trained(problem: Problem, tmp_path: Path) -> None:
    looking = looked(problem, tmp_path)
    found = steps(looking, looking.trials[1], Followup(tmp_path, "step", 1))
    assert [one.validation for one in found] == [0.7, None, None, None, None, 0.84, 0.86]
    assert {one.stopped for one in found if one.validation is None} == {"not measured: no time was left"}
    assert not (tmp_path / "steps.jsonl").exists()


def test_a_proposal_has_no_way_to_it(problem: Problem, tmp_path: Path) -> None:
    looking = looked(problem, tmp_path)
    assert steps(looking, looking.trials[2], Followup(tmp_path, "step", 2)) == ()


def test_an_interrupted_way_is_not_trained_twice(problem: Problem, tmp_path: Path) -> None:
    looking, seen = looked(problem, tmp_path), []

    def followup() -> Followup:
        board = Board(tmp_path, problem, LESSON)
        return Followup(tmp_path, "step", 0, board, on_epoch=lambda epoch, _recipe: seen.append(epoch))

    first = steps(looking, looking.trials[0], followup())
    assert seen
    seen.clear()
    assert steps(looking, looking.trials[0], followup()) == first
    assert not seen
