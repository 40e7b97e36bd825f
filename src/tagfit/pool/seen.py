"""Seen: pictures decoded as a run was trained, with their scores and features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagfit.data.inputs import read_inputs
from tagfit.data.pictures import decode
from tagfit.data.pictures.sources import Place, any_remote
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError
from tagfit.runs.run import Run
from tagfit.tagger import Tagger

OnDecoded = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Seen:
    """Pictures that could be read, as a model sees them.

    Attributes:
        data: n of them, with the tags that are known.
        digests: (n,) of their contents.
        scores: (n, L) probabilities.
        features: (n, D) float32.
        faults: why others could not be read.
    """

    data: TaggedSet
    digests: NDArray[np.str_]
    scores: NDArray[np.float32]
    features: NDArray[np.float32]
    faults: tuple[Fault, ...] = ()

    def take(self, rows: NDArray[np.int64]) -> Seen:
        """Only these rows."""
        return Seen(self.data.take(rows), self.digests[rows], self.scores[rows], self.features[rows], self.faults)


def untagged(files: list[Place], labels: tuple[str, ...]) -> TaggedSet:
    """Picture files of which no tag is known."""
    truth = np.zeros((len(files), len(labels)), dtype=np.uint8)
    ids = np.array([str(file) for file in files], dtype=np.str_)
    return TaggedSet(ids, truth, np.zeros(truth.shape, dtype=bool), labels, files=tuple(files))


def see(model: Tagger, data: TaggedSet, on_decoded: OnDecoded | None = None) -> Seen:
    """Decode the pictures of a set and represent them.

    Raises:
        InputError: a model of feature rows, or no picture that can be read.
    """
    inputs = read_inputs(data, _size(model), fit=model.preprocessing.fit, progress=on_decoded)
    if not len(inputs.rows):
        raise InputError(inputs.faults, what="no picture can be read")
    found = model.represent(inputs.values, inputs.digests, on_decoded)
    return Seen(data.take(inputs.rows), inputs.digests, found.scores, found.features, inputs.faults)


def see_one(model: Tagger, picture: Path) -> NDArray[np.float32]:
    """The features of one picture, (D,).

    Raises:
        InputError: a model of feature rows, or a picture that cannot be read.
    """
    pixels = decode.decode(picture, _size(model), model.preprocessing.fit)[None]
    return np.asarray(model.represent(pixels).features[0])


def see_problem(model: Tagger, problem: Problem, on_extracted: OnDecoded | None = None) -> Seen:
    """All pictures of a Problem; what a backbone extracted for its runs is not extracted again.

    Raises:
        InputError: a model of feature rows.
    """
    _size(model)
    found = model.represent(problem.inputs, problem.digests, on_extracted)
    digests = problem.data.ids if problem.digests is None else problem.digests
    return Seen(problem.data, digests, found.scores, found.features)


def tagged_contents(run: Run) -> tuple[set[str], str]:
    """The digests of the pictures that the sources of a run have tags for now, and if unknown, why.

    They are read as they are now, not as they were trained on: what was tagged since counts.
    """
    source = run.problem["source"]
    if not source:
        return set(), "the run was trained on a Problem made in Python"
    try:
        rows = Plan.from_dict(source).rows()
    except InputError as error:
        return set(), error.faults[0].what
    if rows.files is None:
        return set(), "its pictures were given as arrays"
    if any_remote(rows.files):
        return set(), "its pictures are remote"
    found = set()
    for file, known in zip(rows.files, rows.known, strict=True):
        if known.any():
            try:
                found.add(decode.digest(decode.read(file)).hex())
            except InputError:  # gone or unreadable: it cannot be suggested either
                continue
    return found, ""


def _size(model: Tagger) -> int:
    if model.preprocessing.size is None:
        raise InputError("this run was trained on rows of features, not on pictures", instead="a run on pictures")
    return model.preprocessing.size
