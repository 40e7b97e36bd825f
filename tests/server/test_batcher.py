"""The batcher loses no picture and mixes up no answers, whatever arrives when."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagfit.server.batcher import Batcher
from tagfit.server.limits import Limits, RefusedError


class Echo:
    """A net whose probabilities are the first pixel of each picture and its own number."""

    def __init__(self, number: int = 0, pause: float = 0.0) -> None:
        self.number, self.pause = number, pause
        self.batches: list[int] = []

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        time.sleep(self.pause)
        self.batches.append(len(pixels))
        if (pixels == 255).any():
            raise ZeroDivisionError
        return np.stack([pixels[:, 0, 0, 0], np.full(len(pixels), self.number)], axis=1).astype(np.float32)


def pixels(*values: int) -> np.ndarray:
    return np.array(values, np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 2, 2, 3), np.uint8)


@settings(max_examples=40, deadline=None)
@given(
    requests=st.lists(
        st.tuples(st.lists(st.integers(0, 254), min_size=1, max_size=9), st.integers(0, 1), st.booleans()), max_size=40
    ),
    batch=st.integers(1, 12),
    threads=st.integers(1, 8),
)
def test_each_request_gets_the_scores_of_its_own_pictures_from_its_own_model(
    requests: list[tuple[list[int], int, bool]], batch: int, threads: int
) -> None:
    models: list[Any] = [Echo(0), Echo(1)]
    seen: list[int] = []
    batcher = Batcher(Limits(queue=10_000, batch=batch), seen.append)

    def ask(values: list[int], model: int, leaves: bool) -> list[tuple[int, int]] | None:
        with batcher.admitted(len(values)) as place:
            if leaves:  # without a picture being decoded
                return None
            scores = place.score(models[model], pixels(*values)).result(timeout=30)
        return [(int(first), int(number)) for first, number in scores]

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda one: ask(*one), requests))
    batcher.close()
    for answer, (values, model, leaves) in zip(answers, requests, strict=True):
        assert answer == (None if leaves else [(value, model) for value in values])
    assert sum(seen) == sum(len(values) for values, _, leaves in requests if not leaves)
    assert max(seen, default=1) <= max(batch, 9)
    assert batcher.length == 0


def test_what_waits_is_scored_together_up_to_the_limit() -> None:
    model: Any = Echo(pause=0.05)
    batcher = Batcher(Limits(batch=4))
    with batcher.admitted(11) as place:
        answers = [place.score(model, pixels(value)) for value in range(11)]
        assert [int(one.result(timeout=30)[0, 0]) for one in answers] == list(range(11))
    batcher.close()
    assert max(model.batches) == 4
    assert sum(model.batches) == 11


def test_a_picture_alone_does_not_wait_for_others_but_for_those_that_are_decoded() -> None:
    model: Any = Echo()
    batcher = Batcher(Limits(gather_seconds=60.0))
    with batcher.admitted(1) as alone:
        assert alone.score(model, pixels(7)).result(timeout=30)[0, 0] == 7
    with batcher.admitted(1) as first, batcher.admitted(1) as second:
        answers = [first.score(model, pixels(1)), second.score(model, pixels(2))]
        assert [one.result(timeout=30)[0, 0] for one in answers] == [1, 2]
    with batcher.admitted(1) as first:
        with batcher.admitted(1):  # which leaves without a picture
            answer = first.score(model, pixels(3))
        assert answer.result(timeout=30)[0, 0] == 3
    batcher.close()
    assert model.batches == [1, 2, 1]


def test_a_net_that_fails_fails_its_batch_only() -> None:
    batcher = Batcher(Limits(batch=1))
    model: Any = Echo()
    with batcher.admitted(2) as place:
        bad, good = place.score(model, pixels(255)), place.score(model, pixels(4))
        with pytest.raises(ZeroDivisionError):
            bad.result(timeout=30)
        assert good.result(timeout=30)[0, 0] == 4
    batcher.close()


def test_the_queue_has_an_end_and_a_closed_batcher_takes_nothing() -> None:
    batcher = Batcher(Limits(queue=3))
    with batcher.admitted(2):
        with pytest.raises(RefusedError, match="3 pictures"), batcher.admitted(2):
            pass
        with batcher.admitted(1):
            assert batcher.length == 3
    assert batcher.length == 0
    batcher.close()
    with pytest.raises(RefusedError), batcher.admitted(1):
        pass


def test_closing_scores_what_was_accepted() -> None:
    model: Any = Echo(pause=0.02)
    batcher = Batcher(Limits(batch=1))
    with batcher.admitted(5) as place:
        answers = [place.score(model, pixels(value)) for value in range(5)]
        closing = threading.Thread(target=batcher.close)
        closing.start()
        assert [one.result(timeout=30)[0, 0] for one in answers] == [0, 1, 2, 3, 4]
        closing.join(30)
        assert not closing.is_alive()
