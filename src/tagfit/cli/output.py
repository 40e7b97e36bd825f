"""What commands print: one JSON document, or text; tables, progress and errors, safe for any label name."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from tagfit.display import number as number
from tagfit.display import table as table
from tagfit.errors import InputError, printable
from tagfit.files import to_json

if TYPE_CHECKING:
    from rich.progress import Progress

    from tagfit.history import Epoch
    from tagfit.recipe import Recipe

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def accept_any_text(*streams: TextIO) -> None:
    """Let streams escape what their encoding cannot express, instead of failing (an ASCII terminal, a pipe)."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Print lines of text; anything that is not printable is escaped, except line breaks."""
    sys.stdout.write("\n".join(printable(line) for line in text.split("\n")) + "\n")


def print_json(document: object) -> None:
    """Print one JSON document; characters that the stream's encoding lacks are escaped as JSON does it."""
    text = to_json(document)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), indent=2)
    sys.stdout.write(text + "\n")


def print_error(error: InputError, as_json: bool) -> None:
    """One clear message on standard error; with ``--json`` a document on standard output as well."""
    sys.stderr.write("\n".join(map(printable, f"error: {error}".split("\n"))) + "\n")
    if as_json:
        faults = [{"what": fault.what, "where": fault.where, "instead": fault.instead} for fault in error.faults]
        print_json({"error": {"message": str(error), "faults": faults}})


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Progress]:
    """A rich progress bar with the time left, on standard error; none unless that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[news]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        yield bar


def tell(bar: Progress, lines: Iterable[str]) -> None:
    """Print lines on standard error, above the bar."""
    for line in lines:
        bar.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def on_decoded(
    bar: Progress, announce: Callable[[int], str] | None = None, *, what: str = "pictures"
) -> Callable[[int, int], None]:
    """A callback that shows on a bar how many are done; ``announce`` gives a line about so many before the first."""
    tasks: dict[int, Any] = {}

    def show(done: int, total: int) -> None:
        if total not in tasks:
            tasks[total] = bar.add_task(what, total=total, news="")
            if announce is not None:
                tell(bar, [announce(total)])
        bar.update(tasks[total], completed=done, visible=done < total)

    return show


def on_resamples(bar: Progress) -> Callable[[int, int], None]:
    """A callback that shows bootstrap resamples on a progress bar."""
    tasks: list[Any] = []

    def show(done: int, total: int) -> None:
        if not tasks:
            tasks.append(bar.add_task("resamples", total=total, news=""))
        bar.update(tasks[0], completed=done)

    return show


def on_epoch(bar: Progress) -> Callable[[Epoch, Recipe], None]:
    """A callback that shows a training on a progress bar."""
    tasks: list[Any] = []

    def show(epoch: Epoch, recipe: Recipe) -> None:
        if not tasks:
            tasks.append(bar.add_task("epochs", total=recipe.epochs, news=""))
        news = f"loss: train {number(epoch.train_loss)}, validation {number(epoch.validation_loss)}"
        bar.update(tasks[0], completed=epoch.epoch, news=news)

    return show
