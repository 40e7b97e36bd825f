"""How the words of a vocabulary relate: what follows from it, and where it contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from tagfit.errors import Fault, listed

if TYPE_CHECKING:
    from tagfit.vocabulary.vocabulary import Vocabulary


def closures(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """By label, all that it implies, directly or through others; a label that implies itself is among its own."""
    direct = _direct(vocabulary)
    found = {}
    for label in direct:
        reached: dict[str, None] = {}
        waiting = list(direct[label])
        while waiting:
            one = waiting.pop(0)
            if one not in reached:
                reached[one] = None
                waiting += direct.get(one, ())
        found[label] = tuple(reached)
    return found


def _direct(vocabulary: Vocabulary) -> dict[str, list[str]]:
    direct: dict[str, list[str]] = {}
    for label, words in vocabulary.implies.items():
        direct.setdefault(vocabulary.label(label), []).extend(vocabulary.label(word) for word in words)
    return direct


def faults_of_relations(vocabulary: Vocabulary, where: str) -> list[Fault]:
    """Every contradiction of a vocabulary with itself."""
    checks = (_synonyms, _cycles, _groups, _implied_and_excluded)
    return [fault for check in checks for fault in check(vocabulary, where)]


def _synonyms(vocabulary: Vocabulary, where: str) -> Iterator[Fault]:
    """Words that stand for two labels, or are a label with synonyms of their own."""
    place, key = f"{where} [synonyms]", vocabulary.key
    labels: dict[str, list[str]] = {}
    for label in vocabulary.synonyms:
        labels.setdefault(key(label), []).append(label)
    for spelled in labels.values():
        if len(spelled) > 1:
            yield Fault(f"{listed(spelled)} are one label, since case or plurals are ignored", place, "one of them")
    owners: dict[str, list[tuple[str, str]]] = {}
    for label, words in vocabulary.synonyms.items():
        for word in words:
            if key(word) != key(label):
                owners.setdefault(key(word), []).append((word, label))
    for one, named in owners.items():
        word, several = named[0][0], sorted({label for _, label in named})
        if len({key(label) for label in several}) > 1:
            yield Fault(f"{word!r} is a synonym of {listed(several)}", place, "of one label only")
        if one in labels:
            what = f"{word!r} is a synonym of {named[0][1]!r} and has synonyms of its own"
            yield Fault(what, place, f"list them all under {named[0][1]!r}")


def _cycles(vocabulary: Vocabulary, where: str) -> Iterator[Fault]:
    """Labels that imply themselves, each cycle once, along its shortest way."""
    direct, seen = _direct(vocabulary), set[str]()
    for label, reached in closures(vocabulary).items():
        if label in reached and label not in seen:
            way = _way(direct, label)
            seen |= {*way}
            yield Fault(" implies ".join(map(repr, way)), f"{where} [implies]", "if they are one label, a synonym")


def _way(direct: Mapping[str, list[str]], label: str) -> list[str]:
    """The shortest way from a label back to itself."""
    waiting = [[label]]
    tried: set[str] = set()
    while waiting:
        way = waiting.pop(0)
        for one in direct.get(way[-1], ()):
            if one == label:
                return [*way, one]
            if one not in tried:
                tried.add(one)
                waiting.append([*way, one])
    return [label]


def _groups(vocabulary: Vocabulary, where: str) -> Iterator[Fault]:
    """Groups that exclude nothing, or a label from itself."""
    for (name, words), labels in zip(vocabulary.exclusive.items(), vocabulary.groups, strict=True):
        place = f"{where} [exclusive]"
        if len(labels) < 2:
            yield Fault(f"{name} names {listed(words) or 'no label'}", place, "two labels or more")
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            yield Fault(f"{name} names {listed(twice)} twice, perhaps by a synonym", place, "each label once")


def _implied_and_excluded(vocabulary: Vocabulary, where: str) -> Iterator[Fault]:
    """Labels that no picture could have: they imply what they exclude, or two labels that exclude each other."""
    for label, reached in closures(vocabulary).items():
        every = dict.fromkeys((label, *reached))
        for name, labels in zip(vocabulary.exclusive, vocabulary.groups, strict=True):
            for one, other in combinations([each for each in dict.fromkeys(labels) if each in every], 2):
                if label in (one, other):
                    what = f"{label!r} implies {(other if one == label else one)!r} and excludes it ({name})"
                else:
                    what = f"{label!r} implies {one!r} and {other!r}, which exclude each other ({name})"
                yield Fault(what, where, "one of the two")
