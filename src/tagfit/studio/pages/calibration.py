"""Calibration: whether the scores of each label are probabilities, and what calibrating them would change."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tagfit.evaluation.calibration import CalibratedLabel
from tagfit.report import parts, sections
from tagfit.report.page import number
from tagfit.report.parts import Cell, Part
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.views import View


def calibration(desk: Desk, split: str, query: Mapping[str, str]) -> Part:
    """Reliability of all labels or of one, and each label's calibration error before and after, cross-fitted."""
    scores = desk.scores(split)
    label = View.of(split, query, scores.labels).label
    found = sorted(desk.calibration(split).labels, key=lambda one: -np.nan_to_num(one.before, nan=-1.0))
    better = [one for one in found if _is_better(one)]
    said = (
        f"Calibration lowers the error of {len(better)} of {len(found)} labels on {split} beyond doubt."
        if better
        else f"On {split}, no label is shown to gain from calibration."
    )
    rows: list[list[Cell]] = [
        [
            parts.link(one.label, desk.address(split, "calibration", label=one.label)),
            one.method,
            f"{one.support:g}",
            number(one.before),
            sections.interval(*(one.before_interval or (None, None))),
            number(one.after),
            sections.interval(*(one.after_interval or (None, None))),
        ]
        for one in found
    ]
    columns = ["label", "method", "positives", "error before", "95 % interval", "error after", "95 % interval"]
    table = parts.table(
        columns, rows, words=2, id="errors", title="Calibration errors",
        sentence="The largest error first. Each row's calibrated score comes from calibrators that had not seen it.",
    )  # fmt: skip
    shown = desk.workspace.shown(desk.run.folder)
    return frame.page(
        f"Calibration of {shown}, {split}",
        parts.verdict("hint" if better else "good", said),
        command=("tagfit", "pack", shown, "--calibrate"),
        sections=[sections.reliability(scores, label), table],
        ways=frame.ways(desk, "Calibration", split),
    )


def _is_better(one: CalibratedLabel) -> bool:
    """Whether the intervals before and after have nothing in common, and the error is smaller after."""
    before, after = one.before_interval, one.after_interval
    return before is not None and after is not None and after[1] < before[0]
