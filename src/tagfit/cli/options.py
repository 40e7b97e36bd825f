"""The options shared by all commands that read a source, and the Plan that they describe.

A new option is one new field here: it then reaches every command that takes its group, ``tagfit.read`` and the Plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tagfit.data.readers.names import FormatName

if TYPE_CHECKING:
    from tagfit.data.plan import Plan

SOURCE_HELP = "A table of pictures, a folder, or a file of annotations; see docs/formats.md."
_reading = partial(typer.Option, rich_help_panel="Reading the source")
_splitting = partial(typer.Option, rich_help_panel="Splitting and decoding")

AllLabels = Annotated[bool, typer.Option("--all-labels", help="Show every label, not only the worst.")]
SourceArgument = Annotated[Path, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)]
CacheDir = Annotated[Path | None, _reading(metavar="DIR", help="Where decoded pictures are cached.")]


@dataclass(frozen=True)
class ReadingOptions:
    """How a source is read; the names are those of ``tagfit.read``."""

    format: Annotated[
        FormatName | None,
        _reading(metavar="NAME", help="Such as coco, voc or csv; ? lists all.", show_default="detected"),
    ] = None
    separator: Annotated[
        str | None, _reading(metavar="S", help="Between the tags of a cell.", show_default="detected: | ; ,")
    ] = None
    unlisted: Annotated[
        Literal["absent", "unknown"],
        _reading(metavar="WORD", help="What a tag that is not listed means: absent or unknown."),
    ] = "absent"
    strict: Annotated[bool, _reading("--strict", help="Treat an unreadable picture as an error.")] = False
    allow_outside: Annotated[bool, _reading("--allow-outside", help="Allow pictures outside the folder.")] = False

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``tagfit.read``, as plain values."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True)
class SourceOptions(ReadingOptions):
    """How a source is read, and which of its labels are used."""

    labels: Annotated[str | None, _reading(metavar="FILE|a,b", help="Use only these labels (file: one per line).")] = (
        None
    )
    exclude_labels: Annotated[
        list[str] | None, _reading(metavar="PATTERN", help="Leave out matching labels (* and ?).")
    ] = None
    min_positives: Annotated[
        int, _reading(metavar="N", min=0, help="Leave out labels with fewer positive pictures.")
    ] = 0

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``tagfit.read``, as plain values; a file of labels is read here."""
        from tagfit.data.labels import requested

        labels = None if self.labels is None else list(requested(self.labels))
        return {**super().arguments(), "labels": labels, "exclude_labels": list(self.exclude_labels or ())}


@dataclass(frozen=True)
class SplitOptions:
    """How a source becomes a Problem: splits, size of the decoded pictures, cache."""

    size: Annotated[
        int | None,
        _splitting(
            metavar="N",
            min=1,
            help="Decode pictures to N x N pixels (64). Part of the Problem: a cure cannot change it.",
        ),
    ] = None
    limit: Annotated[int | None, _splitting(metavar="N", min=1, help="Use a random sample of N rows.")] = None
    validation: Annotated[Path | None, _splitting(metavar="SOURCE", help="A separate source for validation.")] = None
    validation_fold: Annotated[
        int | None, _splitting(metavar="K", help="The fold (of the fold column) for validation.")
    ] = None
    validation_share: Annotated[
        float | None, _splitting(metavar="S", min=0, max=1, help="Share of the rows for validation.")
    ] = None
    test: Annotated[Path | None, _splitting(metavar="SOURCE", help="A separate source for test.")] = None
    test_fold: Annotated[int | None, _splitting(metavar="K", help="The fold for test.")] = None
    test_share: Annotated[
        float | None, _splitting(metavar="S", min=0, max=1, help="Share of the rows for test; 0: none.")
    ] = None
    split: Annotated[
        Literal["stratified", "random"], _splitting(metavar="WORD", help="stratified by labels, or random.")
    ] = "stratified"
    split_seed: Annotated[int, _splitting(metavar="N", min=0, help="Same seed, same split.")] = 0
    cache_dir: CacheDir = None

    @property
    def sources(self) -> list[Path]:
        """The separate sources of validation and test."""
        return [path for path in (self.validation, self.test) if path is not None]

    def plan(self, source: Path, reading: SourceOptions) -> Plan:
        """The Plan that reads ``source`` and splits it as these options say."""
        from tagfit.data.plan import Plan

        return Plan(
            data=str(source),
            validation=None if self.validation is None else str(self.validation),
            test=None if self.test is None else str(self.test),
            read=reading.arguments(),
            split={
                "validation_fold": self.validation_fold,
                "validation_share": self.validation_share,
                "test_fold": self.test_fold,
                "test_share": self.test_share,
                "method": self.split,
                "seed": self.split_seed,
            },
            size=self.size,
            limit=self.limit,
            cache_dir=None if self.cache_dir is None else str(self.cache_dir),
        )


def given_except(context: typer.Context, allowed: Iterable[str]) -> list[str]:
    """The parameters given on the command line, apart from the allowed ones, as the user writes them."""
    return [
        str(param.metavar or param.name) if isinstance(param, typer.core.TyperArgument) else param.opts[0]
        for param in context.command.params
        if param.name not in allowed and "DEFAULT" not in str(context.get_parameter_source(str(param.name)))
    ]
