"""tagfit learn: the course in the terminal, station by station, on the engine."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli import learn_progress, learn_questions, path_checks
from tagfit.cli.checking import checked
from tagfit.cli.command import Command, Group
from tagfit.cli.output import AsJson, print_json, say, table

if TYPE_CHECKING:
    from typer._click import Command as AnyCommand
    from typer._click import Context

STATION = "station"


class Learn(Group):
    """The group, in which a word that is no command names a station."""

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, AnyCommand | None, list[str]]:
        """The command, or that of a station: ``tagfit learn cut`` is ``tagfit learn station cut``."""
        from tagfit.lesson import content

        known = {name for place, one in enumerate(content.stations(), start=1) for name in (one.id, str(place))}
        commands = self.list_commands(ctx)
        if args[0].isalnum() and not difflib.get_close_matches(args[0], [*commands, *known]):
            content.station(args[0])  # says which stations there are
        return super().resolve_command(ctx, [STATION, *args] if args[0] in known else args)


app = typer.Typer(
    cls=Learn,
    help="Learn why models memorise and how to cure it, in an hour.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

Progress = Annotated[
    Path | None,
    typer.Option(
        "--progress",
        metavar="FILE",
        help="Where progress is kept.  [default: learn.jsonl in the state folder]",
        callback=checked(path_checks.progress),
    ),
]


def _known(name: str) -> None:
    from tagfit.lesson import content

    content.station(name)


@app.callback()
def learn(
    context: typer.Context,
    progress: Progress = None,
    content: Annotated[
        Path | None,
        typer.Option(
            "--content",
            metavar="DIR",
            help="Take all texts from here: a translation.",
            callback=checked(path_checks.content),
        ),
    ] = None,
    web: Annotated[bool, typer.Option("--web", help="Take the course in the browser, in the studio.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn why models memorise and how to cure it, in an hour.

    \b
    The stations, and where you are:  tagfit learn
    Start or resume one of them:      tagfit learn STATION
    In the browser:                   tagfit learn --web
    """
    from tagfit.lesson import progress as file
    from tagfit.lesson import texts

    texts.use(content)
    context.obj = progress or file.default_path()
    if context.invoked_subcommand is not None:
        return
    if web and not as_json:
        _serve(context.obj)
        return
    events = file.read(context.obj)
    if as_json:
        print_json(overview(events, context.obj))
    else:
        _print_overview(events, context.obj)


@app.command(STATION, cls=Command)
def station(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="STATION", help="Its number or its name.", callback=checked(_known))],
    restart: Annotated[bool, typer.Option("--restart", help="Start the station from its first step.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start or resume a station."""
    from tagfit.cli.learn_station import Face
    from tagfit.lesson import content
    from tagfit.lesson import progress as file
    from tagfit.lesson.state import RESTART, happened, state

    wanted = content.station(name)
    if restart:
        file.append(context.obj, happened(RESTART, wanted))
    if as_json:
        print_json(state(wanted, file.read(context.obj)).to_dict())
        return
    face = Face(context.obj)
    face.terminal.require_answers()
    face.run(wanted)


app.command("test", cls=Command)(learn_questions.take_test)
app.command("practice", cls=Command)(learn_questions.practice)
app.command("recall", cls=Command)(learn_questions.recall)
app.command("progress", cls=Command)(learn_progress.progress)


def overview(events: list[dict[str, Any]], path: Path) -> dict[str, Any]:
    """The state of the course as plain JSON values."""
    from tagfit.lesson.state import next_station, states

    following = next_station(events)
    return {
        "progress": str(path),
        "stations": [{"number": place, **one.to_dict()} for place, one in enumerate(states(events), start=1)],
        "next": None if following is None else following.id,
        "due": learn_progress.due_concepts(events),
    }


def _serve(path: Path) -> None:
    """The studio of the present folder, opened at the course."""
    from tagfit.cli.studio import show_link
    from tagfit.cli.training_form import trainer
    from tagfit.studio.serve import serve

    serve(Path(), 0, show_link, train=trainer, first="/learn", progress=path)


def _print_overview(events: list[dict[str, Any]], path: Path) -> None:
    from tagfit.lesson import content
    from tagfit.lesson.content import message
    from tagfit.lesson.state import next_station, states

    course = content.course()
    say(course.title)
    say(course.intro)
    say()
    rows = []
    for place, one in enumerate(states(events), start=1):
        status = message(f"status_{one.status}", done=one.done, steps=len(one.station.steps))
        rows.append([str(place), one.station.id, one.station.title, str(one.station.minutes), status])
    columns = [message(f"column_{name}") for name in ("number", "station", "title", "minutes", "status")]
    say(table(columns, rows, left=3))
    following = next_station(events)
    say()
    say(message("all_done") if following is None else message("how_to_start", name=following.id))
    if due := learn_progress.due_line(events):
        say(due)
    say(message("progress_file", path=path))
