"""tagfit train: a source and a recipe become a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import options
from tagfit.cli.evaluate import show_evaluations
from tagfit.cli.output import AsJson, on_decoded, on_epoch, print_json, progress_bar, say
from tagfit.errors import InputError

TRAINING = "How it is trained"


def train(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="SOURCE", help="A CSV or TSV file, a folder with tags.csv, an .npz or an .arff file."),
    ] = None,
    recipe: Annotated[
        str, typer.Option(help="A named recipe or a recipe file.", rich_help_panel=TRAINING)
    ] = "regularised-dense",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field of the recipe.", rich_help_panel=TRAINING),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of weights, order, dropout, augmentation.", rich_help_panel=TRAINING)] = 0,
    out: Annotated[
        Path | None, typer.Option(help="The run folder.", show_default="runs/<date>-<recipe>-<seed>")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with an interrupted run; needs nothing else.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or mps; a GPU when there is one.", rich_help_panel=TRAINING)
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Of the processor.", rich_help_panel=TRAINING)] = None,
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
    format: options.Format = None,  # noqa: A002
    separator: options.Separator = None,
    unlisted: options.Unlisted = "absent",
    labels: options.Labels = None,
    exclude_labels: options.ExcludeLabels = None,
    min_positives: options.MinPositives = 0,
    strict: options.Strict = False,
    allow_outside: options.AllowOutside = False,
    cache_dir: options.CacheDir = None,
    all_labels: Annotated[bool, typer.Option(help="Show every label, not only the worst.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a recipe on a source and write a run folder.

    The source's own split and fold columns are used; without them 70/15/15, stratified by labels.
    """
    from tagfit import recipe as recipes
    from tagfit import workflow

    if (source is None) == (resume is None):
        raise InputError("train needs a SOURCE, or --resume RUN", instead="tagfit train SOURCE [--recipe NAME]")
    with progress_bar(quiet=as_json) as bar:
        if resume is not None:
            run = workflow.resume(resume, on_decoded=on_decoded(bar), on_epoch=on_epoch(bar))
        else:
            assert source is not None
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
            chosen = recipes.assign(recipes.find(recipe), set_ or [])
            problem = plan.problem(on_decoded(bar))
            if not as_json:
                for line in (*problem.data.notes, *problem.notes, *map(str, problem.data.quarantined)):
                    bar.console.print(line, markup=False, highlight=False)
            run = workflow.fit(
                problem, chosen, seed=seed, out=out, device=device, threads=threads, on_epoch=on_epoch(bar), name=recipe
            )
    evaluations = workflow.evaluate(run)
    assert isinstance(evaluations, dict)
    if as_json:
        splits = {name: evaluation.to_dict() for name, evaluation in evaluations.items()}
        print_json({**run.summary(), "folder": str(run.folder), "splits": splits})
        return
    show_evaluations(evaluations, all_labels)
    say(f"\nrun: {run.folder}")
