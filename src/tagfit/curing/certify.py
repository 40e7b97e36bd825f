"""Certify: the folder of a cure and its Problem become the sections of a certificate; a check makes them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.backbones import find
from tagfit.curing import confirm, summary
from tagfit.curing.ablation import ablate
from tagfit.curing.certificate import FORMAT, NO_SIGNATURE, file_seals
from tagfit.curing.changes import changes
from tagfit.curing.confirm import Confirmed
from tagfit.curing.document import (
    Ceiling,
    ChangedPicture,
    ChangedSides,
    CheckedBound,
    Document,
    FoundFault,
    GoalSection,
    Limits,
    LoggedTrial,
    Looks,
    MetricFigures,
    OutsideWeights,
    ProblemSection,
    Retrained,
    SearchSection,
    Seed,
    Side,
    SplitFigures,
    Verdict,
)
from tagfit.curing.evidence import Evidence, files_of
from tagfit.curing.section import figure, figures, number
from tagfit.curing.shortfall import learning_curve, limits, trade_off
from tagfit.curing.steps import steps
from tagfit.curing.trial import Trial
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Estimate
from tagfit.evaluation.evaluate import evaluate
from tagfit.goal import Goal
from tagfit.recipe import Recipe
from tagfit.runs.run import Run
from tagfit.scores import Scores
from tagfit.scoring import LOOKS

# Reported for each split in addition to what the goal names.
SHOWN = ("label_accuracy", "loss", "macro_f1", "mAP", "subset_accuracy", "argmax_accuracy")
CHANGED_SIDES = 12
# What `verify` works out again, and what it takes as it stands.
RECOMPUTED = (
    "the fingerprints of data and preprocessing, and every row behind them",
    "the scores of every run in the folder, from the stored weights",
    "metrics, baselines and intervals of the starting run and the cured one, from these scores",
    "the figures of every fresh seed, means, bounds, optimism and verdict, and the sentences about them",
    "goal, options, recipes and the log of trials, against the files of the cure; steps, ablation and learning curve, "
    "against theirs",
)
SEALED = (
    "the figures in the logs of trials, steps, ablation and learning curve, which are not trained again",
    "the findings of the diagnosis, and the accuracy that the noise in the tags allows",
    "date, times, version and machine, the curves of the trainings, and the notes on metrics",
)


@dataclass(frozen=True)
class Attested:
    """What cannot be worked out again: it stands in a certificate as the cure wrote it."""

    made: str
    seconds: float
    findings: tuple[FoundFault, ...]
    ceiling: Ceiling | None
    source: dict[str, Any]
    tagfit: str
    machine: dict[str, str]


def document_of(evidence: Evidence, winner: int, attested: Attested) -> Document:
    """The certificate of a cure; the same evidence gives the same document, in the cure and in any later check."""
    cured, goal, problem = evidence.retrained[winner], evidence.request.goal, evidence.problem
    start, kept, log = evidence.start, cured.kept.run, evidence.search.trials
    before, after = (side(run, goal, problem, evidence.folder) for run in (start, kept))
    search, completed = evidence.search, [one for one in log if one.completed]
    checked = bounds(goal, cured.means, after)
    document = Document(
        format=FORMAT,
        tagfit=attested.tagfit,
        made=attested.made,
        machine=attested.machine,
        goal=GoalSection(**{**goal.to_dict(), "bounds": tuple(bound.text for bound in goal.bounds)}),
        asked=evidence.request.options,
        problem=_problem(evidence, attested),
        before=before,
        after=after,
        outside=_outside({"before": start.recipe, "after": kept.recipe}),
        seeds=tuple(
            Seed(
                seed=one.seed,
                run=one.run.folder.relative_to(evidence.folder).as_posix(),
                values=figures(one.values),
                kept=one.run == kept,
            )
            for one in cured.fresh
        ),
        means=figures(cured.means),
        changes=changes(start.recipe, kept.recipe),
        search=_search(evidence, winner, attested.made),
        findings=attested.findings,
        optimism=_optimism(evidence, kept),
        steps=steps(search, cured.trial, evidence.logged(winner, "step")) if cured.met else (),
        ablation=ablate(start.recipe, cured, evidence.logged(winner, "ablation")) if cured.met else (),
        limits=None if cured.met else _limits(evidence, cured, attested.ceiling),
        trade_off=trade_off([search.start, *completed], goal),
        changed_sides=changed_sides(start.scores("validation"), kept.scores("validation")),
        files=file_seals(evidence.folder, files_of(evidence.folder, after.run, problem.splits)),
        seconds=attested.seconds,
        recomputed=RECOMPUTED,
        sealed=(*SEALED, NO_SIGNATURE),
        bounds=checked,
        verdict=verdict(checked, has_test="test" in problem.splits),
        sentence="",
        paragraph=(),
    )
    return document.model_copy(
        update={"sentence": summary.sentence(document), "paragraph": summary.paragraph(document)}
    )


def _problem(evidence: Evidence, attested: Attested) -> ProblemSection:
    problem = evidence.problem
    return ProblemSection(
        fingerprint_before=dict(evidence.start.problem["fingerprint"]),
        fingerprint_after=dict(problem.fingerprint),
        labels=problem.labels,
        rows={name: len(problem.part(name)) for name in problem.splits},
        size=problem.preprocessing.size,
        fit=problem.preprocessing.fit,
        source=attested.source,
    )


def _outside(recipes: Mapping[str, Recipe]) -> tuple[OutsideWeights, ...]:
    """The pretrained backbones of runs, each once, with the runs that use it."""
    used: dict[str, list[str]] = {}
    for side, recipe in recipes.items():
        if recipe.architecture == "pretrained":
            used.setdefault(recipe.backbone, []).append(side)
    return tuple(OutsideWeights(used_by=tuple(by), **find(name).to_dict()) for name, by in used.items())  # type: ignore[arg-type]


def _search(evidence: Evidence, winner: int, made: str) -> SearchSection:
    log, retrained = evidence.search.trials, evidence.retrained
    return SearchSection(
        winner=winner,
        trials=len(log),
        at_once=sum(one.origin == "lesson" for one in log),
        moves=sum(one.origin == "move" for one in log),
        stopped=sum(not one.completed for one in log),
        retrained=tuple(
            Retrained(trial=number, met=one.met, means=figures(one.means)) for number, one in sorted(retrained.items())
        ),
        looks=Looks(
            validation=len(log) + sum(len(one.fresh) for one in retrained.values()) + 1,
            test=_looks_until(evidence.start, made) if "test" in evidence.problem.splits else 0,
        ),
        log=tuple(_logged(one) for one in log),
    )


def _logged(one: Trial) -> LoggedTrial:
    names = ("number", "origin", "name", "why", "base", "epochs", "seconds", "stopped")
    return LoggedTrial(**{name: getattr(one, name) for name in names}, values=figures(one.values))


def _looks_until(start: Run, made: str) -> int:
    """How often test was evaluated by the time of a certificate; later looks are no alteration."""
    path = start.folder / LOOKS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return sum(json.loads(line)["at"] <= made for line in lines)


def _optimism(evidence: Evidence, kept: Run) -> confirm.Optimism | None:
    if "test" not in evidence.problem.splits:
        return None
    before, after = ({split: run.scores(split) for split in ("validation", "test")} for run in (evidence.start, kept))
    return confirm.optimism(evidence.request.goal.metric, before, after)


def _limits(evidence: Evidence, cured: Confirmed, ceiling: Ceiling | None) -> Limits:
    curve = learning_curve(evidence.problem, cured, evidence.logged(cured.trial.number, "learning curve"))
    highest = None if ceiling is None else Estimate(**ceiling.model_dump())
    says = limits(cured, curve, highest, evidence.search.judged)
    return Limits(says=says, learning_curve=curve, ceiling=ceiling)


def side(run: Run, goal: Goal, problem: Problem, folder: Path) -> Side:
    """A run in a certificate: its recipe, and its metrics with baselines and intervals on every split."""
    wanted = list(dict.fromkeys((*SHOWN, *(name.partition(".")[2] for name in goal.figures))))
    splits = {}
    for split in problem.splits:
        judged = evaluate(run.scores(split), prevalence=run.prevalence, metrics=wanted)
        metrics = {name: _metric(one.to_dict()) for name, one in judged.metrics.items()}
        splits[split] = SplitFigures(n=judged.n, metrics=metrics)
    info = run.info
    return Side(
        run=run.folder.relative_to(folder).as_posix(),
        recipe_name=info["recipe"],
        recipe=run.recipe.model_dump(mode="json"),
        seed=info["seed"],
        epochs=info["epochs"],
        kept_epoch=info["kept_epoch"],
        splits=splits,
    )


def _metric(values: dict[str, Any]) -> MetricFigures:
    ends = values["interval"]
    plain = {name: figure(values[name]) for name in ("value", "nothing", "prevalence", "best_constant")}
    interval = None if ends is None else (figure(ends[0]), figure(ends[1]))
    return MetricFigures(
        **plain, interval=interval, better=values["better"], left_out=values["left_out"], note=values["note"]
    )


def bounds(goal: Goal, means: Mapping[str, float], after: Side) -> tuple[CheckedBound, ...]:
    """Each constraint with the mean over the fresh seeds, and those on validation with the kept run's value on test."""
    has_test = "test" in after.splits
    found = []
    for bound in goal.bounds:
        test = after.value("test", bound.metric) if has_test and bound.split == "validation" else None
        found.append(
            CheckedBound(
                text=bound.text,
                mean=figure(means[bound.figure]),
                met=bound.met_by(means[bound.figure]),
                test=test,
                confirmed=None if test is None else bound.met_by(test),
            )
        )
    if goal.gap_at_most is not None:
        on_test = None
        if has_test:
            train, test = (number(after.value(split, goal.metric)) for split in ("train", "test"))
            on_test = goal.gap({f"train.{goal.metric}": train, f"validation.{goal.metric}": test})
        gap = goal.gap(means)
        found.append(
            CheckedBound(
                text=goal.gap_text,
                mean=figure(gap),
                met=gap <= goal.gap_at_most,
                test=figure(on_test),
                confirmed=None if on_test is None else on_test <= goal.gap_at_most,
            )
        )
    return tuple(found)


