"""Drift: today's pictures under a run, compared with its validation split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tagfit import tagger
from tagfit.arguments import checked
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.evaluation.cases import exceeding
from tagfit.evaluation.drift import RATE, Drift, compare_distributions
from tagfit.pool.seen import see
from tagfit.runs.run import Run, open_run
from tagfit.workflow.suggesting import pictures_of

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

COMPARED = "validation"


@checked(source="pictures=", alpha="rate=0.01")
def drift(
    run: Run | str | Path,
    pictures: TaggedSet | str | Path,
    *,
    rate: float = RATE,
    net: NetFactory | None = None,
    on_decoded: Callable[[int, int], None] | None = None,
) -> Drift:
    """Whether the scores of today's pictures are distributed as those of the run's validation split, label by label.

    Equal pictures count once. Tags of today's pictures, where there are any, are not looked at.

    Args:
        run: a Run or its folder, on pictures and with a validation split.
        pictures: a folder of pictures, or a source.
        rate: the probability that any label is called shifted where none is, above 0 and below 1.
        net: the factory that the run was trained with, if any.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: a run without scores of validation, or too few pictures.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    if COMPARED not in opened.scored_splits:
        raise InputError(f"{opened.folder} has no scores of {COMPARED}", instead="a run with a validation split")
    before = opened.scores(COMPARED)
    model = tagger.of_run(opened, net=net)
    seen = see(model, pictures_of(pictures, model), on_decoded)
    _, first = np.unique(seen.digests, return_index=True)
    now = seen.scores[np.sort(first)]
    cuts = np.full(len(before.labels), 0.5)
    predicted = (exceeding(before.scores, cuts), exceeding(now, cuts))
    found = compare_distributions(before.scores, now, tuple(before.labels), predicted, rate)
    notes = []
    if len(first) < len(seen.digests):
        notes.append(f"{len(seen.digests) - len(first)} equal pictures count once")
    if seen.faults:
        notes.append(f"{len(seen.faults)} pictures could not be read, such as {seen.faults[0].where}")
    return replace(found, notes=tuple(notes))
