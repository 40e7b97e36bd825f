"""Arguments of public functions: checked against their annotations, so that a wrong call is an InputError."""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import numbers
import os
import re
import reprlib
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from tagfit.errors import Fault, InputError

P = ParamSpec("P")
R = TypeVar("R")

NAMES = {str: "a text", int: "a whole number", float: "a finite number", bool: "True or False", Path: "a path"}
BOUND = ("self", "cls")
AT_LEAST = {"seed": 0, "resamples": 0, "repeats": 1, "min_positives": 0}
HUGE = 2**63
# What file systems take, in bytes.
LONGEST_NAME, LONGEST_PATH = 255, 4096


class ArgumentError(InputError, TypeError):
    """A function was called with arguments that it does not have."""


def checked(
    right_forms: Mapping[str, str] | None = None, *, only_names: bool = False, **more_forms: str
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: refuse unknown, missing and wrongly typed arguments with an InputError that shows the right form.

    Values are checked as far as the annotations say: texts, numbers, paths, functions, classes, sequences of these.
    Arrays are left to the function.

    Args:
        only_names: leave the values to the function.
        right_forms, more_forms: what is shown for an argument, known or unknown, instead of its annotation.
    """

    forms = {**(right_forms or {}), **more_forms}

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature, called = inspect.signature(function), _name(function)
        hints: dict[str, Any] = {}

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise ArgumentError(_misfits(function, signature, kwargs, error, forms)) from None
            if only_names:
                return function(*args, **kwargs)
            if not hints:
                hints.update(_hints(function, signature))
            faults = []
            for name, value in given.items():
                several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
                wrong = [one for one in (value if several else [value]) if not _fits(one, hints[name])]
                if isinstance(value, int) and value < AT_LEAST.get(name, value):
                    faults.append(Fault(f"{called}: {name} = {value}", instead=f"{AT_LEAST[name]} or more"))
                form = forms.get(name) or _described(hints[name])
                faults += [Fault(f"{called}: {name} = {reprlib.repr(one)}", instead=form) for one in wrong]
            if faults:
                raise InputError(faults)
            return function(*args, **kwargs)

        return call

    return decorate


def refuse_unused(form: str, **given: object) -> None:
    """Raise an InputError that names every argument that was given (is not None) though ``form`` takes none of them."""
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise InputError([Fault(f"{form} takes no {name}") for name in named])


def _name(function: Callable[..., Any]) -> str:
    """As it is called: ``fit``, ``Run.tag``, or ``Goal`` for a constructor."""
    return function.__qualname__.removesuffix(".__init__")


def as_path(value: object, name: str) -> Path:
    """A text or a Path as a Path; anything else, or what no file system takes, is an InputError."""
    if not isinstance(value, str | Path) or not _is_path(value):
        raise InputError(f"{name} = {reprlib.repr(value)}", instead="a path")
    return Path(value)


def _misfits(
    function: Callable[..., Any],
    signature: inspect.Signature,
    keywords: Mapping[str, Any],
    error: TypeError,
    right_forms: Mapping[str, str],
) -> list[Fault]:
    known = [name for name in signature.parameters if name not in BOUND]
    unknown = [name for name in keywords if name not in known]
    if not unknown:
        required = _parameters(signature)
        call = f"{_name(function)}({', '.join(one.name for one in required)})"
        form = next((right_forms[one.name] for one in required if one.name in right_forms), call)
        return [Fault(f"{_name(function)}: {error}", instead=form)]
    faults = []
    for name in unknown:
        close = difflib.get_close_matches(name, known, n=1)
        hint = right_forms.get(name) or (f"did you mean {close[0]}?" if close else f"it takes {', '.join(known)}")
        faults.append(Fault(f"{_name(function)} has no argument {name!r}", instead=hint))
    return faults


def _parameters(signature: inspect.Signature) -> list[inspect.Parameter]:
    return [one for name, one in signature.parameters.items() if name not in BOUND and one.default is one.empty]


class _Names(dict[str, Any]):
    """Names in an annotation. What is imported for type checkers only (it would load torch) is not checked."""

    def __init__(self, there: Mapping[str, Any]) -> None:
        super().__init__()
        self.there = there

    def __missing__(self, name: str) -> Any:
        if name in self.there or name in vars(__import__("builtins")):
            raise KeyError(name)
        return Any


def _hints(function: Callable[..., Any], signature: inspect.Signature) -> dict[str, Any]:
    there: dict[str, Any] = getattr(function, "__globals__", {})
    return {
        name: eval(one.annotation, there, _Names(there)) if isinstance(one.annotation, str) else Any  # noqa: S307
        for name, one in signature.parameters.items()
    }


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind as an annotation names it; True for kinds that are not known here."""
    if kind is Any:
        return True
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if Path in parts and isinstance(value, str | Path):
            return _is_path(value)
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    if origin is Callable:
        return callable(value)
    if origin is Mapping or origin is dict:
        return isinstance(value, Mapping) and all(
            _fits(key, parts[0]) and _fits(item, parts[1]) for key, item in value.items()
        )
    if origin is Sequence or origin is Iterable:
        # What can be gone through only once is not looked into.
        once = not isinstance(value, Collection) and not hasattr(value, "__array__")
        return _is_listed(value) and (once or all(_fits(item, parts[0]) for item in value))
    if getattr(origin, "__name__", "") == "ndarray":
        return hasattr(value, "dtype") or (_is_listed(value) and _is_array(value))
    return _fits_class(value, kind) if isinstance(kind, type) and origin is None else True


def _fits_class(value: Any, kind: type) -> bool:
    if kind is str:
        return isinstance(value, str) and _is_encodable(value)
    if kind is int:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool) and abs(int(value)) < HUGE
    if kind is float:
        return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if kind is Path:
        return isinstance(value, Path) and _is_path(value)
    return isinstance(value, kind)


def _is_listed(value: Any) -> bool:
    if isinstance(value, str | bytes | Mapping) or getattr(value, "shape", None) == ():
        return False
    return isinstance(value, Iterable) or hasattr(value, "__array__")


def _is_array(value: Any) -> bool:
    import numpy as np

    try:
        return np.asarray(value).ndim > 0
    except (ValueError, TypeError):  # rows of unequal lengths
        return False


def _is_path(value: str | Path) -> bool:
    try:
        name = os.fsencode(value)
    except UnicodeEncodeError:
        return False
    short = len(name) < LONGEST_PATH and all(len(part) <= LONGEST_NAME for part in name.split(os.fsencode(os.sep)))
    return short and b"\0" not in name and name != b""


def _is_encodable(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _described(kind: Any) -> str:
    """A kind in words."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        whole = [part for part in parts if not (part is str and Path in parts)]
        words = list(dict.fromkeys(_described(part) for part in whole))
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    if kind is None or kind is type(None):
        return "None"
    if origin is Literal:
        return " or ".join(repr(part) for part in parts)
    if origin is Callable:
        return "a function"
    if origin is Mapping or origin is dict:
        return "a dict"
    if origin is Sequence or origin is Iterable:
        return f"a list of {_plural(_described(parts[0]))}"
    if kind in NAMES:
        return NAMES[kind]
    return f"a {kind.__name__}" if isinstance(kind, type) and origin is None else "an array"


def _plural(words: str) -> str:
    """``a text or a whole number`` -> ``texts or whole numbers``."""
    return re.sub(r"\ban? ([\w ]+?)(?= of |,| or |$)", r"\1s", words)
