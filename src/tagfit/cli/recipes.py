"""tagfit recipes: the named recipes, and one of them to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli.command import Command
from tagfit.cli.output import AsJson, print_json, say, table

app = typer.Typer(help="List the named recipes, or show one to start from.", rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def list_recipes(context: typer.Context, as_json: AsJson = False) -> None:
    """List the named recipes, or show one to start from."""
    if context.invoked_subcommand is not None:
        return
    from tagfit.recipe import NAMED, SUMMARIES

    if as_json:
        print_json({"recipes": [{"name": name, "summary": SUMMARIES[name]} for name in NAMED]})
        return
    say(table(["recipe", "what it is"], SUMMARIES.items(), left=2))
    say("\n`tagfit recipes show NAME > my.toml` prints one to start from; `--recipe my.toml` uses it.")


@app.command(cls=Command)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A named recipe, a recipe file, or a run folder.")],
    as_json: AsJson = False,
) -> None:
    """Print a recipe, every field spelled out."""
    from tagfit import recipe

    path = Path(name)
    found = recipe.load(path / "recipe.toml") if (path / "recipe.toml").is_file() else recipe.find(name)
    if as_json:
        print_json({"name": name, "recipe": found.model_dump(mode="json")})
    else:
        say(found.to_toml().rstrip())
