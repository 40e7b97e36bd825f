"""References: what a model gives for the pictures that it was validated on, read again from the sources of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tagfit.errors import InputError
from tagfit.scoring import OnDecoded, part_of
from tagfit.tagger.reference import Reference, sampled

if TYPE_CHECKING:
    from tagfit.data.problem import Problem
    from tagfit.runs.run import Run
    from tagfit.tagger import Tagger

COMPARED = "validation"


def reference_of(
    run: Run, model: Tagger, problem: Problem | None = None, on_decoded: OnDecoded | None = None
) -> Reference:
    """Scores and features of the pictures of validation, equal ones once, at most ``reference.MOST_ROWS`` of them.

    Args:
        run: what the model was made of.
        model: on pictures.
        problem: what the run was trained on; None reads the pictures again from its sources.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: no validation split, or sources that are gone or no longer what they were.
    """
    model.refuse_features()
    if COMPARED not in run.problem["ids"]:
        raise InputError(f"the run has no {COMPARED} split")
    _, inputs, digests = part_of(run, COMPARED, problem, on_decoded)
    first = np.arange(len(inputs)) if digests is None else np.sort(np.unique(digests, return_index=True)[1])
    rows = first[sampled(len(first))]
    found = model.represent(inputs[rows], None if digests is None else digests[rows], on_decoded)
    return Reference.of(found.scores, found.features)
