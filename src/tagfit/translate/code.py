"""Code: renders a recipe as a script for another library."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import tagfit
from tagfit.errors import InputError, printable
from tagfit.recipe import Recipe

if TYPE_CHECKING:
    from jinja2 import Environment

WIDTH = 116


@dataclass(frozen=True)
class Setting:
    """What a script needs besides the recipe: shapes, labels and preprocessing.

    Attributes:
        input_shape: (D,) or (H, W, 3).
        labels: names, in the order of the outputs.
        mean, std: one value per feature or colour channel, over the training rows.
    """

    input_shape: tuple[int, ...]
    labels: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, problem: dict[str, Any]) -> Setting:
        """Read the setting from the content of a run's ``problem.json``.

        Raises:
            InputError: the preprocessing is missing or malformed.
        """
        preprocessing = problem["preprocessing"]
        try:
            size, mean, std = preprocessing["size"], preprocessing["mean"], preprocessing["std"]
            shape = (len(mean),) if size is None else (int(size), int(size), 3)
            labels = tuple(str(label) for label in problem["labels"])
            setting = cls(shape, labels, tuple(map(float, mean)), tuple(map(float, std)))
            if all(map(math.isfinite, (*setting.mean, *setting.std))):
                return setting
        except (TypeError, ValueError):
            pass
        raise InputError("problem.json does not describe the preprocessing", instead="a run of tagfit")


def script(template: str, recipe: Recipe, name: str, setting: Setting | None, **more: Any) -> str:
    """Render a template of this package.

    Args:
        template: name of the file.
        recipe: the recipe to translate.
        name: name of the recipe or run.
        setting: shapes, labels and preprocessing; without it they are arguments of the functions in the script.
        more: further variables of the template.

    Raises:
        InputError: a recipe with a pretrained backbone.
    """
    if recipe.architecture == "pretrained":
        raise InputError(
            f"{printable(name)} {_what(recipe)}: there is no code for that",
            instead="a recipe with architecture = 'dense' or 'conv'; `tagfit pack` makes a model that leaves the run",
        )
    widths = recipe.widths
    return (
        _templates()
        .get_template(template)
        .render(
            recipe=recipe,
            name=printable(name),
            setting=setting,
            drops=recipe.dropout * len(widths) if len(recipe.dropout) == 1 else recipe.dropout,
            watched=bool(recipe.patience or recipe.restore_best),
            paced=recipe.schedule != "constant" or recipe.warmup > 0,
            balanced=recipe.positive_weights == "balanced",
            rising=recipe.monitor != "loss",
            version=tagfit.__version__,
            **more,
        )
    )


def _what(recipe: Recipe) -> str:
    if recipe.frozen:
        return f"trains a head on the features of {recipe.backbone}"
    return f"tunes {'the last blocks of ' if recipe.tune == 'last' else ''}{recipe.backbone}"


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # The output is code, not HTML: names are inserted as Python literals, or as comments without line breaks.
    environment = Environment(
        loader=PackageLoader("tagfit.translate"),
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"literal": _literal, "comment": _comment}
    return environment


def blocks(recipe: Recipe) -> list[tuple[int, int, int]]:
    """(channels in, channels out, stride) of each residual block of a conv net."""
    found, fan_in = [], recipe.widths[0] if recipe.widths else 0
    for stage, width in enumerate(recipe.widths):
        for block in range(recipe.depth):
            found.append((fan_in, width, 2 if stage and not block else 1))
            fan_in = width
    return found


def _literal(values: Sequence[object]) -> str:
    """A Python list literal, wrapped over several lines if needed."""
    items = [_quoted(value) if isinstance(value, str) else repr(value) for value in values]
    if len(joined := ", ".join(items)) < WIDTH - 10:
        return f"[{joined}]"
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) + 6 > WIDTH:
            lines.append("")
        lines[-1] += f" {item}," if lines[-1] else f"{item},"
    return "\n".join(["[", *(f"    {line}" for line in lines), "]"])


def _quoted(text: str) -> str:
    """Like ``repr``, with the double quotes that formatters prefer."""
    return f'"{repr(text)[1:-1]}"' if '"' not in text and "'" not in text else repr(text)


def _comment(text: str) -> str:
    first, *others = textwrap.wrap(text, WIDTH)
    return "\n".join([f"# - {first}", *(f"#   {line}" for line in others)])
