"""Command: a command whose help stands in sections, and which names all that is wrong with its words at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand

from tagfit.errors import Fault, InputError

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

WIDTH = {"max_content_width": 110}
# What typer adds to the name of an argument, and to the help of a number that has limits; whoever crosses one is told.
TYPE = re.compile(r" <.+>$")
RANGE = re.compile(r"; (\d+<=)?x[<>]=\d+|  \[(\d+<=)?x[<>]=\d+\]")


class Command(TyperCommand):
    """A command of tagfit."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the words of the command.

        Raises:
            InputError: everything that is wrong with them.
        """
        try:
            return super().parse_args(ctx, list(args))
        except typer.TyperException:
            raise InputError(self._faults(ctx, args)) from None

    def _faults(self, ctx: Context, args: Sequence[str]) -> list[Fault]:
        """What is wrong, found by reading on behind each fault."""
        words, faults = list(args), []
        while True:
            try:
                given, extra, _ = self.make_parser(ctx).parse_args(args=list(words))
                break
            except typer.TyperException as error:
                faults.append(fault_of(error, words))
                rest = _without(words, str(getattr(error, "option_name", "")))
                if rest == words:
                    return faults
                words = rest
        for param in self.get_params(ctx):
            if not param.is_eager:
                try:
                    param.handle_parse_result(ctx, given, [])
                except typer.TyperException as error:
                    faults.append(fault_of(error, words))
        if extra:
            faults.append(Fault(f"too many words: {' '.join(extra)}", instead=f"see {ctx.command_path} --help"))
        return faults

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Arguments and general options first, then the others under the headings that they name."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                is_argument = param.param_type_name == "argument"
                heading = "Arguments" if is_argument else getattr(param, "rich_help_panel", None) or "Options"
                words, text = record
                sections.setdefault(heading, []).append(
                    (TYPE.sub("", words) if is_argument else words, RANGE.sub("", text))
                )
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def fault_of(error: typer.TyperException, words: Sequence[str]) -> Fault:
    """What was wrong with the words of a command, with the right form where the wish can be guessed."""
    from tagfit.recipe import Recipe

    flag = str(getattr(error, "option_name", "") or "")
    field = flag.lstrip("-").replace("-", "_")
    if field in Recipe.model_fields and not getattr(error, "possibilities", None):
        return Fault(f"{flag} is a field of the recipe, not a flag", instead=f"--set {field}={_value(words, flag)}")
    param = getattr(error, "param", None)
    if flag == "" and param is not None and not hasattr(error, "param_type"):  # a wrong value, not a missing one
        given = next((value for name in param.opts if (value := _value(words, name)) != "VALUE"), "")
        return Fault(f"{param.opts[0]} {given}".rstrip(), instead=_wanted(error.message))
    command = getattr(getattr(error, "ctx", None), "command_path", "tagfit")
    return Fault(error.format_message().rstrip("."), instead=f"see {command} --help")


def _wanted(message: str) -> str:
    """The right form out of what the parser says of a wrong value."""
    for beginning in ("Input should be ", " is not "):
        _, found, rest = message.partition(beginning)
        if found:
            return rest.partition(", unable to")[0].rstrip(".")
    return message


def _value(words: Sequence[str], flag: str) -> str:
    """What was given to a flag: ``--flag value`` or ``--flag=value``; VALUE where nothing was."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == flag:
            return following if following and not following.startswith("--") else "VALUE"
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return "VALUE"


def _without(words: Sequence[str], flag: str) -> list[str]:
    """The words without a flag and what was given to it."""
    for place, word in enumerate(words):
        if flag and word.partition("=")[0] == flag:
            takes_next = "=" not in word and place + 1 < len(words) and not words[place + 1].startswith("--")
            return [*words[:place], *words[place + 1 + takes_next :]]
    return list(words)
