"""Diagnose: runs every check on the given scores and history."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagfit.diagnosis import label_checks as labels
from tagfit.diagnosis import leakage as split
from tagfit.diagnosis import metric, outputs, probabilities, relations
from tagfit.diagnosis import overfitting as fit
from tagfit.diagnosis import training_curves as fit_history
from tagfit.diagnosis.check import Check
from tagfit.diagnosis.finding import Finding, Findings
from tagfit.diagnosis.histories import Curves
from tagfit.diagnosis.material import Material, Side
from tagfit.errors import InputError
from tagfit.goal import read_bounds
from tagfit.history import Epoch
from tagfit.recipe import Recipe

# By importance: checks that make the other numbers meaningless come first.
CHECKS: tuple[Check, ...] = (
    *outputs.BROKEN,
    *split.CHECKS,
    *fit.CHECKS,
    *fit_history.CHECKS,
    *labels.CHECKS,
    *relations.CHECKS,
    *outputs.CHECKS,
    *probabilities.CHECKS,
    *metric.CHECKS,
)
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
) -> Findings:
    """Run every check. Checks whose input is missing end as inconclusive.

    Args:
        train, validation: ``(truth, scores)`` or ``(truth, scores, inputs)``, a mapping with ``truth`` and ``scores``
            optionally ``known``, ``labels``, ``ids``, ``groups``, ``weights``, ``inputs``; or Scores. Scores are
            not converted: logits or a softmax are reported as findings, not as errors.
        history: the epochs of a run, Keras' ``history.history``, a file with either, or a CSV log.
        cross_fit: like ``train``, with out-of-fold scores.
        labels: names, if the splits come without them.
        recipe: what was trained; remedies omit the settings it already has.
        kept_epoch: the epoch, counted from 1, whose weights gave the scores.
        goal: such as ``validation.label_accuracy>=0.85``.
        metrics: the metrics you report or select by, such as ``subset_accuracy`` or Keras' ``accuracy``.
        mute: codes of checks to skip.
        notes: remarks to print with the findings.

    Raises:
        InputError: no scores and no history, arrays whose shapes do not match, unknown codes.
    """
    material = _material(train, validation, cross_fit, labels)
    material = replace(
        material,
        curves=Curves.of(history),
        recipe=recipe,
        kept_epoch=kept_epoch,
        goal=read_bounds(goal),
        metrics=tuple(metrics),
        notes=(*material.notes, *notes),
    )
    if not material.sides and material.curves is None:
        raise InputError("there is nothing to diagnose", instead="diagnose(train=(truth, scores), validation=(...))")
    _refuse_unknown(mute)
    found = [check(material) for check in CHECKS if check.code not in mute]
    return Findings(tuple(sorted(found, key=_importance)), material, tuple(mute))


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


def _refuse_unknown(codes: Sequence[str]) -> None:
    there = [check.code for check in CHECKS]
    for code in codes:
        if code not in there:
            near = difflib.get_close_matches(code, there, n=3)
            raise InputError(
                f"there is no check {code!r}", instead=f"did you mean {', '.join(near)}?" if near else ", ".join(there)
            )
