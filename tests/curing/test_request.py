"""Requests: options are checked before anything is written, limits can grow, a stale starting run is refused."""

from __future__ import annotations

import json
import math
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from curable import GOAL, OVERFITTING

import tagfit
from tagfit.curing import cure as curing
from tagfit.curing.limits import DEFAULT_BUDGET, MAX_SEED
from tagfit.curing.progress import Progress
from tagfit.curing.request import RULES, CureOptions, CureRequest
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Findings
from tagfit.errors import InputError
from tagfit.goal import Goal
from tagfit.recipe import NAMED
from tagfit.runs.run import Run

FAR = ("validation.label_accuracy>=0.99", "train.label_accuracy<0.95")
WRONG: dict[str, tuple[Any, ...]] = {
    "trials": (0, -1, 1.5, True, "3"),
    "budget": (0, -5, math.nan, math.inf, True, "soon", ""),
    "seeds": (0, 1.5, None, "2"),
    "search_on": (1, 0, 2.5),
    "parallel": (0, 1.5, None),
    "seed": (-1, 2**32 - 1, MAX_SEED + 1, 0.5, None),
    "augment": ("yes", 1, None),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_option_is_refused_before_anything_is_written(
    overfitted: Run, tmp_path: Path, name: str, value: Any
) -> None:
    with pytest.raises(InputError):
        CureOptions.of(**{name: value})
    with pytest.raises(InputError, match=name if value not in ("soon", "") else "duration"):
        tagfit.cure(overfitted, GOAL, out=tmp_path / "cure", **{"trials": 1, name: value})
    assert not (tmp_path / "cure").exists()


def test_all_wrong_options_are_named_at_once_with_the_form_that_is_right() -> None:
    with pytest.raises(InputError) as caught:
        CureOptions.of(trials=0, budget=-1, seeds=0, search_on=1, parallel=0, seed=-1)
    assert [fault.instead for fault in caught.value.faults] == [RULES[name].instead for name in RULES]


def test_a_budget_may_be_a_duration_and_has_a_default_without_trials() -> None:
    assert CureOptions.of(budget="1.5h").budget == 5400
    assert CureOptions.of(budget=90).budget == 90.0
    assert CureOptions.of().budget == DEFAULT_BUDGET
    assert CureOptions.of(trials=3).budget is None


def test_a_request_comes_back_from_its_json() -> None:
    request = CureRequest(Goal("lesson"), CureOptions.of(trials=3, budget="10m", seed=7))
    assert CureRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request
    for wrong in ({}, {"goal": None}, {**request.to_dict(), "banana": 1}, {**request.to_dict(), "trials": "x"}):
        with pytest.raises(InputError):
            CureRequest.from_dict(wrong)


@pytest.mark.parametrize(("trials", "budget"), [(2, None), (None, 30), (4, 30)])
def test_limits_do_not_shrink(trials: int | None, budget: float | None) -> None:
    request = CureRequest(Goal("lesson"), CureOptions.of(trials=3, budget=60))
    with pytest.raises(InputError, match="the cure was begun with"):
        request.extended(trials, budget)
    assert request.extended(3, "2m").options.budget == 120
    assert request.extended(None, None) == request


def test_a_cure_that_was_not_met_is_continued_with_more_trials(overfitted: Run, tmp_path: Path) -> None:
    first = tagfit.cure(overfitted, FAR, trials=1, seeds=1, out=tmp_path / "cure")
    assert first.document.search.trials == 1
    with pytest.raises(InputError, match="trials = 0"):
        tagfit.resume_cure(tmp_path / "cure", trials=0)
    more = tagfit.resume_cure(tmp_path / "cure", trials=3)
    assert (more.document.search.trials, more.document.asked.trials) == (3, 3)
    assert json.loads((tmp_path / "cure" / "cure.json").read_text())["asked"]["trials"] == 3
    assert tagfit.verify(more.folder).altered == ()
    assert more.document.search.log[0] == first.document.search.log[0]


def test_a_starting_run_is_reused_only_for_the_same_request(problem: Problem, tmp_path: Path) -> None:
    out = tmp_path / "cure"
    begun = {"trials": 1, "seeds": 1, "out": out}
    tagfit.cure(problem, GOAL, recipe=OVERFITTING, **begun)  # type: ignore[arg-type]
    shutil.rmtree(out)
    with pytest.raises(InputError, match=r"another starting run: recipe, seed differ"):
        tagfit.cure(problem, GOAL, recipe=NAMED["regularised-dense"], seed=7, **begun)  # type: ignore[arg-type]
    assert not out.exists()
    trained = (tmp_path / "cure-start" / "weights.safetensors").stat().st_mtime_ns
    tagfit.cure(problem, GOAL, recipe=OVERFITTING, **begun)  # type: ignore[arg-type]
    assert (tmp_path / "cure-start" / "weights.safetensors").stat().st_mtime_ns == trained


def test_the_budget_covers_the_starting_training(problem: Problem, tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(InputError, match=r"used up before the first trial.*--resume"):
        tagfit.cure(
            problem, GOAL, recipe=OVERFITTING, budget=0.01, out=tmp_path / "cure", progress=Progress(report=said.append)
        )
    assert said[0].startswith("training the recipe")
    assert re.match(r"caution: the starting training takes up to \d+ s, and the budget of the cure is 0.01 s", said[1])
    found = tagfit.resume_cure(tmp_path / "cure", trials=None, budget="10m")
    assert found.document.asked.budget == 600
    assert tagfit.verify(found.folder).altered == ()


def test_the_budget_covers_the_diagnosis_of_the_starting_run(
    overfitted: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, diagnosed = time.perf_counter, curing.diagnose
    late = [0.0]

    def slowly(**given: Any) -> Findings:
        late[0] += 100
        return diagnosed(**given)

    monkeypatch.setattr(curing, "diagnose", slowly)
    monkeypatch.setattr(time, "perf_counter", lambda: now() + late[0])
    with pytest.raises(InputError, match=r"budget of 60 s is used up before the first trial \(2\d\d s\)"):
        tagfit.cure(overfitted, GOAL, budget=60, out=tmp_path / "cure")


def test_a_wrong_goal_is_refused_before_the_starting_training(problem: Problem, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be met"):
        tagfit.cure(problem, "mAP>=85", recipe=OVERFITTING, out=tmp_path / "cure")
    assert list(tmp_path.iterdir()) == []
