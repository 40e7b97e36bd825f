"""Pictures: the grid of a split with its filters, and the rows of a window of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import check_thresholds, exceeding
from tagfit.report import parts
from tagfit.report.page import clean, number
from tagfit.report.parts import Part
from tagfit.scores import Scores
from tagfit.studio import results, sheets
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.seen import FEATURES, unsure_of
from tagfit.studio.views import NEXT, SHOWN, View

MOST_AT_ONCE = 500
NAMES = {
    "all": "all pictures",
    "missed": "pictures with a missed tag",
    "false": "pictures with a false alarm",
    "wrong": "pictures with a wrong tag",
    "tagged": "pictures with a tag",
    "predicted": "pictures with a predicted tag",
    "suspect": "pictures with a suspect tag",
    "duplicate": "pictures that are near copies of another",
    "untagged": "pictures without a tag",
    "unknown": "pictures with an unknown tag",
}
SORTED = {
    "": "the most telling first",
    "high": "high scores first",
    "low": "low scores first",
    "loss": "loss",
    "order": "data order",
    NEXT: "what to tag next",
}


def grid(desk: Desk, split: str, query: Mapping[str, str]) -> Part:
    """The grid."""
    scores = desk.scores(split)
    view = View.of(split, query, scores.labels)
    rows = desk.rows(view)
    of = f" of {view.label}" if view.label else ""
    said = f"{len(rows):,} of {len(scores):,} {split} rows: {NAMES[view.show]}{of} at the cut of {view.cut:g}."
    if view.sort == NEXT:
        said += _progress(desk, scores, rows)
    given = {name: value for name, value in view.query().items() if value}
    folder = desk.workspace.shown(desk.run.folder)
    return frame.page(
        f"Pictures of {folder}, {split}",
        parts.verdict("good" if len(rows) else "hint", said),
        command=("tagfit", "evaluate", folder, "--split", split),
        result=results.of_evaluation(desk, [split]),
        ways=frame.ways(desk, "Pictures", split),
        data={
            "rows": len(rows),
            "splits": desk.splits,
            "split": split,
            "view": view.query(),
            "shows": [[name, NAMES[name]] for name in SHOWN],
            "sorts": [[name, words] for name, words in SORTED.items()],
            "labels": [clean(label) for label in scores.labels],
            "label_values": list(scores.labels),
            "at": desk.address(split),
            "address": desk.address(split, "pictures"),
            "query": _query(given),
            "version": desk.version(split),
            "pictures": desk.pixels(split) is not None,
            "side": sheets.SIDE,
            "across": sheets.ACROSS,
            "on_a_sheet": sheets.ON_A_SHEET,
        },
    )


def _progress(desk: Desk, scores: Scores, rows: NDArray[np.int64]) -> str:
    """How the order came about, and how many of the rows were corrected by now."""
    touched = {picture for picture, _ in desk.corrections.values()}
    done = sum(str(name) in touched for name in scores.ids[rows])
    by = "" if desk.seen().by == FEATURES else ", by scores alone since the model cannot be run here"
    return (
        f" First what the model is unsure of and what is unlike the pictures before it; labels with few pictures count "
        f"more{by}. {done:,} of them {'has' if done == 1 else 'have'} a correction."
    )


def window(desk: Desk, split: str, query: Mapping[str, str]) -> Part:
    """The rows of a view from place ``from``, ``count`` of them: id, tags and what is wrong, for a grid."""
    scores = desk.scores(split)
    view = View.of(split, query, scores.labels)
    first, count = _whole(query.get("from", "0")), min(_whole(query.get("count", "100")), MOST_AT_ONCE)
    rows = desk.rows(view)[first : first + count]
    corrected = desk.corrections.values()
    return {"from": first, "rows": [_cell(scores, view, int(row), corrected) for row in rows]}


def _cell(scores: Scores, view: View, row: int, corrected: Mapping[tuple[str, str], str]) -> Part:
    name = str(scores.ids[row])
    above = exceeding(scores.scores[row : row + 1], check_thresholds(view.cut, scores.labels))[0]
    truth, known = scores.truth[row] == 1, scores.known[row]
    changed = [label for label in scores.labels if (name, label) in corrected]
    found: Part = {
        "row": row,
        "id": clean(name),
        "tags": [clean(scores.labels[column]) for column in np.flatnonzero(truth)],
        "missed": [clean(scores.labels[column]) for column in np.flatnonzero(truth & known & ~above)],
        "false": [clean(scores.labels[column]) for column in np.flatnonzero(~truth & known & above)],
        "corrected": list(map(clean, changed)),
    }
    if view.sort == NEXT:
        found["reason"] = reason(scores, row)
    elif view.label:
        found["score"] = float(scores.scores[row, scores.labels.index(view.label)])
    return found


def reason(scores: Scores, row: int) -> str:
    """Why a row is worth tagging: the labels that the model is least sure of, with their scores."""
    columns = unsure_of(scores, row)
    return ", ".join(f"{scores.labels[one]} {number(float(scores.scores[row, one]), '.2f')}" for one in columns)


def _query(values: Mapping[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(values)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
