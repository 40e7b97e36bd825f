"""What a source holds and what is wrong or suspicious in it, as one report."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit import literals
from tagfit.arguments import checked
from tagfit.data.inputs import Inputs, read_inputs
from tagfit.data.known_duplicates import known_duplicate_groups
from tagfit.data.labels import listed
from tagfit.data.pictures.accepted import size_of
from tagfit.data.pictures.duplicates import duplicate_rows
from tagfit.data.pictures.read_ahead import pool_for
from tagfit.data.pictures.sources import Place
from tagfit.data.pictures.square import DEFAULT_FIT
from tagfit.data.read import read
from tagfit.data.tagged import ColumnRole, TaggedSet
from tagfit.data.vocabulary_file import VocabularyLike
from tagfit.errors import Fault

Copies = tuple[tuple[str, tuple[str, ...]], ...]
SHOWN_SETS = 10
MULTI_CLASS = (
    "every picture has exactly one label: this looks multi-class. tagfit would still give each label its own "
    "probability, so none or several may be predicted; a multi-class model (softmax) would always choose exactly one"
)


@dataclass(frozen=True)
class LabelCount:
    """How often one label is present, absent and unknown."""

    label: str
    present: int
    absent: int
    unknown: int


@dataclass(frozen=True)
class CheckReport:
    """What a source holds.

    Attributes:
        rows: usable rows (those of ``quarantined`` are not among them).
        holds: ``picture files``, ``pictures`` (arrays) or ``features``.
        cardinality: mean number of tags a row.
        density: cardinality over the number of labels, in [0, 1].
        label_sets: how many different sets of tags there are; ``most_common_sets`` shows the first of them.
        untagged: rows without a tag.
        unknown: share of the entries of truth that are unknown, in [0, 1].
        labels: one count a label, in the order of the columns.
        sizes: ``width x height`` of pictures, or the number of features, with their counts, the commonest first.
        splits, folds, groups: rows a split and a fold where the source has them, and how many groups of several rows.
        columns: the columns of a table, each with its role and the reason.
        multi_class: what it means where every row has exactly one label; empty otherwise.
        copies: groups of pictures or feature rows that are equal or nearly so: (what they share, their ids).
        quarantined: rows that cannot be used, with the reason.
        warnings: what is suspicious and was read anyway.
        notes: how the source was read.
    """

    rows: int
    holds: str
    cardinality: float
    density: float
    label_sets: int
    most_common_sets: tuple[tuple[tuple[str, ...], int], ...]
    untagged: int
    unknown: float
    labels: tuple[LabelCount, ...]
    sizes: tuple[tuple[str, int], ...]
    splits: dict[str, int]
    folds: dict[str, int]
    groups: int
    columns: tuple[ColumnRole, ...]
    multi_class: str
    copies: Copies
    quarantined: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    notes: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was quarantined and nothing is suspicious."""
        return not self.quarantined and not self.warnings

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


