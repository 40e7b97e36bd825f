"""From a TaggedSet and what the user asked for to a Problem: rows in splits, inputs, statistics and fingerprints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit import literals
from tagfit.arguments import checked
from tagfit.data.fingerprint import data_fingerprint, preprocessing_fingerprint
from tagfit.data.inputs import Inputs, Progress, fit_preprocessing, read_inputs
from tagfit.data.joining import joined
from tagfit.data.known_duplicates import known_duplicate_groups
from tagfit.data.labels import remedies
from tagfit.data.pictures.square import DEFAULT_FIT, Fit
from tagfit.data.problem import Problem
from tagfit.data.splits import grouping, placement
from tagfit.data.splits.placement import Method
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

KeepTogether = NDArray[np.str_] | Callable[[NDArray[Any], NDArray[np.str_]], NDArray[np.str_]]


@checked(
    data="a TaggedSet: tagfit.read('photos/') or tagfit.from_arrays(X, Y)",
    test_size="test=0.2",
    train_size="validation=0.15, test=0.15: what is left is train",
    random_state="seed=0",
    shuffle="method='random' or method='stratified'",
    stratify="method='stratified', which is the default",
)
def split(
    data: TaggedSet,
    *,
    validation: TaggedSet | float | None = None,
    test: TaggedSet | float | None = None,
    validation_fold: int | None = None,
    test_fold: int | None = None,
    validation_share: float | None = None,
    test_share: float | None = None,
    method: Method = "stratified",
    seed: int = 0,
    size: int | None = None,
    fit: Fit = DEFAULT_FIT,
    keep_together: KeepTogether | None = None,
    strict: bool = False,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
    source: Mapping[str, Any] | None = None,
) -> Problem:
    """Make the Problem: rows in splits, labels, decoded inputs, statistics of train, and fingerprints.

    For validation and for test, the first that is there decides: what is asked for here (a set of its own, a fold, or
    a share); the ``split`` column of ``data``; a share (``placement.DEFAULT_SHARE``). Where a ``split`` column decides,
    a test split that it does not name is not made. Everything else trains. A share is a share of the rows that nothing
    else has placed; it is drawn so that groups, and rows of equal content, stay on one side.

    Args:
        data: the rows of train, and of all splits that have no set of their own.
        validation, test: a TaggedSet with the same labels, in any order; or a share.
        validation_fold, test_fold: a number in the ``fold`` column.
        validation_share, test_share: at least 0 and less than 1; a test share of 0 means no test split.
        method: ``stratified`` keeps labels and pairs of labels alike in all splits; ``random`` does not look at them.
        seed: another seed, another draw. The order of the rows and the names of files do not matter.
        size: pictures are decoded to size x size pixels; None for ``inputs.DEFAULT_SIZE``, or for arrays of square
            pictures their own size.
        fit: how pictures become squares: ``squash`` them, ``crop`` them to their middle, or ``pad`` them with grey.
        keep_together: what else, besides ``data.groups``, must stay on one side: N names for the rows of ``data``, ''
            alone; or a function of (inputs, digests of the contents) that returns a name for each row that could be
            read. None keeps near-duplicate pictures together where rows are drawn with regard to labels.
        strict: a picture that cannot be read is an error; otherwise it is left out and listed in ``data.quarantined``.
        cache_dir, progress: where decoded pictures are cached, and the progress callback; see ``cache.decoded``.
        source: how to read all this again (``plan.Plan.to_dict``), kept in the Problem; None finds out, where ``data``
            was read from a source as a whole and all else are plain values.

    Raises:
        InputError: what was asked for cannot be had, a split would be empty, a group stands on two sides, or a label
            cannot be learned.
    """
    if source is None:
        asked = {
            "validation_fold": validation_fold,
            "validation_share": validation_share if validation is None else validation,
            "test_fold": test_fold,
            "test_share": test_share if test is None else test,
            "method": method,
            "seed": seed,
        }
        source = _read_again(data, asked, keep_together, size, fit, cache_dir)
    if method not in ("stratified", "random"):
        raise InputError(f"there is no way to split called {method!r}", instead="'stratified' or 'random'")
    wishes = [
        placement.wish("validation", validation, validation_fold, validation_share),
        placement.wish("test", test, test_fold, test_share),
    ]
    rows, origin = joined({"train": data, **{w.role: w.source for w in wishes if w.source is not None}})
    placement.refuse_impossible(rows, origin, wishes)
    inputs = read_inputs(rows, size, fit=fit, cache_dir=cache_dir, progress=progress)
    notes = _quarantined(inputs, len(rows), strict)
    kept = replace(rows.take(inputs.rows), quarantined=(*rows.quarantined, *inputs.faults))
    origin = origin[inputs.rows]

    more = _more_together(keep_together, inputs, len(data), len(rows))
    together = grouping.merged(kept.groups, more, grouping.equal(inputs.digests))

    def drawn_together() -> NDArray[np.str_]:
        if keep_together is not None or method == "random" or inputs.values.ndim != 4:
            return together
        return known_duplicate_groups(inputs, cache_dir).as_groups(together)

    names, how = placement.place(
        kept, origin, wishes, keys=inputs.digests, groups=drawn_together, method=method, seed=seed
    )
    _refuse_groups_apart(kept, names, origin)
    notes += [*how, f"rows: {placement.counts(names)}", *_cautions(kept, names, together)]
    preprocessing = fit_preprocessing(inputs, names == "train")
    return Problem(
        data=kept,
        split=names,
        preprocessing=preprocessing,
        inputs=inputs.values,
        fingerprint={
            "data": data_fingerprint(kept, names, inputs.digests),
            "preprocessing": preprocessing_fingerprint(preprocessing, inputs.decoder),
        },
        source=dict(source or {}),
        notes=tuple(notes),
        digests=inputs.digests,
    )


def _cautions(data: TaggedSet, names: NDArray[np.str_], together: NDArray[np.str_]) -> list[str]:
    """What a user should know of the rows of each split."""
    return [
        *_duplicates_apart(together, names),
        *_owners_apart(data, names),
        *_label_notes(data, names == "train"),
    ]


def _quarantined(inputs: Inputs, count: int, strict: bool) -> list[str]:
    if inputs.faults and (strict or not len(inputs.rows)):
        raise InputError(inputs.faults, what=f"{len(inputs.faults)} of {count} pictures cannot be read")
    if not count:
        raise InputError("there are no rows to split", instead="a source with pictures or feature rows")
    return [f"quarantined: {len(inputs.faults)} of {count} pictures cannot be read"] if inputs.faults else []


def _more_together(asked: KeepTogether | None, inputs: Inputs, own: int, count: int) -> NDArray[np.str_] | None:
    """What the caller keeps together, for the rows that could be read."""
    if asked is None:
        return None
    if callable(asked):
        found = literals.names(asked(inputs.values, inputs.digests))
        if found.shape != (len(inputs.rows),):
            raise InputError(
                f"keep_together returned shape {found.shape} for {len(inputs.rows)} rows", instead="one name per row"
            )
        return found
    names = literals.names(asked)
    if names.shape != (own,):
        raise InputError(
            f"keep_together has shape {names.shape} for {own} rows", instead="one name per row, '' for a row alone"
        )
    return np.concatenate([names, np.full(count - own, "")])[inputs.rows]


def _refuse_groups_apart(data: TaggedSet, names: NDArray[np.str_], origin: NDArray[np.str_]) -> None:
    """Groups of one source must stand on one side; names in different sources have nothing to do with each other."""
    if data.groups is None:
        return
    torn = grouping.across(np.where(origin == "train", data.groups, ""), names)
    if torn:
        raise InputError(
            (Fault(f"is in {' and '.join(sides)}", f"group {group!r}") for group, sides in torn),
            what="a group must be in one split; correct the split or fold column, or leave out the group column",
        )


def _duplicates_apart(together: NDArray[np.str_], names: NDArray[np.str_]) -> list[str]:
    """A note on duplicates that the user's own splits have put on two sides."""
    torn = len(grouping.across(together, names))
    if not torn:
        return []
    what = "set of duplicates or near-duplicates is" if torn == 1 else "sets of duplicates or near-duplicates are"
    return [f"caution: {torn} {what} in two splits, as the source assigns them"]


