"""tagfit recipes: the named recipes, one of them as TOML or code, and the recipe of a Keras model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tagfit.cli import path_checks
from tagfit.cli.checking import checked
from tagfit.cli.command import Command, Group
from tagfit.cli.output import AsJson, print_json, say, table
from tagfit.errors import InputError, printable

if TYPE_CHECKING:
    from tagfit.recipe import Recipe

app = typer.Typer(cls=Group, help="List the named recipes, print one, or convert a Keras model.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def list_recipes(context: typer.Context, as_json: AsJson = False) -> None:
    """List the named recipes, print one, or convert a Keras model."""
    if context.invoked_subcommand is not None:
        return
    from tagfit.recipe import NAMED, SUMMARIES

    if as_json:
        print_json({"recipes": [{"name": name, "summary": SUMMARIES[name]} for name in NAMED]})
        return
    say(table(["recipe", "what it is"], SUMMARIES.items(), left=2))
    say("\nStart from one: `tagfit recipes show NAME > my.toml`, then `tagfit train SOURCE --recipe my.toml`.")


@app.command(cls=Command)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A named recipe, a recipe file, or a run folder.")],
    library: Annotated[
        Literal["keras", "torch"] | None,
        typer.Option("--as", metavar="LIBRARY", help="Print it as code: keras or torch."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a recipe with all its fields, or as code."""
    from tagfit import recipe

    path = Path(name)
    is_run = (path / "recipe.toml").is_file()
    found = recipe.load(path / "recipe.toml") if is_run else recipe.find(name)
    if library is not None:
        code = _code(found, name, library, path if is_run else None)
        if as_json:
            print_json({"name": name, "as": library, "code": code})
        else:
            say(code.rstrip())
    elif as_json:
        print_json({"name": name, "recipe": found.model_dump(mode="json")})
    else:
        say(found.to_toml().rstrip())


@app.command("from-keras", cls=Command)
def from_keras(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="MODEL.keras, or a file with the text of model.to_json().",
            callback=checked(path_checks.file),
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the recipe to a file instead of printing it.",
            callback=checked(path_checks.output),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Convert a Keras model's configuration into a recipe.

    No code of the model is run and Keras is not needed. Notes say what a recipe cannot express.
    """
    from tagfit.translate.from_keras import from_keras as read

    read_as = read(model)
    if out is not None:
        read_as.recipe.save(out)
    if as_json:
        recipe = read_as.recipe.model_dump(mode="json")
        print_json({"recipe": recipe, "notes": list(read_as.notes), "out": None if out is None else str(out)})
        return
    for note in read_as.notes:
        sys.stderr.write(f"note: {printable(note)}\n")
    say(read_as.recipe.to_toml().rstrip() if out is None else str(out))


def _code(recipe: Recipe, name: str, library: Literal["keras", "torch"], folder: Path | None) -> str:
    """The recipe as a script; of a run with its shapes, labels and preprocessing."""
    from tagfit.runs.run import open_run
    from tagfit.translate.as_keras import as_keras
    from tagfit.translate.as_torch import as_torch
    from tagfit.translate.code import Setting

    setting = weights = None
    if folder is not None:
        run = open_run(folder)
        if (own := run.info.get("net")) is not None:
            raise InputError(f"{folder} was trained with a custom net, {own}", instead="use the code that defines it")
        setting, weights = Setting.of(run.problem), run.weights
    return (as_keras if library == "keras" else as_torch)(recipe, name, setting, weights)
