"""Vocabulary: synonyms, spellings, implied and exclusive labels, as a ``vocabulary.toml`` says."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

from tagfit.errors import InputError
from tagfit.photos.words import clean, fold, stem
from tagfit.vocabulary.form import checked_form
from tagfit.vocabulary.relations import closures, faults_of_relations

FILE = "vocabulary.toml"
DIGEST_BYTES = 16
Words = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Vocabulary:
    """What is known of labels before any picture is seen.

    Attributes:
        ignore_case: words that differ by upper and lower case only are one label.
        ignore_plurals: likewise words that differ by an English plural ending only.
        synonyms: a label to the words that stand for it.
        implies: a label to those that every picture with it has too.
        exclusive: a name of a group to labels of which a picture has at most one.
    """

    ignore_case: bool = False
    ignore_plurals: bool = False
    synonyms: Words = field(default_factory=dict)
    implies: Words = field(default_factory=dict)
    exclusive: Words = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, where: str) -> Vocabulary:
        """The vocabulary in the text of a file.

        Args:
            text: TOML.
            where: the name of the file, for messages.

        Raises:
            InputError: all faults of form, or else all contradictions.
        """
        try:
            values = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # its own error, and what Python says of lists nested too deep
            raise InputError(f"{where} is not valid TOML: {error}", instead="docs/vocabulary.md shows one") from None
        return cls.from_dict(values, where)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = FILE) -> Vocabulary:
        """What :meth:`to_dict` gave, or a file says.

        Raises:
            InputError: as :meth:`parse`.
        """
        found = cls(**checked_form(values, where))
        faults = faults_of_relations(found, where)
        if faults:
            raise InputError(faults, what=f"{where} contradicts itself")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        values = asdict(self)
        return {
            name: {word: list(words) for word, words in value.items()} if isinstance(value, Mapping) else value
            for name, value in values.items()
        }

    @property
    def digest(self) -> str:
        """The hash of what it says, whatever the order and the comments of its file."""
        said = {
            name: {word: sorted(words) for word, words in value.items()} if isinstance(value, dict) else value
            for name, value in self.to_dict().items()
        }
        return blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=DIGEST_BYTES).hexdigest()

    def key(self, word: str) -> str:
        """What the spellings of one label have in common."""
        text = fold(word) if self.ignore_case else clean(word)
        return stem(text) if self.ignore_plurals else text

    def named(self) -> Iterator[str]:
        """Every word of it that stands for itself; synonyms are not among them."""
        yield from self.synonyms
        for groups in (self.implies, self.exclusive):
            for label, words in groups.items():
                yield from (label, *words) if groups is self.implies else words

    @cached_property
    def _spelled(self) -> dict[str, str]:
        """By key, the label that a word becomes."""
        of_synonyms = {self.key(word): label for label, words in self.synonyms.items() for word in words}
        found = {self.key(label): label for label in self.synonyms}
        found |= of_synonyms
        for word in self.named():
            found.setdefault(self.key(word), word)
        return found

    def label(self, word: str) -> str:
        """The label that a word stands for; the word itself where nothing is said of it."""
        return self._spelled.get(self.key(word), word)

    def renamed(self, counts: Mapping[str, int]) -> dict[str, str]:
        """The label of each word of a source.

        Args:
            counts: how often each word occurs: of the spellings of a label that the vocabulary does not name, the most
                frequent is taken.
        """
        best: dict[str, str] = {}
        for word in sorted(counts, key=lambda one: (-counts[one], len(one), one)):
            best.setdefault(self.key(word), word)
        return {word: self._spelled.get(self.key(word), best[self.key(word)]) for word in counts}

    def respelled(self, words: Iterable[str], labels: Iterable[str]) -> list[str]:
        """Words in the spelling of those ``labels`` that they are the same as."""
        known = {self.key(label): label for label in labels}
        return [known.get(self.key(word), word) for word in words]

    @cached_property
    def implied(self) -> dict[str, tuple[str, ...]]:
        """By label, all that it implies, directly or through others, in the order of the file."""
        return closures(self)

    @cached_property
    def groups(self) -> list[tuple[str, ...]]:
        """The groups of exclusive labels."""
        return [tuple(self.label(word) for word in words) for words in self.exclusive.values()]

    def with_implied(self, labels: Iterable[str]) -> list[str]:
        """Labels, each once, with all that they imply after them."""
        given = [self.label(label) for label in labels]
        return list(dict.fromkeys([*given, *(more for label in given for more in self.implied.get(label, ()))]))

    def rivals(self, label: str) -> set[str]:
        """The labels that one excludes, also through what it implies."""
        own = {label, *self.implied.get(label, ())}
        return {other for group in self.groups if own & {*group} for other in group} - own

    def settled(self, scores: Mapping[str, float], present: Iterable[str] = ()) -> tuple[dict[str, float], list[str]]:
        """Predicted labels as the vocabulary allows them: with those they imply, without those that are excluded.

        Of two that exclude each other, the one with the higher score stays.

        Args:
            scores: predicted labels with their scores.
            present: words that the picture has already.

        Returns:
            Labels with their scores, those given first; and the labels that something better excludes.
        """
        there = set(self.with_implied(present))
        taken: dict[str, float] = {}
        excluded = []
        for label in sorted(scores, key=lambda one: -scores[one]):
            every = {label, *self.implied.get(label, ())}
            if any(self.rivals(one) & (there | taken.keys()) for one in every):
                excluded.append(label)
                continue
            for one in every:
                taken[one] = max(taken.get(one, 0.0), scores.get(one, 0.0), scores[label])
        order = [label for label in scores if label in taken]
        return {label: taken[label] for label in dict.fromkeys([*order, *sorted(taken)])}, excluded
