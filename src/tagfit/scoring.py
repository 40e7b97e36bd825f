"""Scoring: the scores of a trained run on its own splits and on new data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagfit import tagger
from tagfit.data.inputs import read_inputs
from tagfit.data.labels import align
from tagfit.data.plan import Plan
from tagfit.data.problem import Preprocessing, Problem
from tagfit.data.read import read
from tagfit.data.row_record import RowRecord
from tagfit.data.tagged import TaggedSet
from tagfit.data.vocabulary_columns import applied
from tagfit.errors import Fault, InputError
from tagfit.files import disk_faults
from tagfit.runs.run import Run
from tagfit.scores import Scores
from tagfit.tagger import Tagger
from tagfit.vocabulary import Vocabulary

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

NEW_DATA = "data"
LOOKS = "test_looks.jsonl"
SHOWN = 5

OnDecoded = Callable[[int, int], None]


def scores_of(
    run: Run,
    split: str,
    *,
    problem: Problem | None = None,
    on_decoded: OnDecoded | None = None,
    net: NetFactory | None = None,
    why: str = "evaluate",
) -> Scores:
    """The Scores of a split; those of "test" are made when first asked for, and each look is written down.

    Args:
        run: trained.
        split: train, validation or test.
        problem: what the run was trained on; None reads it again from its sources, where that is needed.
        on_decoded, net: as in ``workflow.evaluate``.
        why: what the ledger of looks at the test split says of this one.
    """
    if split != "test":
        return run.scores(split)
    if "test" not in run.problem["ids"]:
        raise InputError(f"{run.folder} has no split 'test'", instead=f"it has {', '.join(run.problem['ids'])}")
    if "test" not in run.scored_splits:
        data, inputs, digests = part_of(run, "test", problem, on_decoded)
        cache_dir = _cache_dir(run.problem["source"])
        values = tagger.of_run(run, net=net).probabilities(inputs, digests=digests, cache_dir=cache_dir)
        run.save_scores(_scores_of(run.labels, data, values, "test"))
    note_look(run, why)
    return run.scores("test")


def note_look(run: Run, why: str) -> None:
    """Write down in a run's ledger that its test split was looked at."""
    path = run.folder / LOOKS
    with disk_faults(path), path.open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "why": why}) + "\n")


def looks(run: Run) -> list[str]:
    """Why the test split of a run was looked at, once for each time."""
    path = run.folder / LOOKS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [str(json.loads(line).get("why", "")) for line in lines]


def scored(run: Run, problem: Problem, split: str, *, net: NetFactory | None = None) -> Scores:
    """The Scores of one split of a Problem under a run, computed on the processor."""
    return scored_by(tagger.of_run(run, net=net), problem, split)


def scored_by(model: Tagger, problem: Problem, split: str) -> Scores:
    """The Scores of one split of a Problem under a Tagger."""
    rows = problem.part(split).rows
    cache_dir = _cache_dir(problem.source)
    values = model.probabilities(problem.inputs, rows, digests=problem.digests, cache_dir=cache_dir)
    return _scores_of(model.labels, problem.data.take(rows), values, split)


def reopen(run: Run, on_decoded: OnDecoded | None = None, problem: Problem | None = None) -> Problem:
    """The Problem of a run: as given, or read again from its sources.

    Raises:
        InputError: the sources are gone, or no longer what they were.
    """
    if problem is None:
        source = run.problem["source"]
        if not source:
            raise InputError(
                f"{run.folder} was trained on a Problem made in Python, which cannot be read again",
                instead="pass it along from Python: problem=...",
            )
        plan, record = Plan.from_dict(source), RowRecord.load(run.row_record)
        problem = None if record is None else record.problem(plan, run.problem, on_decoded)
        problem = problem or plan.problem(on_decoded)
    run.refuse_another(problem)
    return problem


def score_source(
    run: Run,
    source: TaggedSet | str | Path,
    *,
    on_decoded: OnDecoded | None = None,
    net: NetFactory | None = None,
    cache_dir: Path | None = None,
) -> tuple[Scores, tuple[str, ...]]:
    """The Scores of new tagged data under a run, and what should be known of that data.

    Its labels are put in the run's order; see ``data.labels.align`` for those that only one of the two has.

    Raises:
        InputError: no label is shared, or the rows are not of the form that the run was trained on.
    """
    given = source if isinstance(source, TaggedSet) else read(source, learnable=False)
    said = run.problem.get("vocabulary")
    data = align(given if said is None else applied(given, Vocabulary.from_dict(said)), run.labels)
    model = tagger.of_run(run, net=net)
    _refuse_another_kind(data, model.preprocessing, run.folder)
    inputs = read_inputs(
        data, model.preprocessing.size, fit=model.preprocessing.fit, cache_dir=cache_dir, progress=on_decoded
    )
    data = data.take(inputs.rows)
    values = model.probabilities(inputs.values, digests=inputs.digests, cache_dir=cache_dir)
    scores = _scores_of(model.labels, data, values, NEW_DATA)
    left_out = _few((*given.quarantined, *inputs.faults), "left out")
    return scores, (*data.notes, *left_out, *_few(data.warnings, "warning"))


def part_of(
    run: Run, split: str, problem: Problem | None = None, on_decoded: OnDecoded | None = None
) -> tuple[TaggedSet, NDArray[Any], NDArray[np.str_] | None]:
    """The rows of one split of a run, their inputs and digests; the run's record saves reading the others.

    Raises:
        InputError: the sources are gone, or no longer what they were.
    """
    source, record = run.problem["source"], RowRecord.load(run.row_record)
    if problem is None and source and record is not None:
        found = record.part(split, Plan.from_dict(source), run.problem, on_decoded)
        if found is not None:
            return found
    whole = reopen(run, on_decoded, problem)
    rows = whole.part(split).rows
    return whole.data.take(rows), whole.inputs[rows], None if whole.digests is None else whole.digests[rows]


def _cache_dir(source: Mapping[str, Any]) -> Path | None:
    """Where the pictures of a source are kept, and with them a backbone's features; None for the default."""
    asked = source.get("cache_dir")
    return None if asked is None else Path(asked)


def _scores_of(labels: tuple[str, ...], data: TaggedSet, values: NDArray[np.float32], split: str) -> Scores:
    """The Scores of a set with these probabilities."""
    return Scores.of(
        data.truth,
        values,
        known=data.known,
        labels=labels,
        ids=data.ids,
        groups=data.groups,
        weights=data.weights,
        split=split,
    )


def _refuse_another_kind(data: TaggedSet, preprocessing: Preprocessing, run: Path) -> None:
    wanted = "pictures" if preprocessing.size is not None else f"rows of {len(preprocessing.mean)} features"
    came = "pictures" if data.arrays is None or data.holds_pictures else f"rows of {data.arrays.shape[1]} features"
    if came != wanted:
        raise InputError(f"{run} was trained on {wanted}, and here are {came}", instead=wanted)


def _few(faults: Sequence[Fault], heading: str) -> list[str]:
    more = [f"{heading}: {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
    return [f"{heading}: {fault}" for fault in faults[:SHOWN]] + more
