"""The options that all commands which read a source share, and the Plan they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tagfit.data.plan import Plan

READING, SPLITTING = "How the source is read", "How it is split"

SourceArgument = Annotated[
    Path, typer.Argument(metavar="SOURCE", help="A CSV or TSV file, a folder with tags.csv, an .npz or an .arff file.")
]
Format = Annotated[
    str | None, typer.Option(help="What the source is, if its name does not say.", rich_help_panel=READING)
]
Separator = Annotated[
    str | None,
    typer.Option(help="Between the tags of a cell; found among | ; , unless given.", rich_help_panel=READING),
]
Unlisted = Annotated[
    str, typer.Option(help="What a label is that a row does not list: absent or unknown.", rich_help_panel=READING)
]
Labels = Annotated[
    str | None, typer.Option(help="Only these labels: a file with one a line, or a,b,c.", rich_help_panel=READING)
]
ExcludeLabels = Annotated[
    list[str] | None, typer.Option(help="Leave out the labels that match a pattern (* and ?).", rich_help_panel=READING)
]
MinPositives = Annotated[
    int, typer.Option(help="Leave out labels on fewer pictures than this.", rich_help_panel=READING)
]
Strict = Annotated[bool, typer.Option(help="A picture that cannot be read is an error.", rich_help_panel=READING)]
AllowOutside = Annotated[
    bool, typer.Option(help="Pictures may lie outside the folder of their CSV.", rich_help_panel=READING)
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
    return {
        "format": format,
        "separator": separator,
        "unlisted": unlisted,
        "labels": None if labels is None else listed(labels),
        "exclude_labels": list(exclude_labels or ()),
        "min_positives": min_positives,
        "strict": strict,
        "allow_outside": allow_outside,
    }


def listed(labels: str) -> str | list[str]:
    """``--labels``: the path of a file as it is, else the names between the commas."""
    return str(Path(labels).absolute()) if Path(labels).is_file() else [name.strip() for name in labels.split(",")]


ValidationSource = Annotated[
    Path | None, typer.Option("--validation", help="A source of its own for validation.", rich_help_panel=SPLITTING)
]
ValidationFold = Annotated[
    int | None, typer.Option(help="The number in the fold column that is validation.", rich_help_panel=SPLITTING)
]
ValidationShare = Annotated[float | None, typer.Option(help="Share of the rows.", rich_help_panel=SPLITTING)]
TestSource = Annotated[
    Path | None, typer.Option("--test", help="A source of its own for test.", rich_help_panel=SPLITTING)
]
TestFold = Annotated[
    int | None, typer.Option(help="The number in the fold column that is test.", rich_help_panel=SPLITTING)
]
TestShare = Annotated[float | None, typer.Option(help="Share of the rows; 0 for none.", rich_help_panel=SPLITTING)]
SplitMethod = Annotated[
    str, typer.Option("--split", help="stratified, or random for a naive one.", rich_help_panel=SPLITTING)
]
SplitSeed = Annotated[int, typer.Option(help="Of the split; the same seed gives the same.", rich_help_panel=SPLITTING)]
Size = Annotated[
    int | None,
    typer.Option(
        help="Pictures become SIZE x SIZE pixels (64). Part of the Problem: a cure cannot change it.",
        rich_help_panel=SPLITTING,
    ),
]
Limit = Annotated[int | None, typer.Option(help="Only this many pictures, drawn.", rich_help_panel=SPLITTING)]
CacheDir = Annotated[Path | None, typer.Option(help="Where decoded pictures are kept.", rich_help_panel=SPLITTING)]


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
