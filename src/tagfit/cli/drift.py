"""tagfit drift: whether today's pictures look to a model as those of validation did."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked, typed
from tagfit.cli.exit_codes import CHECK_FAILED, DONE
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say
from tagfit.errors import Fault, gathered


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    with gathered(faults):
        checks.tagger_extra(Path(typed(context).get("model") or ""))
    return faults


@check_together(_together)
def drift(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A run folder, or a tagger's folder.", callback=checked(path_checks.model)
        ),
    ],
    pictures: Annotated[
        Path,
        typer.Argument(metavar="FOLDER|SOURCE", help="Today's pictures.", callback=checked(path_checks.source)),
    ],
    rate: Annotated[
        float,
        typer.Option(metavar="P", min=1e-9, max=0.5, help="How often a shift may be reported where there is none."),
    ] = 0.01,
    fail: Annotated[bool, typer.Option("--fail", help="Exit with 4 where anything has shifted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare today's features and scores with validation's.

    No tags are needed. A shift says that the pictures are others than those the model was judged on; whether it does
    worse on them, only tags can tell. The pictures least like validation are listed, to be looked at first.
    """
    from tagfit import workflow

    with progress_bar(quiet=as_json) as bar:
        found = workflow.drift(model, pictures, rate=rate, on_decoded=on_decoded(bar))
    if as_json:
        print_json(found.to_dict())
    else:
        say("\n".join(found.lines()))
    raise typer.Exit(CHECK_FAILED if fail and found.any_shifted else DONE)
