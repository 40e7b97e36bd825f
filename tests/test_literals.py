"""Literals: one vocabulary for numbers, yes, no, unknown and nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tagfit import literals


@pytest.mark.parametrize(
    ("code", "cells"),
    [
        (literals.PRESENT, ["1", "1.0", " 1 ", "True", "yes", "Y", "x", "X", "✓", "+1", "1e0"]),
        (literals.ABSENT, ["0", "0.0", "FALSE", "no", "n", "-0"]),
        (literals.MINUS_ONE, ["-1", "-1.0"]),
        (literals.UNKNOWN, ["?", " ? "]),
        (literals.BLANK, ["", "  ", "nan", "NaN", "None", "<NA>", "-", "N/A", "null", "\u00a0"]),
        (literals.INVALID, ["2", "0.5", "sea", "inf", "!"]),
    ],
)
def test_what_a_cell_of_a_label_says(code: bytes, cells: list[str]) -> None:
    assert [literals.state(cell) for cell in cells] == [code] * len(cells)


def test_numbers() -> None:
    assert [literals.number(text) for text in ("1", "1.0", " .5", "1e-3")] == [1, 1, 0.5, 0.001]
    assert literals.number("0,25", decimal_comma=True) == 0.25
    assert all(math.isnan(literals.number(text)) for text in ("", "nan", "<NA>", "None"))
    for text in ("0,25", "1_000", "sea"):
        with pytest.raises(ValueError, match="could not convert"):
            literals.number(text)
    assert [literals.whole_number(text) for text in ("3", "3.0", "3.5", "-1", "x", "inf", "")] == [3, 3] + [None] * 5


@pytest.mark.parametrize(
    "values",
    [
        ["a", "", "b"],
        ["a", None, "b"],
        ["a", float("nan"), "b"],
        ["a", "<NA>", " b"],
        np.asarray(["a", "nan", "b"]),
        np.asarray([b"a", b"", b"b"]),
        np.ma.masked_array(["a", "c", "b"], mask=[False, True, False]),
    ],
)
def test_a_missing_name_is_no_name(values: object) -> None:
    assert literals.names(values).tolist() == ["a", "", "b"]  # type: ignore[arg-type]


def test_numbers_as_names() -> None:
    assert literals.names([1.0, math.nan, 2.0]).tolist() == ["1", "", "2"]
    assert literals.names([7, 8]).tolist() == ["7", "8"]
    assert literals.names([1.5, None]).tolist() == ["1.5", ""]
    assert literals.names([]).tolist() == []
