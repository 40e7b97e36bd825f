"""Arguments of public functions: checked against their annotations, so that a wrong call is an InputError."""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import numbers
import os
import reprlib
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

from tagfit.errors import Fault, InputError

P = ParamSpec("P")
R = TypeVar("R")

NAMES = {str: "a text", int: "a whole number", float: "a finite number", bool: "True or False", Path: "a path"}
UNCHECKED = inspect.Parameter.VAR_KEYWORD


class ArgumentError(InputError, TypeError):
    """A function was called with arguments that it does not have."""


def checked(**right_forms: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: refuse unknown, missing and wrongly typed arguments with an InputError that shows the right form.

    Values are checked as far as the annotations say: texts, numbers, paths, functions, classes, sequences of these.
    Arrays are left to the function.

    Args:
        right_forms: what is shown for an argument, known or unknown, in place of a form made from its annotation.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        hints: dict[str, Any] = {}

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise ArgumentError(_misfits(function, signature, kwargs, error, right_forms)) from None
            if not hints:
                hints.update(_hints(function, signature))
            faults = []
            for name, value in given.items():
                several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
                wrong = [one for one in (value if several else [value]) if not _fits(one, hints[name])]
                form = right_forms.get(name) or _described(hints[name])
                faults += [Fault(f"{function.__name__}: {name} = {reprlib.repr(one)}", instead=form) for one in wrong]
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


def _misfits(
    function: Callable[..., Any],
    signature: inspect.Signature,
    keywords: Mapping[str, Any],
    error: TypeError,
    right_forms: Mapping[str, str],
) -> list[Fault]:
    known = [name for name, one in signature.parameters.items() if name != "self" and one.kind is not UNCHECKED]
    unknown = [name for name in keywords if name not in known]
    if not unknown:
        shown = ", ".join(str(one).partition(":")[0].partition("=")[0].strip() for one in _parameters(signature))
        return [Fault(f"{function.__name__}: {error}", instead=f"{function.__name__}({shown})")]
    faults = []
    for name in unknown:
        close = difflib.get_close_matches(name, known, n=1)
        hint = right_forms.get(name) or (f"did you mean {close[0]}?" if close else f"it takes {', '.join(known)}")
        faults.append(Fault(f"{function.__name__} has no argument {name!r}", instead=hint))
    return faults


def _parameters(signature: inspect.Signature) -> list[inspect.Parameter]:
    return [one for name, one in signature.parameters.items() if name != "self" and one.default is one.empty]


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
        return isinstance(value, Mapping)
    if origin is Sequence or origin is Iterable:
        listed = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
        return listed and (origin is Iterable or all(_fits(item, parts[0]) for item in value))
    return _fits_class(value, kind) if isinstance(kind, type) and origin is None else True


def _fits_class(value: Any, kind: type) -> bool:
    if kind is str:
        return isinstance(value, str) and _is_encodable(value)
    if kind is int:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if kind is Path:
        return isinstance(value, Path) and _is_path(value)
    return isinstance(value, kind)


def _is_path(value: str | Path) -> bool:
    try:
        return b"\0" not in os.fsencode(value) and str(value) != ""
    except UnicodeEncodeError:
        return False


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
        return f"a list, each of it {_described(parts[0])}"
    if kind in NAMES:
        return NAMES[kind]
    return f"a {kind.__name__}" if isinstance(kind, type) and origin is None else "an array"
