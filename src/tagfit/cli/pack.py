"""tagfit pack: a run folder becomes a tagger, a small folder that tags pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked
from tagfit.cli.evaluate import ThresholdsFile
from tagfit.cli.output import AsJson, print_json, say


@check_together(checks.needs_train_extra("packing a tagger"))
def pack(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", callback=checked(path_checks.run))],
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The tagger's folder; new or empty.", callback=checked(path_checks.new_folder)
        ),
    ],
    thresholds: ThresholdsFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a tagger to use elsewhere, without the data.

    It holds preprocessing, weights, thresholds and labels. `tagfit tag FOLDER PICTURE...` then works without the run.
    """
    from tagfit import tagger
    from tagfit.evaluation.thresholds import Thresholds

    made = tagger.save(run, folder, None if thresholds is None else Thresholds.load(thresholds))
    if as_json:
        print_json({"folder": str(folder), "labels": list(made.labels), "fingerprint": made.fingerprint})
    else:
        say(f"{folder}: a tagger for {', '.join(made.labels)}; fingerprint {made.fingerprint}")
