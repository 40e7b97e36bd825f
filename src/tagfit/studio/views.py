"""Views: which rows of a split a page shows, and in which order; the address of the page says it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.duplicates import DuplicateGroups
from tagfit.errors import InputError
from tagfit.evaluation.cases import check_thresholds, exceeding
from tagfit.scores import Scores
from tagfit.studio.workspace import MissingError

SHOWN = ("all", "missed", "false", "wrong", "tagged", "predicted", "suspect", "duplicate", "untagged", "unknown")
NEXT = "next"
SORTS = ("", "high", "low", "loss", "order", NEXT)
SMALLEST = 1e-7  # a score nearer to 0 or 1 counts as this near in the log loss


@dataclass(frozen=True)
class View:
    """Rows of a split.

    Attributes:
        split: its name.
        label: only this label counts; empty for all.
        show: one of SHOWN.
        sort: one of SORTS; empty for the order that suits ``show``.
        cut: a label is predicted where score > cut.
    """

    split: str
    label: str = ""
    show: str = "all"
    sort: str = ""
    cut: float = 0.5

    @classmethod
    def of(cls, split: str, query: Mapping[str, str], labels: Sequence[str]) -> View:
        """The view that an address asks for.

        Raises:
            MissingError: a label that does not exist.
            InputError: another value that means nothing.
        """
        label, show, sort = query.get("label", ""), query.get("show", "") or "all", query.get("sort", "")
        if label and label not in labels:
            raise MissingError(f"there is no label {label!r}", instead="one of the labels of the run")
        if show not in SHOWN:
            raise InputError(f"show = {show!r}", instead=", ".join(SHOWN))
        if sort not in SORTS:
            raise InputError(f"sort = {sort!r}", instead=", ".join(SORTS[1:]))
        return cls(split, label, show, sort, number_in(query.get("cut", "") or "0.5"))

    def query(self) -> dict[str, str]:
        """What the address says, without the defaults."""
        cut = "" if self.cut == 0.5 else f"{self.cut:g}"
        return {"label": self.label, "show": "" if self.show == "all" else self.show, "sort": self.sort, "cut": cut}


def number_in(text: str) -> float:
    """A cut in [0, 1].

    Raises:
        InputError: another number, or none.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise InputError(f"cut = {text!r}", instead="a number from 0 to 1")
    return value


def rows_of(view: View, scores: Scores, listed: Sequence[int] | None = None) -> NDArray[np.int64]:
    """The rows of a view in its order; equal ones in the order of the data.

    Args:
        view: of the split.
        scores: of the split.
        listed: rows in an order of their own, for suspects and duplicates.
    """
    if listed is not None:
        rows = np.asarray(listed, dtype=np.int64)
        return rows if view.sort in ("", "order", NEXT) else rows[_order(view, scores, rows)]
    columns = slice(None) if not view.label else [scores.labels.index(view.label)]
    values, truth = scores.scores[:, columns], scores.truth[:, columns] == 1
    known = scores.known[:, columns]
    above = exceeding(values, check_thresholds(view.cut, scores.labels)[columns])
    masks: dict[str, Any] = {
        "all": known if view.label else np.ones_like(known),
        "missed": truth & known & ~above,
        "false": ~truth & known & above,
        "wrong": known & (truth != above),
        "tagged": truth & known,
        "predicted": above,
    }
    masks |= {"untagged": ~(truth & known).any(axis=1, keepdims=True), "unknown": ~known}
    rows = np.flatnonzero(masks[view.show].any(axis=1))
    return rows[_order(view, scores, rows)]


def _order(view: View, scores: Scores, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    sort = view.sort or {"missed": "low", "all": "high" if view.label else "order"}.get(view.show, "high")
    if sort in ("order", NEXT):  # what is worth tagging next needs more than scores
        return np.arange(len(rows))
    if sort == "loss" or not view.label:
        return np.argsort(-losses(scores, rows, view.label), kind="stable")
    by = scores.scores[rows, scores.labels.index(view.label)]
    return np.argsort(-by if sort == "high" else by, kind="stable")


def losses(scores: Scores, rows: NDArray[np.int64], label: str = "") -> NDArray[np.float64]:
    """The log loss of rows in nats, (n,): of one label, or the sum over the known ones."""
    columns = slice(None) if not label else [scores.labels.index(label)]
    values = np.clip(scores.scores[rows][:, columns].astype(np.float64), SMALLEST, 1 - SMALLEST)
    right = np.where(scores.truth[rows][:, columns] == 1, values, 1 - values)
    return np.asarray((-np.log(right) * scores.known[rows][:, columns]).sum(axis=1))


def duplicate_rows(groups: DuplicateGroups) -> list[int]:
    """The rows of all groups, those of one group side by side."""
    return [row for group in groups for row in group.rows]
