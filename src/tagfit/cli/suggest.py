"""tagfit suggest and tagfit similar: which pictures to tag next, and which are like a given one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked, each
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", callback=checked(path_checks.run))]


@check_together(checks.needs_train_extra("suggesting pictures"))
def suggest(
    run: RunArgument,
    pictures: Annotated[
        list[Path],
        typer.Argument(
            metavar="PICTURE", help="Folders of pictures, or files.", callback=checked(each(path_checks.pictures))
        ),
    ],
    count: Annotated[int, typer.Option(metavar="N", min=1, help="How many pictures.")] = 100,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="Write them as CSV.", callback=checked(path_checks.new_output)
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Suggest which untagged pictures to tag next.

    The run is unsure of them, they differ from each other, and labels with few pictures count more. Pictures that the
    run's source has tags for are left out.
    """
    from tagfit import workflow

    with progress_bar(quiet=as_json) as bar:
        found = workflow.suggest(run, pictures, count=count, on_decoded=on_decoded(bar))
    if out is not None:
        found.save(out)
    if as_json:
        print_json(found.to_dict())
    else:
        say("\n".join(found.lines()))
        if out is not None:
            say(f"\nwritten: {out}")


@check_together(checks.needs_train_extra("finding similar pictures"))
def similar(
    run: RunArgument,
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A file.", callback=checked(path_checks.file))],
    among: Annotated[
        Path | None,
        typer.Option(
            "--in",
            metavar="FOLDER|SOURCE",
            help="Pictures to search.",
            show_default="those that the run was trained and validated on",
            callback=checked(path_checks.source),
        ),
    ] = None,
    count: Annotated[int, typer.Option(metavar="N", min=1, help="How many pictures.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find the pictures most similar to one, by their features."""
    from tagfit import workflow

    with progress_bar(quiet=as_json) as bar:
        found = workflow.similar(run, picture, among=among, count=count, on_decoded=on_decoded(bar))
    if as_json:
        print_json(found.to_dict())
    else:
        say("\n".join(found.lines()))
