"""Marks: the words that tagfit added can be removed again, or accepted as truth."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tagfit.photos.change import Change, change_of, read_target
from tagfit.photos.containers import blocks_in
from tagfit.photos.embedding import with_packet
from tagfit.photos.library import EMBEDDED, Library, Photo
from tagfit.photos.metadata import Metadata
from tagfit.photos.planning import HIERARCHIES, MARK, PhotoPlan
from tagfit.photos.splice import RefusedError, with_removed
from tagfit.photos.unreadable import UnreadableError
from tagfit.photos.words import Path as Word
from tagfit.photos.words import fold, folded, merged


def removal_plans(
    library: Library,
    labels: Collection[str] = (),
    *,
    accept: bool = False,
    added: Mapping[Path, Collection[str]] | None = None,
    reviewed: Mapping[str, Collection[str]] | None = None,
) -> list[PhotoPlan]:
    """For each photograph with words that tagfit added, the changes that remove them, or only their mark.

    A mark whose word is gone stays: the word was removed on purpose and is not added again.

    Args:
        library: as it was read just now.
        labels: only these; all if empty.
        accept: keep the words and remove the mark.
        reviewed: by the name of a photograph, the only labels to look at; None for all.
        added: by file, links followed, the only paths to look at, joined by ``|``; None for all.
    """
    chosen = {fold(label) for label in labels}
    seen: set[Path] = set()
    found = []
    for photo in library.photos:
        plan = PhotoPlan(photo.name, old=["|".join(path) for path in merged(photo.paths("union")).paths])
        for place, said in photo.said.items():
            target = photo.file if place == EMBEDDED else photo.file.with_name(place)
            if said.own and target not in seen:
                seen.add(target)
                own = said.own
                if added is not None:
                    of_run = {fold(path) for path in added.get(Path(os.path.realpath(target)), ())}
                    own = tuple(path for path in own if fold("|".join(path)) in of_run)
                if reviewed is not None:
                    known = {fold(label) for label in reviewed.get(photo.name, ())}
                    own = tuple(path for path in own if known & {fold(path[-1]), fold("|".join(path))})
                _plan_file(photo, plan, target, said, own, chosen, accept)
        if plan.new or plan.skipped:
            found.append(plan)
    return found


def _plan_file(
    photo: Photo,
    plan: PhotoPlan,
    target: Path,
    said: Metadata,
    marked: Sequence[Word],
    chosen: set[str],
    accept: bool,
) -> None:
    there = {fold(word) for word in merged(said.paths()).flat}
    own = [path for path in marked if fold(path[-1]) in there]
    own = [path for path in own if not chosen or chosen & {fold(path[-1]), fold("|".join(path))}]
    if not own:
        return
    ours = {folded(path) for path in said.own}
    others = {part for path in said.paths() if len(path) > 1 and folded(path) not in ours for part in folded(path)}
    removed = {MARK: ["|".join(path) for path in own]}
    if not accept:
        removed["dc:subject"] = [path[-1] for path in own if fold(path[-1]) not in others]
        removed |= {name: [sign.join(path) for path in own] for name, sign in HIERARCHIES.items()}
    try:
        old = read_target(target)
        if target == photo.file:
            if said.refused:
                raise RefusedError(said.refused)
            new = with_packet(old, with_removed(blocks_in(old).packets[0], removed))
        else:
            new = with_removed(old, removed)
        change: Change = change_of(target, old, new)
    except (RefusedError, UnreadableError) as error:
        plan.skipped = str(error)
        return
    plan.changes.append(change)
    plan.new |= {"|".join(path): 1.0 for path in own}
