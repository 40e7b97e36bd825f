"""tagfit pack: what tags pictures leaves the run folder as a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli.evaluate import ThresholdsFile
from tagfit.cli.output import AsJson, print_json, say


def pack(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The tagger's folder; new or empty.")],
    thresholds: ThresholdsFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a tagger: preprocessing, weights, thresholds and labels, and no data.

    `tagfit tag FOLDER PICTURE...` takes it in place of the run.
    """
    from tagfit import tagger
    from tagfit.evaluation.thresholds import Thresholds

    made = tagger.save(run, folder, None if thresholds is None else Thresholds.load(thresholds))
    if as_json:
        print_json({"folder": str(folder), "labels": list(made.labels), "fingerprint": made.fingerprint})
    else:
        say(f"{folder}: a tagger for {', '.join(made.labels)}; fingerprint {made.fingerprint}")