def verdict(checked: tuple[CheckedBound, ...], *, has_test: bool) -> Verdict:
    """What follows from the bounds: met by the means, and where there is a test split confirmed by it."""
    if not all(one.met for one in checked):
        return "out of reach"
    if not has_test:
        return "met"
    return "met, not confirmed" if any(one.confirmed is False for one in checked) else "confirmed"


def changed_sides(before: Scores, after: Scores) -> ChangedSides:
    """Pictures of validation on which the two models predict different tags at 0.5, the largest changes first."""
    right = [(scores.scores > 0.5) == (scores.truth == 1) for scores in (before, after)]
    corrected = ~right[0] & right[1] & before.known
    lost = right[0] & ~right[1] & before.known
    net = corrected.sum(axis=1).astype(np.int64) - lost.sum(axis=1)
    order = np.argsort(-np.abs(net), kind="stable")
    best = [int(row) for row in order if net[row] > 0][: CHANGED_SIDES * 2 // 3]
    worst = [int(row) for row in order if net[row] < 0][: CHANGED_SIDES - len(best)]
    labels = np.array(before.labels)
    pictures = tuple(
        ChangedPicture(
            id=str(before.ids[row]),
            corrected=tuple(labels[corrected[row]].tolist()),
            lost=tuple(labels[lost[row]].tolist()),
            true=tuple(labels[before.truth[row] == 1].tolist()),
        )
        for row in (*best, *worst)
    )
    return ChangedSides(corrected=int(corrected.sum()), lost=int(lost.sum()), pictures=pictures)
