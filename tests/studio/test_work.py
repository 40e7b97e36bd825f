"""What the studio keeps between requests is bounded by number and by size, and computed once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from tagfit.studio import work
from tagfit.studio.work import Work, size_of
from tagfit.studio.workspace import WaitingError


@dataclass
class Held:
    values: Any
    name: str = "held"


def get(found: Work, key: object, value: Any) -> Any:
    return found.get(key, "computing", lambda: value, 10.0)  # type: ignore[arg-type]


def test_large_results_push_out_those_used_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "LARGEST", 3_000)
    found = Work()
    for key in range(3):
        get(found, key, Held(np.zeros(1000, np.uint8)))
    get(found, 0, None)
    get(found, 3, {"one": np.zeros(1000, np.uint8)})
    assert set(found.found) == {0, 2, 3}, "0 was used again, 1 was not"
    get(found, 4, np.zeros(100_000, np.uint8))
    assert set(found.found) == {4}, "the last one stays, however large"
    assert set(found.sizes) == set(found.found)


def test_many_results_push_out_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "KEPT", 5)
    found = Work()
    for key in range(20):
        get(found, key, key)
    assert list(found.found) == [15, 16, 17, 18, 19]
    assert len(found.sizes) <= 5


def test_what_is_mapped_from_a_file_takes_no_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.zeros(1000))
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert size_of(mapped) == size_of(mapped[10:]) == 0
    assert size_of(Held([np.zeros(10), np.zeros(10)])) == 160
    assert size_of([1, 2, 3]) > 0


def test_a_result_that_takes_long_is_computed_once_and_waited_for() -> None:
    found, go, calls = Work(), Event(), []

    def slow() -> str:
        calls.append(1)
        go.wait(20)
        return "done"

    for _ in range(3):
        with pytest.raises(WaitingError, match="counting"):
            found.get("key", "counting", slow, 0.0)
    go.set()
    assert found.get("key", "counting", slow, 20.0) == "done"
    assert len(calls) == 1
