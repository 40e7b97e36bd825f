"""tagfit train: a source and a recipe become a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit.cli import options
from tagfit.cli.evaluate import show_evaluations
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, on_decoded, on_epoch, print_json, progress_bar, say, tell
from tagfit.errors import Fault, InputError, gathered

if TYPE_CHECKING:
    from tagfit.recipe import Recipe

_training = partial(typer.Option, rich_help_panel="How it is trained")
SHOWN = 20
# What goes with --resume; all else is decided by the run.
WITH_RESUME = ("resume", "all_labels", "as_json")


@dataclass(frozen=True)
class TrainingOptions:
    """What is trained, and on what machine."""

    recipe: Annotated[str, _training(metavar="NAME|FILE", help="See `tagfit recipes`.")] = "regularised-dense"
    set_: Annotated[
        list[str] | None, _training("--set", metavar="FIELD=VALUE", help="Change a field of the recipe.")
    ] = None
    seed: Annotated[
        int, _training(metavar="N", min=0, max=2**32 - 1, help="Of initial weights, order, dropout and augmentation.")
    ] = 0
    device: Annotated[str | None, _training(metavar="NAME", help="cpu, cuda or mps.", show_default="a GPU if any")] = (
        None
    )
    threads: Annotated[int | None, _training(metavar="N", min=1, help="Number of CPU threads.")] = None


@expand_groups
def train(
    context: typer.Context,
    *,
    source: Annotated[Path | None, typer.Argument(metavar="SOURCE", help=options.SOURCE_HELP)] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The run folder.", show_default="runs/<date>-<recipe>-<seed>")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with an interrupted run; it knows the rest.")
    ] = None,
    all_labels: options.AllLabels = False,
    as_json: AsJson = False,
    training: TrainingOptions,
    splitting: options.SplitOptions,
    reading: options.SourceOptions,
) -> None:
    """Train a recipe on a source and write a run folder.

    The source's own split and fold columns are used; without them 70/15/15, stratified by labels.
    """
    from tagfit import workflow

    notes: list[str] = []
    with progress_bar(quiet=as_json) as bar:
        if resume is not None:
            _refuse_more_than_resume(context)
            run = workflow.resume(resume, on_decoded=on_decoded(bar), on_epoch=on_epoch(bar))
        elif source is None:
            raise InputError("train needs a SOURCE, or --resume RUN", instead="tagfit train SOURCE [--recipe NAME]")
        else:
            chosen = _before_anything_is_read(training, out, [source, *splitting.sources])
            plan = splitting.plan(source, reading)
            problem = plan.problem(on_decoded(bar, None if as_json else plan.announced))
            notes = [*problem.data.notes, *problem.notes]
            if not as_json:
                left_out, odd = problem.data.quarantined, problem.data.warnings
                tell(bar, [*notes, *_few(left_out, "left out"), *_few(odd, "warning")])
            run = workflow.fit(
                problem,
                chosen,
                seed=training.seed,
                out=out,
                device=training.device,
                threads=training.threads,
                on_epoch=on_epoch(bar),
                name=training.recipe,
            )
    evaluations = workflow.evaluate(run)
    assert isinstance(evaluations, dict)
    if as_json:
        splits = {name: evaluation.to_dict() for name, evaluation in evaluations.items()}
        print_json({**run.summary(), "folder": str(run.folder), "notes": notes, "splits": splits})
        return
    show_evaluations(evaluations, all_labels)
    say(f"\nrun: {run.folder}")


def _before_anything_is_read(training: TrainingOptions, out: Path | None, sources: list[Path]) -> Recipe:
    """The recipe; and what is wrong with the words of the command is said before long work begins, all of it."""
    from tagfit import recipe as recipes
    from tagfit.data.readers.formats import format_of
    from tagfit.runs.writing import refuse_used
    from tagfit.training.torch_import import torch_for

    faults: list[Fault] = []
    chosen = recipes.NAMED["regularised-dense"]
    with gathered(faults):
        chosen = recipes.find(training.recipe)
    with gathered(faults):
        chosen = recipes.assign(chosen, training.set_ or [])
    if out is not None:
        with gathered(faults):
            refuse_used(out)
    for source in sources:
        with gathered(faults):
            format_of(source)
    with gathered(faults), torch_for("training"):
        from tagfit.training import machine

        machine.choose(chosen, training.device, training.threads)
    if faults:
        raise InputError(faults)
    return chosen


def _refuse_more_than_resume(context: typer.Context) -> None:
    more = options.given_except(context, WITH_RESUME)
    if more:
        raise InputError(
            f"--resume goes on with the run as it was begun; {', '.join(more)} cannot be changed",
            instead="tagfit train --resume RUN, or a new run without --resume",
        )


def _few(faults: Sequence[Fault], heading: str) -> list[str]:
    hidden = len(faults) - SHOWN
    more = [f"{heading}: ... and {hidden} more: `tagfit data check` lists all"] if hidden > 0 else []
    return [f"{heading}: {fault}" for fault in faults[:SHOWN]] + more
