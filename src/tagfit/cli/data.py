"""tagfit data: look at a source before anything is trained on it, cut it into folds, or write the generated one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit.cli import options
from tagfit.cli.command import Command
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say, table
from tagfit.errors import InputError

if TYPE_CHECKING:
    from tagfit.data.source_report import CheckReport

app = typer.Typer(help="Look at a source, cut it into folds, paint a set.", rich_markup_mode=None)

SHOWN = 20


@app.command(cls=Command)
@expand_groups
def check(
    *,
    source: options.SourceArgument,
    as_json: AsJson = False,
    reading: options.SourceOptions,
    cache_dir: options.CacheDir = None,
) -> None:
    """Print what a source holds and all that is wrong or odd in it."""
    from tagfit.data.source_report import check as check_source

    with progress_bar(quiet=as_json) as bar:
        report = check_source(source, cache_dir=cache_dir, on_decoded=on_decoded(bar), **reading.arguments())
    if as_json:
        print_json(report.to_dict())
    else:
        _print(source, report)


@app.command(cls=Command)
@expand_groups
def split(
    *,
    source: options.SourceArgument,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The CSV to write: image, tags, fold.")],
    folds: Annotated[int, typer.Option(metavar="K", min=2, help="How many folds.")] = 5,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same folds.")] = 0,
    as_json: AsJson = False,
    reading: options.SourceOptions,
) -> None:
    """Write a CSV with a fold column, stratified by labels.

    Train on it with `tagfit train FILE --validation-fold K`.
    """
    from tagfit.data.read import read
    from tagfit.data.splits.folds import folds as cut
    from tagfit.data.splits.folds import write_folds

    if out.exists():
        raise InputError(f"{out} exists and is not written over", instead="another --out")
    data = read(source, learnable=False, **reading.arguments())
    if data.files is None:
        raise InputError(f"{source} holds arrays, which a CSV cannot name", instead="a source of picture files")
    numbers = cut(data, folds, seed)
    write_folds(data, numbers, out)
    sizes = {str(number): int((numbers == number).sum()) for number in range(folds)}
    if as_json:
        print_json({"out": str(out), "folds": sizes})
    else:
        say(f"{out}: {len(data)} rows, folds of {', '.join(map(str, sizes.values()))}")


@app.command(cls=Command)
def generate(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write; new or empty.")],
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Same seed, same bytes.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Paint the set that comes with tagfit: scenes, some with wrong tags."""
    from tagfit.data.scenes.generate import generate as write

    written = write(directory, seed=seed)
    if as_json:
        print_json(written.to_dict())
    else:
        say("\n".join(written.lines()))


@app.callback(invoke_without_command=True)
def data(context: typer.Context) -> None:
    """Look at a source, cut it into folds, paint a set."""
    if context.invoked_subcommand is None:
        say(context.get_help())


def _print(source: Path, report: CheckReport) -> None:
    say(f"{source}: {report.rows} rows of {report.holds}, {len(report.labels)} labels")
    say(f"  tags a row (cardinality) {report.cardinality:.3f}, share of labels on (density) {report.density:.3f}")
    say(
        f"  {report.label_sets} different sets of tags, {report.untagged} rows without a tag, {report.unknown:.1%} of "
        "the entries unknown"
    )
    _list("sizes", (f"{size}: {count}" for size, count in report.sizes))
    for what, counts in (("splits", report.splits), ("folds", report.folds)):
        if counts:
            say(f"{what}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    _list(
        "commonest sets of tags",
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
