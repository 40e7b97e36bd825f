"""tagfit data: check a source before training on it, assign folds, convert it, or generate example data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tagfit.cli import checks, corrected, options, path_checks
from tagfit.cli.checking import check_together, checked
from tagfit.cli.command import Command, Group
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say, table
from tagfit.errors import InputError

if TYPE_CHECKING:
    from tagfit.data.source_report import CheckReport

app = typer.Typer(cls=Group, help="Check a source, assign folds, convert it, or generate one.", rich_markup_mode=None)

SHOWN = 20


@app.command(cls=Command)
@expand_groups
@check_together(options.faults_of_source)
def check(
    *,
    source: options.SourceArgument,
    as_json: AsJson = False,
    reading: options.SourceOptions,
    cache_dir: options.CacheDir = None,
) -> None:
    """Report what a source contains and everything that is wrong or suspicious in it."""
    from tagfit.data.source_report import check as check_source

    with progress_bar(quiet=as_json) as bar:
        report = check_source(source, cache_dir=cache_dir, on_decoded=on_decoded(bar), **reading.arguments())
    if as_json:
        print_json(report.to_dict())
    else:
        _print(source, report)


@app.command(cls=Command)
@expand_groups
@check_together(options.faults_of_source)
def split(
    *,
    source: options.SourceArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="The CSV to write: image, tags, fold.",
            callback=checked(path_checks.new_output),
        ),
    ],
    folds: Annotated[int, typer.Option(metavar="K", min=2, help="Number of folds.")] = 5,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same folds.")] = 0,
    as_json: AsJson = False,
    reading: options.SourceOptions,
) -> None:
    """Assign the rows of a source to folds, stratified by labels, and write a CSV.

    Train on it with `tagfit train FILE --validation-fold K`.
    """
    from tagfit.data.pictures.sources import as_given
    from tagfit.data.read import read
    from tagfit.data.splits.folds import folds as cut
    from tagfit.data.splits.folds import write_folds

    data = read(source, learnable=False, **reading.arguments())
    if data.files is None:
        raise InputError(
            f"{as_given(source)} holds arrays, which a CSV cannot name", instead="a source of picture files"
        )
    numbers = cut(data, folds, seed)
    write_folds(data, numbers, out)
    sizes = {str(number): int((numbers == number).sum()) for number in range(folds)}
    if as_json:
        print_json({"out": str(out), "folds": sizes})
    else:
        say(f"{out}: {len(data)} rows, folds of {', '.join(map(str, sizes.values()))}")


@app.command(cls=Command)
def generate(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="The folder to write; new, empty, or generated before.",
            callback=checked(path_checks.folder),
        ),
    ],
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same bytes.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Generate tagfit's example data: drawn scenes, some with wrong tags."""
    from tagfit.data.scenes.generate import generate as write

    written = write(directory, seed=seed)
    if as_json:
        print_json(written.to_dict())
    else:
        say("\n".join(written.lines()))


@app.command(cls=Command)
@expand_groups
@check_together(options.faults_of_source)
def convert(
    *,
    source: options.SourceArgument,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="The folder to write; new.", callback=checked(path_checks.absent_folder)),
    ],
    to: Annotated[
        Literal["csv", "parquet", "webdataset", "coco"],
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="csv, parquet, webdataset or coco.",
            callback=checked(checks.format_to_write),
        ),
    ],
    as_json: AsJson = False,
    reading: options.SourceOptions,
) -> None:
    """Write a source in another format, pictures included.

    Unknown entries, splits, folds, groups and weights are kept: the result reads back the same.
    """
    from tagfit.data.convert.convert import convert as write
    from tagfit.data.read import read

    data = read(source, learnable=False, **reading.arguments())
    with progress_bar(quiet=as_json) as bar:
        write(data, to, out, on_written=on_decoded(bar))
    left_out = [str(fault) for fault in data.quarantined]
    if as_json:
        labels = list(data.labels)
        print_json({"out": str(out), "format": to, "rows": len(data), "labels": labels, "left_out": left_out})
    else:
        say(f"{out}: {len(data)} pictures, {len(data.labels)} labels, as {to}")
        _list("left out (quarantined)", left_out)


@app.callback(invoke_without_command=True)
def data(context: typer.Context) -> None:
    """Check a source, assign folds, convert it, or generate one."""
    if context.invoked_subcommand is None:
        say(context.get_help())


app.command(cls=Command)(corrected.corrected)


def _print(source: Path, report: CheckReport) -> None:
    from tagfit.data.pictures.sources import as_given

    say(f"{as_given(source)}: {report.rows} rows of {report.holds}, {len(report.labels)} labels")
    say(
        f"  tags per row (cardinality) {report.cardinality:.3f}, share of labels present (density) {report.density:.3f}"
    )
    say(
        f"  {report.label_sets} distinct sets of tags, {report.untagged} rows without a tag, {report.unknown:.1%} of "
        "the entries unknown"
    )
    _list("sizes", (f"{size}: {count}" for size, count in report.sizes))
    for what, counts in (("splits", report.splits), ("folds", report.folds)):
        if counts:
            say(f"{what}: " + ", ".join(f"{name or '(none)'} {count}" for name, count in counts.items()))
    _list(
        "most common sets of tags",
        (f"{count} x {', '.join(tags) or '(none)'}" for tags, count in report.most_common_sets),
    )
    rows = [[f"  {one.label}", one.present, one.absent, one.unknown] for one in report.labels[:SHOWN]]
    say(table(["  label", "present", "absent", "unknown"], rows))
    if len(report.labels) > SHOWN:
        say(f"  ... and {len(report.labels) - SHOWN} more: --json lists all")
    _list("notes", report.notes)
    _list("looks multi-class", [report.multi_class] if report.multi_class else [])
    _list("left out (quarantined)", map(str, report.quarantined))
    _list("warnings", map(str, report.warnings))
    _list("copies, kept on one side of a split", (f"{reason}: {', '.join(ids)}" for reason, ids in report.copies))


def _list(heading: str, lines: Iterable[str]) -> None:
    found = list(lines)
    if found:
        say(f"{heading}: {len(found)}" if len(found) > 1 else f"{heading}:")
        say("\n".join(f"  {line}" for line in found[:SHOWN]))
        if len(found) > SHOWN:
            say(f"  ... and {len(found) - SHOWN} more: --json lists all")
