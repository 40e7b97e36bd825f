"""Keywording: from the tags of pictures to a plan of what is written into the photographs of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.photos.library import Library, Photo, read_library
from tagfit.photos.planning import PhotoPlan, WriteOptions, plans
from tagfit.photos.words import merged
from tagfit.vocabulary import Vocabulary


def wanted_of(folder: Path, records: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Tags with their scores, by the name of a photograph below its folder; without those that could not be read.

    Args:
        folder: of the photographs.
        records: as ``workflow.tag`` gives them.
    """
    return {
        Path(record["picture"]).relative_to(folder).as_posix(): {
            tag: record["scores"].get(tag, 0.0) for tag in record["tags"]
        }
        for record in records
        if "problem" not in record
    }


@dataclass(frozen=True)
class Choice:
    """Which photographs are written to, and which of their words.

    Attributes:
        top: at most so many predicted words a photograph, those with the highest scores; None for all.
        only_untagged: only photographs that have no keyword.
        limit: at most so many photographs; None for all.
    """

    top: int | None = None
    only_untagged: bool = False
    limit: int | None = None


ALL = Choice()


def keyword_plans(
    folder: Path,
    wanted: Mapping[str, Mapping[str, float]],
    options: WriteOptions,
    vocabulary: Vocabulary | None = None,
    choice: Choice = ALL,
) -> tuple[list[PhotoPlan], int]:
    """What is written into each photograph that ``wanted`` names, as the folder is now.

    Args:
        folder: of the photographs.
        wanted: as :func:`wanted_of` gives it.
        options: how words are written.
        vocabulary: words that it implies are written too, and what it excludes, also by a word that is there, is not.
        choice: which photographs and words.

    Returns:
        The plans, and how many more photographs would be changed without a limit.
    """
    library = read_library(folder, SUFFIXES, raw=True, only=wanted)
    chosen = {
        photo.name: _highest(wanted[photo.name], choice.top)
        for photo in library.photos
        if photo.name in wanted and not (choice.only_untagged and _words(photo))
    }
    found = plans_for(library, chosen, options, vocabulary)
    changed = [plan.name for plan in found if plan.changes]
    left = set() if choice.limit is None else set(changed[choice.limit :])
    return [plan for plan in found if plan.name not in left], len(left)


def _highest(scores: Mapping[str, float], top: int | None) -> dict[str, float]:
    kept = sorted(scores, key=lambda label: -scores[label])[:top]
    return {label: score for label, score in scores.items() if label in kept}


def plans_for(
    library: Library, wanted: Mapping[str, Mapping[str, float]], options: WriteOptions, vocabulary: Vocabulary | None
) -> list[PhotoPlan]:
    """As :func:`keyword_plans`, for a library that has just been read."""
    if vocabulary is None:
        return plans(library, wanted, options)
    settled: dict[str, dict[str, float]] = {}
    excluded: dict[str, list[str]] = {}
    there: dict[str, list[str]] = {}
    for photo in library.photos:
        if photo.name in wanted:
            words = _words(photo)
            scores, excluded[photo.name] = vocabulary.settled(wanted[photo.name], words)
            same = {vocabulary.label(word) for word in words} - {*words}
            there[photo.name] = [label for label in scores if label in same]
            settled[photo.name] = {label: score for label, score in scores.items() if label not in same}
    found = plans(library, settled, options)
    for plan in found:
        plan.excluded = excluded[plan.name]
        plan.there += there[plan.name]
    return found


def _words(photo: Photo) -> list[str]:
    """Every word of a photograph, also in the form of whole paths."""
    everything = merged(photo.paths("union"))
    return [*everything.flat, *("|".join(path) for path in everything.paths if len(path) > 1)]
