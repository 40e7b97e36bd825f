"""Suggestions for a vocabulary out of tags: spellings that may be one label, and labels that may imply another."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from tagfit.photos.words import fold, stem
from tagfit.vocabulary.vocabulary import FILE, Vocabulary

ERROR = 0.05  # of the intervals, and of chance over all pairs of labels together
AT_LEAST = 0.9  # of the pictures with a label, by the lower end of the interval, have what it implies
LEAST = math.ceil(math.log(ERROR) / math.log(AT_LEAST))  # pictures, from which the interval can be so high
TYPO_LENGTH = 5  # of the shortest word of which one sign may be wrong
TYPO_SHARE = 0.1  # of the frequent spelling that a wrong one has at most


@dataclass(frozen=True)
class Synonyms:
    """Words that may be one label.

    Attributes:
        label: the most frequent spelling.
        words: the others.
        counts: how many pictures have each, the label first.
        why: how they differ.
    """

    label: str
    words: tuple[str, ...]
    counts: tuple[int, ...]
    why: str


@dataclass(frozen=True)
class Implied:
    """A label that may imply another.

    Attributes:
        label, implies: the two.
        both: how many pictures have both.
        pictures: how many have the label and are known to have the other or not.
        at_least: the lower end of the one-sided 95 % interval of the share ``both / pictures``.
        share: of all pictures that have the implied label, in [0, 1].
    """

    label: str
    implies: str
    both: int
    pictures: int
    at_least: float
    share: float


@dataclass(frozen=True)
class Suggested:
    """What a vocabulary of a source could say.

    Attributes:
        pictures: how many were looked at.
        synonyms, implies: in the order of the labels' counts.
    """

    pictures: int
    synonyms: tuple[Synonyms, ...]
    implies: tuple[Implied, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    def toml(self, source: str) -> str:
        """A vocabulary file in which every suggestion is a comment: removing its # accepts it."""
        return "\n".join([*self._lines(source), ""])

    def _lines(self, source: str) -> Iterator[str]:
        yield f"# {FILE} for {_comment(source)}, suggested from the tags of {self.pictures} pictures."
        yield "# Nothing below has an effect until the # before it is removed."
        yield "\n[synonyms]"
        for one in self.synonyms:
            counts = (f"{word} ({count})" for word, count in zip((one.label, *one.words), one.counts, strict=True))
            yield f"\n# {_comment(', '.join(counts))}: differ by {one.why}"
            yield f"# {_word(one.label)} = [{', '.join(map(_word, one.words))}]"
        yield "\n[implies]"
        written: dict[str, list[Implied]] = {}
        for pair in self.implies:
            written.setdefault(pair.label, []).append(pair)
        for label, pairs in written.items():
            yield ""
            for pair in pairs:
                on = f"{_comment(pair.implies)} is on {pair.both} of {pair.pictures} pictures with {_comment(label)}"
                yield f"# {on} (at least {pair.at_least:.0%}, 95 % interval), and on {pair.share:.0%} of all"
            yield f"# {_word(label)} = [{', '.join(_word(pair.implies) for pair in pairs)}]"


def suggested(
    labels: Sequence[str], truth: NDArray[np.uint8], known: NDArray[np.bool_], vocabulary: Vocabulary | None = None
) -> Suggested:
    """What the tags of a source suggest.

    A label is suggested to imply another where the share of its pictures that have the other is at least AT_LEAST by
    the lower end of a 95 % interval, and chance alone would not have done it: under independence, such a number of
    pictures has a probability below ERROR divided by the number of pairs of
    labels that are frequent enough.

    Args:
        labels: L names.
        truth: (N, L), 1 where present.
        known: (N, L).
        vocabulary: what it says already is not suggested.
    """
    counts = dict(zip(labels, truth.sum(axis=0, dtype=np.int64).tolist(), strict=True))
    return Suggested(len(truth), tuple(_synonyms(counts)), tuple(_implied(labels, truth, known, vocabulary)))


