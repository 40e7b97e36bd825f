"""The option --track of commands that train, and of `tagfit runs`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli.checking import checked
from tagfit.cli.output import on_epoch, tell

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from tagfit.curing.progress import Progress
    from tagfit.evaluation.evaluation import Evaluation
    from tagfit.history import Epoch
    from tagfit.recipe import Recipe
    from tagfit.runs.run import Run
    from tagfit.tracking.tracking import EpochTracking, Tracking


def _tracker(name: str) -> None:
    from tagfit.tracking.trackers import check

    check(name)


Track = Annotated[
    str | None,
    typer.Option(
        metavar="TRACKER", help="Send epochs to mlflow, tensorboard or wandb as well.", callback=checked(_tracker)
    ),
]


@contextmanager
def tracked(track: str | None, bar: Bar) -> Iterator[Tracking | None]:
    """What sends to the tracker, if one was asked for; a failure is said once, above the bar."""
    if track is None:
        yield None
        return
    from tagfit.tracking.tracking import Tracking

    with Tracking(track, lambda line: tell(bar, [line])) as tracking:
        yield tracking


@contextmanager
def run_folder(out: Path | None, tracking: Tracking | None, recipe: str, seed: int) -> Iterator[Path | None]:
    """The folder of a new run; where its name goes to a tracker, it is chosen before the training does."""
    if out is not None or tracking is None:
        yield out
        return
    from tagfit.runs.writing import claimed_folder

    with claimed_folder(Path(recipe).name.removesuffix(".toml"), seed) as folder:
        yield folder


def epochs_of_new(
    bar: Bar, tracking: Tracking | None, folder: Path | None, **settings: Any
) -> Callable[[Epoch, Recipe], None]:
    """A callback of the epochs of a new run: the bar, and the tracker."""
    if tracking is None or folder is None:
        return on_epoch(bar)
    from tagfit.tracking.tracking import EpochTracking

    return _both(bar, EpochTracking(tracking, lambda _: folder.name, folder.parent, settings))


def epochs_of_resumed(bar: Bar, tracking: Tracking | None, folder: Path) -> Callable[[Epoch, Recipe], None]:
    """The same of a run that is continued; the tracker gets the earlier epochs, too."""
    if tracking is None:
        return on_epoch(bar)
    from tagfit.runs.run import open_run
    from tagfit.tracking.tracking import EpochTracking, settings_of

    run = open_run(folder)
    return _both(
        bar, EpochTracking(tracking, lambda _: run.name, run.folder.parent, settings_of(run), earlier=run.history)
    )


def trainings_of_cure(progress: Progress, tracking: Tracking | None, folder: Path | None) -> Progress:
    """The callbacks of a cure, which also send each of its trainings, numbered, with the results of trials."""
    if tracking is None or folder is None:
        return progress
    from dataclasses import replace

    from tagfit.tracking.tracking import EpochTracking

    begun = f"{folder.name}-{time.strftime('%H%M%S')}"
    epochs = EpochTracking(tracking, lambda number: f"{begun}-{number:03}", folder.parent, {"cure": str(folder)})

    def both(epoch: Epoch, recipe: Recipe) -> None:
        if progress.on_epoch is not None:
            progress.on_epoch(epoch, recipe)
        epochs(epoch, recipe)

    def trial(found: Any) -> None:
        progress.on_trial(found)
        epochs.judged(found.recipe, found.epochs, found.values, found.completed)

    return replace(progress, on_epoch=both, on_trial=trial)


def results(evaluations: Mapping[str, Evaluation]) -> dict[str, float]:
    """The metrics of every split by figure, such as ``validation.mAP``."""
    return {
        f"{split}.{name}": metric.value
        for split, evaluation in evaluations.items()
        for name, metric in evaluation.metrics.items()
    }


def send(runs: list[Run], tracking: Tracking) -> None:
    """Send runs that were trained before, each with its epochs and results."""
    from tagfit import workflow
    from tagfit.tracking.tracking import send_run

    for run in runs:
        found: Any = workflow.evaluate(run, intervals=None) if run.scored_splits else {}
        send_run(tracking, run, results(found))


def _both(bar: Bar, second: EpochTracking) -> Callable[[Epoch, Recipe], None]:
    shown = on_epoch(bar)

    def called(epoch: Epoch, recipe: Recipe) -> None:
        shown(epoch, recipe)
        second(epoch, recipe)

    return called
