"""Regions: which regions of a picture speak for its labels, each laid over the picture."""

from __future__ import annotations

import io

import numpy as np

from tagfit.data.pictures import decode
from tagfit.errors import InputError
from tagfit.report import parts
from tagfit.report.explanation_page import overlay
from tagfit.report.parts import Part
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.workspace import MissingError
from tagfit.tagger import of_run
from tagfit.tagger.explanation import METHOD, PLACES, Explanation, places
from tagfit.workflow.explaining import explain_bytes, explain_pixels


def regions(desk: Desk, split: str, row: int) -> Part:
    """The maps of the labels that are predicted for a row."""
    found = _explained(desk, split, row)
    said = [f"{one.label} at {places(one)[0]}" for one in found.labels if one.peak is not None]
    shown = []
    for at, one in enumerate(found.labels):
        peak, region, share = places(one)
        where = f"peak {peak}; region {region} holds {share} of the map" if one.peak else "nothing speaks for it"
        lines = [("better" if one.predicted else "", one.label, f"score {one.score:.2f}"), ("", "", where)]
        card = parts.picture(split, row, "", lines)
        shown.append({**card, "src": desk.address(split, "pictures", row, "regions", f"{at}.jpg")})
    back = {**parts.link("The picture", desk.address(split, "pictures", row)), "here": ""}
    return frame.page(
        f"What speaks for the labels of {found.picture}",
        parts.verdict(
            "good" if said else "hint", f"Peaks: {'; '.join(said)}." if said else "Nothing speaks for a label."
        ),
        command=("tagfit", "explain", desk.workspace.shown(desk.run.folder), found.picture),
        result=found.to_dict,
        sections=[parts.pictures("regions", "", f"{METHOD}. {PLACES.capitalize()}.", shown)],
        ways=[*frame.ways(desk, "Pictures", split), back],
    )


def region_picture(desk: Desk, split: str, row: int, at: int) -> bytes:
    """The map number ``at`` of a row, as a JPEG file."""
    found = _explained(desk, split, row)
    if at >= len(found.labels):
        raise MissingError(f"there is no map {at}", instead=f"0 to {len(found.labels) - 1}")
    file = io.BytesIO()
    overlay(found.pixels, found.labels[at]).save(file, "JPEG", quality=88)
    return file.getvalue()


def _explained(desk: Desk, split: str, row: int) -> Explanation:
    scores, pixels, run = desk.scores(split), desk.pixels(split), desk.run
    if not 0 <= row < len(scores):
        raise MissingError(f"there is no row {row} in {split}", instead=f"0 to {len(scores) - 1}")
    if pixels is None:
        raise InputError("there is no picture to explain", instead="the sources of the run, as they were")
    values, rows = pixels

    problem, name = desk.problem(), desk.file(split, row)

    def made() -> Explanation:
        if name and problem is not None and problem.data.files is not None:  # finer than the pixels, and without bars
            place = problem.data.files[int(rows[row])]
            return explain_bytes(of_run(run), decode.read(place), name)
        return explain_pixels(of_run(run), np.asarray(values[rows[row]]), str(scores.ids[row]))

    return desk.computed("regions", "looking for the regions that speak for a label", made, split, row)
