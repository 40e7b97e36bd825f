"""Thresholds: one a label, with the split and the strategy that they were chosen by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit.errors import InputError
from tagfit.evaluation.cases import check_thresholds, exceeding
from tagfit.files import to_json, write_text
from tagfit.scores import Scores

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Thresholds:
    """One threshold a label; a label is predicted where score > threshold.

    Attributes:
        values: float64 (L,) in [0, 1].
        labels: L names.
        strategy: how they were chosen, such as ``best-f1``; ``fixed`` where they were given.
        split: the split they were chosen on; empty where on none. Numbers on that same split are too good.
        fingerprint: of the rows they were chosen on; empty where on none.
        at_least: so many labels of the highest scores are predicted for every picture, whatever their thresholds.
        at_most: no more than so many labels of the highest scores are predicted; None for no such limit.
        details: what the strategy has to tell, one record a label; plain JSON values.
    """

    values: NDArray[np.float64]
    labels: tuple[str, ...]
    strategy: str = "fixed"
    split: str = ""
    fingerprint: str = ""
    at_least: int = 0
    at_most: int | None = None
    details: tuple[dict[str, Any], ...] = field(default=())

    @classmethod
    def fixed(cls, values: ArrayLike, labels: Sequence[str]) -> Thresholds:
        """Thresholds that were given and not chosen: one number for all, or one a label."""
        return cls(check_thresholds(values, tuple(labels)), tuple(labels))

    @property
    def by_label(self) -> bool:
        """Whether each label is decided by its threshold alone, and not by its rank in the picture."""
        return self.at_least == 0 and self.at_most is None

    def predict(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """What is predicted for scores of shape (N, L), columns in the order of ``labels``: bool (N, L).

        Of equal scores in one picture the first column counts as the highest.
        """
        on = exceeding(scores, self.values)
        if self.by_label:
            return on
        rank = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable")
        if self.at_most is not None:
            on &= rank < self.at_most
        return on | (rank < self.at_least)

    def chosen_on(self, scores: Scores) -> bool:
        """Whether they were chosen on these very rows (or, where that is not known, on a split of the same name)."""
        if self.fingerprint:
            return self.fingerprint == rows_fingerprint(scores)
        return bool(self.split) and self.split == scores.split

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; :meth:`from_dict` reads them back exactly."""
        return {
            "format": FORMAT,
            "strategy": self.strategy,
            "split": self.split,
            "fingerprint": self.fingerprint,
            "at_least": self.at_least,
            "at_most": self.at_most,
            "thresholds": dict(zip(self.labels, self.values.tolist(), strict=True)),
            "details": list(self.details),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Thresholds:
        """What :meth:`to_dict` wrote.

        Raises:
            InputError: another format, no thresholds, or values outside [0, 1].
        """
        if not isinstance(data, dict) or not isinstance(data.get("thresholds"), dict) or not data["thresholds"]:
            raise InputError("this holds no thresholds", instead='{"thresholds": {"beach": 0.5, ...}}')
        if data.get("format", FORMAT) != FORMAT:
            raise InputError(f"thresholds of format {data['format']!r}", instead=f"format {FORMAT}")
        labels = tuple(data["thresholds"])
        try:
            values = check_thresholds(list(data["thresholds"].values()), labels)
            at_least, at_most = int(data.get("at_least", 0)), data.get("at_most")
            return cls(
                values,
                labels,
                strategy=str(data.get("strategy", "fixed")),
                split=str(data.get("split", "")),
                fingerprint=str(data.get("fingerprint", "")),
                at_least=at_least,
                at_most=None if at_most is None else int(at_most),
                details=tuple(data.get("details", ())),
            )
        except InputError:
            raise
        except (TypeError, ValueError) as error:
            raise InputError(f"these are no thresholds: {error}", instead="numbers in [0, 1]") from None

    def save(self, path: Path) -> None:
        """Write a JSON file."""
        write_text(path, to_json(self.to_dict()) + "\n")

    @classmethod
    def load(cls, path: Path) -> Thresholds:
        """Read what :meth:`save` wrote, or a plain ``{"thresholds": {label: value}}``."""
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise InputError(f"there is no file {path}") from None
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise InputError(f"{path} cannot be read as JSON: {error}") from None
        except InputError as error:
            raise InputError(error.faults, what=str(path)) from None

    def in_order(self, labels: Sequence[str]) -> Thresholds:
        """The same for these labels, in their order.

        Raises:
            InputError: a label that has no threshold.
        """
        at = {label: index for index, label in enumerate(self.labels)}
        missing = [label for label in labels if label not in at]
        if missing:
            raise InputError(
                f"there is no threshold for {', '.join(missing)}", instead=f"these have one: {', '.join(self.labels)}"
            )
        return replace(self, values=self.values[[at[label] for label in labels]], labels=tuple(labels))


def rows_fingerprint(scores: Scores) -> str:
    """A hash of the rows (ids, truth and mask), the same in whatever order they come."""
    order = np.argsort(scores.ids, kind="stable")
    digest = hashlib.sha256("\n".join(scores.ids[order].tolist()).encode())
    for array in (scores.truth, scores.known):
        digest.update(np.packbits(array[order].astype(np.bool_)).tobytes())
    return digest.hexdigest()
