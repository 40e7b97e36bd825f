"""The options shared by all commands that read a source, and the Plan that they describe.

A new option is one new field here: it then reaches every command that takes its group, ``tagfit.read`` and the Plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import checked, is_given
from tagfit.cli.option_groups import group_of
from tagfit.cli.photo_options import PHOTOS, PhotoOptions
from tagfit.data.readers.names import FormatName
from tagfit.errors import Fault, gathered

if TYPE_CHECKING:
    from tagfit.data.plan import Plan
    from tagfit.recipe import Recipe

SOURCE_HELP = "A table of pictures, a folder, or a file of annotations; see docs/formats.md."
TABLE = "Reading a table (CSV, TSV, Excel, or a folder with tags.csv)"
TABLES, ARRAYS = {"csv", "excel", "folder", "imagefolder", "huggingface"}, {"npz", "arff"}
OF_TEXTS = {"tags_column", "separator", "none_label", "blank"}  # of the .txt in WebDataset
WITH_CONFIDENCES = TABLES | {"openimages"}
# `_table` options describe cells and columns; with a source that is no table they are refused by name.
_table = partial(typer.Option, rich_help_panel=TABLE)
_reading = partial(typer.Option, rich_help_panel="Reading any source")
_splitting = partial(typer.Option, rich_help_panel="Splitting and decoding")

AllLabels = Annotated[bool, typer.Option("--all-labels", help="Show every label, not only the worst.")]
SourceArgument = Annotated[
    Path,
    typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False, callback=checked(path_checks.source)),
]
CacheDir = Annotated[
    Path | None,
    _reading(metavar="DIR", help="Where decoded pictures are cached.", callback=checked(path_checks.folder)),
]

VocabularyFile = Annotated[
    str | None,
    _reading(
        metavar="FILE|none",
        help="Synonyms, implied and exclusive labels.",
        show_default="SOURCE's vocabulary.toml",
        callback=checked(checks.vocabulary),
    ),
]


@dataclass(frozen=True)
class ReadingOptions(PhotoOptions):
    """How a source is read; the names are those of ``tagfit.read``."""

    image_column: Annotated[
        str | None, _table(metavar="NAME", help="The column of pictures.", show_default="detected")
    ] = None
    tags_column: Annotated[
        str | None,
        _table(
            metavar="NAME,..",
            help="The columns of tags.",
            show_default="detected",
            callback=checked(checks.column_names),
        ),
    ] = None
    label_columns: Annotated[
        str | None,
        _table(
            metavar="NAME,..", help="0/1 columns; also FIRST:LAST or a pattern.", callback=checked(checks.column_names)
        ),
    ] = None
    group_column: Annotated[str | None, _table(metavar="NAME", help="Keep rows of one patient, say, in one split.")] = (
        None
    )
    ignore_columns: Annotated[
        str | None,
        _table(
            metavar="NAME,..", help="Columns to ignore, named in the same ways.", callback=checked(checks.column_names)
        ),
    ] = None
    columns: Annotated[
        str | None,
        _table(
            metavar="NAME,..", help="The columns of a table without a header.", callback=checked(checks.column_names)
        ),
    ] = None
    images: Annotated[
        Path | None,
        _reading(metavar="DIR", help="The pictures: a folder, an archive or a URL.", show_default="detected"),
    ] = None
    separator: Annotated[
        str | None,
        _table(
            metavar="S",
            help="Between tags: any text, space, tab or none.",
            callback=checked(checks.separator),
        ),
    ] = None
    none_label: Annotated[
        str | None,
        _table(metavar="NAME", help="The tag for none, such as 'No Finding'.", callback=checked(checks.none_label)),
    ] = None
    blank: Annotated[
        Literal["absent", "unknown"] | None,
        _table(metavar="WORD", help="A blank is absent or unknown.", show_default="detected"),
    ] = None
    rows: Annotated[
        Literal["picture", "label"] | None,
        _table(metavar="WORD", help="A row of the table is a picture or a label."),
    ] = None
    encoding: Annotated[
        str | None,
        _table(
            metavar="NAME",
            help="The encoding, such as cp1252.",
            show_default="UTF-8",
            callback=checked(checks.encoding),
        ),
    ] = None
    format: Annotated[
        FormatName | None,
        _reading(metavar="NAME", help="Such as coco, voc or csv; ? lists all.", show_default="detected"),
    ] = None
    unlisted: Annotated[
        Literal["absent", "unknown"] | None,
        _reading(metavar="WORD", help="An unlisted tag is absent (default) or unknown."),
    ] = None
    minus_one: Annotated[
        Literal["absent", "unknown"] | None,
        _reading(metavar="WORD", help="-1 means absent or unknown.", show_default="detected"),
    ] = None
    confidence_at_least: Annotated[
        float | None,
        _reading(
            metavar="C",
            help="A label is present from this confidence on.",
            show_default="1",
            callback=checked(checks.confidence),
        ),
    ] = None
    allow_outside: Annotated[bool, _reading("--allow-outside", help="Allow pictures outside the source's folder.")] = (
        False
    )
    vocabulary: VocabularyFile = None
    strict: Annotated[bool, _reading("--strict", help="Stop at rows and pictures that cannot be used.")] = False

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``tagfit.read``, as plain JSON values."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**given, **super().arguments(), "images": None if self.images is None else str(self.images)}


@dataclass(frozen=True)
class SourceOptions(ReadingOptions):
    """How a source is read, and which of its labels are used."""

    labels: Annotated[
        str | None,
        _reading(
            metavar="FILE|a,b", help="Use only these labels; a file has one per line.", callback=checked(checks.labels)
        ),
    ] = None
    exclude_labels: Annotated[
        list[str] | None, _reading(metavar="PATTERN", help="Leave out matching labels (* and ?).")
    ] = None
    min_positives: Annotated[int, _reading(metavar="N", min=0, help="Leave out labels that fewer rows have.")] = 0

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
            help="Decode pictures to N x N pixels (64). A cure cannot change this.",
            callback=checked(checks.picture_size),
        ),
    ] = None
    fit: Annotated[
        Literal["pad", "squash", "crop"],
        _splitting(metavar="WORD", help="How pictures become squares: pad, squash or crop."),
    ] = "pad"
    limit: Annotated[int | None, _splitting(metavar="N", min=1, help="Use a random sample of N rows.")] = None
    validation: Annotated[
        Path | None,
        _splitting(metavar="SOURCE", help="A separate source for validation.", callback=checked(path_checks.source)),
    ] = None
    validation_fold: Annotated[
        int | None, _splitting(metavar="K", help="The number in the fold column that is validation.")
    ] = None
    validation_share: Annotated[
        float | None, _splitting(metavar="S", min=0, max=1, help="Share of the rows for validation.")
    ] = None
    test: Annotated[
        Path | None,
        _splitting(metavar="SOURCE", help="A separate source for test.", callback=checked(path_checks.source)),
    ] = None
    test_fold: Annotated[int | None, _splitting(metavar="K", help="The number in the fold column that is test.")] = None
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

    def faults(self) -> list[Fault]:
        """What is wrong with them together, whatever the source holds."""
        from tagfit.data.splits.placement import check_shares, wish

        faults: list[Fault] = []
        wishes = []
        for role in ("validation", "test"):
            given = [getattr(self, f"{role}{suffix}") for suffix in ("", "_fold", "_share")]
            if sum(value is not None for value in given) > 1:
                names = [f"--{role}{suffix}" for suffix in ("", "-fold", "-share")]
                named = [name for name, value in zip(names, given, strict=True) if value is not None]
                faults.append(Fault(f"{role} is given in {len(named)} ways: {', '.join(named)}", instead="one of them"))
            elif given[0] is None:
                with gathered(faults):
                    wishes.append(wish(role, None, given[1], given[2]))
        with gathered(faults):
            check_shares({one.role: one.share or 0.0 for one in wishes})
        return faults

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
            fit=self.fit,
            limit=self.limit,
            cache_dir=None if self.cache_dir is None else str(self.cache_dir),
        )


def given_except(context: typer.Context, allowed: Iterable[str]) -> list[str]:
    """The parameters given on the command line, apart from the allowed ones, as the user writes them."""
    return [
        _name(param)
        for param in context.command.params
        if param.name not in allowed and is_given(context, str(param.name))
    ]


def without_effect(context: typer.Context, names: Iterable[str], why: str, instead: str = "") -> list[Fault]:
    """A fault that names the parameters out of ``names`` that were given, although ``why``; none where none was."""
    found = [
        _name(param) for param in context.command.params if param.name in names and is_given(context, str(param.name))
    ]
    return [Fault(f"{', '.join(found)}: no effect, since {why}", instead=instead)] if found else []


def faults_of_source(context: typer.Context, name: str = "source") -> list[Fault]:
    """Options for reading and splitting that do not fit together, or not with the sources that are given."""
    sources = [context.params.get(one) for one in (name, "validation", "test")]
    if sources[0] is None:
        return []
    return [
        *_without_effect_on(context, [path for path in sources if path is not None]),
        *group_of(SplitOptions, context.params).faults(),
    ]


def _without_effect_on(context: typer.Context, sources: Iterable[Path]) -> list[Fault]:
    """Options that none of the sources has a use for: for cells of a table, or for files and tags with arrays."""
    from tagfit.data.readers.formats import format_of

    named = context.params.get("format")
    formats = {named} if named else {format_of(path).name for path in sources}
    why = f"the format is {' and '.join(sorted(formats))}"
    faults = []
    if not formats & TABLES:
        table = [str(one.name) for one in context.command.params if getattr(one, "rich_help_panel", None) == TABLE]
        table = [name for name in table if "webdataset" not in formats or name not in OF_TEXTS]
        faults += without_effect(context, table, why)
    if formats == {"huggingface"}:
        faults += without_effect(context, ("columns", "encoding"), why)
    if not formats & WITH_CONFIDENCES:
        faults += without_effect(context, ("confidence_at_least",), why)
    if "photo-keywords" not in formats:
        photos = [str(one.name) for one in context.command.params if getattr(one, "rich_help_panel", None) == PHOTOS]
        faults += without_effect(context, photos, why)
    if formats <= ARRAYS:
        faults += without_effect(context, ("unlisted", "allow_outside"), why)
    return faults


def _name(param: Any) -> str:
    return str(param.metavar or param.name) if isinstance(param, typer.core.TyperArgument) else str(param.opts[0])


def suited_to(plan: Plan, recipe: Recipe | None) -> Plan:
    """The plan with the size of pictures that the recipe's backbone gets, where no --size is given."""
    from tagfit.backbones import find

    if plan.size is not None or recipe is None or recipe.architecture != "pretrained":
        return plan
    return replace(plan, size=recipe.backbone_size or find(recipe.backbone).size)
