"""Groups of options: frozen dataclasses whose fields become options of every command that takes one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

R = TypeVar("R")


Group = TypeVar("Group")


def group_of(kind: type[Group], values: Mapping[str, Any]) -> Group:
    """An instance of a group out of the parameters of a command; those that are missing have their defaults."""
    return kind(**{one.name: values[one.name] for one in fields(kind) if one.name in values})  # type: ignore[arg-type]


def expand_groups(command: Callable[..., R]) -> Callable[..., R]:
    """Replace each parameter of ``command`` that is annotated with a dataclass by one option per field.

    A field is declared as a parameter of a typer command is: ``name: Annotated[type, typer.Option(...)] = default``.
    The command is called with one instance of each dataclass.
    """
    groups: dict[str, type] = {}
    parameters: list[inspect.Parameter] = []
    signature = inspect.signature(command, eval_str=True)
    for parameter in signature.parameters.values():
        group = parameter.annotation
        if not is_dataclass(group):
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        assert isinstance(group, type)
        groups[parameter.name] = group
        hints = get_type_hints(group, include_extras=True)
        parameters += [
            inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name])
            for one in fields(group)
        ]

    @functools.wraps(command)
    def expanded(**values: Any) -> R:
        for name, group in groups.items():
            values[name] = group(**{one.name: values.pop(one.name) for one in fields(group)})
        return command(**values)

    expanded.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    expanded.__annotations__ = {one.name: one.annotation for one in parameters} | {
        "return": signature.return_annotation
    }
    return expanded