@checked()
def check(
    source: TaggedSet | str | Path,
    *,
    decode: bool = True,
    cache_dir: Path | None = None,
    on_decoded: Callable[[int, int], None] | None = None,
    format: str | None = None,  # noqa: A002 - the word that users know
    separator: str | None = None,
    unlisted: str | None = None,
    labels: str | Path | Sequence[str] | None = None,
    exclude_labels: str | Sequence[str] = (),
    min_positives: int = 0,
    vocabulary: VocabularyLike | None = None,
    strict: bool = False,
    allow_outside: bool = False,
    images: str | Path | None = None,
    image_column: str | None = None,
    tags_column: str | Sequence[str] | None = None,
    label_columns: str | Sequence[str] | None = None,
    group_column: str | None = None,
    ignore_columns: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | None = None,
    none_label: str | None = None,
    minus_one: str | None = None,
    blank: str | None = None,
    confidence_at_least: float | None = None,
    rows: str | None = None,
    encoding: str | None = None,
    keywords: str | None = None,
    untagged: str | None = None,
    include_keywords: str | Sequence[str] = (),
    exclude_keywords: str | Sequence[str] = (),
    rename_keywords: str | Sequence[str] = (),
    reviewed: str | None = None,
    prefer_keywords: str | None = None,
    share_sidecars: bool = False,
    split_keywords: str | None = None,
    learnable: bool = False,
) -> CheckReport:
    """Look at everything in a source.

    Args:
        source: a set, or whatever :func:`tagfit.data.read.read` takes.
        decode: decode every picture file in full, which finds truncated ones and copies; False looks at headers only.
        cache_dir: where decoded pictures are kept; a training on the same source finds them there.
        on_decoded: called with (pictures done, pictures in all).
        format, separator, unlisted, labels, exclude_labels, min_positives, vocabulary, strict, allow_outside, images,
            image_column, tags_column, label_columns, group_column, ignore_columns, columns, none_label, minus_one,
            blank, confidence_at_least, rows, encoding, keywords, untagged, include_keywords, exclude_keywords,
            rename_keywords, reviewed, prefer_keywords, share_sidecars, split_keywords, learnable: as in ``read``.

    Raises:
        InputError: the source cannot be read at all; all faults of its form are in it.
    """
    data = (
        source
        if isinstance(source, TaggedSet)
        else read(
            source,
            format=format,
            separator=separator,
            unlisted=unlisted,
            labels=labels,
            exclude_labels=exclude_labels,
            min_positives=min_positives,
            vocabulary=vocabulary,
            strict=strict,
            allow_outside=allow_outside,
            images=images,
            image_column=image_column,
            tags_column=tags_column,
            label_columns=label_columns,
            group_column=group_column,
            ignore_columns=ignore_columns,
            columns=columns,
            none_label=none_label,
            minus_one=minus_one,
            blank=blank,
            confidence_at_least=confidence_at_least,
            rows=rows,
            encoding=encoding,
            keywords=keywords,
            untagged=untagged,
            include_keywords=include_keywords,
            exclude_keywords=exclude_keywords,
            rename_keywords=rename_keywords,
            reviewed=reviewed,
            prefer_keywords=prefer_keywords,
            share_sidecars=share_sidecars,
            split_keywords=split_keywords,
            learnable=learnable,
        )
    )
    if not decode:
        return _report(data, ())
    # What cannot be decoded here is exactly what a training leaves out: both decode in the same place.
    inputs = read_inputs(data, None, fit=DEFAULT_FIT, cache_dir=cache_dir, progress=on_decoded)
    refused = sorted(set(range(len(data))) - set(inputs.rows.tolist()))
    quarantined = [
        Fault(f"{str(data.ids[row])!r} {fault.what}", instead=fault.instead)
        for row, fault in zip(refused, inputs.faults, strict=True)
    ]
    readable = replace(data.take(inputs.rows), quarantined=(*data.quarantined, *quarantined))
    return _report(readable, _copies(inputs, readable.ids, cache_dir))


def _report(data: TaggedSet, copies: Copies) -> CheckReport:
    warned = list(data.warnings)
    if data.files is None:
        sizes = Counter([_shape(data)] * len(data))
    else:
        sizes = _sizes(data.files)
        warned += _same_bytes(data)
    warned += _never_or_always(data)
    warned += _owners(data)
    present = data.truth.sum(axis=1, dtype=np.int64)
    unique, inverse, counts = np.unique(np.packbits(data.truth, axis=1), axis=0, return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:SHOWN_SETS]
    cardinality = float(present.mean()) if len(data) else 0.0
    one_each = len(data) > 0 and len(data.labels) > 1 and bool((present == 1).all() and data.known.all())
    return CheckReport(
        rows=len(data),
        holds="picture files" if data.files is not None else "pictures" if data.holds_pictures else "features",
        cardinality=cardinality,
        density=cardinality / len(data.labels),
        label_sets=len(unique),
        most_common_sets=tuple((data.tags(int(inverse[i])), int(counts[i])) for i in order),
        untagged=int((present == 0).sum()),
        unknown=float(1 - data.known.mean()) if data.known.size else 0.0,
        labels=_label_counts(data),
        sizes=tuple(sizes.most_common()),
        splits=_counts(data.split),
        folds=_counts(data.fold),
        columns=data.columns,
        groups=sum(count > 1 for name, count in _counts(data.groups).items() if name),
        multi_class=MULTI_CLASS if one_each else "",
        copies=copies,
        quarantined=data.quarantined,
        warnings=tuple(warned),
        notes=data.notes,
    )


