"""Parquet and Arrow."""

from __future__ import annotations

from typing import Any

from tagfit.data.pictures.sources import Place


def parquet_rows(table: Place) -> list[dict[str, Any]]:
    raise NotImplementedError
