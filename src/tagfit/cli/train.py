"""tagfit train: a source and a recipe become a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit import launch
from tagfit.cli import checks, options, path_checks
from tagfit.cli.checking import check_together, checked, is_given
from tagfit.cli.evaluate import show_evaluations
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say, tell
from tagfit.cli.track import Track, epochs_of_new, epochs_of_resumed, results, run_folder, tracked
from tagfit.errors import Fault, gathered

if TYPE_CHECKING:
    from tagfit.data.problem import Problem
    from tagfit.recipe import Recipe

_training = partial(typer.Option, rich_help_panel="Training")
SHOWN = 20
# What may be given together with --resume; the run itself has all else.
WITH_RESUME = ("resume", "track", "all_labels", "as_json")


@dataclass(frozen=True)
class TrainingOptions:
    """What is trained, and on what machine."""

    recipe: Annotated[
        str | None,
        _training(
            metavar="NAME|FILE",
            help="See `tagfit recipes`.",
            show_default="regularised-conv for pictures, regularised-dense for features",
            callback=checked(checks.recipe),
        ),
    ] = None
    set_: Annotated[
        list[str] | None,
        _training(
            "--set",
            metavar="FIELD=VALUE",
            help="Change a field of the recipe, such as epochs=20; may be repeated.",
            callback=checks.settings,
        ),
    ] = None
    seed: Annotated[
        int, _training(metavar="N", min=0, max=2**32 - 1, help="Same seed, same weights, order, dropout and so on.")
    ] = 0
    device: Annotated[
        str | None,
        _training(
            metavar="NAME",
            help="cpu, cuda or mps.",
            show_default="a GPU if there is one",
            callback=checked(checks.device),
        ),
    ] = None
    threads: Annotated[int | None, _training(metavar="N", min=1, help="How many CPU threads.")] = None

    def named(self) -> Recipe | None:
        """The recipe that was asked for by name, with its changes; None where the data decides."""
        from tagfit.recipe import assign, find

        return None if self.recipe is None else assign(find(self.recipe), self.set_ or [])

    def recipe_for(self, problem: Problem) -> tuple[str, Recipe]:
        """The name of the recipe, and the recipe with its changes."""
        from tagfit.recipe import assign, default_name, find

        name = self.recipe or default_name(problem.inputs.shape[1:])
        return name, assign(find(name), self.set_ or [])


def _new_folder(path: Path) -> None:
    """A folder for the run; the processes of one training other than the first find it begun, as do restarted ones."""
    if launch.rank() == 0 and not launch.is_restart():
        path_checks.new_folder(path)


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    if launch.count() > 1 and not (is_given(context, "out") or is_given(context, "resume")):
        faults.append(Fault("torchrun needs a run folder that all processes know", instead="--out DIR"))
    if not is_given(context, "resume"):
        if not is_given(context, "source"):
            faults.append(Fault("train needs a SOURCE, or --resume RUN", instead="tagfit train SOURCE [--recipe NAME]"))
        if not is_given(context, "out"):
            with gathered(faults):
                path_checks.folder(Path("runs"))
    elif more := options.given_except(context, WITH_RESUME):
        what = f"--resume continues the run with its own settings; {', '.join(more)} cannot be changed"
        faults.append(
            Fault(what, instead="tagfit train --resume RUN, or a new run: tagfit train SOURCE --set epochs=N")
        )
    with gathered(faults):
        checks.train_extra("training")
    with gathered(faults):
        checks.backbone(context)
    return faults + options.faults_of_source(context)


Source = Annotated[
    Path | None, typer.Argument(metavar="SOURCE", help=options.SOURCE_HELP, callback=checked(path_checks.source))
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The run folder.",
        show_default="runs/<date>-<recipe>-<seed>",
        callback=checked(_new_folder),
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN", help="Continue an interrupted run, with its own settings.", callback=checked(path_checks.run)
    ),
]


@expand_groups
@check_together(_together)
def train(
    *,
    source: Source = None,
    out: Out = None,
    resume: Resume = None,
    track: Track = None,
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
    from tagfit.workflow.fitting import reading_in_turn

    notes: list[str] = []
    silent = as_json or launch.rank() > 0
    with progress_bar(quiet=silent) as bar, tracked(None if launch.rank() > 0 else track, bar) as tracking:
        if source is None:
            assert resume is not None
            run = workflow.resume(
                resume,
                on_decoded=on_decoded(bar),
                on_epoch=epochs_of_resumed(bar, tracking, resume),
                on_extracted=on_decoded(bar, what="features"),
            )
        else:
            plan = options.suited_to(splitting.plan(source, reading), training.named())
            with reading_in_turn(training.device):
                problem = plan.problem(on_decoded(bar, None if silent else plan.announced))
            notes = [*problem.data.notes, *problem.notes]
            if not silent:
                left_out, odd = problem.data.quarantined, problem.data.warnings
                tell(bar, [*notes, *_first(left_out, "left out"), *_first(odd, "warning")])
            name, recipe = training.recipe_for(problem)
            with run_folder(out, tracking, name, training.seed) as folder:
                run = workflow.fit(
                    problem,
                    recipe,
                    seed=training.seed,
                    out=folder,
                    device=training.device,
                    threads=training.threads,
                    on_epoch=epochs_of_new(
                        bar, tracking, folder, seed=training.seed, recipe=name, data=problem.fingerprint["data"]
                    ),
                    name=name,
                    on_extracted=on_decoded(bar, what="features"),
                )
        if launch.rank() > 0:
            return
        evaluations = workflow.evaluate(run)
        assert isinstance(evaluations, dict)
        if tracking is not None:
            tracking.finish(results(evaluations))
    if as_json:
        splits = {name: evaluation.to_dict() for name, evaluation in evaluations.items()}
        print_json({**run.summary(), "folder": str(run.folder), "notes": notes, "splits": splits})
        return
    show_evaluations(evaluations, all_labels)
    say(f"\nrun: {run.folder}")


def _first(faults: Sequence[Fault], heading: str) -> list[str]:
    hidden = len(faults) - SHOWN
    more = [f"{heading}: ... and {hidden} more: `tagfit data check` lists all"] if hidden > 0 else []
    return [f"{heading}: {fault}" for fault in faults[:SHOWN]] + more
