"""The app: all commands under one name, and the exit codes and messages when one fails."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from tagfit.cli import (
    compare,
    cure,
    data,
    demo,
    diagnose,
    drift,
    evaluate,
    explain,
    keywords,
    learn,
    pack,
    recipes,
    report,
    runs,
    serve,
    studio,
    suggest,
    tag,
    thresholds,
    train,
    verify,
    vocabulary,
    watch,
    writing,
)
from tagfit.cli.command import SETTINGS, Command, Group, fault_of
from tagfit.cli.exit_codes import DONE, INPUT_ERROR, INTERRUPTED
from tagfit.cli.output import accept_any_text, print_error, say
from tagfit.errors import InputError

# What a standard output may say that is full, gone or closed; everything else is a bug.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EPIPE)

app = typer.Typer(
    name="tagfit",
    cls=Group,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)
# The headings of `tagfit --help`, in the order of the work.
START, TRAIN = "Start", "Train"
EVALUATE, IMPROVE, USE = "Evaluate", "Diagnose and improve", "Use"
app.command("demo", cls=Command, rich_help_panel=START)(demo.demo)
app.add_typer(learn.app, name="learn", rich_help_panel=START)
app.command("studio", cls=Command, rich_help_panel=START)(studio.studio)
app.add_typer(data.app, name="data", rich_help_panel=START)
app.command("keywords", cls=Command, rich_help_panel=START)(keywords.keywords)
app.add_typer(vocabulary.app, name="vocabulary", rich_help_panel=START)
app.add_typer(recipes.app, name="recipes", rich_help_panel=TRAIN)
app.command("train", cls=Command, rich_help_panel=TRAIN)(train.train)
app.command("runs", cls=Command, rich_help_panel=TRAIN)(runs.runs)
app.command("evaluate", cls=Command, rich_help_panel=EVALUATE)(evaluate.evaluate)
app.command("thresholds", cls=Command, rich_help_panel=EVALUATE)(thresholds.thresholds)
app.command("report", cls=Command, rich_help_panel=EVALUATE)(report.report)
app.command("compare", cls=Command, rich_help_panel=EVALUATE)(compare.compare)
app.command("diagnose", cls=Command, rich_help_panel=IMPROVE)(diagnose.diagnose)
app.command("cure", cls=Command, rich_help_panel=IMPROVE)(cure.cure)
app.command("verify", cls=Command, rich_help_panel=IMPROVE)(verify.verify)
app.command("drift", cls=Command, rich_help_panel=USE)(drift.drift)
app.command("explain", cls=Command, rich_help_panel=USE)(explain.explain)
app.command("suggest", cls=Command, rich_help_panel=USE)(suggest.suggest)
app.command("similar", cls=Command, rich_help_panel=USE)(suggest.similar)
app.command("tag", cls=Command, rich_help_panel=USE)(tag.tag)
app.command("watch", cls=Command, rich_help_panel=USE)(watch.watch)
app.command("untag", cls=Command, rich_help_panel=USE)(writing.untag)
app.command("accept", cls=Command, rich_help_panel=USE)(writing.accept)
app.command("undo", cls=Command, rich_help_panel=USE)(writing.undo)
app.command("pack", cls=Command, rich_help_panel=USE)(pack.pack)
app.command("serve", cls=Command, rich_help_panel=USE)(serve.serve)


@app.callback()
def tagfit(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Train models that put several labels on one picture, evaluate them, and find and cure overfitting.

    \b
    To see what it does:           tagfit demo
    With your own pictures:        tagfit data check SOURCE, then tagfit train SOURCE
    With scores of another model:  tagfit evaluate --scores FILE
    Help on one command:           tagfit COMMAND --help
    """
    if version:
        from tagfit import __version__

        say(f"tagfit {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(context.get_help())


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code; what a user can correct is printed as one clear message."""
    as_json = "--json" in arguments
    for name in ("stdout", "stderr"):  # None where the shell closed it (>&-)
        setattr(sys, name, getattr(sys, name) or open(os.devnull, "w"))  # noqa: SIM115 - as long as the process lives
    accept_any_text(sys.stdout, sys.stderr)
    try:
        code = _run(arguments, as_json)
        sys.stdout.flush()
    except SystemExit:  # a shell was given its completions; or the reader of a pipe has gone, as typer reports it
        _discard_output()
        return DONE
    except OSError as error:
        if error.errno not in UNWRITABLE or error.filename is not None:
            raise
        _discard_output()
        if isinstance(error, BrokenPipeError):
            return DONE
        print_error(InputError(f"cannot write to standard output: {error.strerror}"), as_json=False)
        return INPUT_ERROR
    return code


def _discard_output() -> None:
    """Write what can be written, and send the rest nowhere: the flush at exit must not complain."""
    with suppress(OSError):
        sys.stdout.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
