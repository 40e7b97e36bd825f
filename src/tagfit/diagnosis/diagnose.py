"""Diagnose: runs every check on the given scores and history."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagfit.diagnosis import (
    divergence,
    label_checks,
    leakage,
    metric,
    mismatch,
    outputs,
    overfitting,
    partial_mismatch,
    probabilities,
    relations,
    training_curves,
)
from tagfit.diagnosis.check import Check
from tagfit.diagnosis.finding import Finding, Findings
from tagfit.diagnosis.histories import Curves
from tagfit.diagnosis.history_files import EXPECTED
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.out_of_fold import HeldOut
from tagfit.errors import Fault, InputError
from tagfit.goal import read_bounds
from tagfit.history import Epoch
from tagfit.recipe import Recipe

# By importance: checks that make the other numbers meaningless come first.
CHECKS: tuple[Check, ...] = (
    *outputs.BROKEN,
    *mismatch.CHECKS,
    partial_mismatch.rows_partly_mismatched,
    *leakage.CHECKS,
    *divergence.CHECKS,
    *overfitting.CHECKS,
    *training_curves.CHECKS,
    *label_checks.CHECKS,
    *relations.CHECKS,
    *outputs.CHECKS,
    *probabilities.CHECKS,
    *metric.CHECKS,
)
# A fault, and the checks that say nothing while it is there.
PRECLUDES = {
    mismatch.rows_mismatched.code: mismatch.NEED_MATCH,
    partial_mismatch.rows_partly_mismatched.code: mismatch.NEED_MATCH,
    mismatch.labels_permuted.code: mismatch.NEED_MATCH,
    mismatch.scores_inverted.code: mismatch.NEED_MATCH,
    mismatch.decisions_as_scores.code: mismatch.NEED_SCORES,
    divergence.training_diverged.code: divergence.NEED_FINITE,
}
OUTCOMES = ("fired", "inconclusive", "passed")


def diagnose(
    *,
    train: Any = None,
    validation: Any = None,
    history: Curves | Mapping[str, Any] | Iterable[Epoch] | str | Path | None = None,
    cross_fit: Any = None,
    labels: Sequence[str] | None = None,
    recipe: Recipe | None = None,
    kept_epoch: int | None = None,
    goal: str | Sequence[str] | None = None,
    metrics: Sequence[str] = (),
    mute: Sequence[str] = (),
    notes: Sequence[str] = (),
    held_out: Sequence[HeldOut] = (),
) -> Findings:
    """Run every check. Checks whose input is missing end as inconclusive.

    Args:
        train, validation: ``(truth, scores)`` or ``(truth, scores, inputs)``, a mapping with ``truth`` and ``scores``
            optionally ``known``, ``labels``, ``ids``, ``groups``, ``weights``, ``inputs``; or Scores. Scores are
            not converted: logits or a softmax are reported as findings, not as errors.
        history: the epochs of a run, Keras' ``history``, a frame, or the log of Keras, Lightning, fastai, timm or
            Hugging Face, as JSON or as a table (see ``Curves.of``).
        cross_fit: like ``train``, with out-of-fold scores.
        labels: names, if the splits come without them.
        recipe: what was trained; remedies omit the settings it already has.
        kept_epoch: the epoch, counted from 1, whose weights gave the scores.
        goal: such as ``validation.label_accuracy>=0.85``.
        metrics: the metrics you report or select by, such as ``subset_accuracy`` or Keras' ``accuracy``.
        mute: codes of checks to skip.
        notes: remarks to print with the findings.
        held_out: splits scored by models on features that did not see the rows; the noise rate is estimated on these.

    Raises:
        InputError: no scores and no history, arrays whose shapes do not match, unknown codes.
    """
    material = _material(train, validation, cross_fit, labels)
    curves = Curves.of(history)
    material = replace(
        material,
        curves=curves,
        recipe=recipe,
        kept_epoch=kept_epoch,
        goal=read_bounds(goal),
        metrics=tuple(metrics),
        held_out=tuple(Side.of(one.split, one.fields) for one in held_out),
        notes=(*material.notes, *(curves.notes if curves is not None else ()), *notes),
    )
    if curves is None and history is not None and (isinstance(history, str | Path) or not material.sides):
        raise InputError("the history holds no curve with a number for each epoch", instead=EXPECTED)
    if not material.sides and material.curves is None:
        raise InputError("there is nothing to diagnose", instead="diagnose(train=(truth, scores), validation=(...))")
    refuse_unknown(mute)
    found = _findings(material, [check for check in CHECKS if check.code not in mute])
    return Findings(tuple(sorted(found, key=_importance)), material, tuple(mute))


def _findings(material: Material, checks: Sequence[Check]) -> list[Finding]:
    """One finding per check; what a fault makes meaningless is not looked at once that fault was found."""
    first = {check.code: check(material) for check in checks if check.code in PRECLUDES}
    causes = [code for code, finding in first.items() if finding.outcome == "fired"]
    found = []
    for check in checks:
        cause = next((code for code in causes if check.code in PRECLUDES[code]), None)
        if cause is not None:
            found.append(check.silent(f"see {cause} first"))
        else:
            found.append(first.get(check.code) or check(material))
    return found


def _material(train: Any, validation: Any, cross_fit: Any, labels: Sequence[str] | None) -> Material:
    given = {"train": train, "validation": validation, "cross_fit": cross_fit}
    sides = {name: Side.of(name.replace("_", "-"), one, labels) for name, one in given.items() if one is not None}
    names = {side.labels for side in sides.values()}
    if len(names) > 1:
        raise InputError(
            "the splits have different labels: " + "; ".join(", ".join(one[:10]) for one in sorted(names)),
            instead="the same labels in the same order",
        )
    empty = [name for name, side in sides.items() if not side.scores.truth.size]
    if empty:
        raise InputError(f"{', '.join(empty)} has no rows or no labels", instead="at least one row and one label")
    notes = [
        f"the scores of {name} are outside [0, 1]; all other checks treated them as logits"
        for name, side in sides.items()
        if side.outside
    ]
    return Material(sides.get("train"), sides.get("validation"), sides.get("cross_fit"), notes=tuple(notes))


def _importance(finding: Finding) -> tuple[int, bool]:
    return OUTCOMES.index(finding.outcome), finding.severity != "issue"


def refuse_unknown(codes: Sequence[str]) -> None:
    """Raise an InputError that names every code which is not that of a check."""
    there = [check.code for check in CHECKS]
    faults = []
    for code in codes:
        if code not in there:
            near = difflib.get_close_matches(code, there, n=3)
            instead = f"did you mean {', '.join(near)}?" if near else ", ".join(there)
            faults.append(Fault(f"there is no check {code!r}", instead=instead))
    if faults:
        raise InputError(faults)
