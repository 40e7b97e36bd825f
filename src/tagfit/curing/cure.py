"""Cure: from a run that misses a goal to a recipe that meets it, tried, confirmed, taken apart and certified."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tagfit.curing import certifying, confirm, search
from tagfit.curing import shortfall as reach
from tagfit.curing.ablation import ablate
from tagfit.curing.certificate import Certificate
from tagfit.curing.confirm import Confirmed
from tagfit.curing.moves import moves
from tagfit.curing.request import Asked, begin, refuse_trivial
from tagfit.curing.search import Search
from tagfit.curing.steps import steps
from tagfit.curing.trial import Trial
from tagfit.curing.winner import Choosing, Clock, Told
from tagfit.data.problem import Problem
from tagfit.diagnosis import from_run
from tagfit.diagnosis import leakage as split
from tagfit.diagnosis.diagnose import diagnose
from tagfit.diagnosis.finding import Findings
from tagfit.errors import InputError
from tagfit.runs.run import Run, open_run
from tagfit.runs.writing import GATE, LOCK, only_writer
from tagfit.scoring import looks, note_look, scores_of

START = "start"
# Of a run folder, what a certificate has no use for.
NOT_COPIED = (LOCK, GATE, "checkpoint.safetensors", ".*.part")


def cure(start: Run, problem: Problem, asked: Asked, folder: Path, told: Told | None = None) -> Certificate:
    """Search for a recipe that meets the goal on the same Problem, confirm it with fresh seeds, and certify it.

    A folder that holds the same cure, begun and interrupted, is gone on with.

    Args:
        start: a finished run on ``problem``.
        problem: stays as it is; its fingerprints are taken before and after.
        asked: the goal and how to look for it.
        folder: of the cure, new, empty, or of the same cure.
        told: of progress.

    Raises:
        InputError: a run of another problem or with a net of its own, a problem without validation, a goal that a
            trivial prediction or the run itself meets already, a folder in use, sources that changed meanwhile.
    """
    told = told or Told()
    start.refuse_another(problem)
    _refuse_what_no_recipe_changes(start, problem)
    material = from_run.material(start, lambda: problem)
    aims = [bound.text for bound in asked.goal.bounds]
    # What concerns the data alone is no business of a recipe, and takes longest: it is looked at in the end.
    found = diagnose(**material, goal=aims, mute=[check.code for check in split.CHECKS])
    refuse_trivial(start, found, asked.goal)
    values = confirm.figures(start, problem, asked.goal)
    if asked.goal.maximise is None and asked.goal.met_by(values):
        figures = ", ".join(f"{name} = {values[name]:.3f}" for name in asked.goal.figures)
        raise InputError(f"{start.folder} meets the goal already: {figures}", instead="a higher goal, or --maximise")
    searched = problem if asked.search_on is None else search.sampled(problem, asked.search_on, asked.seed)
    begin(folder, start, problem, asked)
    with only_writer(folder):
        told.say(f"`tagfit cure --resume {folder}` goes on with this one, if it is interrupted")
        for line in reach.beyond(asked.goal, reach.ceiling(found)):
            told.say(f"caution: {line}; it is tried all the same")
        copied = _copied(start, folder / START)
        looking = Search(
            problem=searched,
            goal=asked.goal,
            start=_as_trial(copied, values),
            moves=moves(found.fired, problem.preprocessing.size, augment=asked.augment, metric=asked.goal.metric),
            seed=asked.seed,
            augment=asked.augment,
            folder=folder,
        )
        clock = Clock(asked.budget, before=sum(trial.seconds for trial in looking.trials))
        choosing = Choosing(looking, problem, asked, clock, told)
        cured = choosing.winner()
        told.say(f"kept: seed {cured.kept.seed} of trial {cured.trial.number}, the median")
        certificate = certifying.certify(
            folder=folder,
            start=copied,
            problem=problem,
            asked=asked,
            findings=diagnose(**material, goal=aims),
            trials=looking.trials,
            cured=cured,
            retrained=choosing.retrained,
            optimism=_look_at_test(start, copied, cured, problem, told),
            steps=_one_by_one(looking, cured, clock, told),
            ablation=_undone(problem, copied, cured, folder, clock, told),
            trade_off=reach.trade_off([looking.start, *(one for one in looking.trials if one.completed)], asked.goal),
            limits=_limits(problem, found, cured, looking, clock, told),
            seconds=clock.used,
        )
        certificate.save()
    return certificate


def _refuse_what_no_recipe_changes(start: Run, problem: Problem) -> None:
    if start.info.get("net"):
        raise InputError(
            f"{start.folder} has a net of its own, {start.info['net']}, which no recipe can change",
            instead="a run of a recipe",
        )
    if "validation" not in problem.splits:
        raise InputError(f"{start.folder} has no validation split", instead="a run with one: a cure is chosen on it")


def _one_by_one(looking: Search, cured: Confirmed, clock: Clock, told: Told) -> list[dict[str, Any]]:
    """What each change did on the way to the winner, where the goal was met."""
    if not cured.met:
        return []
    told.say("adding one change at a time")
    return steps(looking, cured.trial, clock.over, told.epoch)


def _undone(
    problem: Problem, start: Run, cured: Confirmed, folder: Path, clock: Clock, told: Told
) -> list[dict[str, Any]]:
    """What each change brought, where the goal was met."""
    if not cured.met:
        return []
    told.say("undoing each change alone")
    return ablate(problem, start.recipe, cured, folder, clock.over, told.epoch)


def _limits(
    problem: Problem, before: Findings, cured: Confirmed, looking: Search, clock: Clock, told: Told
) -> dict[str, Any] | None:
    """What held the cure back, where the goal was not met."""
    if cured.met:
        return None
    told.say("measuring what limits it")
    curve = reach.learning_curve(problem, cured, looking.folder, clock.over, told.epoch)
    after = diagnose(**from_run.material(cured.kept.run, lambda: problem))
    highest = reach.ceiling(after) or reach.ceiling(before)
    return {
        "says": reach.limits(cured, curve, highest, looking.judged),
        "learning_curve": curve,
        "ceiling": None if highest is None else highest._asdict(),
    }


def _as_trial(start: Run, values: dict[str, float]) -> Trial:
    info = start.info
    curve = tuple(float("nan") if epoch.monitored is None else epoch.monitored for epoch in start.history)
    return Trial(
        number=search.START,
        origin="start",
        name="the starting run",
        why="",
        base=None,
        recipe=start.recipe,
        seed=info["seed"],
        values=values,
        curve=curve,
        epochs=len(curve),
        seconds=float(info.get("seconds") or 0.0),
    )


def _copied(start: Run, folder: Path) -> Run:
    """The starting run inside the folder of the cure, so that the certificate needs nothing else."""
    if not (folder / "run.json").exists():
        if folder.exists():
            shutil.rmtree(folder)  # half copied when it was interrupted: run.json comes last
        files = shutil.ignore_patterns(*NOT_COPIED, "run.json")
        shutil.copytree(start.folder, folder, ignore=files)
        shutil.copy2(start.folder / "run.json", folder / "run.json")
    return open_run(folder)


def _look_at_test(start: Run, copied: Run, cured: Confirmed, problem: Problem, told: Told) -> dict[str, Any] | None:
    """The one look at test, for the starting run and the kept one; what choosing on validation flattered."""
    if "test" not in problem.splits:
        return None
    told.say("looking at the test split, once")
    kept, why = cured.kept.run, f"cure {copied.folder.parent.absolute()}"
    for run in (copied, kept):
        if why not in looks(run) or "test" not in run.scored_splits:  # else it was taken before an interruption
            scores_of(run, "test", problem=problem, why=why)
    if why not in looks(start):
        note_look(start, why)
    before, after = ({split: run.scores(split) for split in ("validation", "test")} for run in (copied, kept))
    return confirm.optimism(cured.goal.metric, before, after)
