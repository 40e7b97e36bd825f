"""Similar: the pictures of train and validation that a model finds most like a given one, near copies marked."""

from __future__ import annotations

import numpy as np

from tagfit.data.pictures.duplicates import duplicate_groups
from tagfit.multihot import decode
from tagfit.report import parts
from tagfit.report.page import number
from tagfit.report.parts import Part
from tagfit.studio import results
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.pages.run import with_sources
from tagfit.studio.seen import FEATURES, Neighbour
from tagfit.studio.workspace import MissingError

TAGS = 4  # in a caption


def similar(desk: Desk, split: str, row: int) -> Part:
    """The neighbours of a row."""
    scores = desk.scores(split)
    if not 0 <= row < len(scores):
        raise MissingError(f"there is no row {row} in {split}", instead=f"0 to {len(scores) - 1}")
    found = desk.neighbours(split, row)
    copies = _copies(desk, split, row, found)
    name, shown = str(scores.ids[row]), desk.workspace.shown(desk.run.folder)
    file = desk.file(split, row)
    by = "features" if desk.seen().by == FEATURES else "scores, since the model cannot be run here"
    if found:
        nearest = desk.scores(found[0].split).ids[found[0].row]
        said = f"Most like {name} is {nearest} in {found[0].split}, with a similarity of {number(found[0].similarity)}."
    else:
        said = f"There is no other picture to compare {name} with."
    if copies:
        said += f" {len(copies)} of these {'is a near copy' if len(copies) == 1 else 'are near copies'} of it."
    pictures = parts.pictures(
        "similar", "", f"By the cosine of {by}.", [_card(desk, one, one in copies) for one in found]
    )
    back = {**parts.link("The picture", desk.address(split, "pictures", row)), "here": ""}
    return frame.page(
        f"Similar to {name}",
        parts.verdict("hint" if copies or not found else "good", said),
        command=("tagfit", "similar", shown, file or name, "--count", results.SIMILAR),
        result=results.of_similar(desk, file) if file else None,
        sections=[with_sources(desk, pictures)],
        ways=[*frame.ways(desk, "Pictures", split), back],
    )


def _card(desk: Desk, one: Neighbour, copy: bool) -> Part:
    scores = desk.scores(one.split)
    tags = decode(scores.truth[[one.row]], scores.labels)[0] if scores.known[one.row].any() else ["nothing known"]
    words = ", ".join(tags[:TAGS]) + (f" and {len(tags) - TAGS} more" if len(tags) > TAGS else "")
    lines = [
        ("worse" if copy else "", "near copy" if copy else "", f"{number(one.similarity)} in {one.split}"),
        ("", "", words or "no tag"),
    ]
    return parts.picture(one.split, one.row, scores.ids[one.row], lines, desk.address(one.split, "pictures", one.row))


def _copies(desk: Desk, split: str, row: int, found: list[Neighbour]) -> list[Neighbour]:
    """Which of the neighbours show the same as the row."""
    problem = desk.problem()
    if problem is None or desk.pixels(split) is None:
        return []
    places = [
        np.flatnonzero(problem.split == name)[at] for name, at in ((split, row), *((o.split, o.row) for o in found))
    ]
    groups = duplicate_groups(np.asarray(problem.inputs[np.array(places)]))
    return [found[at - 1] for group in groups if 0 in group.rows for at in group.rows if at]
