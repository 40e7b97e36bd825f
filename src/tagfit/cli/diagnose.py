"""tagfit diagnose: why a model fails to generalise, with the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked, is_given
from tagfit.cli.exit_codes import CHECK_FAILED, DONE
from tagfit.cli.names import names_in
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say
from tagfit.errors import Fault, InputError, gathered

if TYPE_CHECKING:
    from tagfit.diagnosis.finding import Findings


def folds(number: int) -> None:
    """``--cross-fit``: none, or at least two parts."""
    if number == 1 or number < 0:
        raise InputError(f"--cross-fit {number}", instead="2 parts or more, such as 5; 0 for none")


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    if not any(is_given(context, name) for name in ("run", "train", "validation", "history")):
        faults.append(Fault("nothing to diagnose", instead="a run folder, or --train FILE --validation FILE"))
    if is_given(context, "backbone") and not is_given(context, "run"):
        faults.append(Fault("--backbone needs the pictures of a RUN", instead="tagfit diagnose RUN --backbone NAME"))
    if context.params.get("cross_fit"):
        if not is_given(context, "run"):
            faults.append(Fault("--cross-fit retrains, which needs a RUN", instead="tagfit diagnose RUN --cross-fit 5"))
        with gathered(faults):
            checks.train_extra("--cross-fit")
    return faults


TrainScores = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Scores of train as .npz (truth, scores) or .csv.", callback=checked(path_checks.file)
    ),
]
ValidationScores = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Scores of validation, likewise.", callback=checked(path_checks.file)),
]
HistoryFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Losses per epoch: Keras' history.history as .json, a .csv log, or .jsonl.",
        callback=checked(path_checks.file),
    ),
]
CrossFit = Annotated[
    int,
    typer.Option(
        metavar="K",
        help="Retrain K times, each without a part of train, to find suspect tags in train; 0: no.",
        callback=checked(folds),
    ),
]
GoalText = Annotated[
    str | None,
    typer.Option(metavar="GOAL", help="Such as 'validation.label_accuracy>=0.85'.", callback=checked(checks.bounds)),
]
Mute = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CODE", help="Skip the check with this code; may be repeated.", callback=checked(checks.check_codes)
    ),
]
Letter = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        metavar="FILE",
        help="Write the report as one .html file.",
        callback=checked(path_checks.output),
    ),
]
FailOn = Annotated[
    Literal["issue", "hint"] | None,
    typer.Option(metavar="WORD", help="Exit with 4 if a check fired: issue, or hint for any."),
]


@check_together(_together)
def diagnose(
    run: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="A run folder.", callback=checked(path_checks.run))
    ] = None,
    train: TrainScores = None,
    validation: ValidationScores = None,
    history: HistoryFile = None,
    cross_fit: CrossFit = 0,
    backbone: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Estimate the share of wrong tags by models on the features of this backbone.",
            show_default="the run's own, if it has one",
            callback=checked(checks.backbone_name),
        ),
    ] = None,
    goal: GoalText = None,
    metrics: Annotated[str, typer.Option(metavar="a,b", help="The metrics that you report or select models by.")] = "",
    mute: Mute = None,
    all_findings: Annotated[bool, typer.Option("--all", help="Show every check and its outcome.")] = False,
    letter: Letter = None,
    fail_on: FailOn = None,
    as_json: AsJson = False,
) -> int:
    """Find out why a model generalises badly, and how to fix it.

    For a run, or for scores and histories from any library.
    """
    from tagfit import workflow
    from tagfit.diagnosis.side_files import read_side

    faults: list[Fault] = []
    given: dict[str, Any] = {}
    for name, path in (("train", train), ("validation", validation)):
        with gathered(faults):
            given |= {} if path is None else {name: read_side(path)}
    if faults:
        raise InputError(faults)
    if history is not None:
        given["history"] = history
    if backbone is not None:
        given["backbone"] = backbone
    given |= {
        "goal": goal,
        "mute": mute or (),
        "metrics": names_in(metrics),
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
