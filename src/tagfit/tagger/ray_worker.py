"""Ray worker: what one task of a Ray cluster does: it tags one batch of pictures and says what it could not do."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tagfit
from tagfit.data.pictures.sources import Place
from tagfit.errors import Fault, InputError
from tagfit.tagger.stream import Tagged, tag_each
from tagfit.tagger.tagger import Tagger

# A task has one processor; more threads than that read the next pictures while one waits for the network.
THREADS = 5


@dataclass(frozen=True)
class Answer:
    """What became of a batch.

    Attributes:
        host: the machine that it was tagged on.
        rows: one for each picture, in order, under the names that the worker read them by.
        unseen: numbers of the pictures that are not there on that machine.
        faults: why nothing could be tagged at all; then there are no rows.
    """

    host: str
    rows: list[Tagged]
    unseen: list[int]
    faults: tuple[Fault, ...] = ()


# The tagger by its fingerprint: built once in each worker process, for all of its batches.
_taggers: dict[str, Tagger] = {}


def packed(pictures: Sequence[Place]) -> bytes:
    """Pictures as they are sent to a worker, whose working directory is another one."""
    return pickle.dumps([picture.absolute() if isinstance(picture, Path) else picture for picture in pictures])


def tag_batch(version: str, fingerprint: str, box: tuple[Any], pictures: bytes) -> Answer:
    """Tag one batch.

    Args:
        version: of the tagfit that asks.
        fingerprint: of the tagger.
        box: with the reference of the tagger in the object store; only what is outside of a box is fetched each time.
        pictures: what :func:`packed` gave.
    """
    host = socket.gethostname()
    if version != tagfit.__version__:
        what = f"tagfit {tagfit.__version__} is installed there, and {version} here"
        return Answer(host, [], [], (Fault(what, instead="the same version on all machines"),))
    try:
        places: list[Place] = pickle.loads(pictures)  # noqa: S301 - made by this command, sent by Ray, which runs code
        rows = [one for some in tag_each(_tagger(fingerprint, box), places, THREADS) for one in some]
    except InputError as error:
        return Answer(host, [], [], error.faults)
    failed = [number for number, one in enumerate(rows) if one.problem]
    return Answer(host, rows, [number for number in failed if _is_missing(places[number])])


def _tagger(fingerprint: str, box: tuple[Any]) -> Tagger:
    if fingerprint not in _taggers:
        import ray

        _taggers.clear()
        _taggers[fingerprint] = ray.get(box[0])
    return _taggers[fingerprint]


def _is_missing(place: Place) -> bool:
    return isinstance(place, Path) and not place.exists()
