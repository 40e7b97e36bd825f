"""Certifying: everything that a cure found becomes the sections of its certificate."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import tagfit
from tagfit.curing import row_digests as rows
from tagfit.curing import summary as story
from tagfit.curing.certificate import FORMAT, NO_SIGNATURE, RECOMPUTED, SEALED, Certificate, file_seals, sealed
from tagfit.curing.changes import changes
from tagfit.curing.confirm import Confirmed
from tagfit.curing.request import Asked
from tagfit.curing.search import TRIALS
from tagfit.curing.trial import Trial
from tagfit.data.fingerprint import data_fingerprint, row_digests
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Findings
from tagfit.errors import InputError
from tagfit.evaluation.evaluate import evaluate
from tagfit.goal import Goal
from tagfit.runs.run import Run
from tagfit.scores import Scores
from tagfit.scoring import looks, reopen

# Told of each split beside what the goal names.
SHOWN = ("label_accuracy", "loss", "macro_f1", "mAP", "subset_accuracy", "argmax_accuracy")
CHANGED_SIDES = 12


def certify(
    *,
    folder: Path,
    start: Run,
    problem: Problem,
    asked: Asked,
    findings: Findings,
    trials: Sequence[Trial],
    cured: Confirmed,
    retrained: dict[int, Confirmed],
    optimism: dict[str, Any] | None,
    steps: list[dict[str, Any]],
    ablation: list[dict[str, Any]],
    trade_off: list[dict[str, Any]],
    limits: dict[str, Any] | None,
    seconds: float,
) -> Certificate:
    """The certificate of a cure, with the rows of its Problem written beside it.

    Raises:
        InputError: the sources are no longer what they were when the cure began.
    """
    kept, goal = cured.kept.run, asked.goal
    after = fingerprint_now(start, problem)
    if after != problem.fingerprint:
        changed = [name for name, was in problem.fingerprint.items() if after[name] != was]
        raise InputError(
            f"the {' and the '.join(changed)} changed while the cure was at work: nothing can be certified",
            instead="put the source back as it was, and --resume",
        )
    rows.save(rows.rows_of(problem), folder / rows.ROWS)
    names = [f"{_place(run, folder)}/{file}" for run in (start, kept) for file in _files(run)]
    document: dict[str, Any] = {
        "format": FORMAT,
        "tagfit": tagfit.__version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "goal": goal.to_dict(),
        "asked": {name: value for name, value in asked.to_dict().items() if name != "goal"},
        "problem": {
            "fingerprint_before": dict(problem.fingerprint),
            "fingerprint_after": after,
            "labels": list(problem.labels),
            "rows": {name: len(problem.part(name)) for name in problem.splits},
            "size": problem.preprocessing.size,
            "source": problem.source,
        },
        "before": side(start, goal, folder),
        "after": side(kept, goal, folder),
        "seeds": [
            {"seed": one.seed, "run": _place(one.run, folder), "values": one.values, "kept": one.run == kept}
            for one in cured.fresh
        ],
        "means": cured.means,
        "changes": [{**one.to_dict(), "words": one.words()} for one in changes(start.recipe, cured.trial.recipe)],
        "search": {
            "winner": cured.trial.number,
            "trials": len(trials),
            "at_once": sum(one.origin == "lesson" for one in trials),
            "moves": sum(one.origin == "move" for one in trials),
            "stopped": sum(not one.completed for one in trials),
            "retrained": [
                {"trial": number, "met": one.met, "means": one.means} for number, one in sorted(retrained.items())
            ],
            "looks": {
                "validation": len(trials) + sum(len(one.fresh) for one in retrained.values()) + 1,
                "test": len(looks(start)) if "test" in problem.splits else 0,
            },
            "log": [_line(one) for one in trials],
        },
        "findings": [{"code": one.code, "title": one.title, "says": one.verdict.says} for one in findings.fired],
        "optimism": optimism,
        "steps": steps,
        "ablation": ablation,
        "limits": limits,
        "trade_off": trade_off,
        "changed_sides": changed_sides(start.scores("validation"), kept.scores("validation")),
        "files": file_seals(folder, [*names, rows.ROWS, TRIALS]),
        "seconds": round(seconds, 1),
        "recomputed": list(RECOMPUTED),
        "sealed": [*SEALED, NO_SIGNATURE],
    }
    document["bounds"] = bounds(document, goal)
    document["verdict"] = verdict(document)
    document["sentence"], document["paragraph"] = story.sentence(document), story.paragraph(document)
    return Certificate(sealed(document), folder, problem)


def bounds(document: dict[str, Any], goal: Goal) -> list[dict[str, Any]]:
    """Each constraint with the mean over the fresh seeds, and for those on validation the figure of the kept run on
    test; a pure function of the figures in the document, so that they can be held against each other again."""
    means, test = document["means"], document["after"]["splits"].get("test")
    found = []
    for bound in goal.bounds:
        record = {"text": bound.text, "mean": means[bound.figure], "met": bound.met_by(means[bound.figure])}
        on_test = None if test is None or bound.split != "validation" else test["metrics"][bound.metric]["value"]
        record |= {"test": on_test, "confirmed": None if on_test is None else bound.met_by(on_test)}
        found.append(record)
    if goal.gap_at_most is not None:
        gap = goal.gap(means)
        record = {"text": goal.gap_text, "mean": gap, "met": gap <= goal.gap_at_most, "test": None, "confirmed": None}
        if test is not None:
            train, other = (
                one["metrics"][goal.metric]["value"] for one in (document["after"]["splits"]["train"], test)
            )
            on_test = goal.gap({f"train.{goal.metric}": train, f"validation.{goal.metric}": other})
            record |= {"test": on_test, "confirmed": on_test <= goal.gap_at_most}
        found.append(record)
    return found


def verdict(document: dict[str, Any]) -> str:
    """What follows from the bounds: met by the means, and where there is a test split confirmed by it."""
    if not all(one["met"] for one in document["bounds"]):
        return "out of reach"
    if "test" not in document["problem"]["rows"]:
        return "met"
    return "met, not confirmed" if any(one["confirmed"] is False for one in document["bounds"]) else "confirmed"


def side(run: Run, goal: Goal, folder: Path) -> dict[str, Any]:
    """A run in a certificate: where it is, its recipe, and its metrics with baselines and intervals on each split."""
    wanted = tuple(dict.fromkeys((*SHOWN, *(name.partition(".")[2] for name in goal.figures))))
    splits = {}
    for split in run.scored_splits:
        judged = evaluate(run.scores(split), prevalence=run.prevalence, metrics=list(wanted))
        splits[split] = {"n": judged.n, "metrics": {name: one.to_dict() for name, one in judged.metrics.items()}}
    info = run.info
    return {
        "run": _place(run, folder),
        "recipe_name": info["recipe"],
        "recipe": run.recipe.model_dump(mode="json"),
        "seed": info["seed"],
        "epochs": info["epochs"],
        "kept_epoch": info["kept_epoch"],
        "splits": splits,
    }


def fingerprint_now(start: Run, problem: Problem) -> dict[str, str]:
    """The fingerprints as they are at this moment: the sources read again, or the arrays in memory hashed again."""
    if problem.source:
        try:
            return dict(reopen(start).fingerprint)
        except InputError as error:
            raise InputError(error.faults, what="the source cannot be certified to be what it was") from None
    assert problem.data.arrays is not None
    data = data_fingerprint(problem.data, problem.split, row_digests(problem.data.arrays))
    return {**problem.fingerprint, "data": data}


def changed_sides(before: Scores, after: Scores) -> dict[str, Any]:
    """Pictures of validation on which the two models disagree about tags at 0.5, those that gained or lost most first.

    Returns:
        ``mended`` and ``lost``: how many entries turned from wrong to right, and the reverse; ``pictures``: records
        with ``id``, ``mended`` and ``lost`` (labels), ``true`` (the tags).
    """
    right = [(scores.scores > 0.5) == (scores.truth == 1) for scores in (before, after)]
    mended = ~right[0] & right[1] & before.known
    lost = right[0] & ~right[1] & before.known
    net = mended.sum(axis=1).astype(np.int64) - lost.sum(axis=1)
    order = np.argsort(-np.abs(net), kind="stable")
    best = [int(row) for row in order if net[row] > 0][: CHANGED_SIDES * 2 // 3]
    worst = [int(row) for row in order if net[row] < 0][: CHANGED_SIDES - len(best)]
    labels = np.array(before.labels)
    pictures = [
        {
            "id": str(before.ids[row]),
            "mended": labels[mended[row]].tolist(),
            "lost": labels[lost[row]].tolist(),
            "true": labels[before.truth[row] == 1].tolist(),
        }
        for row in (*best, *worst)
    ]
    return {"mended": int(mended.sum()), "lost": int(lost.sum()), "pictures": pictures}


def machine() -> dict[str, str]:
    """What the last digits of a net's scores hang on: the processor, and the versions of the libraries."""
    return {"processor": processor(), "torch": version("torch"), "numpy": np.__version__}


def processor() -> str:
    """The processor's own name where the system tells it, else its kind."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _files(run: Run) -> list[str]:
    stored = [f"scores/{split}.npz" for split in run.scored_splits]
    return ["run.json", "problem.json", "recipe.toml", "history.jsonl", "weights.safetensors", *stored]


def _place(run: Run, folder: Path) -> str:
    return run.folder.relative_to(folder).as_posix()


def _line(trial: Trial) -> dict[str, Any]:
    """A trial in the certificate; its recipe is in the log beside it."""
    names = ("number", "origin", "name", "why", "base", "epochs", "seconds", "stopped")
    return {**{name: getattr(trial, name) for name in names}, "values": dict(trial.values)}
