"""The app: all commands under one name, and what happens when one of them fails."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from tagfit.cli import (
    compare,
    cure,
    data,
    demo,
    diagnose,
    evaluate,
    pack,
    recipes,
    runs,
    tag,
    thresholds,
    train,
    verify,
)
from tagfit.cli.command import WIDTH, Command, fault_of
from tagfit.cli.exit_codes import DONE, INPUT_ERROR, INTERRUPTED
from tagfit.cli.output import accept_any_text, print_error, say
from tagfit.errors import InputError

app = typer.Typer(
    name="tagfit",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=WIDTH,
)
app.add_typer(data.app, name="data")
app.add_typer(recipes.app, name="recipes")
app.command("train", cls=Command)(train.train)
app.command("runs", cls=Command)(runs.runs)
app.command("evaluate", cls=Command)(evaluate.evaluate)
app.command("thresholds", cls=Command)(thresholds.thresholds)
app.command("compare", cls=Command)(compare.compare)
app.command("diagnose", cls=Command)(diagnose.diagnose)
app.command("cure", cls=Command)(cure.cure)
app.command("verify", cls=Command)(verify.verify)
app.command("tag", cls=Command)(tag.tag)
app.command("pack", cls=Command)(pack.pack)
app.command("demo", cls=Command)(demo.demo)


@app.callback()
def tagfit(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Train models that put several labels on one picture, judge them honestly, find out why they overfit.

    Start with `tagfit demo`, or with `tagfit data check SOURCE` and `tagfit train SOURCE`.
    """
    if version:
        from tagfit import __version__

        say(f"tagfit {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(context.get_help())


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code; what a user can mend is printed in one clear message."""
    as_json = "--json" in arguments
    for name in ("stdout", "stderr"):  # None where the shell closed it (>&-)
        setattr(sys, name, getattr(sys, name) or open(os.devnull, "w"))  # noqa: SIM115 - as long as the process lives
    accept_any_text(sys.stdout, sys.stderr)
    try:
        code = _run(arguments, as_json)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # typer makes the one of the other
        # The reader of the pipe has gone: nothing is left to say, nor may the flush at exit complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def _run(arguments: list[str], as_json: bool) -> int:
    try:
        code = app(arguments, prog_name="tagfit", standalone_mode=False)
    except InputError as error:
        print_error(error, as_json)
        return INPUT_ERROR
    except typer.TyperException as error:
        print_error(InputError(fault_of(error, arguments)), as_json)
        return INPUT_ERROR
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        print_error(InputError("interrupted"), as_json)
    return code if isinstance(code, int) else DONE