def _synonyms(counts: dict[str, int]) -> Iterator[Synonyms]:
    """Groups of words that differ by case, plural, or hyphens and spaces; and likely typing errors."""
    order = sorted((label for label in counts if counts[label]), key=lambda one: (-counts[one], len(one), one))
    kinds: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("case", fold),
        ("hyphens or spaces", _joined),
        ("plural", lambda label: stem(_joined(label))),
    )
    groups: dict[str, list[str]] = {}
    for label in order:
        groups.setdefault(kinds[-1][1](label), []).append(label)
    lone = []
    for group in groups.values():
        lone.append(group[0])
        if len(group) > 1:
            why = next(name for name, key in kinds if len({key(label) for label in group}) == 1)
            yield Synonyms(group[0], tuple(group[1:]), tuple(counts[label] for label in group), why)
    by_form: dict[str, list[str]] = {}
    for rare in lone:
        near = {label: None for form in _shortened(fold(rare)) for label in by_form.get(form, ())}
        for label in sorted(near, key=lambda one: -counts[one]):
            if counts[rare] <= TYPO_SHARE * counts[label] and _is_typo(fold(rare), fold(label)):
                yield Synonyms(label, (rare,), (counts[label], counts[rare]), "one letter")
                break
        for form in _shortened(fold(rare)):
            by_form.setdefault(form, []).append(rare)


def _joined(label: str) -> str:
    return "".join(sign for sign in fold(label) if sign not in " -_'")


def _shortened(word: str) -> set[str]:
    """A word, and the rests of it without one letter: words that differ by one letter have one of these in common."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _is_typo(one: str, other: str) -> bool:
    """Whether a letter is missing, wrong, too many, or two neighbours are exchanged; a digit is never a mistake."""
    short, long = sorted((one, other), key=len)
    if len(short) < TYPO_LENGTH or len(long) - len(short) > 1 or not (one + other).replace(" ", "").isalpha():
        return False
    start = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = short[:start] + short[start : start + 2][::-1] + short[start + 2 :]
    return short[start + 1 :] == long[start + 1 :] or swapped == long


def _implied(
    labels: Sequence[str], truth: NDArray[np.uint8], known: NDArray[np.bool_], vocabulary: Vocabulary | None
) -> Iterator[Implied]:
    frequent = np.flatnonzero(truth.sum(axis=0) >= LEAST)
    names = [labels[column] for column in frequent.tolist()]
    present, there = truth[:, frequent].astype(np.float32), known[:, frequent].astype(np.float32)
    both = np.rint(present.T @ present).astype(np.int64)
    of = np.rint(present.T @ there).astype(np.int64)  # pictures with the row's label of which the column's is known
    share = present.sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    lower = np.where(both > 0, betaincinv(np.maximum(both, 1), of - both + 1, ERROR), 0.0)
    likely = (lower >= AT_LEAST) & (lower > share[None, :]) & ~np.eye(len(names), dtype=bool)
    # Of so many, if the two were independent: at least k of n by the incomplete beta function.
    chance = np.where(both > 0, betainc(np.maximum(both, 1), of - both + 1, share[None, :]), 1.0)
    likely &= chance * max(1, len(names) * (len(names) - 1)) < ERROR
    for row, column in sorted(np.argwhere(likely).tolist(), key=lambda one: (-int(of[one[0], one[0]]), *one)):
        label, implies = names[row], names[column]
        if likely[column, row] and (of[row, row], label) > (of[column, column], implies):
            continue  # each implies the other: said once, from the rarer one
        if vocabulary is None or implies not in vocabulary.implied.get(label, ()):
            counts = int(both[row, column]), int(of[row, column])
            yield Implied(label, implies, *counts, float(lower[row, column]), float(share[column]))


def _word(text: str) -> str:
    """A word as a TOML key or value in quotation marks."""
    return json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    """A word within a comment, which a line break would end."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
