"""Verify: a certificate held against the sources, weights and logs that it speaks of; what was altered is named."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np

from tagfit.curing import certifying, trial
from tagfit.curing import row_digests as rows
from tagfit.curing.certificate import NO_SIGNATURE, Certificate, broken_seals
from tagfit.curing.search import TRIALS
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.goal import Goal
from tagfit.runs.run import Run, open_run
from tagfit.scoring import scored

SAME_MACHINE = 1e-6
ELSEWHERE = 1e-4
# Of a mean, worked out again in another order.
ROUNDING = 1e-12
SHOWN = 10
SIDES = ("before", "after")


@dataclass(frozen=True)
class Check:
    """One thing that was held against the certificate.

    Attributes:
        what: was looked at.
        altered: what is not as certified, one sentence each; empty where all is.
        said: what is to be known where nothing was altered.
    """

    what: str
    altered: tuple[str, ...] = ()
    said: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"what": self.what, "holds": not self.altered, "altered": list(self.altered), "said": self.said}


@dataclass(frozen=True)
class Verification:
    """All that was held against a certificate.

    Attributes:
        checks: in the order of looking.
        same_machine: whether weights were scored on the machine, and by the libraries, that the cure ran on.
    """

    checks: tuple[Check, ...]
    same_machine: bool

    @property
    def holds(self) -> bool:
        """Whether nothing was altered."""
        return not self.altered

    @property
    def altered(self) -> tuple[str, ...]:
        """Everything that is not as certified."""
        return tuple(one for check in self.checks for one in check.altered)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        checks = [check.to_dict() for check in self.checks]
        return {"holds": self.holds, "same_machine": self.same_machine, "checks": checks, "note": NO_SIGNATURE}


def verify(
    certificate: Certificate, *, problem: Problem | None = None, on_decoded: Callable[[int, int], None] | None = None
) -> Verification:
    """Read the sources again, score the stored weights again, and compare with what was certified.

    Args:
        certificate: with its folder beside it.
        problem: what the cure was of, where its sources cannot be read again because it was made in Python.
        on_decoded: told of progress.

    Returns:
        What holds, and by name what does not: a pixel, tag, split, the order of labels, a weight, a field of a recipe,
        a figure. Whatever cannot be worked out because something else was altered is left out.
    """
    document = certificate.document
    same = document.get("machine") == certifying.machine()
    checks = [_seals(certificate), _files(certificate), _recipes(certificate), _log(certificate), _story(document)]
    found, data = _data(certificate, problem, on_decoded)
    checks.append(data)
    if found is not None:
        checks += [_figures(certificate, side, found, SAME_MACHINE if same else ELSEWHERE) for side in SIDES]
    return Verification(tuple(checks), same)


def _seals(certificate: Certificate) -> Check:
    broken = broken_seals(certificate.document)
    altered = tuple(f"the section {name!r} of the certificate was altered" for name in broken)
    return Check("the seals of the certificate's sections", altered)


def _files(certificate: Certificate) -> Check:
    """The files of the folder against their hashes; of weights each tensor is looked at."""
    altered = []
    for name, was in _mapping(certificate.document.get("files")).items():
        path = certificate.folder / str(name)
        if not path.is_file():
            altered.append(f"{name} is gone")
        elif blake2b(path.read_bytes(), digest_size=16).hexdigest() != was:
            altered.append(f"{name} was altered")
    return Check("the files of the cure", tuple(altered), "by their hashes")


def _recipes(certificate: Certificate) -> Check:
    """The recipe and the labels of each side against its run folder, field by field."""
    altered: list[str] = []
    for side in SIDES:
        with _told(altered):
            said = certificate.document[side]
            run = open_run(certificate.folder / said["run"])
            now, was = run.recipe.model_dump(mode="json"), _mapping(said["recipe"])
            altered += [
                f"{side}: the recipe's {field} is {now.get(field)!r} in {said['run']}, certified was {was.get(field)!r}"
                for field in (*now, *(name for name in was if name not in now))
                if now.get(field) != was.get(field)
            ]
            labels = certificate.document["problem"]["labels"]
            if list(run.labels) != labels:
                altered.append(
                    f"{side}: the labels are {_few(run.labels)} in {said['run']}, certified was {_few(labels)}"
                )
    return Check("recipes and labels of the two runs", tuple(altered))


def _log(certificate: Certificate) -> Check:
    """The log of trials against what is said of the search."""
    altered: list[str] = []
    search = _mapping(certificate.document.get("search"))
    with _told(altered):
        trials = trial.load(certificate.folder / TRIALS)
        counted = {
            "trials": len(trials),
            "at_once": sum(one.origin == "lesson" for one in trials),
            "moves": sum(one.origin == "move" for one in trials),
            "stopped": sum(not one.completed for one in trials),
        }
        altered += [
            f"the search counts {search.get(name)} {name}, its log {number}"
            for name, number in counted.items()
            if search.get(name) != number
        ]
        certified = {one.get("number"): _mapping(one.get("values")) for one in search.get("log", ())}
        for one in trials:
            figures = certified.get(one.number, {})
            altered += [
                f"trial {one.number}: {name} is {figures.get(name)} in the certificate, {value} in the log"
                for name, value in one.values.items()
                if not _close(figures.get(name), value, 0.0)
            ]
    return Check("the log of trials", tuple(altered))


def _story(document: dict[str, Any]) -> Check:
    """Whether means, bounds and verdict follow from the figures beside them."""
    altered: list[str] = []
    with _told(altered):
        goal, seeds = Goal.from_dict(document["goal"]), document["seeds"]
        for name, mean in document["means"].items():
            again = statistics.fmean(one["values"][name] for one in seeds)
            if not _close(mean, again, ROUNDING):
                altered.append(f"the mean of {name} is certified as {mean}, the seeds give {again}")
        for one, other in zip(document["bounds"], certifying.bounds(document, goal), strict=True):
            if one != other:
                altered.append(f"the bound {one['text']!r} is certified as {one}, the figures give {other}")
        verdict = certifying.verdict(document)
        if verdict != document["verdict"]:
            altered.append(f"the verdict is {document['verdict']!r}, from the bounds follows {verdict!r}")
        before, after = (document["problem"][f"fingerprint_{when}"] for when in ("before", "after"))
        if before != after:
            altered.append("the fingerprints before and after the cure differ")
    return Check("means, bounds and verdict against the figures", tuple(altered))


def _data(
    certificate: Certificate, problem: Problem | None, on_decoded: Callable[[int, int], None] | None
) -> tuple[Problem | None, Check]:
    """The Problem read again, held against the fingerprints and row by row; None where it is another."""
    what = "data, splits, labels and preprocessing"
    altered: list[str] = []
    said, found = "", None
    with _told(altered):
        found = _read_again(certificate, problem, on_decoded)
        document = certificate.document["problem"]
        if list(found.labels) != document["labels"]:
            altered.append(f"the labels are now {_few(found.labels)}; certified was {_few(document['labels'])}")
        was = rows.load(certificate.folder / rows.ROWS)
        altered += rows.differences(was, rows.rows_of(found), found.labels)
        altered += [
            f"the fingerprint of the {name} is {found.fingerprint.get(name)}, certified was {one}"
            for name, one in document["fingerprint_before"].items()
            if found.fingerprint.get(name) != one
        ]
        said = f"fingerprint {found.fingerprint['data'][:12]}, {sum(document['rows'].values())} rows"
    return (None if altered else found), Check(what, tuple(altered), said)


def _read_again(
    certificate: Certificate, problem: Problem | None, on_decoded: Callable[[int, int], None] | None
) -> Problem:
    if problem is not None:
        return problem
    source = certificate.document["problem"]["source"]
    if not source:
        raise InputError(
            "the cure was of a Problem made in Python, which cannot be read again", instead="verify(..., problem=...)"
        )
    try:
        return Plan.from_dict(source).problem(on_decoded)
    except InputError as error:
        raise InputError(
            [replace(one, what=f"the source cannot be read as it was: {one.what}") for one in error.faults]
        ) from None


def _figures(certificate: Certificate, side: str, problem: Problem, tolerance: float) -> Check:
    """The metrics of one side, from its weights scored again."""
    altered: list[str] = []
    place = "?"
    with _told(altered):
        said = certificate.document[side]
        place = said["run"]
        run = open_run(certificate.folder / said["run"])
        for split, judged in said["splits"].items():
            altered += _split_figures(run, problem, split, judged, f"{side}, {split}", tolerance)
    return Check(f"the figures of {place}, its weights scored again", tuple(altered), f"to {tolerance:g}")


def _split_figures(
    run: Run, problem: Problem, split: str, judged: Mapping[str, Any], where: str, tolerance: float
) -> Iterator[str]:
    scores = scored(run, problem, split)
    certified = _mapping(judged["metrics"])
    again = point_metrics(
        scores.truth, scores.scores, known=scores.known, weights=scores.weights, metrics=tuple(certified)
    )
    for name, value in again.items():
        if not _close(certified[name]["value"], value, tolerance):
            yield f"{where}: {name} is certified as {certified[name]['value']}, the weights give {value}"
    off = float(np.abs(run.scores(split).scores - scores.scores).max())
    if off > tolerance:
        yield f"{where}: the stored scores are up to {off:.2g} from what the weights give"


def _close(one: Any, other: float, tolerance: float) -> bool:
    if one is None or np.isnan(other):
        return one is None and bool(np.isnan(other))
    return isinstance(one, int | float) and abs(one - other) <= tolerance


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _few(labels: Any) -> str:
    names = [str(label) for label in labels] if isinstance(labels, list | tuple) else [str(labels)]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


@contextmanager
def _told(altered: list[str]) -> Iterator[None]:
    """What cannot be read, in the block, is something altered and no end of the verification.

    A certificate may have been altered in any way, so a section of another form may fail anywhere below.
    """
    try:
        yield
    except InputError as error:
        altered.extend(str(fault) for fault in error.faults)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        altered.append(f"the certificate is not of the form that `tagfit cure` writes: {type(error).__name__} {error}")
