"""The one door for data: whatever the source is, it becomes a TaggedSet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagfit.arguments import as_path, checked
from tagfit.data.labels import Selection, require_learnable, select, similar_names
from tagfit.data.pictures.sources import absolute, as_given
from tagfit.data.readers.delimited import columns_named
from tagfit.data.readers.formats import recognised
from tagfit.data.readers.frame import is_frame, table_of
from tagfit.data.readers.garbage import collector_paused
from tagfit.data.readers.opening import images_of, place_of
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.table import from_table
from tagfit.data.tagged import TaggedSet
from tagfit.data.vocabulary_columns import applied
from tagfit.data.vocabulary_file import VocabularyLike, given, to_plain, vocabulary_of
from tagfit.errors import InputError
from tagfit.photos.mapping import KeywordOptions
from tagfit.vocabulary import Vocabulary


@checked(sep="separator=", delimiter="separator=", classes="labels=")
def read(
    source: Any,
    *,
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
    learnable: bool = True,
) -> TaggedSet:
    """Read pictures (or feature rows) with their tags.

    Args:
        source: a file or folder of any format in docs/formats.md, or a DataFrame of pictures.
        format: the name of its format; recognised by content where None.
        separator: what separates the tags of a cell (``space``, ``tab``, and ``none`` for cells of one tag); found from
            what the parts of cells have in common if None.
        unlisted: what a label that a tags cell does not name is, ``absent`` or ``unknown``; None is ``absent``, and
            ``unknown`` in a table of one row per label with confidences.
        labels: only these labels, in this order: a file of names, ``"a,b"``, or a list.
        exclude_labels: shell patterns of labels to leave out.
        min_positives: leave out labels that are on fewer rows.
        vocabulary: a ``vocabulary.toml``, or a Vocabulary; None for the one that lies with the source, ``none`` for no
            vocabulary. It comes before ``labels``, ``exclude_labels`` and ``min_positives``.
        strict: rows that cannot be used and suspicious label names are errors; otherwise the rows are quarantined.
        allow_outside: paths in a table may leave its folder.
        images: the folder of the pictures, relative to the working directory or else to the table; None for the
            table's own folder and ``images/`` in it.
        image_column: the column that names the picture; found by its name or cells if None.
        tags_column: the column of tags, or several.
        label_columns: columns of 0 and 1, one per label: names, patterns (``*``, ``?``), or ranges ``FIRST:LAST``.
        group_column: the column of what a split must not tear apart, such as a patient.
        ignore_columns: columns to leave alone: names, patterns or ranges.
        columns: the names of the columns of a table without a header.
        none_label: the tag that says that there is none, such as ``No Finding``.
        minus_one, blank: what -1 and a cell without a value mean in 0/1 columns (and an empty cell of tags), ``absent``
            or ``unknown``; needed only where the source leaves it open.
        confidence_at_least: in a source with confidences, a label is present from this one on (above 0, at most 1);
            below it, a label is what ``unlisted`` says, and 0 stays absent. None: only 1 is present, and what is
            between 0 and 1 is unknown.
        rows: ``label`` for a table with one row per label, ``picture`` for one row per picture; found if None.
        encoding: of a text file, such as ``cp1252``; None for UTF-8, or UTF-16 where its bytes say so.
        keywords: a keyword of a photograph as a label: ``leaf`` (the default), ``path``, ``ancestors`` or ``depth:N``.
        untagged: what a photograph without keywords is: ``unknown`` (the default: left out), ``absent``, or ``keep``: a
            row with every label unknown.
        include_keywords, exclude_keywords: shell patterns over ``Places|Italy|Rome``; case does not matter.
        rename_keywords: ``OLD=NEW``, for labels.
        reviewed: the keyword, or ``xmp:Label=Green``, that says that a photograph has no other label.
        prefer_keywords: which keywords count: ``sidecar`` (the default), ``embedded`` or ``union``.
        share_sidecars: one ``IMG.xmp`` belongs to the raw file and to the JPEG of that name.
        split_keywords: what separates a path in fields that have no hierarchy.
        learnable: refuse labels with nothing but known positives; False for a source that is only judged or looked at.

    Returns:
        The set; ``notes`` say what was found out and left out, ``columns`` what each column of a table was taken for,
        ``quarantined`` which rows cannot be used.

    Raises:
        InputError: all faults of the source, each with file and row.
    """
    selection = Selection.of(labels, exclude_labels, min_positives)
    path = None if is_frame(source) else as_path(source, "read: source")
    table_options = TableOptions(
        separator=separator,
        unlisted=unlisted,
        selection=selection,
        allow_outside=allow_outside,
        images=None if images is None else images_of(images, path),
        image_column=image_column,
        tags_column=None if tags_column is None else columns_named(tags_column),
        label_columns=columns_named(label_columns) if label_columns else (),
        group_column=group_column,
        ignore_columns=columns_named(ignore_columns) if ignore_columns else (),
        columns=None if columns is None else columns_named(columns),
        none_label=none_label,
        minus_one=minus_one,
        blank=blank,
        confidence_at_least=confidence_at_least,
        rows=rows,
        encoding=encoding,
        photos=KeywordOptions.of(
            keywords=keywords,
            untagged=untagged,
            include_keywords=include_keywords,
            exclude_keywords=exclude_keywords,
            rename_keywords=rename_keywords,
            reviewed=reviewed,
            prefer_keywords=prefer_keywords,
            share_sidecars=share_sidecars,
            split_keywords=split_keywords,
        ),
    )
    if path is None:
        words, name, unused = given(vocabulary), "the DataFrame", []
        with collector_paused():
            data = from_table(table_of(source), _under(words, table_options))
    else:
        place, found = recognised(place_of(source), format)
        words, name, unused = vocabulary_of(place, vocabulary), as_given(source), found.unused(table_options)
        with collector_paused():
            data = found.read(place, _under(words, table_options))
    data = select(data if words is None else applied(data, words), selection)
    alike = similar_names(data.labels)
    if strict and (data.quarantined or alike):
        raise InputError([*data.quarantined, *alike], what=f"{name} has faults (strict)")
    if learnable:
        require_learnable(data)
    asked = {"format": format, **selection.to_dict(), "strict": strict, **table_options.to_dict()}
    if vocabulary is not None:
        asked["vocabulary"] = to_plain(vocabulary)
    again = None if path is None else {"data": absolute(source), "read": asked}
    return replace(data, warnings=(*unused, *data.warnings, *alike), source=again)


def _under(vocabulary: Vocabulary | None, options: TableOptions) -> TableOptions:
    """Under a vocabulary the labels that are asked for need not be words of the source, so all of it is read."""
    return options if vocabulary is None else replace(options, selection=Selection())
