"""Stream: pictures become tags in order, with the next ones decoded while the net scores; memory stays bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagfit import multihot
from tagfit.data.pictures.decode import decode, read
from tagfit.data.pictures.read_ahead import pool_for, read_ahead
from tagfit.data.pictures.sources import Place, UnavailableError
from tagfit.errors import InputError

if TYPE_CHECKING:
    from tagfit.tagger.tagger import Tagger

# Pictures that are scored in one task: enough for its cost to vanish, and few, so that Ctrl-C takes effect soon.
PICTURES_AT_ONCE = 128
BYTES_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Tagged:
    """What is said of one picture.

    Attributes:
        picture: as it was named.
        tags: the labels that are predicted; under a vocabulary with those that they imply, which may have no score.
        scores: probability by label.
        problem: why it could not be read; then there are no tags and no scores.
    """

    picture: str
    tags: tuple[str, ...]
    scores: dict[str, float]
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        record: dict[str, Any] = {"picture": self.picture, "tags": list(self.tags), "scores": self.scores}
        return {**record, "problem": self.problem} if self.problem else record


# Who tags: gives the tags and scores of pictures in their order, in the batches of :func:`batches`.
TagEach = Callable[["Tagger", Sequence[Place]], Iterator[list[Tagged]]]


def tag_each(model: Tagger, pictures: Sequence[Place], threads: int | None = None) -> Iterator[list[Tagged]]:
    """Tags and scores of pictures in their order, some at a time.

    A picture that cannot be read has its reason in place of tags.

    Args:
        model: of pictures, not of feature rows.
        pictures: files, or members of archives and remote folders.
        threads: that decode; None for as many as ``pool_for`` takes.

    Raises:
        UnavailableError: the place that holds the pictures cannot be reached.
    """
    size, fit = model.preprocessing.size, model.preprocessing.fit
    assert size is not None

    def decoded(picture: Place) -> NDArray[np.uint8] | str:
        try:
            return decode(read(picture), size, fit)
        except UnavailableError:
            raise
        except InputError as error:
            return error.faults[0].what

    at_once, score = model.side_by_side()

    def tagged_batch(batch: Sequence[Place], found: Sequence[NDArray[np.uint8] | str]) -> list[Tagged]:
        readable = [one for one in found if not isinstance(one, str)]
        scores = score(np.stack(readable)) if readable else np.empty((0, len(model.labels)), np.float32)
        return tagged(model, [str(picture) for picture in batch], found, scores)

    # One pool decodes and scores: threads beyond the processors only take turns.
    pool, waiting = pool_for(pictures, threads), deque[Future[list[Tagged]]]()
    with pool, closing(read_ahead(pictures, decoded, pool, ahead=pictures_at_once(size))) as found:
        try:
            for batch in batches(model, pictures):
                waiting.append(pool.submit(tagged_batch, batch, list(islice(found, len(batch)))))
                if len(waiting) >= at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def batches(model: Tagger, pictures: Sequence[Place]) -> Iterator[Sequence[Place]]:
    """Pictures that are scored in one task; in other batches, the last digits of a score may differ."""
    assert model.preprocessing.size is not None
    at_once = pictures_at_once(model.preprocessing.size)
    return (pictures[start : start + at_once] for start in range(0, len(pictures), at_once))


def pictures_at_once(size: int) -> int:
    """How many pictures of a side of ``size`` pixels are scored in one task."""
    return max(1, min(PICTURES_AT_ONCE, BYTES_AT_ONCE // (3 * size * size)))


def tagged(
    model: Tagger, names: Sequence[str], found: Sequence[NDArray[np.uint8] | str], scores: NDArray[np.float32]
) -> list[Tagged]:
    """What is said of pictures that were decoded and scored.

    Args:
        model: that scored them.
        names: of n pictures.
        found: the pixels of each, or why it could not be read.
        scores: (readable pictures, L) probabilities, in their order.
    """
    scored = zip(scores.tolist(), multihot.decode(model.thresholds.predict(scores), model.labels), strict=True)
    result = []
    for name, one in zip(names, found, strict=True):
        if isinstance(one, str):
            result.append(Tagged(name, (), {}, one))
            continue
        values, tags = next(scored)
        by_label = {label: round(value, 6) for label, value in zip(model.labels, values, strict=True)}
        if model.vocabulary is not None:
            tags = tuple(model.vocabulary.settled({tag: by_label[tag] for tag in tags})[0])
        result.append(Tagged(name, tags, by_label))
    return result
