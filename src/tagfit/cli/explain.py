"""tagfit explain: which regions of a picture speak for its labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked
from tagfit.cli.evaluate import ThresholdsFile
from tagfit.cli.output import AsJson, print_json, say


def _output(path: Path) -> None:
    from tagfit.report.explanation_page import check_suffix

    check_suffix(path)
    path_checks.output(path)


@check_together(checks.needs_train_extra("explaining"))
def explain(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A run folder, or a tagger's folder.", callback=checked(path_checks.model)
        ),
    ],
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A file.", callback=checked(path_checks.file))],
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Labels with commas, or a file of them.",
            show_default="those that are predicted, else the one with the highest score",
            callback=checked(checks.labels),
        ),
    ] = None,
    thresholds: ThresholdsFile = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="Write a .png or .html with the maps.", callback=checked(_output)
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show which regions of a picture speak for its labels.

    A map says what the model reacts to, which may be another thing than the one that is meant.
    """
    from tagfit import workflow
    from tagfit.evaluation.thresholds import Thresholds
    from tagfit.report.explanation_page import write_explanation

    cuts = None if thresholds is None else Thresholds.load(thresholds)
    found = workflow.explain(model, picture, labels=labels, thresholds=cuts)
    if out is not None:
        given = (*(("--labels", labels) if labels else ()), *(("--thresholds", thresholds) if thresholds else ()))
        write_explanation(found, out, ("tagfit", "explain", model, picture, *given, "-o", out))
    if as_json:
        print_json(found.to_dict())
    else:
        say("\n".join(found.lines()))
        if out is not None:
            say(f"\nwritten: {out}")
