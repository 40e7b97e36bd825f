"""History: what was appended comes back, a line cut by a crash does not stop a reader, others are named."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagfit import history
from tagfit.errors import InputError
from tagfit.history import Epoch

FIRST = Epoch(1, 0.7, 0.6, 0.65, 0.5, 0.4, 0.65, 1e-3, 0.25)
EPOCHS = tuple(replace(FIRST, epoch=number, running_loss=1 / number) for number in (1, 2, 3))

numbers = st.floats(allow_nan=False, allow_infinity=False)
epochs = st.builds(
    Epoch,
    epoch=st.integers(1, 10**5),
    running_loss=numbers,
    train_loss=st.none() | numbers,
    validation_loss=st.none() | numbers,
    train_label_accuracy=st.none() | st.floats(0, 1),
    validation_label_accuracy=st.none() | st.floats(0, 1),
    monitored=st.none() | numbers,
    learning_rate=numbers,
    seconds=numbers,
)


@given(st.lists(epochs, max_size=4).map(tuple))
@settings(max_examples=40, deadline=None)
def test_what_was_written_comes_back(tmp_path_factory: pytest.TempPathFactory, records: history.History) -> None:
    path = tmp_path_factory.getbasetemp() / "appended.jsonl"
    path.unlink(missing_ok=True)
    for record in records:
        history.append(path, record)
    assert history.load(path) == records
    history.save(path, records[:2])
    assert history.load(path) == records[:2]


def test_a_run_that_has_not_begun_has_no_history(tmp_path: Path) -> None:
    assert history.load(tmp_path / "history.jsonl") == ()


def test_a_last_line_cut_anywhere_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history.save(path, EPOCHS)
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rindex(b"\n") + 1
    for end in range(last, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert history.load(path) == EPOCHS[:2]
    path.write_bytes(whole[:-1])  # only the line's end is missing
    assert history.load(path) == EPOCHS


@pytest.mark.parametrize("line", ["{", "3", "null", '{"epoch": 2}', "\udcff"])
def test_another_broken_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    history.save(path, EPOCHS)
    lines = path.read_text().split("\n")
    lines[1] = line
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"line 2 of .*history\.jsonl is not a record"):
        history.load(path)


def test_an_undefined_metric_is_null_that_every_parser_reads(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history.append(path, replace(FIRST, monitored=math.nan))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    assert json.loads(path.read_text(), parse_constant=refuse)["monitored"] is None
    assert history.load(path)[0].monitored is None
