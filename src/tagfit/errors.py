"""InputError: the exception for everything a user can cause, with all faults, their places and corrections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

SHOWN_FAULTS = 30
SHOWN_NAMES = 12


def printable(text: str) -> str:
    """``text`` with everything that is not printable written as an escape.

    File names and tags come from strangers: a terminal must not obey what they hold (escape sequences, line breaks,
    marks that turn the direction of the text), and what no encoding can write must not break the message.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def listed(names: Sequence[str]) -> str:
    """Names as a message shows them: quoted, escaped, and no more than a line holds."""
    few = ", ".join(repr(name) for name in names[:SHOWN_NAMES])
    return few if len(names) <= SHOWN_NAMES else f"{few} and {len(names) - SHOWN_NAMES} more"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        what: the fault, in the user's own words and values.
        where: the place, such as ``tags.csv, row 12``; empty where there is none.
        instead: what would have been right; empty where ``what`` says it.
    """

    what: str
    where: str = ""
    instead: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.instead})" if self.instead else ""
        return printable(f"{place}{self.what}{advice}")


class InputError(ValueError):
    """The user's input cannot be used. The command line prints it without a traceback and exits with 2.

    Holds every fault that was found, not only the first.
    """

    def __init__(self, faults: Fault | str | Iterable[Fault], *, what: str = "", instead: str = "") -> None:
        if isinstance(faults, str):
            faults = Fault(faults, instead=instead)
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        self.heading = what
        super().__init__(self._text())

    def _text(self) -> str:
        lines = [str(fault) for fault in self.faults[:SHOWN_FAULTS]]
        if len(self.faults) > SHOWN_FAULTS:
            lines.append(f"... and {len(self.faults) - SHOWN_FAULTS} more")
        if len(lines) == 1 and not self.heading:
            return lines[0]
        heading = self.heading or f"{len(self.faults)} problems"
        return "\n".join([f"{printable(heading)}:", *(f"  {line}" for line in lines)])


@contextmanager
def gathered(faults: list[Fault]) -> Iterator[None]:
    """Add the faults of an InputError in the block to ``faults``, so that the next check can have its say as well."""
    try:
        yield
    except InputError as error:
        faults.extend(error.faults)


class MissingExtraError(InputError):
    """A command needs a part of tagfit that is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        super().__init__(f"{needed_for} needs an extra that is not installed", instead=f"pip install 'tagfit[{extra}]'")
