"""Commands and groups: help in sections, and one message with everything that is wrong with the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tagfit.cli import names
from tagfit.cli.checking import GIVEN
from tagfit.errors import Fault, InputError, gathered

if TYPE_CHECKING:
    from typer._click import Command as AnyCommand
    from typer._click import Context, HelpFormatter

SETTINGS: dict[str, Any] = {"max_content_width": 110, "help_option_names": ["-h", "--help"]}
PLACEHOLDER = "VALUE"
# Typer adds a type to the name of an argument, and the range to the help of a number (errors say both), and puts
# parentheses around a default in words.
TYPE = re.compile(r" <.+>$")
RANGE = re.compile(r"; (\d+<=)?x[<>]=\d+|  \[(\d+<=)?x[<>]=\d+\]")
DEFAULT = re.compile(r"\[default: \((.*)\)\]")


class Command(TyperCommand):
    """A command of tagfit."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Convert and check all words of the command line.

        Raises:
            InputError: everything that is wrong with them.
        """
        if ctx.resilient_parsing:  # a shell completes the words
            return super().parse_args(ctx, args)
        faults: list[Fault] = []
        given, extra = self._words(ctx, args, faults)
        ctx.meta[GIVEN] = given
        for param in sorted(self.get_params(ctx), key=lambda one: not one.is_eager):
            try:
                param.handle_parse_result(ctx, given, [])
            except InputError as error:
                faults += [_placed(fault, param.opts[0]) for fault in error.faults]
            except typer.TyperException as error:
                faults.append(fault_of(error, args))
        if extra:
            faults.append(Fault(f"unexpected: {' '.join(extra)}", instead=f"see {ctx.command_path} --help"))
        if (check := getattr(self.callback, "check_together", None)) is not None:
            faults += check(ctx)
        if faults:
            raise InputError(dict.fromkeys(faults))
        return []

    def _words(self, ctx: Context, args: Sequence[str], faults: list[Fault]) -> tuple[dict[str, Any], list[str]]:
        """The words by parameter, and those that are left over; an option that cannot be parsed is left out."""
        words = list(args)
        while True:
            try:
                given, extra, _ = self.make_parser(ctx).parse_args(args=list(words))
            except typer.TyperException as error:
                faults.append(fault_of(error, words))
                rest = _without(words, str(getattr(error, "option_name", "")))
                if rest == words:
                    return {}, []
                words = rest
            else:
                return dict(given), list(extra)

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
                    (TYPE.sub("", words) if is_argument else words, DEFAULT.sub(r"[default: \1]", RANGE.sub("", text)))
                )
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


class Group(TyperGroup):
    """A group of commands, whose help lists them under headings."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Convert and check the options of the group itself; what follows is left to the command that it names.

        Raises:
            InputError: everything that is wrong with them.
        """
        if not ctx.resilient_parsing and len(args) > 1:
            faults: list[Fault] = []
            with suppress(typer.TyperException):  # words that cannot be parsed are reported below
                given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
                for param in self.get_params(ctx):
                    with gathered(faults):
                        if not param.is_eager:
                            param.handle_parse_result(ctx, given, [])
            if faults:
                raise InputError(dict.fromkeys(faults))
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, AnyCommand | None, list[str]]:
        """The command that the first word names.

        Raises:
            InputError: there is none, with the one that may have been meant.
        """
        word = args[0]
        if self.get_command(ctx, word) is None and not ctx.resilient_parsing:
            if word.startswith("-"):
                raise InputError(f"{ctx.command_path} has no option {word}", instead=f"see {ctx.command_path} --help")
            instead = names.command_for(word, self.list_commands(ctx), ctx.command_path)
            raise InputError(f"there is no command {ctx.command_path} {word}", instead=instead)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """The commands, each with the first sentence of its help, by heading."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        sections: dict[str, list[tuple[str, str]]] = {}
        width = max(len(name) for name, _ in commands)
        for name, command in commands:
            assert command is not None
            heading = getattr(command, "rich_help_panel", None) or "Commands"
            text = command.get_short_help_str(formatter.width - 6 - width)
            sections.setdefault(str(heading), []).append((name.ljust(width), text))
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def fault_of(error: typer.TyperException, words: Sequence[str]) -> Fault:
    """What is wrong with the words of a command, with the right form where it can be guessed."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "tagfit")
    flag = str(getattr(error, "option_name", "") or "")
    if flag and error.format_message().startswith("No such option"):
        options = [name for param in context.command.params for name in param.opts] if context is not None else []
        instead = names.option_for(flag, _value(words, flag), options, command)
        return Fault(f"{command} has no option {flag}", instead=instead)
    param = getattr(error, "param", None)
    if flag == "" and param is not None and not hasattr(error, "param_type"):  # a wrong value, not a missing one
        given = next((value for name in param.opts if (value := _value(words, name)) != PLACEHOLDER), "")
        return Fault(f"{param.opts[0]} {given}".rstrip(), instead=_wanted(error.message))
    return Fault(error.format_message().rstrip("."), instead=f"see {command} --help")


def _placed(fault: Fault, option: str) -> Fault:
    """The fault under the name of its option, unless it has a place or names it."""
    known = fault.where or option in fault.what or not option.startswith("-")
    return fault if known else replace(fault, where=option)


def _wanted(message: str) -> str:
    """The right form out of what the parser says of a wrong value."""
    for beginning in ("Input should be ", " is not "):
        _, found, rest = message.partition(beginning)
        if found:
            wanted = rest.partition(", unable to")[0].rstrip(".")
            for words, short in (("greater than or equal to ", " or more"), ("less than or equal to ", " or less")):
                if wanted.startswith(words):
                    return wanted.removeprefix(words) + short
            return wanted
    return message


def _value(words: Sequence[str], flag: str) -> str:
    """What was given to a flag: ``--flag value`` or ``--flag=value``; a placeholder where nothing was."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == flag:
            return following if following and not following.startswith("--") else PLACEHOLDER
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return PLACEHOLDER


def _without(words: Sequence[str], flag: str) -> list[str]:
    """The words without a flag and what was given to it."""
    for place, word in enumerate(words):
        if flag and word.partition("=")[0] == flag:
            takes_next = "=" not in word and place + 1 < len(words) and not words[place + 1].startswith("--")
            return [*words[:place], *words[place + 1 + takes_next :]]
    return list(words)
