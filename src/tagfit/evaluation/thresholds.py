"""Thresholds: one a label, with the split and the strategy that they were chosen by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit.errors import InputError
from tagfit.evaluation.cases import check_thresholds
from tagfit.files import to_json, write_text

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
        details: what the strategy wants to tell, one record a label; plain JSON values.
    """

    values: NDArray[np.float64]
    labels: tuple[str, ...]
    strategy: str = "fixed"
    split: str = ""
    fingerprint: str = ""
    details: tuple[dict[str, Any], ...] = field(default=())

    @classmethod
    def fixed(cls, values: ArrayLike, labels: Sequence[str]) -> Thresholds:
        """Thresholds that were given and not chosen: one number for all, or one a label."""
        return cls(check_thresholds(values, tuple(labels)), tuple(labels))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; :meth:`from_dict` reads them back exactly."""
        return {
            "format": FORMAT,
            "strategy": self.strategy,
            "split": self.split,
            "fingerprint": self.fingerprint,
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
        except (TypeError, ValueError) as error:
            raise InputError(str(error)) from None
        return cls(
            values,
            labels,
            strategy=str(data.get("strategy", "fixed")),
            split=str(data.get("split", "")),
            fingerprint=str(data.get("fingerprint", "")),
            details=tuple(data.get("details", ())),
        )

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

    def for_labels(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """The values in the order of ``labels``.

        Raises:
            InputError: a label that has no threshold.
        """
        at = {label: index for index, label in enumerate(self.labels)}
        missing = [label for label in labels if label not in at]
        if missing:
            raise InputError(
                f"there is no threshold for {', '.join(missing)}", instead=f"these have one: {', '.join(self.labels)}"
            )
        return self.values[[at[label] for label in labels]]
