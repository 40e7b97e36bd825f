"""Pictures: the grid of a split with its filters, the rows of a window of it, and one picture with its tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tagfit.evaluation.cases import check_thresholds, exceeding
from tagfit.report import parts
from tagfit.report.page import clean, number
from tagfit.report.parts import Part
from tagfit.scores import Scores
from tagfit.studio import sheets
from tagfit.studio.corrections import ABSENT, PRESENT, UNKNOWN, VALUES
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.views import SHOWN, View
from tagfit.studio.workspace import MissingError

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
}


def grid(desk: Desk, split: str, query: Mapping[str, str]) -> Part:
    """The grid."""
    scores = desk.scores(split)
    view = View.of(split, query, scores.labels)
    rows = desk.rows(view)
    of = f" of {view.label}" if view.label else ""
    said = f"{len(rows):,} of {len(scores):,} {split} rows: {NAMES[view.show]}{of} at the cut of {view.cut:g}."
    given = {name: value for name, value in view.query().items() if value}
    folder = desk.workspace.shown(desk.run.folder)
    return frame.page(
        f"Pictures of {folder}, {split}",
        parts.verdict("good" if len(rows) else "hint", said),
        command=("tagfit", "evaluate", folder, "--split", split),
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
    if view.label:
        found["score"] = float(scores.scores[row, scores.labels.index(view.label)])
    return found


def picture(desk: Desk, split: str, row: int, query: Mapping[str, str]) -> Part:
    """One picture: its scores against the cut, its tags with their corrections, and its neighbours in the view."""
    scores = desk.scores(split)
    if not 0 <= row < len(scores):
        raise MissingError(f"there is no row {row} in {split}", instead=f"0 to {len(scores) - 1}")
    view = View.of(split, query, scores.labels)
    rows = desk.rows(view)
    name = str(scores.ids[row])
    entries = _entries(desk, scores, row, view)
    wrong = [one for one in entries if one["verdict"] in ("missed", "false alarm")]
    at = np.flatnonzero(rows == row)
    place = int(at[0]) if len(at) else None
    around = {
        "previous": None if place in (None, 0) else int(rows[place - 1]),
        "next": None if place is None or place + 1 >= len(rows) else int(rows[place + 1]),
    }
    said = (
        f"{len(wrong)} of {len(entries)} tags of this picture are predicted wrongly" if wrong else "All predicted right"
    )
    which = f": {', '.join(one['label'] for one in wrong[:6])}" if wrong else ""
    where = "" if place is None else f" Picture {place + 1:,} of {len(rows):,} in this view."
    links = {
        way: None if to is None else desk.address(split, "pictures", to, **view.query()) for way, to in around.items()
    }
    folder = desk.workspace.shown(desk.run.folder)
    return frame.page(
        name,
        parts.verdict("issue" if wrong else "good", f"{said}{which}.{where}"),
        command=("tagfit", "evaluate", folder, "--split", split),
        ways=frame.ways(desk, "Pictures", split),
        data={
            "row": row,
            "split": split,
            "id": clean(name),
            "src": _large(desk, split, row),
            "next_src": _large(desk, split, around["next"]),
            "entries": entries,
            "around": links,
            "back": desk.address(split, "pictures", **view.query()),
            "correct": desk.address("corrections"),
            "undo": desk.address("corrections", "undo"),
            "here": desk.address(split, "pictures", row, **view.query()),
            "standing": len(desk.corrections.standing()),
        },
    )


def _large(desk: Desk, split: str, row: int | None) -> str:
    """The address of a picture in full; empty where there is none."""
    there = row is not None and desk.pixels(split) is not None
    return desk.address(split, "picture", f"{row}.jpg", large=1) if there else ""


def _entries(desk: Desk, scores: Scores, row: int, view: View) -> list[dict[str, Any]]:
    """One record per label, in the order of the labels."""
    name, corrected = str(scores.ids[row]), desk.corrections.values()
    above = exceeding(scores.scores[row : row + 1], check_thresholds(view.cut, scores.labels))[0]
    found = []
    for column, label in enumerate(scores.labels):
        original = given(scores, row, column)
        now = corrected.get((name, label), original)
        predicted = bool(above[column])
        right = UNKNOWN if now == UNKNOWN else "right" if (now == PRESENT) == predicted else "wrong"
        verdict = {"wrong": "false alarm" if predicted else "missed", UNKNOWN: "unknown"}.get(right, "right")
        found.append(
            {
                "column": column,
                "label": clean(label),
                "key": str(column + 1) if column < 9 else "",
                "score": number(float(scores.scores[row, column]), ".2f"),
                "value": float(scores.scores[row, column]),
                "cut": view.cut,
                "predicted": predicted,
                "given": original,
                "now": now,
                "corrected": now != original,
                "verdict": verdict,
                "choices": [value for value in VALUES if value != now],
            }
        )
    return found


def given(scores: Scores, row: int, column: int) -> str:
    """The tag of the data, before any correction."""
    if not scores.known[row, column]:
        return UNKNOWN
    return PRESENT if scores.truth[row, column] else ABSENT


def _query(values: Mapping[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(values)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