def _copies(inputs: Inputs, ids: NDArray[np.str_], cache_dir: Path | None) -> Copies:
    found = known_duplicate_groups(inputs, cache_dir) if inputs.values.ndim == 4 else duplicate_rows(inputs.values)
    return tuple((group.reason, tuple(ids[list(group.rows)].tolist())) for group in found)


def _label_counts(data: TaggedSet) -> tuple[LabelCount, ...]:
    present = data.truth.sum(axis=0, dtype=np.int64)
    known = data.known.sum(axis=0, dtype=np.int64)
    return tuple(
        LabelCount(name, int(present[i]), int(known[i] - present[i]), int(len(data) - known[i]))
        for i, name in enumerate(data.labels)
    )


def _never_or_always(data: TaggedSet) -> list[Fault]:
    counts = _label_counts(data)
    never = [count.label for count in counts if not count.present]
    always = [count.label for count in counts if count.present and not count.absent]
    faults = []
    if never:
        faults.append(Fault(f"labels that are on no row: {listed(never)}", instead="--min-positives 1 leaves them out"))
    if always:
        what = f"labels with only known positives, which cannot be learned: {listed(always)}"
        faults.append(Fault(what, instead="--exclude-labels leaves them out, !NAME marks where they are absent"))
    return faults


def _owners(data: TaggedSet) -> list[Fault]:
    """Warnings for columns, such as ``Patient ID``, whose values repeat although nothing keeps them in one split."""
    faults = []
    for column, values in data.owners.items() if data.groups is None else ():
        owners = literals.names(values)
        several = len(np.unique(owners[owners != ""]))
        if several < int((owners != "").sum()):
            what = f"{column!r} repeats ({several} values in {len(data)} rows): a split may put rows of one value apart"
            faults.append(Fault(what, instead=f"--group-column {column!r} keeps them together"))
    return faults


def _sizes(files: Sequence[Place]) -> Counter[str]:
    with pool_for(files) as pool:
        return Counter(f"{width} x {height}" for width, height in pool.map(size_of, files))


def _same_bytes(data: TaggedSet) -> list[Fault]:
    """Warnings for files that hold the same bytes; only files of one length are read."""
    files = data.files or ()
    # What is in an archive has no length without being read; the copies that decoding finds include it.
    lengths = [path.stat().st_size if isinstance(path, Path) else -row - 1 for row, path in enumerate(files)]
    of_length = _grouped(lengths, range(len(files)))
    faults = []
    for candidates in of_length:
        digests = (hashlib.sha256(files[row].read_bytes()).digest() for row in candidates)
        for rows in _grouped(digests, candidates):
            differ = any(
                not np.array_equal(values[rows[0]], values[row]) for row in rows for values in (data.truth, data.known)
            )
            names = listed([str(data.ids[row]) for row in rows])
            faults.append(Fault(f"the same picture, byte for byte{', with conflicting tags' * differ}: {names}"))
    return faults


def _grouped(keys: Iterable[Any], rows: Iterable[int]) -> list[list[int]]:
    """Rows of equal keys, where there are several."""
    groups: dict[Any, list[int]] = {}
    for key, row in zip(keys, rows, strict=True):
        groups.setdefault(key, []).append(row)
    return [group for group in groups.values() if len(group) > 1]


def _shape(data: TaggedSet) -> str:
    shape = data.arrays.shape if data.arrays is not None else ()
    return f"{shape[2]} x {shape[1]}" if len(shape) == 4 else f"{shape[1]} features"


def _counts(names: Any) -> dict[str, int]:
    return {} if names is None else dict(sorted(Counter(str(name) for name in names.tolist()).items()))
