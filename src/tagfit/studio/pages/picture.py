"""Picture: one picture with its scores and tags, what is suggested for it, and its neighbours in the view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tagfit.evaluation.cases import check_thresholds, exceeding
from tagfit.report import parts
from tagfit.report.page import clean, number
from tagfit.report.parts import Part
from tagfit.scores import Scores
from tagfit.studio import results
from tagfit.studio.corrections import ABSENT, PRESENT, UNKNOWN, VALUES
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.pages.pictures import reason
from tagfit.studio.views import NEXT, View
from tagfit.studio.workspace import MissingError
from tagfit.tagger.maps import unexplained

OPPOSITE = {PRESENT: ABSENT, ABSENT: PRESENT}
NAMED = 6  # labels in a sentence


def picture(desk: Desk, split: str, row: int, query: Mapping[str, str]) -> Part:
    """One picture: its scores against the cut, its tags with their corrections, and its neighbours in the view."""
    scores = desk.scores(split)
    if not 0 <= row < len(scores):
        raise MissingError(f"there is no row {row} in {split}", instead=f"0 to {len(scores) - 1}")
    view = View.of(split, query, scores.labels)
    rows = desk.rows(view)
    name = str(scores.ids[row])
    entries = _entries(desk, scores, row, view)
    at = np.flatnonzero(rows == row)
    place = int(at[0]) if len(at) else None
    around = {
        "previous": None if place in (None, 0) else int(rows[place - 1]),
        "next": None if place is None or place + 1 >= len(rows) else int(rows[place + 1]),
    }
    suggested = _suggested(desk, entries, name, view)
    mark, said = _said(entries, suggested)
    where = "" if place is None else f" Picture {place + 1:,} of {len(rows):,} in this view."
    why = f" The model is unsure of {reason(scores, row)}." if view.sort == NEXT else ""
    links = {
        way: None if to is None else desk.address(split, "pictures", to, **view.query()) for way, to in around.items()
    }
    folder = desk.workspace.shown(desk.run.folder)
    return frame.page(
        name,
        parts.verdict(mark, f"{said}{why}{where}"),
        command=("tagfit", "evaluate", folder, "--split", split),
        result=results.of_evaluation(desk, [split]),
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
            "answers": _answers(entries, suggested),
            "answer": desk.address("corrections", "answer"),
            "similar": desk.address(split, "pictures", row, "similar"),
            "regions": _regions(desk, split, row),
            "undo": desk.address("corrections", "undo"),
            "here": desk.address(split, "pictures", row, **view.query()),
            "standing": len(desk.corrections.standing()),
        },
    )


def _regions(desk: Desk, split: str, row: int) -> str:
    """The address of the regions that speak for the labels; empty for models that maps cannot explain."""
    if unexplained(desk.run.recipe, desk.run.info.get("net")) or desk.pixels(split) is None:
        return ""
    return desk.address(split, "pictures", row, "regions")


def _suggested(desk: Desk, entries: list[dict[str, Any]], name: str, view: View) -> dict[int, str]:
    """What the model suggests for this picture, by column: unknown tags that it predicts, and, in the view of suspect
    tags, the opposite of those that nobody has looked at."""
    found = {one["column"]: PRESENT for one in entries if one["now"] == UNKNOWN and one["predicted"]}
    if view.show == "suspect":
        answered = desk.corrections.values()
        suspect = {one["label"] for one in desk.suspects(view.split) if str(one["id"]) == name}
        for one, label in zip(entries, desk.scores(view.split).labels, strict=True):
            if label in suspect and (name, label) not in answered:
                found[one["column"]] = OPPOSITE[one["now"]]
    return found


def _said(entries: list[dict[str, Any]], suggested: dict[int, str]) -> tuple[str, str]:
    """The mark and the sentence of a picture."""
    known = [one for one in entries if one["now"] != UNKNOWN]
    wrong = [one["label"] for one in known if one["verdict"] != "right"]
    if wrong:
        which = f"{len(wrong)} of {len(known)} tags of this picture are predicted wrongly: {', '.join(wrong[:NAMED])}."
        said = "issue", which
    else:
        said = "good", "All known tags are predicted right." if known else "No tag of this picture is known."
    if not suggested:
        return said
    labels = ", ".join(entries[column]["label"] for column in list(suggested)[:NAMED])
    return said[0] if wrong else "hint", f"{said[1]} Suggested: {labels}."


def _answers(entries: list[dict[str, Any]], suggested: dict[int, str]) -> list[dict[str, Any]]:
    """The forms that answer several tags at once: id, key, words, and the tags they give."""
    others = [one["column"] for one in entries if one["now"] == UNKNOWN and one["column"] not in suggested]
    count = "the suggestion" if len(suggested) == 1 else f"{len(suggested)} suggestions"
    return [
        {"id": "accept", "key": "a", "words": f"Accept {count}", "tags": _tags(suggested)},
        {
            "id": "reject",
            "key": "r",
            "words": f"Reject {count}",
            "tags": _tags({column: OPPOSITE[now] for column, now in suggested.items()}),
        },
        {
            "id": "nothing-else",
            "key": "e",
            "words": "Nothing else is on it",
            "tags": _tags(dict.fromkeys(others, ABSENT)),
        },
    ]


def _tags(given: dict[int, str]) -> list[str]:
    return [f"{column}:{now}" for column, now in given.items()]


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
        verdict = {
            "wrong": "false alarm" if predicted else "missed",
            UNKNOWN: "suggested" if predicted else UNKNOWN,
        }.get(right, "right")
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
