"""tagfit vocabulary: what the tags of a source suggest for its vocabulary.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import options, path_checks
from tagfit.cli.checking import check_together, checked
from tagfit.cli.command import Command, Group
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, print_json, say

app = typer.Typer(cls=Group, help="Suggest synonyms and implied labels.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def vocabulary(context: typer.Context) -> None:
    """Suggest synonyms and implied labels."""
    if context.invoked_subcommand is None:
        say(context.get_help())


@app.command(cls=Command)
@expand_groups
@check_together(options.faults_of_source)
def suggest(
    *,
    source: options.SourceArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="The vocabulary.toml to write; printed if left out.",
            callback=checked(path_checks.new_output),
        ),
    ] = None,
    as_json: AsJson = False,
    reading: options.SourceOptions,
) -> None:
    """Suggest a vocabulary.toml from the tags of a source.

    Words that may be one label, and labels that may imply another, each with its counts and as a comment: removing
    its # accepts it.
    """
    from tagfit.data.read import read
    from tagfit.files import write_text
    from tagfit.vocabulary.suggest import suggested

    data = read(source, learnable=False, **reading.arguments())
    found = suggested(data.labels, data.truth, data.known, data.vocabulary)
    text = found.toml(str(source))
    if out is not None:
        write_text(out, text)
    if as_json:
        print_json({**found.to_dict(), "out": None if out is None else str(out)})
    elif out is None:
        say(text.rstrip("\n"))
    else:
        say(f"{out}: {len(found.synonyms)} synonyms and {len(found.implies)} implied labels suggested, as comments")
