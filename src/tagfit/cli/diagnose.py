"""tagfit diagnose: why a model fails to generalise, with the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tagfit.cli.exit_codes import CHECK_FAILED, DONE
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say
from tagfit.errors import Fault, InputError, gathered

if TYPE_CHECKING:
    from tagfit.diagnosis.finding import Findings


def diagnose(
    run: Annotated[Path | None, typer.Argument(metavar="RUN", help="A run folder.")] = None,
    train: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Scores of train: .npz (truth, scores) or .csv.")
    ] = None,
    validation: Annotated[Path | None, typer.Option(metavar="FILE", help="Scores of validation, likewise.")] = None,
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Losses by epoch: Keras' history.history as .json, a .csv log, or .jsonl."),
    ] = None,
    cross_fit: Annotated[
        int, typer.Option(metavar="K", help="Retrain K times on parts of train, for suspect tags in train; 0 for not.")
    ] = 0,
    goal: Annotated[str | None, typer.Option(metavar="GOAL", help="Such as 'validation.label_accuracy>=0.85'.")] = None,
    metrics: Annotated[str, typer.Option(metavar="a,b", help="What is reported or selected by.")] = "",
    mute: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="The code of a check that is not wanted.")
    ] = None,
    all_findings: Annotated[bool, typer.Option("--all", help="Show every check and why it ended as it did.")] = False,
    letter: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write the letter, one .html file.")
    ] = None,
    fail_on: Annotated[
        Literal["issue", "hint"] | None, typer.Option(help="Exit with 4 where an issue (or a hint) fired.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Name what is wrong with a run, or with scores from anywhere, and say what to do."""
    from tagfit import workflow
    from tagfit.diagnosis.side_files import read_side

    if run is None and not (train or validation or history):
        raise InputError("nothing to diagnose", instead="a run folder, or --train FILE --validation FILE")
    files = {"train": train, "validation": validation}
    given: dict[str, Any] = {}
    faults: list[Fault] = []
    if cross_fit and run is None:
        faults.append(Fault("--cross-fit retrains, which needs a run", instead="tagfit diagnose RUN --cross-fit 5"))
    for name, path in files.items():
        with gathered(faults):
            given |= {} if path is None else {name: read_side(path)}
    if faults:
        raise InputError(faults)
    if history is not None:
        given["history"] = history
    given |= {
        "goal": goal,
        "mute": mute or (),
        "metrics": [name.strip() for name in metrics.split(",") if name.strip()],
    }
    with progress_bar(quiet=as_json) as bar:
        if cross_fit and run is not None:
            given["cross_fit"] = workflow.cross_fit(run, cross_fit, on_decoded=on_decoded(bar))
        found = workflow.diagnose(run, on_decoded=on_decoded(bar), **given)
    if letter is not None:
        from tagfit.report.letter import write_letter

        write_letter(found, letter, subject=str(run or train or validation or history))
    if as_json:
        print_json(found.to_dict())
    else:
        say("\n".join(found.lines(all_findings)))
        if letter is not None:
            say(f"\nletter: {letter}")
    return CHECK_FAILED if _fails(found, fail_on) else DONE


def _fails(found: Findings, fail_on: str | None) -> bool:
    return bool(found.issues) if fail_on == "issue" else bool(found.fired) if fail_on == "hint" else False
