"""tagfit data: look at a source before anything is trained on it, or write the generated one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import options
from tagfit.cli.output import AsJson, print_json, say

app = typer.Typer(help="Check a source; write the generated set.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check(
    source: options.SourceArgument,
    format: options.Format = None,  # noqa: A002
    separator: options.Separator = None,
    unlisted: options.Unlisted = "absent",
    labels: options.Labels = None,
    exclude_labels: options.ExcludeLabels = None,
    min_positives: options.MinPositives = 0,
    strict: options.Strict = False,
    allow_outside: options.AllowOutside = False,
    as_json: AsJson = False,
) -> None:
    """Read a source and print everything that is wrong or odd, and a summary."""
    from tagfit.data.check import check as check_source

    reading = options.reading(format, separator, unlisted, labels, exclude_labels, min_positives, strict, allow_outside)
    report = check_source(str(source), **reading)
    if as_json:
        print_json(report.to_dict())
    else:
        say("\n".join(report.lines()))


@app.command()
def generate(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write; new or empty.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write the set that comes with tagfit: painted scenes with tags, some of them flipped."""
    from tagfit.data.generate import generate as write

    written = write(directory, seed=seed)
    if as_json:
        print_json(written.to_dict())
    else:
        say("\n".join(written.lines()))
