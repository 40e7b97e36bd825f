"""The groups of options: one field is one option of every command that takes the group, of ``read`` and of the Plan."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import pytest
import typer

from tagfit.cli.app import app
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.options import ReadingOptions, SourceOptions, SplitOptions
from tagfit.data.plan import Plan
from tagfit.data.read import read

GROUPS = {
    "data check": (SourceOptions,),
    "data split": (SourceOptions,),
    "data convert": (SourceOptions,),
    "train": (SourceOptions, SplitOptions),
    "cure": (SourceOptions, SplitOptions),
    "evaluate": (ReadingOptions,),
}


def parameters_of(command: str) -> set[str]:
    found = typer.main.get_command(app)
    for word in command.split():
        found = found.commands[word]  # type: ignore[attr-defined]
    return {str(param.name) for param in found.params}


@pytest.mark.parametrize(("command", "groups"), GROUPS.items())
def test_every_field_is_an_option_of_every_command_that_takes_the_group(command: str, groups: tuple[type, ...]) -> None:
    named = {field.name for group in groups for field in fields(group)}
    assert named <= parameters_of(command)


def test_the_options_of_reading_are_the_arguments_of_read() -> None:
    arguments = set(inspect.signature(read).parameters) - {"source", "learnable"}
    assert {field.name for field in fields(SourceOptions)} == arguments
    assert set(SourceOptions().arguments()) == arguments


def test_a_plan_gets_every_option() -> None:
    splitting = SplitOptions(size=8, limit=9, test=Path("t.csv"), validation_share=0.2, split="random", split_seed=3)
    plan = splitting.plan(Path("a.csv"), SourceOptions(separator=";", exclude_labels=["x*"]))
    assert (plan.data, plan.test, plan.size, plan.limit) == ("a.csv", "t.csv", 8, 9)
    assert plan.split | {"validation_share": 0.2, "method": "random", "seed": 3} == plan.split
    assert plan.read | {"separator": ";", "exclude_labels": ["x*"], "unlisted": None} == plan.read
    assert plan == Plan.from_dict(plan.to_dict())


@dataclass(frozen=True)
class Sized:
    width: Annotated[int, typer.Option(min=1)] = 3
    deep: Annotated[bool, typer.Option("--deep")] = False


def test_a_command_gets_its_group_as_one_value() -> None:
    @expand_groups
    def command(name: str, *, size: Sized, loud: bool = False) -> tuple[str, Sized, bool]:
        return name, size, loud

    assert list(inspect.signature(command).parameters) == ["name", "width", "deep", "loud"]
    assert command(name="a", width=5, deep=True, loud=False) == ("a", Sized(5, deep=True), False)
