"""tagfit studio: local pages to look at runs, move cuts, correct tags, start trainings and cures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import path_checks
from tagfit.cli.checking import checked
from tagfit.cli.output import say
from tagfit.cli.training_form import trainer


def studio(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="The folder with runs/ and cures/.", callback=checked(path_checks.there)),
    ] = Path(),
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="The port on this machine; 0: any free one.")
    ] = 0,
) -> None:
    """Look at runs and cures in the browser, on this machine only.

    Prints a link that works once. Nothing is sent to another machine. Trainings and cures that are started there go
    on when the studio ends.
    """
    from tagfit.studio.serve import serve

    say(f"studio of {folder.resolve()}; Ctrl-C ends it")
    serve(folder, port, show_link, train=trainer)


def show_link(link: str) -> None:
    """Print a link that works once."""
    say(f"open {link}")
    sys.stdout.flush()
