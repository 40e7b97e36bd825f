"""Section: one part of a certificate, a frozen record that refuses values of another form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

# A number in JSON; None where it is undefined.
Figure = float | None


class Section(BaseModel):
    """One record of a certificate: no unknown field, no value of another type, no infinite number."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True, validate_by_name=True
    )
    # Fields that earlier releases did not know, with the value that stands for what they did: it is not written, so
    # that their certificates keep their form.
    added: ClassVar[Mapping[str, Any]] = {}

    @model_serializer(mode="wrap")
    def _as_written(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        silent = {name for name, value in self.added.items() if getattr(self, name) == value}
        written: dict[str, Any] = serialise(self)
        return {name: value for name, value in written.items() if name not in silent}


def figure(value: float | None) -> Figure:
    """A number as it stands in JSON: None where it is NaN or infinite."""
    return None if value is None or not math.isfinite(value) else float(value)


def figures(values: Mapping[str, float]) -> dict[str, Figure]:
    """Numbers by name as they stand in JSON."""
    return {name: figure(value) for name, value in values.items()}


def number(value: Figure) -> float:
    """A number from JSON: NaN where it is undefined."""
    return math.nan if value is None else value
