"""The app: all commands under one name, and what happens when one of them fails."""

from __future__ import annotations

import sys

import typer

from tagfit.cli import data, demo, evaluate, recipes, runs, tag, train
from tagfit.cli.output import print_error
from tagfit.errors import InputError

app = typer.Typer(
    name="tagfit",
    help="Train models that put several labels on one picture, judge them honestly, find out why they overfit.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.add_typer(recipes.app, name="recipes")
app.command("train")(train.train)
app.command("runs")(runs.runs)
app.command("evaluate")(evaluate.evaluate)
app.command("tag")(tag.tag)
app.command("demo")(demo.demo)


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code; what a user can mend is printed in one clear message."""
    as_json = "--json" in arguments
    try:
        code = app(arguments, prog_name="tagfit", standalone_mode=False)
    except InputError as error:
        print_error(error, as_json)
        return 2
    except typer.TyperException as error:
        print_error(_usage(error, arguments), as_json)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except BrokenPipeError:
        # The reader of a pipe has gone: nothing is left to say, nor to flush at exit.
        sys.stdout = None
        return 0
    if code == 130:
        sys.stderr.write("interrupted\n")
    return code if isinstance(code, int) else 0


def _usage(error: typer.TyperException, arguments: list[str]) -> InputError:
    """What was wrong with the words of a command, with the right form where the wish can be guessed."""
    from tagfit.recipe import Recipe

    flag = str(getattr(error, "option_name", "") or "")
    field = flag.lstrip("-").replace("-", "_")
    if field in Recipe.model_fields:
        value = _value_of(flag, arguments) or "VALUE"
        return InputError(f"{flag} is a field of the recipe, not a flag", instead=f"--set {field}={value}")
    command = getattr(getattr(error, "ctx", None), "command_path", "tagfit")
    return InputError(error.format_message(), instead=f"see {command} --help")


def _value_of(flag: str, arguments: list[str]) -> str:
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == flag:
            return "" if following.startswith("-") else following
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return ""
