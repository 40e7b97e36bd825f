"""Verify: a certificate is made again from sources, weights and logs, and compared; what was altered is named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tagfit import backbones
from tagfit.curing import certify, row_digests
from tagfit.curing.certificate import NO_SIGNATURE, Certificate, broken_seals, file_seals
from tagfit.curing.certify import Attested
from tagfit.curing.document import Document
from tagfit.curing.evidence import Evidence, files_of, gathered, machine, source_of, splits_of
from tagfit.curing.names import TRIALS
from tagfit.curing.summary import in_present_words
from tagfit.curing.verification import Check, Verification
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import Run
from tagfit.scoring import scored

SAME_MACHINE = 1e-6
ELSEWHERE = 1e-4
# Of a number that is worked out again from the same stored scores.
ROUNDING = 1e-9
SHOWN = 10
LONGEST = 200
# Each section that is worked out again stands under one heading.
COMPARED = {
    "goal and options, compared with cure.json": ("format", "goal", "asked"),
    "the problem, compared with its sources": ("problem",),
    "recipes and metrics of both runs, from their folders and scores": ("before", "after", "outside", "changes"),
    "seeds, means, bounds, verdict and summary": (
        *("seeds", "means", "bounds", "verdict", "optimism", "changed_sides", "sentence", "paragraph"),
    ),
    "the search, compared with the log of trials": ("search", "trade_off"),
    "steps, ablation and limits, compared with their logs": ("steps", "ablation", "limits"),
}
# What a certificate says of itself, or what nothing can work out again (certify.SEALED); files are compared by hash.
NOT_COMPARED = ("tagfit", "made", "machine", "findings", "seconds", "files", "recomputed", "sealed")
# A note is a sentence of the release that wrote it.
NOT_COMPARED_WITHIN = ("note",)
# What the first release said of itself; its certificates list the files of two runs alone.
FIRST_RELEASE = (
    (
        "the fingerprints of data and preprocessing, and every row behind them",
        "the metrics of the starting run and of the cured one on each split, from the stored weights",
        "whether the kept seed's figures, the means over seeds and the bounds agree, and what the verdict follows from",
        "the recipes, against the run folders; the number of trials, against the log of trials",
    ),
    (
        "the figures of the trials, and which of them came to their end",
        "the intervals, the optimism, the steps, the ablation and what is said about limits",
        "the curves of the trainings, and all times",
        NO_SIGNATURE,
    ),
)


def verify(
    certificate: Certificate, *, problem: Problem | None = None, on_decoded: Callable[[int, int], None] | None = None
) -> Verification:
    """Read the sources again, score all stored weights again, regenerate the certificate and compare.

    Args:
        certificate: with its folder.
        problem: what the cure was of, where its sources cannot be read again because it was made in Python.
        on_decoded: called while pictures are decoded.

    Returns:
        What holds, and by name what does not. Where the certificate has another form, or the data are not those that
        were certified, the comparisons that rest on them are left out.
    """
    same = certificate.raw.get("machine") == machine()
    document, form = _form(certificate)
    checks = [_seals(certificate), form, _places(certificate.folder)]
    if document is not None and not checks[-1].altered:
        folder = certificate.folder
        found, data = _data(folder, document, problem, on_decoded)
        checks += [_files(folder, document), data]
        if found is not None:
            evidence, winner = _evidence(folder, found, document)
            checks.append(winner)
            if document.outside:
                checks.append(_outside(document))
            if evidence is not None:
                checks.append(_scores(evidence, document.after.run, SAME_MACHINE if same else ELSEWHERE))
                checks += _sections(evidence, document)
    return Verification(tuple(checks), same)


def _seals(certificate: Certificate) -> Check:
    broken = broken_seals(certificate.raw)
    altered = tuple(f"the section {name!r} of the certificate was altered" for name in broken)
    return Check("the seals of the certificate's sections", altered)


def _form(certificate: Certificate) -> tuple[Document | None, Check]:
    altered: list[str] = []
    document = None
    with _named(altered):
        document = certificate.document
        lists = (document.recomputed, tuple(map(in_present_words, document.sealed)))
        if lists not in (FIRST_RELEASE, (certify.RECOMPUTED, (*certify.SEALED, NO_SIGNATURE))):
            altered.append("the lists of what is worked out again and of what is only sealed were altered")
    return document, Check("the form of the certificate", tuple(altered))


def _places(folder: Path) -> Check:
    """Whether every file that will be read lies in the folder of the cure."""
    root = folder.resolve()
    read = [path for name in ("start", "seeds") for path in (folder / name, *(folder / name).rglob("*"))]
    altered = [
        f"{path.relative_to(folder).as_posix()} leads out of the folder of the cure"
        for path in (*read, *folder.glob("*.json*"))
        if path.is_symlink() and not path.resolve().is_relative_to(root)
    ]
    return Check("the paths of the cure, all in its folder", tuple(altered))


def _files(folder: Path, document: Document) -> Check:
    """The files of the folder and their hashes; the list has to be complete."""
    altered: list[str] = []
    with _named(altered):
        wanted = files_of(folder, document.after.run, document.problem.rows)
        if document.recomputed == FIRST_RELEASE[0]:
            sides = (f"{document.before.run}/", f"{document.after.run}/")
            wanted = [name for name in wanted if name.startswith(sides) or name in (row_digests.ROWS, TRIALS)]
        listed = document.files
        altered += [f"{name} is missing from the list of files" for name in wanted if name not in listed]
        altered += [f"{name} is listed, and is not a file of this cure" for name in listed if name not in wanted]
        for name in wanted:
            if not (folder / name).is_file():
                altered.append(f"{name} is missing")
            elif name in listed and file_seals(folder, [name])[name] != listed[name]:
                altered.append(f"{name} was altered")
    return Check("the files of the cure", tuple(altered), "by their hashes")


def _data(
    folder: Path, document: Document, problem: Problem | None, on_decoded: Callable[[int, int], None] | None
) -> tuple[Problem | None, Check]:
    """The Problem read again, compared with the fingerprints and row by row; None where it is another."""
    altered: list[str] = []
    said, found, certified = "", None, document.problem
    with _named(altered):
        found = _read_again(certified.source, problem, on_decoded)
        if found.labels != certified.labels:
            altered.append(f"the labels are now {_few(found.labels)}; certified was {_few(certified.labels)}")
        was = row_digests.load(folder / row_digests.ROWS)
        altered += row_digests.differences(was, row_digests.rows_of(found), found.labels)
        altered += [
            f"the fingerprint of the {name} is {now}, certified was {certified.fingerprint_before.get(name)}"
            for name, now in found.fingerprint.items()
            if certified.fingerprint_before.get(name) != now
        ]
        said = f"fingerprint {found.fingerprint['data'][:12]}, {sum(certified.rows.values())} rows"
    return (None if altered else found), Check("data, splits, labels and preprocessing", tuple(altered), said)


def _read_again(
    source: dict[str, Any], problem: Problem | None, on_decoded: Callable[[int, int], None] | None
) -> Problem:
    if problem is not None:
        return problem
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


def _outside(document: Document) -> Check:
    """The files of pretrained weights that are installed here, compared with the certified hashes."""
    altered: list[str] = []
    for one in document.outside:
        with _named(altered):
            recipe = (document.before if one.used_by[0] == "before" else document.after).recipe
            backbone = backbones.find(recipe["backbone"])
            found = backbone.sha256  # of a folder, which `find` hashes
            if isinstance(backbone, backbones.Backbone):
                found = hashlib.sha256(backbone.path.read_bytes()).hexdigest()
            if found != one.sha256:
                altered.append(f"the weights of {one.name} have SHA-256 {found}, certified is {one.sha256}")
    said = ", ".join(f"{one.name} of {one.package}" for one in document.outside)
    return Check("the pretrained weights, by their hash", tuple(altered), said)


def _evidence(folder: Path, problem: Problem, document: Document) -> tuple[Evidence | None, Check]:
    """What the folder holds, and whether the winner follows from it; None where nothing can be made from it."""
    altered: list[str] = []
    evidence = None
    with _named(altered):
        evidence = gathered(folder, problem)
        winner, goal = evidence.retrained.get(document.search.winner), evidence.request.goal
        met = [one for one in evidence.retrained.values() if one.met]
        if winner is None:
            evidence = None
            altered.append(f"trial {document.search.winner} is certified as the winner but has no fresh seeds")
        elif winner not in met and (met or goal.merit(winner.means) < _best(evidence)):
            altered.append(f"trial {winner.trial.number} is certified as the winner, but another one is better")
        elif winner.met and len(winner.fresh) < evidence.request.options.seeds:
            altered.append(f"a goal is met with {evidence.request.options.seeds} fresh seeds, not {len(winner.fresh)}")
        source = {} if evidence is None else source_of(evidence.start)
        if source and document.problem.source and source != document.problem.source:
            altered += _differences("problem.source", document.problem.source, source)
    return evidence, Check("the winner, among all trials that were retrained", tuple(altered))


def _best(evidence: Evidence) -> tuple[float, float]:
    return max(evidence.request.goal.merit(one.means) for one in evidence.retrained.values())


def _scores(evidence: Evidence, after: str, tolerance: float) -> Check:
    """The stored scores of every run, compared with what its weights give for the rows of the Problem."""
    altered: list[str] = []
    for place, run in evidence.runs.items():
        with _named(altered):
            if run.problem["fingerprint"] != evidence.problem.fingerprint:
                altered.append(f"{place} was trained on another problem")
                continue
            for split in splits_of(place, after, evidence.problem.splits):
                altered += _split_scores(run, evidence.problem, split, f"{place}, {split}", tolerance)
    what = f"the scores of {len(evidence.runs)} runs, from their weights"
    return Check(what, tuple(altered), f"to {tolerance:g}")


def _split_scores(run: Run, problem: Problem, split: str, where: str, tolerance: float) -> Iterator[str]:
    again, stored = scored(run, problem, split), run.scores(split)
    for name in ("labels", "ids", "truth", "known", "groups", "weights"):
        one, other = getattr(stored, name), getattr(again, name)
        if (one is None) != (other is None) or not np.array_equal(one, other):
            yield f"{where}: the {name} of the stored scores are not those of the problem"
            return
    off = float(np.abs(stored.scores - again.scores).max(initial=0.0))
    if off > tolerance:
        yield f"{where}: the stored scores are up to {off:.2g} from what the weights give"


def _sections(evidence: Evidence, document: Document) -> list[Check]:
    """Every section that can be made again, compared value by value."""
    altered: list[str] = []
    again = None
    with _named(altered):
        ceiling = None if document.limits is None else document.limits.ceiling
        names = ("made", "seconds", "findings", "tagfit", "machine")
        attested = Attested(
            **{name: getattr(document, name) for name in names}, ceiling=ceiling, source=document.problem.source
        )
        again = certify.document_of(evidence, document.search.winner, attested)
    if again is None:
        return [Check("every section, made again from the folder", tuple(altered))]
    was, now = document.model_dump(mode="json"), again.model_dump(mode="json")
    for side in ("before", "after"):  # recipes of earlier releases lack fields that were added since
        was[side]["recipe"] = {**Recipe().model_dump(mode="json"), **was[side]["recipe"]}
    checks = []
    for what, sections in COMPARED.items():
        found = [one for name in sections for one in _differences(name, was.get(name), now.get(name))]
        more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        checks.append(Check(what, (*found[:SHOWN], *more)))
    return checks


def _differences(where: str, was: Any, now: Any) -> Iterator[str]:
    """Where a certified value differs from the same value made again, one sentence each."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in dict.fromkeys((*was, *now)):
            if name not in NOT_COMPARED_WITHIN:
                missing = "nothing"
                yield from _differences(f"{where}.{name}", was.get(name, missing), now.get(name, missing))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for place, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _differences(f"{where}.{place}", one, other)
    elif not _same(was, now):
        yield f"{where} is certified as {_short(was)}, made again it is {_short(now)}"


def _same(was: Any, now: Any) -> bool:
    if isinstance(was, str) and isinstance(now, str):
        return in_present_words(was) == in_present_words(now)
    if isinstance(was, float) and isinstance(now, float):
        return abs(was - now) <= ROUNDING
    return type(was) is type(now) and bool(was == now)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _few(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:SHOWN]) + (f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else "")


@contextmanager
def _named(altered: list[str]) -> Iterator[None]:
    """Name what cannot be read in the block as altered, and go on.

    Files of the folder may have been altered in any way, so one of another form may fail anywhere below.
    """
    try:
        yield
    except InputError as error:
        altered.extend(str(fault) for fault in error.faults)
    except (TypeError, LookupError, ValueError, AttributeError, ArithmeticError, OSError) as error:
        altered.append(f"a file of the cure does not have the form that tagfit writes: {type(error).__name__} {error}")
