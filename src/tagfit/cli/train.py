"""tagfit train: a source and a recipe become a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit.cli import options
from tagfit.cli.evaluate import show_evaluations
from tagfit.cli.output import AsJson, on_decoded, on_epoch, print_json, progress_bar, say, tell
from tagfit.errors import Fault, InputError, gathered

if TYPE_CHECKING:
    from tagfit.recipe import Recipe

TRAINING = "How it is trained"
SHOWN = 20
# What goes with --resume; all else is decided by the run.
WITH_RESUME = ("resume", "all_labels", "as_json")


def train(
    context: typer.Context,
    source: Annotated[Path | None, typer.Argument(metavar="SOURCE", help=options.SOURCE_HELP)] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The run folder.", show_default="runs/<date>-<recipe>-<seed>")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with an interrupted run; it knows the rest.")
    ] = None,
    all_labels: options.AllLabels = False,
    as_json: AsJson = False,
    recipe: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="See `tagfit recipes`.", rich_help_panel=TRAINING)
    ] = "regularised-dense",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field of the recipe.", rich_help_panel=TRAINING),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=2**32 - 1, help="Of weights, order, dropout, moves.", rich_help_panel=TRAINING
        ),
    ] = 0,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="cpu, cuda, mps; a GPU if any.", rich_help_panel=TRAINING)
    ] = None,
    threads: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Of the processor.", rich_help_panel=TRAINING)
    ] = None,
    size: options.Size = None,
    limit: options.Limit = None,
    validation: options.ValidationSource = None,
    validation_fold: options.ValidationFold = None,
    validation_share: options.ValidationShare = None,
    test: options.TestSource = None,
    test_fold: options.TestFold = None,
    test_share: options.TestShare = None,
    split: options.SplitMethod = "stratified",
    split_seed: options.SplitSeed = 0,
    cache_dir: options.CacheDir = None,
    format: options.Format = None,  # noqa: A002
    separator: options.Separator = None,
    unlisted: options.Unlisted = "absent",
    labels: options.Labels = None,
    exclude_labels: options.ExcludeLabels = None,
    min_positives: options.MinPositives = 0,
    strict: options.Strict = False,
    allow_outside: options.AllowOutside = False,
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
            sources = [path for path in (source, validation, test) if path is not None]
            chosen = _before_anything_is_read(recipe, set_ or [], out, sources, device, threads)
            reading = options.reading(
                format, separator, unlisted, labels, exclude_labels, min_positives, strict, allow_outside
            )
            plan = options.plan(
                source,
                reading,
                validation=validation,
                validation_fold=validation_fold,
                validation_share=validation_share,
                test=test,
                test_fold=test_fold,
                test_share=test_share,
                split=split,
                split_seed=split_seed,
                size=size,
                limit=limit,
                cache_dir=cache_dir,
            )
            problem = plan.problem(on_decoded(bar, None if as_json else plan.announced))
            notes = [*problem.data.notes, *problem.notes]
            if not as_json:
                left_out, odd = problem.data.quarantined, problem.data.warnings
                tell(bar, [*notes, *_few(left_out, "left out"), *_few(odd, "warning")])
            run = workflow.fit(
                problem, chosen, seed=seed, out=out, device=device, threads=threads, on_epoch=on_epoch(bar), name=recipe
            )
    evaluations = workflow.evaluate(run)
    assert isinstance(evaluations, dict)
    if as_json:
        splits = {name: evaluation.to_dict() for name, evaluation in evaluations.items()}
        print_json({**run.summary(), "folder": str(run.folder), "notes": notes, "splits": splits})
        return
    show_evaluations(evaluations, all_labels)
    say(f"\nrun: {run.folder}")


def _before_anything_is_read(
    recipe: str, settings: list[str], out: Path | None, sources: list[Path], device: str | None, threads: int | None
) -> Recipe:
    """The recipe; and what is wrong with the words of the command is said before long work begins, all of it."""
    from tagfit import recipe as recipes
    from tagfit.data.read import format_of
    from tagfit.runs.run import refuse_used
    from tagfit.scoring import training_rooms

    faults: list[Fault] = []
    chosen = recipes.NAMED["regularised-dense"]
    with gathered(faults):
        chosen = recipes.find(recipe)
    with gathered(faults):
        chosen = recipes.assign(chosen, settings)
    if out is not None:
        with gathered(faults):
            refuse_used(out)
    for source in sources:
        with gathered(faults):
            format_of(source)
    with gathered(faults):
        training_rooms().machine.choose(chosen, device, threads)
    if faults:
        raise InputError(faults)
    return chosen


def _refuse_more_than_resume(context: typer.Context) -> None:
    more = options.given_beside(context, WITH_RESUME)
    if more:
        raise InputError(
            f"--resume goes on with the run as it was begun; {', '.join(more)} cannot be changed",
            instead="tagfit train --resume RUN, or a new run without --resume",
        )


def _few(faults: Sequence[Fault], heading: str) -> list[str]:
    hidden = len(faults) - SHOWN
    more = [f"{heading}: ... and {hidden} more: `tagfit data check` lists all"] if hidden > 0 else []
    return [f"{heading}: {fault}" for fault in faults[:SHOWN]] + more
