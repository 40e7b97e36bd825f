"""tagfit pack: a run folder becomes a tagger, a small folder that tags pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked
from tagfit.cli.evaluate import ThresholdsFile
from tagfit.cli.output import AsJson, print_json, say
from tagfit.errors import Fault, gathered


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    with gathered(faults):
        checks.train_extra("packing a tagger")
    if context.params.get("format") == "onnx":
        with gathered(faults):
            checks.onnx_extra()
    return faults


@check_together(_together)
def pack(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", callback=checked(path_checks.run))],
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The tagger's folder; new or empty.", callback=checked(path_checks.new_folder)
        ),
    ],
    thresholds: ThresholdsFile = None,
    format: Annotated[  # noqa: A002 - the name of the option
        str,
        typer.Option(
            metavar="safetensors|onnx",
            help="onnx: one graph that needs no torch.",
            callback=checked(checks.tagger_format),
        ),
    ] = "safetensors",
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Make scores probabilities, fitted on validation.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a tagger to use elsewhere, without the data.

    It holds preprocessing, weights, thresholds, labels and a model card. `tagfit tag FOLDER PICTURE...` then works
    without the run, and with --format onnx without torch.
    """
    from tagfit import workflow
    from tagfit.evaluation.thresholds import Thresholds

    given: dict[str, Any] = {} if thresholds is None else {"thresholds": Thresholds.load(thresholds)}
    made = workflow.pack(run, folder, format=format, calibrate=calibrate, **given)  # type: ignore[arg-type]
    if as_json:
        print_json({"folder": str(folder), **_facts(made)})
        return
    say(f"{folder}: a tagger for {', '.join(made.labels)}; fingerprint {made.fingerprint}")
    if "onnx" in made.measured:
        say(f"largest difference from torch: {made.measured['onnx']['largest_difference']:.1e}")


def _facts(made: Any) -> dict[str, Any]:
    about = {"labels": list(made.labels), "fingerprint": made.fingerprint, "engine": made.engine}
    return {**about, "calibrated": made.calibration is not None, "measured": made.measured}
