"""RowRecord: the split and a hash of each row, so that a Problem is opened again without being split again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.fingerprint import DIGEST_BYTES, combined, preprocessing_fingerprint, row_digests, row_hashes
from tagfit.data.inputs import Inputs, Progress, read_inputs
from tagfit.data.plan import Plan
from tagfit.data.problem import Preprocessing, Problem
from tagfit.data.tagged import TaggedSet
from tagfit.files import written_whole
from tagfit.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class RowRecord:
    """What a run keeps of the rows of its Problem.

    Attributes:
        ids: N row ids.
        split: N names of splits.
        hashes: N hashes of ``fingerprint.row_hashes``, 16 bytes each.
    """

    ids: NDArray[np.str_]
    split: NDArray[np.str_]
    hashes: NDArray[np.void]

    @classmethod
    def of(cls, problem: Problem) -> RowRecord:
        """The record of a Problem."""
        digests = row_digests(problem.inputs) if problem.digests is None else problem.digests
        hashes = np.array(row_hashes(problem.data, problem.split, digests), dtype=f"V{DIGEST_BYTES}")
        return cls(problem.data.ids, problem.split, hashes)

    def save(self, path: Path) -> None:
        """Write an ``.npz``."""
        with written_whole(path) as file:
            np.savez_compressed(file, ids=self.ids, split=self.split, hashes=self.hashes)

    @classmethod
    def load(cls, path: Path) -> RowRecord | None:
        """What :meth:`save` wrote; None if there is no such file, or another one."""
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                return cls(file["ids"], file["split"], file["hashes"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def problem(self, plan: Plan, was: Mapping[str, Any], progress: Progress | None = None) -> Problem | None:
        """The Problem of a plan, with the splits of this record; None unless every row is as it was.

        Args:
            plan: how the sources are read.
            was: what ``Problem.to_dict`` gave.
            progress: called with (pictures done, pictures in all).
        """
        fingerprint = was["fingerprint"]
        if combined(was["labels"], self.hashes.tolist(), _vocabulary_of(was)) != fingerprint["data"]:
            return None
        rows = plan.rows()
        found = _read(rows, plan, was, progress)
        data = replace(rows.take(found.rows), quarantined=(*rows.quarantined, *found.faults))
        split = self._split_of(data, found.digests) if _same_vocabulary(data, was) else None
        if split is None or len(data) != len(self.ids) or not _prepared_alike(found, was):
            return None
        return Problem(
            data,
            split,
            _preprocessing(was),
            found.values,
            dict(fingerprint),
            dict(was["source"]),
            tuple(was["notes"]),
            found.digests,
        )

    def part(
        self, split: str, plan: Plan, was: Mapping[str, Any], progress: Progress | None = None
    ) -> tuple[TaggedSet, NDArray[Any], NDArray[np.str_]] | None:
        """The rows of one split, their inputs and digests; only these are decoded. None unless each is as it was.

        Args:
            split: the name of one.
            plan, was, progress: as in :meth:`problem`.
        """
        rows = plan.rows()
        data = rows.take(np.isin(rows.ids, self.ids[self.split == split]))
        found = _read(data, plan, was, progress)
        there = len(found.rows) == int((self.split == split).sum())
        there = there and _same_vocabulary(data, was)
        if not there or self._split_of(data, found.digests) is None or not _prepared_alike(found, was):
            return None
        return data, found.values, found.digests

    def _split_of(self, data: TaggedSet, digests: NDArray[np.str_]) -> NDArray[np.str_] | None:
        """The split of each row; None if one is not recorded, or not as it is now."""
        columns = zip(self.ids.tolist(), self.split.tolist(), self.hashes.tolist(), strict=True)
        recorded = {name: (split, one) for name, split, one in columns}
        known = [recorded.get(str(name)) for name in data.ids]
        if any(one is None for one in known):
            return None
        split = np.array([one[0] for one in known if one is not None], dtype=self.split.dtype)
        same = row_hashes(data, split, digests) == [one[1] for one in known if one is not None]
        return split if same else None


def _read(data: TaggedSet, plan: Plan, was: Mapping[str, Any], progress: Progress | None) -> Inputs:
    cache_dir = None if plan.cache_dir is None else Path(plan.cache_dir)
    said = _preprocessing(was)
    return read_inputs(data, said.size, fit=said.fit, cache_dir=cache_dir, progress=progress)


def _vocabulary_of(was: Mapping[str, Any]) -> str:
    said = was.get("vocabulary")
    return "" if said is None else Vocabulary.from_dict(said).digest


def _same_vocabulary(data: TaggedSet, was: Mapping[str, Any]) -> bool:
    return ("" if data.vocabulary is None else data.vocabulary.digest) == _vocabulary_of(was)


def _preprocessing(was: Mapping[str, Any]) -> Preprocessing:
    return Preprocessing.from_dict(was["preprocessing"])


def _prepared_alike(inputs: Inputs, was: Mapping[str, Any]) -> bool:
    """Whether the preprocessing, with the decoder of this tagfit, is the one that was fingerprinted."""
    return preprocessing_fingerprint(_preprocessing(was), inputs.decoder) == str(was["fingerprint"]["preprocessing"])
