"""Places read ahead of their use: in order, by as many threads as there are processors, no more of them than asked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagfit import processors
from tagfit.data.pictures import read_ahead as reading
from tagfit.data.pictures.read_ahead import pool_for, read_ahead
from tagfit.data.pictures.sources import Member, Store


class Remote(Store):
    is_remote = True

    def names(self) -> list[str]:
        raise AssertionError("nothing is listed here")

    def read(self, name: str, limit: int | None = None) -> bytes:
        raise AssertionError("nothing is read here")


def places(n: int) -> list[Path]:
    return [Path(f"{number}.png") for number in range(n)]


@given(n=st.integers(0, 200), ahead=st.integers(0, 50), threads=st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_results_come_in_the_order_of_the_places(n: int, ahead: int, threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        assert list(read_ahead(places(n), lambda place: place.name, pool, ahead=ahead)) == [
            f"{i}.png" for i in range(n)
        ]


def test_no_more_is_read_than_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "usable", lambda: 1)
    read: list[Path] = []
    with ThreadPoolExecutor(1) as pool:
        found = read_ahead(places(10_000), read.append, pool)
        assert next(found, "nothing") is None
        found.close()
    assert len(read) <= reading.PLACES_AHEAD + 2 * reading.AT_ONCE


def test_as_many_are_in_work_as_the_caller_uses_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "usable", lambda: 1)
    read, all_read = [], threading.Event()

    def work(place: Path) -> None:
        read.append(place)
        if len(read) == 500:
            all_read.set()

    with ThreadPoolExecutor(1) as pool:
        found = read_ahead(places(1000), work, pool, ahead=500)
        next(found)
        assert all_read.wait(timeout=30), "they are read without being asked for"
        found.close()


def test_what_a_thread_raises_is_raised_here_and_the_rest_is_left() -> None:
    read: list[Path] = []

    def work(place: Path) -> None:
        read.append(place)
        if place.name == "3.png":
            raise ValueError("broken")

    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="broken"):
        list(islice(read_ahead(places(100_000), work, pool), 100_000))
    assert len(read) < 1000


def test_local_places_have_a_thread_a_processor_and_remote_ones_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "usable", lambda: 3)
    remote = [Member(Remote("remote"), "1.png")]
    for files, threads, expected in ((places(2), None, 3), (remote, None, reading.FETCHES), (remote, 5, 5)):
        with pool_for(files, threads) as pool:
            assert pool._max_workers == expected
