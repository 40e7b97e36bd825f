"""The options that all commands which read a source share, and the Plan they make."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from tagfit.data.plan import Plan

SOURCE_HELP = "A CSV or TSV, a folder with tags.csv, an .npz or an .arff file."
READING, SPLITTING = "How a source is read", "How it is split and decoded"

AllLabels = Annotated[bool, typer.Option("--all-labels", help="Show every label, not only the worst.")]
SourceArgument = Annotated[Path, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)]
Format = Annotated[
    Literal["csv", "folder", "npz", "arff"] | None,
    typer.Option(metavar="NAME", help="csv, folder, npz or arff; told by what it is.", rich_help_panel=READING),
]
Separator = Annotated[
    str | None,
    typer.Option(metavar="S", help="Between the tags of a cell; found among | ; ,", rich_help_panel=READING),
]
Unlisted = Annotated[
    Literal["absent", "unknown"],
    typer.Option(metavar="WORD", help="What an unlisted tag is: absent, unknown.", rich_help_panel=READING),
]
Labels = Annotated[
    str | None,
    typer.Option(metavar="FILE|a,b", help="Only these labels; a file has one a line.", rich_help_panel=READING),
]
ExcludeLabels = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Leave out matching labels (* and ?).", rich_help_panel=READING),
]
MinPositives = Annotated[
    int, typer.Option(metavar="N", min=0, help="Leave out labels on fewer pictures.", rich_help_panel=READING)
]
Strict = Annotated[bool, typer.Option("--strict", help="An unreadable picture is an error.", rich_help_panel=READING)]
AllowOutside = Annotated[
    bool, typer.Option("--allow-outside", help="Pictures may lie outside the folder.", rich_help_panel=READING)
]


def reading(
    format: str | None,  # noqa: A002
    separator: str | None,
    unlisted: str,
    labels: str | None,
    exclude_labels: list[str] | None,
    min_positives: int,
    strict: bool,
    allow_outside: bool,
) -> dict[str, Any]:
    """The options of ``tagfit.read`` as plain values."""
    from tagfit.data.labels import requested

    return {
        "format": format,
        "separator": separator,
        "unlisted": unlisted,
        "labels": None if labels is None else list(requested(labels)),
        "exclude_labels": list(exclude_labels or ()),
        "min_positives": min_positives,
        "strict": strict,
        "allow_outside": allow_outside,
    }


ValidationSource = Annotated[
    Path | None,
    typer.Option("--validation", metavar="SOURCE", help="A source of its own.", rich_help_panel=SPLITTING),
]
ValidationFold = Annotated[
    int | None, typer.Option(metavar="K", help="Its number in the fold column.", rich_help_panel=SPLITTING)
]
ValidationShare = Annotated[
    float | None, typer.Option(metavar="S", min=0, max=1, help="Its share of the rows.", rich_help_panel=SPLITTING)
]
TestSource = Annotated[
    Path | None, typer.Option("--test", metavar="SOURCE", help="Likewise.", rich_help_panel=SPLITTING)
]
TestFold = Annotated[int | None, typer.Option(metavar="K", help="Likewise.", rich_help_panel=SPLITTING)]
TestShare = Annotated[
    float | None, typer.Option(metavar="S", min=0, max=1, help="Likewise; 0 for none.", rich_help_panel=SPLITTING)
]
SplitMethod = Annotated[
    Literal["stratified", "random"],
    typer.Option("--split", metavar="WORD", help="stratified, or random: naive.", rich_help_panel=SPLITTING),
]
SplitSeed = Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same split.", rich_help_panel=SPLITTING)]
Size = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Pictures become N x N pixels (64). Part of the Problem: a cure cannot change it.",
        rich_help_panel=SPLITTING,
    ),
]
Limit = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Only so many rows, drawn.", rich_help_panel=SPLITTING)
]
CacheDir = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where decoded pictures are kept.", rich_help_panel=READING)
]


def given_beside(context: typer.Context, allowed: Iterable[str]) -> list[str]:
    """What was given on the command line beside the parameters that are allowed, as the user wrote it."""
    return [
        str(param.metavar or param.name) if isinstance(param, typer.core.TyperArgument) else param.opts[0]
        for param in context.command.params
        if param.name not in allowed and "DEFAULT" not in str(context.get_parameter_source(str(param.name)))
    ]


def plan(
    source: Path,
    reading_options: dict[str, Any],
    *,
    validation: Path | None,
    validation_fold: int | None,
    validation_share: float | None,
    test: Path | None,
    test_fold: int | None,
    test_share: float | None,
    split: str,
    split_seed: int,
    size: int | None,
    limit: int | None,
    cache_dir: Path | None,
) -> Plan:
    """The Plan that the options of a command describe."""
    from tagfit.data.plan import Plan

    return Plan(
        data=str(source),
        validation=None if validation is None else str(validation),
        test=None if test is None else str(test),
        read=reading_options,
        split={
            "validation_fold": validation_fold,
            "validation_share": validation_share,
            "test_fold": test_fold,
            "test_share": test_share,
            "method": split,
            "seed": split_seed,
        },
        size=size,
        limit=limit,
        cache_dir=None if cache_dir is None else str(cache_dir),
    )
