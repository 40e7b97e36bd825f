"""Thresholds: one label with its cut, what each cut gives, and the pictures nearest to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.errors import InputError
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.counts import count, fbeta, precision, recall
from tagfit.evaluation.thresholds import Thresholds, rows_fingerprint
from tagfit.report import charts, curves, parts
from tagfit.report.page import clean, number
from tagfit.report.parts import Part
from tagfit.scores import Scores
from tagfit.studio import results, sheets
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.views import View

COUNTS = ("tp", "fp", "fn", "tn")
NAMES = {"tp": "right", "fp": "false alarms", "fn": "missed", "tn": "rightly without"}


def explorer(desk: Desk, split: str, query: Mapping[str, str]) -> Part:
    """The explorer of one label: the first one where none is named."""
    scores = desk.scores(split)
    label = query.get("label", "") or scores.labels[0]
    saved = _saved(desk, scores)
    cut = query.get("cut") or f"{saved.values[scores.labels.index(label)] if label in scores.labels else 0.5:g}"
    view = View.of(split, {"label": label, "cut": cut, "sort": "high"}, scores.labels)
    column = scores.labels.index(view.label)
    figures = at_cut(scores, column, view.cut)
    curve = curves.precision_recall(scores, column)
    said = f"{label} at a cut of {view.cut:g} on {split}: F1 {number(figures['f1'])}"
    best = (
        ""
        if curve is None
        else f"; the best F1 is {number(float(curve.f1[curve.best]))}, at {curve.cuts[curve.best]:.4g}"
    )
    folder = desk.workspace.shown(desk.run.folder)
    low, high = charts.place_in_square(0, 0), charts.place_in_square(1, 1)
    save = [
        frame.field("split", "", split),
        frame.field("label", "", view.label),
        frame.field("cut", "", f"{view.cut:g}"),
    ]
    return frame.page(
        f"Threshold of {label}",
        parts.verdict("good", f"{said}{best}."),
        command=("tagfit", "thresholds", folder, "--split", split),
        result=results.of_thresholds(desk, split),
        ways=frame.ways(desk, "Thresholds", split),
        sections=[_chart(curve, figures), _table(desk, scores, saved)],
        actions=[
            frame.action(
                "Keep this cut",
                desk.address("thresholds"),
                "Save the cut",
                save,
                f"Into {desk.workspace.shown(thresholds_file(desk))}, for tagfit evaluate --thresholds.",
            )
        ],
        data={
            "label": clean(label),
            "label_value": label,
            "labels": [[name, clean(name)] for name in scores.labels],
            "split": split,
            "cut": view.cut,
            "figures": figures,
            "names": NAMES,
            "best": None if curve is None else float(curve.cuts[curve.best]),
            "scores": desk.address(split, "scores.bin", label=label),
            "float": scores.scores.dtype.itemsize,
            "known": int(scores.known[:, column].sum()),
            "weighted": scores.weights is not None,
            "frame": [*low, *high],
            "at": desk.address(split),
            "address": desk.address(split, "thresholds"),
            "version": desk.version(split),
            "pictures": desk.pixels(split) is not None,
            "side": sheets.SIDE,
            "across": sheets.ACROSS,
            "on_a_sheet": sheets.ON_A_SHEET,
        },
    )


def at_cut(scores: Scores, column: int, cut: float) -> dict[str, Any]:
    """The counts of one label at a cut, and what follows from them; None where undefined."""
    one = Scores(
        scores.scores[:, [column]],
        scores.truth[:, [column]],
        scores.known[:, [column]],
        (scores.labels[column],),
        scores.ids,
        None,
        scores.weights,
    )
    counts = count(Cases.of(one, cut))
    figures: dict[str, Any] = {name: float(getattr(counts, name)[0]) for name in COUNTS}
    for name, value in (("precision", precision(counts)), ("recall", recall(counts)), ("f1", fbeta(counts))):
        figures[name] = None if np.isnan(value[0]) else float(value[0])
    return figures


def sorted_scores(desk: Desk, split: str, label: str) -> bytes:
    """One label's known rows from the highest score down, little-endian: the weights as float64 where rows have
    some, then the scores in their own type, then the truth as one byte each."""
    scores = desk.scores(split)
    view = View.of(split, {"label": label, "sort": "high"}, scores.labels)
    rows, column = desk.rows(view), scores.labels.index(label)
    values = scores.scores[rows, column]
    weights = b"" if scores.weights is None else scores.weights[rows].astype("<f8").tobytes()
    little = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return bytes(weights + little + scores.truth[rows, column].astype(np.uint8).tobytes())


def save(desk: Desk, split: str, label: str, cut: float) -> Path:
    """Write the cut of a label into the run's thresholds file, the other labels as they are there; returns the file.

    Raises:
        InputError: the test split, on which no threshold is chosen.
    """
    if split == "test":
        raise InputError("thresholds are not chosen on the test split", instead="validation")
    scores = desk.scores(split)
    View.of(split, {"label": label}, scores.labels)
    values = _saved(desk, scores).values.copy()
    values[scores.labels.index(label)] = cut
    path = thresholds_file(desk)
    Thresholds(values, scores.labels, "by hand", split, rows_fingerprint(scores)).save(path)
    return path


def thresholds_file(desk: Desk) -> Path:
    """Where the thresholds of a run are saved."""
    return desk.workspace.own / "thresholds" / f"{desk.key}.json"


def _saved(desk: Desk, scores: Scores) -> Thresholds:
    path = thresholds_file(desk)
    if path.is_file():
        try:
            return Thresholds.load(path).in_order(scores.labels)
        except InputError:
            pass
    return Thresholds.fixed(0.5, scores.labels)


def _chart(curve: curves.PrecisionRecall | None, figures: Mapping[str, Any]) -> Part | None:
    if curve is None:
        return None
    x, y = curve.thinned()
    here = (figures["recall"] or 0.0, figures["precision"] or 0.0)
    series = [{"style": "one", "name": "", "x": x, "y": y}]
    drawn = charts.xy("Precision over recall, with the present cut", series, "recall", "precision", mark=here)
    at = np.unique(np.linspace(0, len(curve.cuts) - 1, 12).round().astype(int))
    rows = [
        [f"{curve.cuts[i]:.4g}", *(number(float(v[i])) for v in (curve.precision, curve.recall, curve.f1))] for i in at
    ]
    data = parts.table(["cut", "precision", "recall", "F1"], rows, words=0)
    said = "The dot is the present cut; further right finds more, further up is more often right."
    return parts.chart("Precision and recall", said, drawn, data, id="curve")


def _table(desk: Desk, scores: Scores, saved: Thresholds) -> Part:
    rows: list[list[parts.Cell]] = []
    for column, label in enumerate(scores.labels):
        cut = float(saved.values[column])
        figures = at_cut(scores, column, cut)
        counts = [f"{figures[name]:g}" for name in ("fn", "fp")]
        to = desk.address(scores.split, "thresholds", label=label)
        rows.append([parts.link(label, to), f"{cut:.4g}", number(figures["f1"]), *counts])
    said = "The saved cut of each label, 0.5 where none was saved."
    return parts.table(
        ["label", "cut", "F1", "missed", "false alarms"], rows, id="all", title="All labels", sentence=said
    )
