"""tagfit pack: a run folder becomes a tagger, a small folder that tags pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked, is_given
from tagfit.cli.evaluate import ThresholdsFile
from tagfit.cli.exit_codes import CHECK_FAILED, DONE
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say
from tagfit.errors import Fault, gathered

if TYPE_CHECKING:
    from tagfit.workflow.packing import Format


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    with gathered(faults):
        checks.train_extra("packing a tagger")
    if context.params.get("format") == "onnx":
        with gathered(faults):
            checks.onnx_extra()
    elif context.params.get("int8"):
        faults.append(Fault("--int8 is for ONNX taggers", instead="--format onnx --int8"))
    elif is_given(context, "int8_loss") or is_given(context, "int8_metric"):
        faults.append(Fault("--int8-loss and --int8-metric need --int8", instead="--format onnx --int8"))
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
    int8: Annotated[
        bool, typer.Option("--int8", help="With --format onnx: 8 bits; refused if it may lose too much.")
    ] = False,
    int8_loss: Annotated[
        float,
        typer.Option(metavar="LOSS", help="What 8 bits may lose of --int8-metric.", callback=checked(checks.int8_loss)),
    ] = 0.01,
    int8_metric: Annotated[
        str,
        typer.Option(metavar="METRIC", help="On validation, paired with float32.", callback=checked(checks.metric)),
    ] = "macro_f1",
    without_drift: Annotated[
        bool, typer.Option("--without-drift", help="Keep no features of validation for `tagfit drift`.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Write a tagger to use elsewhere, without the data.

    It holds preprocessing, weights, thresholds, labels and a model card. `tagfit tag FOLDER PICTURE...` then works
    without the run, and with --format onnx without torch.

    Exit code: 4 if 8 bits may lose too much; then nothing is written.
    """
    from tagfit import workflow
    from tagfit.evaluation.thresholds import Thresholds
    from tagfit.workflow.quantising import TooMuchLostError

    given: dict[str, Any] = {} if thresholds is None else {"thresholds": Thresholds.load(thresholds)}
    chosen: dict[str, Any] = {
        "int8": int8,
        "int8_loss": int8_loss,
        "int8_metric": int8_metric,
        "drift": not without_drift,
    }
    kind = cast("Format", format)
    try:
        with progress_bar(quiet=as_json) as bar:
            made = workflow.pack(
                run, folder, format=kind, calibrate=calibrate, on_decoded=on_decoded(bar), **chosen, **given
            )
    except TooMuchLostError as error:
        if as_json:
            print_json({"folder": None, "refused": str(error)})
        else:
            say(f"not written: {error}")
        return CHECK_FAILED
    if as_json:
        print_json({"folder": str(folder), **_facts(made)})
        return DONE
    say(f"{folder}: a tagger for {', '.join(made.labels)}; fingerprint {made.fingerprint}")
    if "onnx" in made.measured:
        say(f"largest difference from torch: {made.measured['onnx']['largest_difference']:.1e}")
    if "int8" in made.measured:
        say(_said_of_int8(made.measured["int8"]))
    if why := made.measured.get("reference", {}).get("missing"):
        say(f"`tagfit drift` cannot use it: {why}")
    return DONE


def _said_of_int8(about: dict[str, Any]) -> str:
    """Loss, size and speed of 8 bits in one line."""
    interval = "" if about["low"] is None else f" ({about['low']:+.4f} to {about['high']:+.4f})"
    smaller = about["bytes"]["float32"] / about["bytes"]["int8"]
    faster = about["milliseconds"]["float32"] / about["milliseconds"]["int8"]
    return (
        f"8 bits: {about['metric']} {about['difference']:+.4f}{interval} on validation, {smaller:.1f} times smaller, "
        f"{faster:.2f} times as fast on one core of this machine"
    )


def _facts(made: Any) -> dict[str, Any]:
    about = {"labels": list(made.labels), "fingerprint": made.fingerprint, "engine": made.engine}
    return {**about, "calibrated": made.calibration is not None, "measured": made.measured}
