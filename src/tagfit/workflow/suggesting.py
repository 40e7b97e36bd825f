"""Suggest which untagged pictures to tag next, and find pictures similar to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tagfit import tagger
from tagfit.arguments import checked
from tagfit.data.problem import Problem
from tagfit.data.read import read
from tagfit.data.readers.folder import TABLES
from tagfit.data.readers.formats import format_of
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.multihot import decode
from tagfit.pool.acquisition import acquire, uncertainty
from tagfit.pool.results import UNSURE_SHOWN, Similar, Suggestion, Suggestions
from tagfit.pool.seen import Seen, see, see_one, see_problem, tagged_contents, untagged
from tagfit.pool.similarity import nearest
from tagfit.runs.run import Run, open_run
from tagfit.scoring import reopen
from tagfit.tagger import Tagger
from tagfit.tagger.picture_paths import list_pictures

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

DIGITS = 6
OnDecoded = Callable[[int, int], None]


@checked(pictures="picture files, or folders that hold some")
def suggest(
    run: Run | str | Path,
    pictures: Iterable[str | Path] | str | Path,
    *,
    count: int = 100,
    net: NetFactory | None = None,
    on_decoded: OnDecoded | None = None,
) -> Suggestions:
    """Suggest which untagged pictures to tag next: those the run is unsure of, unlike each other, of rare labels.

    Pictures that the sources of the run have tags for by now are left out, whatever they are called.

    Args:
        run: a Run or its folder.
        pictures: files, or folders whose pictures are taken.
        count: how many.
        net: the factory that the run was trained with, if any.
        on_decoded: called with (pictures done, pictures in all), first for decoding, then for a backbone's features.

    Raises:
        InputError: a run on rows of features, no picture, or none without tags.
    """
    if count < 1:
        raise InputError(f"count = {count}", instead="1 or more")
    opened = run if isinstance(run, Run) else open_run(run)
    model = tagger.of_run(opened, net=net)
    files = list_pictures([pictures] if isinstance(pictures, str | Path) else pictures)
    seen = see(model, untagged(list(dict.fromkeys(files)), model.labels), on_decoded)
    known, unknown_why = tagged_contents(opened)
    _, first = np.unique(seen.digests, return_index=True)
    fresh = np.array([row for row in np.sort(first) if seen.digests[row] not in known], dtype=np.int64)
    tagged = int(np.isin(seen.digests, list(known)).sum()) if known else 0
    if not len(fresh):
        raise InputError(f"all {len(seen.data)} pictures have tags already", instead="pictures without tags")
    left = seen.take(fresh)
    positives = np.nan_to_num(opened.prevalence) * len(opened.problem["ids"]["train"])
    rows, unsure = acquire(left.scores, left.features, positives, count)
    notes = (f"pictures that have tags may be among these: {unknown_why}",) if unknown_why else ()
    chosen = tuple(_suggestion(left, model.labels, int(row), float(unsure[row])) for row in rows)
    return Suggestions(chosen, len(fresh), tagged, seen.faults, notes)


@checked(source="among=")
def similar(
    run: Run | str | Path,
    picture: str | Path,
    *,
    among: TaggedSet | str | Path | None = None,
    count: int = 10,
    problem: Problem | None = None,
    net: NetFactory | None = None,
    on_decoded: OnDecoded | None = None,
) -> Similar:
    """Find the pictures most similar to one, by the cosine of their features under a run.

    Args:
        run: a Run or its folder.
        picture: a picture file.
        among: a folder of pictures, or a source; None for the pictures that the run was trained and validated on.
        count: how many.
        problem: what the run was trained on, if the run cannot read it again itself.
        net: the factory that the run was trained with, if any.
        on_decoded: called with (pictures done, pictures in all), first for decoding, then for a backbone's features.

    Raises:
        InputError: a run on rows of features, a picture that cannot be read, or nothing to compare it with.
    """
    if count < 1:
        raise InputError(f"count = {count}", instead="1 or more")
    opened = run if isinstance(run, Run) else open_run(run)
    model = tagger.of_run(opened, net=net)
    query = see_one(model, Path(picture))
    if among is None:
        whole = reopen(opened, on_decoded, problem)
        rows, split = np.flatnonzero(whole.split != "test"), whole.split
        seen = see_problem(model, whole, on_decoded)
    else:
        seen = see(model, pictures_of(among, model), on_decoded)
        rows, split = np.arange(len(seen.data)), np.full(len(seen.data), "")
    itself = Path(picture).resolve()
    others = np.array([row for row in rows.tolist() if _place(seen, row) != itself], dtype=np.int64)
    if not len(others):
        raise InputError(f"there is no other picture to compare {picture} with")
    order, cosines = nearest(query, seen.features[others], count)
    ranked = zip(others[order].tolist(), cosines.tolist(), strict=True)
    found = tuple(_record(seen, row, cosine, str(split[row])) for row, cosine in ranked)
    return Similar(str(picture), found, len(others))


def _record(seen: Seen, row: int, cosine: float, split: str) -> dict[str, Any]:
    data = seen.data
    tags = list(decode(data.truth[[row]], data.labels)[0]) if data.known[row].any() else None
    name = str(data.ids[row] if data.files is None else data.files[row])
    return {"picture": name, "similarity": round(cosine, DIGITS), "tags": tags, "split": split}


def _suggestion(seen: Seen, labels: tuple[str, ...], row: int, bits: float) -> Suggestion:
    scores = seen.scores[row]
    order = np.argsort(-uncertainty(scores), kind="stable")[:UNSURE_SHOWN]
    by_label = {label: round(float(score), DIGITS) for label, score in zip(labels, scores, strict=True)}
    return Suggestion(str(seen.data.ids[row]), round(bits, DIGITS), by_label, tuple(labels[at] for at in order))


def pictures_of(among: TaggedSet | str | Path, model: Tagger) -> TaggedSet:
    """A source with its tags; a folder that is no source as its pictures."""
    if isinstance(among, TaggedSet):
        return among
    folder = Path(among)
    if folder.is_dir() and format_of(among).name == "folder" and not any((folder / name).exists() for name in TABLES):
        return untagged(list(list_pictures([folder])), model.labels)
    return read(among, learnable=False)


def _place(seen: Seen, row: int) -> Path | None:
    file = None if seen.data.files is None else seen.data.files[row]
    return file.resolve() if isinstance(file, Path) else None
