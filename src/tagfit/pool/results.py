"""Results: suggested and similar pictures, as records, lines for a terminal, frames and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagfit.display import Shown, frame, spreadsheet_cell, table
from tagfit.errors import Fault
from tagfit.files import write_text

UNSURE_SHOWN = 3


@dataclass(frozen=True)
class Suggestion:
    """A picture to tag next.

    Attributes:
        picture: its path.
        uncertainty: of all labels together, in bits; labels with few positives count more.
        scores: probability by label.
        unsure: the labels with the most uncertain scores, the most uncertain first.
    """

    picture: str
    uncertainty: float
    scores: Mapping[str, float]
    unsure: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "picture": self.picture,
            "uncertainty": self.uncertainty,
            "unsure": list(self.unsure),
            "scores": dict(self.scores),
        }


@dataclass(frozen=True, eq=False, repr=False)
class Suggestions(Shown):
    """The pictures of a pool to tag next, best first.

    Attributes:
        pictures: as many as were asked for, or all that there are.
        considered: how many untagged pictures there were to choose from.
        already_tagged: how many of the pool have tags in the sources of the run.
        faults: pictures that could not be read, with the reasons.
        notes: what else should be known.
    """

    pictures: tuple[Suggestion, ...]
    considered: int
    already_tagged: int
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pictures)

    def lines(self) -> list[str]:
        """A table, and what was left out."""
        rows = [
            [
                one.picture,
                f"{one.uncertainty:.2f}",
                ", ".join(f"{name} ({one.scores[name]:.2f})" for name in one.unsure),
            ]
            for one in self.pictures
        ]
        shown = table(["picture", "bits", "unsure of (score)"], rows, words_last=True)
        left_out = [f"{self.already_tagged} that have tags already"] if self.already_tagged else []
        left_out += [f"{len(self.faults)} that cannot be read"] if self.faults else []
        end = f"{len(self)} of {self.considered} untagged pictures"
        end += f"; left out: {', '.join(left_out)}" if left_out else ""
        return [*shown.split("\n"), "", end, *(f"note: {note}" for note in self.notes)]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "pictures": [one.to_dict() for one in self.pictures],
            "considered": self.considered,
            "already_tagged": self.already_tagged,
            "unreadable": [{"picture": fault.where, "problem": fault.what} for fault in self.faults],
            "notes": list(self.notes),
        }

    def to_frame(self) -> Any:
        """One row per picture as a pandas DataFrame, or a polars one without pandas."""
        return frame([_flat(one) for one in self.pictures])

    def save(self, path: str | Path) -> None:
        """Write a CSV: image, uncertainty, unsure, and the score of each label; whole or not at all."""
        labels = list(self.pictures[0].scores) if self.pictures else []
        header = ["image", "uncertainty", "unsure", *(f"score {label}" for label in labels)]
        _write_csv(Path(path), [header, *(list(_flat(one).values()) for one in self.pictures)])


@dataclass(frozen=True, eq=False, repr=False)
class Similar(Shown):
    """The pictures most similar to a given one, most similar first.

    Attributes:
        picture: the given one.
        pictures: records ``{"picture", "similarity", "tags", "split"}``; ``tags`` is None where none are known, and
            ``split`` is "" for pictures that are not the run's.
        compared: how many pictures it was compared with.
    """

    picture: str
    pictures: tuple[dict[str, Any], ...]
    compared: int

    def __len__(self) -> int:
        return len(self.pictures)

    def lines(self) -> list[str]:
        """A table."""
        split = any(one["split"] for one in self.pictures)
        columns = ["picture", "similarity", *(["split"] if split else []), "tags"]
        rows = [
            [one["picture"], f"{one['similarity']:.3f}", *([one["split"]] if split else []), _tags(one["tags"])]
            for one in self.pictures
        ]
        shown = table(columns, rows, words_last=True).split("\n")
        return [*shown, "", f"{len(self)} of {self.compared} pictures, by features"]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"picture": self.picture, "pictures": [dict(one) for one in self.pictures], "compared": self.compared}

    def to_frame(self) -> Any:
        """One row per picture as a pandas DataFrame, or a polars one without pandas."""
        return frame(self.pictures)


def _flat(one: Suggestion) -> dict[str, Any]:
    scores = {f"score {label}": value for label, value in one.scores.items()}
    return {"image": one.picture, "uncertainty": one.uncertainty, "unsure": "|".join(one.unsure), **scores}


def _tags(tags: list[str] | None) -> str:
    return "" if tags is None else ", ".join(tags) or "(none)"


def _write_csv(path: Path, rows: list[list[Any]]) -> None:
    text = io.StringIO()
    lines = [[spreadsheet_cell(value) if isinstance(value, str) else value for value in row] for row in rows]
    csv.writer(text, lineterminator="\n").writerows(lines)
    write_text(path, text.getvalue())
