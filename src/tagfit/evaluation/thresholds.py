"""Thresholds: one per label, with the split and the strategy that they were chosen by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit.arguments import checked
from tagfit.display import Shown, cut, frame
from tagfit.errors import InputError, listed
from tagfit.evaluation.cases import check_thresholds, exceeding
from tagfit.evaluation.tables import MOST_ROWS, more, thresholds_table
from tagfit.files import to_json, write_text
from tagfit.scores import Scores, check_labels

FORMAT = 1


@dataclass(frozen=True, eq=False, repr=False)
class Thresholds(Shown):
    """One threshold per label; a label is predicted where score > threshold.

    Attributes:
        values: float64 (L,) in [0, 1].
        labels: L distinct names.
        strategy: how they were chosen, such as ``best-f1``; ``fixed`` where they were given.
        split: the split they were chosen on; empty where on none. Numbers on that same split are too good.
        fingerprint: of the rows they were chosen on; empty where on none.
        at_least: this many labels with the highest scores are always predicted, whatever their thresholds.
        at_most: only this many labels with the highest scores are predicted at most; None for no limit.
        details: one record per label about the choice (see ``choose_thresholds``); plain JSON values.
    """

    values: NDArray[np.float64]
    labels: tuple[str, ...]
    strategy: str = "fixed"
    split: str = ""
    fingerprint: str = ""
    at_least: int = 0
    at_most: int | None = None
    details: tuple[dict[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        check_labels(self.labels, len(self.values))

    @classmethod
    @checked()
    def fixed(cls, values: ArrayLike | Mapping[str, float], labels: Sequence[str]) -> Thresholds:
        """Thresholds that were given and not chosen: one number for all, one per label, or ``{label: threshold}``.

        Raises:
            InputError: another number of thresholds, one outside [0, 1], or names that are no labels.
        """
        if isinstance(values, Mapping):
            names = [str(name) for name in values]
            strange = [name for name in names if name not in labels]
            if strange:
                raise InputError(f"there is no label {listed(strange)}", instead=f"labels are {listed(labels)}")
            return cls(check_thresholds(list(values.values()), tuple(names)), tuple(names)).in_order(labels)
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
        """Plain JSON values, which :meth:`from_dict` reads back exactly."""
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
            raise InputError("no thresholds are in this", instead='{"thresholds": {"beach": 0.5, ...}}')
        if data.get("format", FORMAT) != FORMAT:
            raise InputError(f"thresholds of format {data['format']!r}", instead=f"format {FORMAT}")
        labels = tuple(data["thresholds"])
        details = data.get("details", ())
        if not isinstance(details, list | tuple) or not all(isinstance(record, dict) for record in details):
            raise InputError(f"details hold {details!r}", instead="a list of records, one per label")
        return cls(
            check_thresholds(list(data["thresholds"].values()), labels),
            labels,
            strategy=str(data.get("strategy", "fixed")),
            split=str(data.get("split", "")),
            fingerprint=str(data.get("fingerprint", "")),
            at_least=_count(data.get("at_least", 0), "at_least"),
            at_most=None if data.get("at_most") is None else _count(data["at_most"], "at_most"),
            details=tuple(details),
        )

    @checked()
    def to_frame(self) -> Any:
        """One row per label as a DataFrame of pandas or else polars.

        Raises:
            InputError: neither is installed.
        """
        return frame(self._records())

    def lines(self) -> list[str]:
        """What is shown: how they were chosen, and the first labels."""
        on = f", chosen on {self.split or 'scores'}" if self.split or self.fingerprint else ""
        shown = thresholds_table(self._records()[: MOST_ROWS + 1], whole_names=False).split("\n")
        return [
            f"Thresholds of {len(self.labels)} labels: {cut(self.strategy)}{on}",
            *shown[: MOST_ROWS + 1],
            *more(len(self.labels) - MOST_ROWS, "labels", "to_frame()"),
        ]

    def _records(self) -> list[dict[str, Any]]:
        """The details, or as much of them as is known of thresholds that were given."""
        known = {"strategy": self.strategy, "support": "", "low": None, "high": None, "note": ""}
        details = {str(one.get("label")): one for one in self.details}
        return [
            {"label": label, **known, **details.get(label, {}), "threshold": value}
            for label, value in zip(self.labels, self.values.tolist(), strict=True)
        ]

    @checked()
    def save(self, path: str | Path) -> None:
        """Write a JSON file."""
        write_text(Path(path), to_json(self.to_dict()) + "\n")

    @classmethod
    @checked()
    def load(cls, path: str | Path) -> Thresholds:
        """Read what :meth:`save` wrote, or a plain ``{"thresholds": {label: value}}``.

        Raises:
            InputError: no such file, no JSON, a label that is there twice, or values outside [0, 1].
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
            return cls.from_dict(json.loads(text, object_pairs_hook=_distinct_keys))
        except FileNotFoundError:
            raise InputError(f"there is no file {path}") from None
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
        except InputError as error:
            raise InputError(error.faults, what=str(path)) from None
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} cannot be read as JSON: {error}") from None

    @checked()
    def in_order(self, labels: Sequence[str]) -> Thresholds:
        """The same thresholds for these labels, in their order.

        Raises:
            InputError: a label without a threshold.
        """
        if tuple(labels) == self.labels:
            return self
        at = {label: index for index, label in enumerate(self.labels)}
        missing = [label for label in labels if label not in at]
        if missing:
            raise InputError(
                f"there is no threshold for {listed(missing)}", instead=f"these labels have one: {listed(self.labels)}"
            )
        return replace(self, values=self.values[[at[label] for label in labels]], labels=tuple(labels))


def rows_fingerprint(scores: Scores) -> str:
    """A hash of the rows (ids, truth and mask), whatever their order."""
    order = np.argsort(scores.ids, kind="stable")
    digest = hashlib.sha256("\n".join(scores.ids[order].tolist()).encode("utf-8", "surrogatepass"))
    for array in (scores.truth, scores.known):
        digest.update(np.packbits(array[order].astype(np.bool_)).tobytes())
    return digest.hexdigest()


def _count(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"{name} is {value!r}", instead="a whole number of 0 or more")
    return value


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise InputError(f"{listed(repeated)} is there twice", instead="each name once")
    return found
