"""Plan: which sources are read, how, and how they are split, as plain values, so that it can be done again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.data.inputs import DEFAULT_SIZE
from tagfit.data.joining import joined
from tagfit.data.labels import align
from tagfit.data.pictures.cache import default_dir
from tagfit.data.pictures.shelf import size_of
from tagfit.data.pictures.sources import absolute
from tagfit.data.pictures.square import DEFAULT_FIT, SQUASH, Fit
from tagfit.data.problem import Problem
from tagfit.data.read import read
from tagfit.data.readers.options import folder_of_images
from tagfit.data.splits.split import split
from tagfit.data.tagged import TaggedSet
from tagfit.data.vocabulary_file import to_plain
from tagfit.errors import InputError

OnDecoded = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """How a Problem comes from files. It goes into ``problem.json``, and a resumed run follows it again.

    Attributes:
        data: the source of all splits, or of train where the others have sources of their own.
        validation, test: sources of their own, or None.
        read: options of ``tagfit.read``.
        split: options of ``tagfit.split``.
        size: pictures are decoded to size x size pixels; None for the default.
        fit: how pictures become squares, see ``tagfit.split``.
        limit: only this many rows, drawn by the seed of the split; None for all.
        cache_dir: where decoded pictures are kept; None for the default.
    """

    data: str
    validation: str | None = None
    test: str | None = None
    read: dict[str, Any] = field(default_factory=dict)
    split: dict[str, Any] = field(default_factory=dict)
    size: int | None = None
    fit: Fit = DEFAULT_FIT
    limit: int | None = None
    cache_dir: str | None = None

    def resolved(self) -> Plan:
        """The same plan with absolute paths, so that it holds from any folder."""

        def optional(path: str | None) -> str | None:
            return None if path is None else absolute(path)

        reading = dict(self.read)
        if reading.get("images") is not None:
            reading["images"] = absolute(folder_of_images(Path(reading["images"]), Path(self.data)))
        if reading.get("vocabulary") is not None:
            reading["vocabulary"] = to_plain(reading["vocabulary"])
        return replace(
            self,
            data=absolute(self.data),
            read=reading,
            validation=optional(self.validation),
            test=optional(self.test),
            cache_dir=optional(self.cache_dir),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; SQUASH is left out, as in the plans of releases that knew no other fit."""
        values = asdict(self)
        return {name: value for name, value in values.items() if (name, value) != ("fit", SQUASH)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        """What :meth:`to_dict` gave, or an earlier release, which squashed every picture."""
        given = {item.name: values[item.name] for item in fields(cls) if item.name in values}
        # What comes from a run's file is a mapping that knows its file, which `asdict` could not copy.
        given = {name: dict(value) if isinstance(value, dict) else value for name, value in given.items()}
        return cls(**{"data": values["data"], "fit": SQUASH, **given})

    def announced(self, pictures: int) -> str:
        """What decoding so many pictures will keep, and where."""
        size = DEFAULT_SIZE if self.size is None else self.size
        folder = default_dir() if self.cache_dir is None else Path(self.cache_dir)
        return f"{pictures} pictures at {size} x {size}: up to {size_of(pictures, size) / 1e6:.1f} MB in {folder}"

    def problem(self, on_decoded: OnDecoded | None = None) -> Problem:
        """Read, split, decode.

        Args:
            on_decoded: called with (pictures done, pictures in all).

        Raises:
            InputError: everything that is wrong with the sources.
        """
        data, own = self._sources()
        return split(
            data,
            validation=own.get("validation"),
            test=own.get("test"),
            **self.split,
            strict=self.read.get("strict", False),
            size=self.size,
            fit=self.fit,
            cache_dir=None if self.cache_dir is None else Path(self.cache_dir),
            progress=on_decoded,
            source=self.resolved().to_dict(),
        )

    def rows(self) -> TaggedSet:
        """The rows of all sources, joined as in :meth:`problem` but neither split nor decoded."""
        data, own = self._sources()
        return joined({"train": data, **own})[0]

    def _sources(self) -> tuple[TaggedSet, dict[str, TaggedSet]]:
        data = limited(read(self.data, **self.read), self.limit, self.split.get("seed", 0))
        reading = self._as_it_is() | ({} if data.vocabulary is None else {"vocabulary": data.vocabulary})
        named = {"validation": self.validation, "test": self.test}
        own = {name: align(read(path, **reading), data.labels) for name, path in named.items() if path is not None}
        return data, own

    def _as_it_is(self) -> dict[str, Any]:
        """How a source of its own is read: whole, since its labels are those that train has in the end."""
        choosing = ("labels", "exclude_labels", "min_positives")
        return {name: value for name, value in self.read.items() if name not in choosing} | {"learnable": False}


def limited(data: TaggedSet, limit: int | None, seed: int) -> TaggedSet:
    """At most ``limit`` rows, drawn by ``seed`` and kept in order; the choice does not depend on the row order."""
    if limit is None or limit >= len(data):
        return data
    if limit < 1:
        raise InputError(f"--limit {limit}", instead="at least 1")
    by_id = np.argsort(data.ids, kind="stable")
    drawn = by_id[np.random.default_rng(seed).permutation(len(data))[:limit]]
    kept = data.take(np.sort(drawn))
    return replace(kept, notes=(*kept.notes, f"{limit} of {len(data)} rows, drawn by seed {seed} (--limit)"))
