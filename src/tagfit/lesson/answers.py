"""Answers: what a learner types becomes the answer to a step, or an InputError that says what was expected."""

from __future__ import annotations

import math
import re
from typing import Any

from tagfit.errors import InputError
from tagfit.lesson.content import Step, message

_BETWEEN = re.compile(r"[,;\s]+")


def read(step: Step, text: str) -> Any:
    """The answer that ``text`` gives to a step, in the form that ``checked`` wants.

    Raises:
        InputError: another form.
    """
    text = text.strip()
    words = [word for word in _BETWEEN.split(text) if word]
    if step.kind == "choice":
        return checked(step, _option(step, text))
    if step.kind in ("many", "order"):
        return checked(step, [_option(step, word) for word in words])
    if step.kind == "tags":
        return checked(step, [row_of_tags(step, row) for row in re.split(r"[;\n]", text)])
    if step.kind == "number":
        return checked(step, _number(text))
    if step.kind == "curve":
        apart = text.replace(",", " ").split() if " " not in text else re.split(r"[;\s]+", text.replace(", ", " "))
        return checked(step, [_number(word) for word in apart if word])
    return checked(step, text.split() if step.kind == "recipe" else text)


def checked(step: Step, answer: Any) -> Any:
    """The answer if a step can be answered with it.

    Raises:
        InputError: another type, options that there are not, too few or too many values, or values out of range.
    """
    if step.kind == "choice":
        return _known(step, answer)
    if step.kind in ("many", "order"):
        found = [_known(step, one) for one in _listed(answer)]
        if len(set(found)) != len(found):
            raise InputError(message("twice"))
        if step.kind == "order" and len(found) != len(step.options):
            raise InputError(message("all_in_order", count=len(step.options)))
        return found
    if step.kind == "tags":
        rows = [[_known(step, one) for one in _listed(row)] for row in _listed(answer)]
        if len(rows) != step.length:
            raise InputError(message("so_many_rows", count=step.length, given=len(rows)))
        return rows
    if step.kind == "number":
        return _in_range(step, answer)
    if step.kind == "curve":
        values = [_in_range(step, one) for one in _listed(answer)]
        if len(values) != step.length:
            raise InputError(message("so_many_numbers", count=step.length, given=len(values)))
        return values
    if step.kind == "recipe":
        return [str(word) for word in _listed(answer)]
    if not isinstance(answer, str) or not answer.strip():
        raise InputError(message("some_text"))
    return answer


def row_of_tags(step: Step, text: str) -> list[str]:
    """The options that one row of tags names; none in an empty row.

    Raises:
        InputError: an option that there is not.
    """
    return [_known(step, _option(step, word)) for word in _BETWEEN.split(text.strip()) if word]


def _option(step: Step, word: str) -> str:
    """The id of the option that a number, an id or a label names."""
    if word.isdecimal() and 1 <= int(word) <= len(step.options):
        return step.options[int(word) - 1].id
    for option in step.options:
        if word.casefold() in (option.id.casefold(), option.text.casefold()):
            return option.id
    return word


def _known(step: Step, name: Any) -> str:
    if all(name != option.id for option in step.options):
        raise InputError(message("no_option", given=repr(name)), instead=message("options", count=len(step.options)))
    return str(name)


def _listed(answer: Any) -> list[Any]:
    if not isinstance(answer, list | tuple):
        raise InputError(message("a_list"))
    return list(answer)


def _number(word: str) -> float:
    """A number as people write it: with a comma or a point, or as a percentage."""
    share = word.endswith("%")
    try:
        value = float(word.rstrip("% ").replace(",", "."))
    except ValueError:
        raise InputError(message("no_number", given=repr(word))) from None
    return value / 100 if share else value


def _in_range(step: Step, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(message("no_number", given=repr(value)))
    # 85 where 0.85 is meant.
    if step.high == 1 and 1 < value <= 100:
        value = value / 100
    if (step.low is not None and value < step.low) or (step.high is not None and value > step.high):
        raise InputError(message("out_of_range", given=f"{value:g}", low=step.low, high=step.high))
    return float(value)
