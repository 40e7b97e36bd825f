"""Prompts of the course: one of, many of, a number, a text, an order; appended lines, words that work everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tagfit.errors import InputError, printable
from tagfit.lesson.content import message

if TYPE_CHECKING:
    from rich.console import Console

HELP = "?"  # in every language
T = TypeVar("T")


class Quit(Exception):  # noqa: N818 - not a fault
    """The learner wants to stop; progress is kept."""


class EndOfInput(Quit):
    """The piped answers are used up."""


class Skip(Exception):  # noqa: N818
    """The learner goes on to the next question."""


class Restart(Exception):  # noqa: N818
    """The learner starts the station again."""


@dataclass
class Terminal:
    """Where questions are printed and answers are read: a terminal, or lines from a pipe.

    Attributes:
        hint, solution: called for these words; None where there is nothing to give.
        restarts: whether there is something to start again.
    """

    hint: Callable[[], None] | None = None
    solution: Callable[[], None] | None = None
    restarts: bool = False
    _console: Console | None = field(default=None, repr=False)

    @property
    def interactive(self) -> bool:
        """Whether a person types the answers."""
        return sys.stdin is not None and sys.stdin.isatty()

    @property
    def console(self) -> Console:
        """Prints on standard output, in colour where that is a terminal."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
        return self._console

    def say(self, text: str = "", style: str = "") -> None:
        """Print a paragraph per line of ``text``, wrapped to the terminal."""
        for line in text.split("\n"):
            self.console.print(printable(line), style=style or None)

    def verbatim(self, text: str) -> None:
        """Print lines as they are, unwrapped, as tables and code need."""
        for line in text.split("\n"):
            self.console.print(printable(line), soft_wrap=True)

    def line(self, name: str) -> str:
        """One line of the learner.

        Raises:
            Quit: the word, or the end of the input.
        """
        self.console.print(f"{printable(name)}> ", end="", soft_wrap=True)
        sys.stdout.flush()
        typed = sys.stdin.readline() if sys.stdin is not None else ""
        if not typed:
            self.console.print()
            raise EndOfInput
        if not self.interactive:  # so that a log reads like a dialogue
            self.console.print(printable(typed.rstrip("\n")))
        return typed.strip()

    def ask(self, name: str, read: Callable[[str], T], *, help_text: str, repeat: Callable[[], None]) -> T:
        """Ask until ``read`` accepts what was typed.

        Args:
            name: of what is wanted, before the sign of the prompt.
            read: turns the line into the answer, or raises an InputError, which is shown.
            help_text: what ``?`` says about this kind of answer.
            repeat: prints the question again, for an empty line.

        Raises:
            Quit, Skip, Restart: the words.
        """
        while True:
            typed = self.line(name)
            word = typed.casefold()
            if word == message("word_quit"):
                raise Quit
            if word == message("word_skip"):
                raise Skip
            if word == message("word_restart") and self.restarts:
                raise Restart
            if not typed:
                repeat()
            elif word in (HELP, message("word_help")):
                self.say(help_text)
                self.say(message("help_words"))
            elif word == message("word_hint"):
                self._given(self.hint, "no_hint")
            elif word == message("word_solution"):
                self._given(self.solution, "no_solution")
            else:
                try:
                    return read(typed)
                except InputError as error:
                    self.say(str(error), style="red")

    def _given(self, give: Callable[[], None] | None, otherwise: str) -> None:
        if give is None:
            self.say(message(otherwise))
        else:
            give()

    def options(self, texts: Sequence[str]) -> None:
        """Print options with their numbers."""
        for number, text in enumerate(texts, start=1):
            self.say(f"  {message('option_line', number=number, text=text)}")

    def one_of(self, name: str, texts: Sequence[str], question: str) -> int:
        """The place of the option that the learner chooses, from 0."""

        def read(typed: str) -> int:
            if not (typed.isdecimal() and 1 <= int(typed) <= len(texts)):
                raise InputError(message("no_option", given=repr(typed)), instead=message("options", count=len(texts)))
            return int(typed) - 1

        def show() -> None:
            self.say(question)
            self.options(texts)

        show()
        return self.ask(name, read, help_text=message("help_choice"), repeat=show)

    def sure(self) -> bool:
        """Whether the learner is sure of the answer just given."""
        question = message("sure")

        def read(typed: str) -> bool:
            for key, value in (("sure_yes", True), ("sure_no", False)):
                if typed.casefold() in message(key).split(", "):
                    return value
            raise InputError(message("yes_or_no"))

        return self.ask(question, read, help_text=message("yes_or_no"), repeat=lambda: None)

    def require_answers(self) -> None:
        """Refuse a standard input that can give no answer: closed, or the null device.

        Raises:
            InputError: with the ways out.
        """
        nothing = InputError(message("nothing_to_answer"), instead=message("nothing_to_answer_instead"))
        if sys.stdin is None or sys.stdin.closed:
            raise nothing
        try:
            null = os.path.samestat(os.fstat(sys.stdin.fileno()), os.stat(os.devnull))
        except (OSError, ValueError):  # a stream of a test
            return
        if null:
            raise nothing
