"""Drift: today's pictures under a run or a tagger, compared with those of its validation split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagfit.arguments import checked
from tagfit.data.problem import Problem
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.evaluation.drift import RATE, Drift, compare_distributions, unlike_pictures
from tagfit.evaluation.two_samples import permutations_for
from tagfit.pool.seen import Seen, see
from tagfit.runs.run import Run
from tagfit.tagger import Tagger
from tagfit.tagger.reference import Reference, rounded_scores
from tagfit.workflow.references import COMPARED, reference_of
from tagfit.workflow.suggesting import pictures_of
from tagfit.workflow.tagging import Model, run_of, tagger_of

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

OnDecoded = Callable[[int, int], None]
Features = NDArray[np.float32]
Scores = NDArray[np.float64]


@checked(run="model=", source="pictures=", alpha="rate=0.01")
def drift(
    model: Model,
    pictures: TaggedSet | str | Path,
    *,
    rate: float = RATE,
    problem: Problem | None = None,
    net: NetFactory | None = None,
    on_decoded: OnDecoded | None = None,
) -> Drift:
    """Whether today's pictures are distributed as those of validation, by the features of the net and by its scores.

    Equal pictures count once. Tags of today's pictures, where there are any, are not looked at.

    Args:
        model: a Run, a Tagger, or the folder of either; on pictures and with a validation split.
        pictures: a folder of pictures, or a source.
        rate: the probability that anything is called shifted where nothing is, above 0 and below 1.
        problem: what a run was trained on; None reads the pictures of validation again from its sources.
        net: the factory that the model was trained with, if any.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: a run without scores of validation, a tagger that holds none, or too few pictures.
    """
    run = run_of(model)
    chosen = tagger_of(model if run is None else run, net=net)
    chosen.refuse_features()
    if run is None:
        scores, features, notes = _of_tagger(chosen)
    else:
        scores, features, notes = _of_run(run, chosen, problem, on_decoded)
    if features is not None and 0 < rate < 1 and permutations_for(rate / 2) is None:
        features, notes = None, ("features are not compared: so small a rate needs too many permutations",)
    seen = see(chosen, pictures_of(pictures, chosen), on_decoded)
    distinct = seen.take(np.sort(np.unique(seen.digests, return_index=True)[1]))
    now = Reference.of(distinct.scores, distinct.features)
    predicted = (chosen.thresholds.predict(scores), chosen.thresholds.predict(now.scores))
    both = None if features is None else (features, now.features)
    found = compare_distributions(scores, now.scores, chosen.labels, predicted, rate, both)
    unlike = () if both is None else unlike_pictures(*both, distinct.data.ids)
    return replace(found, unlike=unlike, notes=(*notes, *_notes(seen, distinct)))


def _of_run(
    run: Run, model: Tagger, problem: Problem | None, on_decoded: OnDecoded | None
) -> tuple[Scores, Features | None, tuple[str, ...]]:
    """Scores of validation, its features where its pictures can be read again, and the reason where they cannot."""
    if COMPARED not in run.scored_splits:
        raise InputError(f"{run.folder} has no scores of {COMPARED}", instead="a run with a validation split")
    scores = rounded_scores(run.scores(COMPARED).scores)
    try:
        return scores, reference_of(run, model, problem, on_decoded).features, ()
    except InputError as error:
        return scores, None, (f"features are not compared: {error.faults[0].what}",)


def _of_tagger(model: Tagger) -> tuple[Scores, Features | None, tuple[str, ...]]:
    if model.reference is None:
        why = model.measured.get("reference", {}).get("missing", "it was packed without, or by an earlier tagfit")
        raise InputError(
            f"this tagger holds no scores and features of {COMPARED}: {why}",
            instead="pack its run again, or compare with the run itself: `tagfit drift RUN FOLDER`",
        )
    return model.reference.scores, model.reference.features, ()


def _notes(seen: Seen, distinct: Seen) -> list[str]:
    found = []
    if len(distinct.digests) < len(seen.digests):
        found.append(f"{len(seen.digests) - len(distinct.digests)} equal pictures count once")
    if seen.faults:
        found.append(f"{len(seen.faults)} pictures could not be read, such as {seen.faults[0].where}")
    return found