def _owners_apart(data: TaggedSet, names: NDArray[np.str_]) -> list[str]:
    """A note on each column, such as ``Patient ID``, whose values are on both sides as nothing keeps them together."""
    if data.groups is not None:
        return []
    notes = []
    for column, values in data.owners.items():
        owners = literals.names(values)
        torn = len(grouping.across(owners, names))
        if torn:
            several = len(np.unique(owners[owners != ""]))
            notes.append(
                f"caution: {torn} of {several} values of {column!r} have rows in more than one split; "
                f"--group-column {column!r} keeps them together"
            )
    return notes


def _label_notes(data: TaggedSet, train: NDArray[np.bool_]) -> list[str]:
    """What train cannot teach; a label of which it knows only positives is refused."""
    positives = data.truth[train].sum(axis=0, dtype=np.int64)
    known = data.known[train].sum(axis=0, dtype=np.int64)
    always = [label for label, on, sure in zip(data.labels, positives, known, strict=True) if on == sure > 0]
    if always:
        raise InputError(
            (Fault("is on in every row of train where it is known", f"label {label!r}") for label in always),
            what=f"labels with only known positives cannot be learned; {remedies(data)}",
        )
    never = [repr(label) for label, on in zip(data.labels, positives, strict=True) if on == 0]
    return [f"caution: no positive in train for {', '.join(never)}"] if never else []


def _read_again(
    data: TaggedSet,
    asked: dict[str, Any],
    keep_together: KeepTogether | None,
    size: int | None,
    fit: Fit,
    cache_dir: Path | None,
) -> dict[str, Any]:
    """The values of a ``plan.Plan`` that makes the same Problem; empty where there is none."""
    if data.source is None or keep_together is not None or any(isinstance(one, TaggedSet) for one in asked.values()):
        return {}
    folder = None if cache_dir is None else str(cache_dir)
    return {**data.source, "split": asked, "size": size, "fit": fit, "cache_dir": folder}
