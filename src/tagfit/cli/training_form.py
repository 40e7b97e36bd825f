"""The options of `tagfit train` as the form of the studio shows them, from their own declarations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import typer

from tagfit.cli import options
from tagfit.cli.command import Command
from tagfit.cli.option_groups import group_of
from tagfit.cli.photo_options import PHOTOS

if TYPE_CHECKING:
    from tagfit.data.plan import Plan
    from tagfit.studio.trainer import Option, Trainer

LEFT_OUT = ("cache_dir",)  # of the machine, not of the source


def trainer() -> Trainer:
    """What the studio needs to know of `tagfit train`."""
    from tagfit.studio.trainer import Trainer

    found = [one for group in (options.SourceOptions, options.SplitOptions) for one in _options(group)]
    return Trainer(tuple(sorted(found, key=lambda one: one.panel == PHOTOS)), _plan)


def _options(group: type[Any]) -> Iterator[Option]:
    from tagfit.studio.trainer import Option

    hints = get_type_hints(group, include_extras=True)
    for one in fields(group):
        if one.name in LEFT_OUT:
            continue
        kind, info = get_args(hints[one.name])
        kinds = [each for each in (get_args(kind) or (kind,)) if each is not type(None)]
        literal = kind if get_origin(kind) is Literal else kinds[0]
        default = info.show_default if isinstance(info.show_default, str) else ""
        yield Option(
            f"--{one.name.replace('_', '-')}",
            str(info.rich_help_panel),
            f"{info.help} Default: {default}." if default else str(info.help),
            choices=tuple(map(str, get_args(literal))) if get_origin(literal) is Literal else (),
            switch=kind is bool,
            many=get_origin(kinds[0]) is list,
            path=kinds[0] is Path,
            default="" if one.default is None or kind is bool else str(one.default),
        )


def _plan(words: Sequence[str]) -> Plan:
    """What the words after `tagfit train` would read, checked as the command checks them."""
    from tagfit.cli import train

    app = typer.Typer()
    app.command("train", cls=Command)(train.train)
    params = typer.main.get_command(app).make_context("train", list(words)).params
    splitting, reading = group_of(options.SplitOptions, params), group_of(options.SourceOptions, params)
    recipe = group_of(train.TrainingOptions, params).named()
    return options.suited_to(splitting.plan(params["source"], reading), recipe)
