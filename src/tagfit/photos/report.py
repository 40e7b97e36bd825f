"""Report: which keywords a library has, where they stand, what is odd about them, and what would be trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tagfit.photos.library import EMBEDDED, Library
from tagfit.photos.mapping import KeywordOptions, labelled
from tagfit.photos.words import fold, stem

SIGNS = "|/;,"


@dataclass(frozen=True)
class KeywordReport:
    """What is in a library.

    Attributes:
        photographs, sidecars: how many there are.
        fields: how many files have each keyword field.
        tagged: photographs that are trained on, with at least one keyword or an explicit "none".
        untagged: photographs of which nothing is known.
        guesses: photographs with keywords that tagfit added and nobody has accepted.
        labels: how many photographs have each label, the most frequent first.
        disagreements: photographs whose places have different keywords, with which one counts.
        unreadable: files that cannot be read, with the reason.
        odd: files with something unusual in them, with what it is.
        guessed_iptc: photographs whose IPTC text names no encoding.
        ignored: files that are left alone, with the reason.
        separators: words that contain a sign which some program takes as a separator.
        spellings: spellings of one label that differ by case.
        similar: labels that may be one: plural, hyphens, spaces.
        collisions: leaves that stand for several paths.
    """

    photographs: int
    sidecars: int
    fields: dict[str, int]
    tagged: int
    untagged: int
    guesses: int
    labels: dict[str, int]
    disagreements: dict[str, str]
    unreadable: dict[str, str]
    odd: dict[str, list[str]]
    guessed_iptc: list[str]
    ignored: dict[str, str]
    separators: list[str]
    spellings: list[list[str]]
    similar: list[list[str]]
    collisions: dict[str, list[str]]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def report_of(
    library: Library,
    options: KeywordOptions,
    min_positives: int = 0,
    expand: Callable[[list[str]], list[str]] | None = None,
) -> KeywordReport:
    """The report of a library under the options that a training would have.

    Args:
        library: as it was read.
        options: of reading.
        min_positives: labels that fewer photographs have are left out.
        expand: what a vocabulary makes of the labels of one photograph.
    """
    found = labelled(library.photos, options)
    fields: Counter[str] = Counter()
    unreadable: dict[str, str] = {}
    odd: dict[str, list[str]] = {}
    words: set[str] = set()
    for photo in library.photos:
        for place, said in photo.said.items():
            fields.update(said.fields.keys())
            if said.warnings:
                odd[_file(photo.name, place)] = said.warnings
            words.update(part for path in said.paths() for part in path if any(sign in part for sign in SIGNS))
        unreadable.update((_file(photo.name, place), why) for place, why in photo.broken.items())
    counts = Counter(
        label for labels in found.labels.values() for label in (labels if expand is None else expand(labels))
    )
    labels = {
        label: count
        for label, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        if count >= min_positives
    }
    return KeywordReport(
        photographs=len(library.photos),
        sidecars=len({sidecar for photo in library.photos for sidecar in photo.sidecars}),
        fields=dict(fields),
        tagged=len(found.labels),
        untagged=len(found.untagged),
        guesses=len(found.guesses),
        labels=labels,
        disagreements={photo.name: text for photo in library.photos if (text := photo.disagreement())},
        unreadable=unreadable,
        odd=odd,
        guessed_iptc=[photo.name for photo in library.photos if any(said.guessed for said in photo.said.values())],
        ignored=dict(sorted(library.ignored.items())),
        separators=sorted(words),
        spellings=found.spellings,
        similar=similar(labels),
        collisions=found.collisions,
    )


def similar(labels: Mapping[str, int] | Sequence[str]) -> list[list[str]]:
    """Groups of labels that differ by plural, hyphens or spaces only."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault(_stem(label), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def lines(report: KeywordReport, shown: int) -> Iterable[str]:
    """The report as text, at most ``shown`` lines a section."""
    yield f"{report.photographs} photographs, {report.sidecars} sidecars"
    yield f"trained on: {report.tagged} photographs, {len(report.labels)} labels"
    yield f"nothing known of: {report.untagged} (--untagged absent: they have none of the labels)"
    if report.guesses:
        yield f"with keywords that tagfit added and that are not accepted: {report.guesses}"
    sections: tuple[tuple[str, list[str]], ...] = (
        ("fields", [f"{name}: {count} files" for name, count in report.fields.items()]),
        ("labels", [f"{label}: {count}" for label, count in report.labels.items()]),
        ("unreadable", [f"{name}: {why}" for name, why in report.unreadable.items()]),
        ("disagreements", [f"{name}: {why}" for name, why in report.disagreements.items()]),
        ("spellings of one label", [", ".join(group) for group in report.spellings]),
        ("perhaps one label", [", ".join(group) for group in report.similar]),
        ("leaves of several paths", [f"{leaf}: {', '.join(paths)}" for leaf, paths in report.collisions.items()]),
        ("words with separators in them", report.separators),
        ("IPTC without a declared encoding", report.guessed_iptc),
        ("odd", [f"{name}: {'; '.join(why)}" for name, why in report.odd.items()]),
        ("left alone", [f"{name}: {why}" for name, why in report.ignored.items()]),
    )
    for heading, items in sections:
        if items:
            yield f"{heading}: {len(items)}"
            yield from (f"  {item}" for item in items[:shown])
            if len(items) > shown:
                yield f"  ... and {len(items) - shown} more: --json lists all"


def _file(name: str, place: str) -> str:
    return name if place == EMBEDDED else f"{name.rpartition('/')[0]}/{place}".removeprefix("/")


def _stem(label: str) -> str:
    return stem("".join(sign for sign in fold(label) if sign not in " -_'"))
