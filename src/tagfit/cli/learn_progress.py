"""tagfit learn progress: what is kept of a learner, exported and erased; and the cards that are due."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tagfit.cli import path_checks
from tagfit.cli.checking import checked
from tagfit.cli.output import AsJson, print_json, say
from tagfit.errors import InputError


def progress(
    context: typer.Context,
    export: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a copy of all events.", callback=checked(path_checks.new_output)),
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Delete all progress; needs --yes.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --erase: do it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show, export or erase your progress in the course."""
    from tagfit.lesson import progress as file
    from tagfit.lesson.bank import word

    path: Path = context.obj
    held = file.record(path)
    count = len(held.events)
    if erase and not path.exists():
        raise InputError(word("nothing_to_erase", path=path))
    if export is not None:
        file.export(path, export)
    if erase and not yes:
        raise InputError(word("not_erased_unasked", count=count, path=path), instead=word("not_erased_instead"))
    if erase:
        file.erase(path)
    if as_json:
        found = {"progress": str(path), "events": count, "cut_short": list(held.cut)}
        print_json({**found, "exported": export and str(export), "erased": erase})
        return
    for line in held.cut:
        say(word("cut_short", line=line, path=path))
    if export is not None:
        say(word("exported", count=count, path=export))
    if erase:
        say(word("erased", path=path, count=count))
    if export is None and not erase:
        say(word("events", count=count, path=path))


def due_line(events: Sequence[dict[str, Any]]) -> str:
    """What the list of stations says of cards that are due; empty where none is, or recall is not installed."""
    from tagfit.lesson.bank import word

    count = len(due_concepts(events) or ())
    return "" if not count else word("recall_due_one") if count == 1 else word("recall_due", count=count)


def due_concepts(events: Sequence[dict[str, Any]]) -> list[str] | None:
    """The concepts whose cards are due; None where recall is not installed."""
    from tagfit.errors import MissingExtraError
    from tagfit.lesson import recall as memory

    try:
        return [card.concept.id for card in memory.due(events)]
    except MissingExtraError:
        return None
