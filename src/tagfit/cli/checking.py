"""How commands declare their checks: of one value while it is parsed, or of several together.

``typer.Option(callback=checked(rule))`` calls ``rule`` with the value; its InputError is reported together with all
other errors of the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import typer

from tagfit.errors import Fault, InputError, gathered

# The key of `Context.meta` under which `Command` leaves all words of the command line, by parameter, unconverted.
GIVEN = "tagfit.given"

Rule = Callable[[Any], object]
Command = TypeVar("Command", bound=Callable[..., Any])


def checked(rule: Rule) -> Callable[[Any], Any]:
    """A callback of an option or argument that applies ``rule`` to the value if there is one."""

    def callback(value: Any) -> Any:
        if value is not None and value != []:
            rule(value)
        return value

    return callback


def check_together(check: Callable[[typer.Context], list[Fault]]) -> Callable[[Command], Command]:
    """Decorate a command with a check of how its words fit together.

    ``check`` gets the context of the command, and is called even if single words are wrong (those are missing from
    ``context.params``), so that everything is reported at once.
    """

    def decorated(command: Command) -> Command:
        command.check_together = check  # type: ignore[attr-defined]
        return command

    return decorated


def is_given(context: typer.Context, name: str) -> bool:
    """Whether a parameter was typed, whatever its value."""
    source = context.get_parameter_source(name)
    return source is not None and "DEFAULT" not in source.name


def each(rule: Rule) -> Rule:
    """``rule`` for every value of an option that may be repeated; all failures are reported."""

    def of_all(values: list[Any]) -> None:
        faults: list[Fault] = []
        for value in values:
            with gathered(faults):
                rule(value)
        if faults:
            raise InputError(faults)

    return of_all


def typed(context: typer.Context) -> Mapping[str, Any]:
    """What the user typed, by parameter, before any conversion; for checks that depend on a second option."""
    found: Mapping[str, Any] = context.meta.get(GIVEN, {})
    return found
