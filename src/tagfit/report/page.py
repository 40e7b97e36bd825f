"""Page: templates with autoescape, plain text and embedded pictures, shared by all pages."""

from __future__ import annotations

import base64
import io
import math
from functools import cache
from typing import TYPE_CHECKING, Any

import tagfit
from tagfit.errors import printable

if TYPE_CHECKING:
    from jinja2 import Environment
    from numpy.typing import NDArray

    from tagfit.report.drawing import Drawing

SIDE_PIXELS = 160
QUALITY = 88
STYLE = "style.css"


def rendered(template: str, **values: Any) -> str:
    """A template of this package as one HTML page: no script, nothing fetched; every text in it is escaped.

    Args:
        template: its file.
        values: what it names; one that is missing is an error.
    """
    return environment().get_template(template).render(version=tagfit.__version__, **values)


@cache
def environment(*more: str) -> Environment:
    """The environment that pages are rendered in: what a template names must be there, and all of it is escaped.

    Args:
        more: packages with templates of their own, which come first.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*more, "tagfit.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.globals["drawn"] = _drawn
    return made


def _visible(value: Any) -> Any:
    """What a template prints: texts without signs that cannot be seen, apart from line breaks; markup as it is."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return "\n".join(map(printable, value.split("\n")))
    return value


def _drawn(chart: dict[str, Any]) -> Drawing:
    from tagfit.report.charts import drawn  # a page without charts does not load what draws them

    return drawn(chart)


def clean(text: object) -> str:
    """Text in which what cannot be printed, or turns the direction of reading, is written as an escape."""
    return printable(str(text))


def number(value: float | None, form: str = ".3f") -> str:
    """A number as text: a dash where it is undefined, a true minus sign, ∞ for infinity."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:{form}}".replace("-", "−").replace("inf", "∞")


def picture_uri(pixels: NDArray[Any], side: int = SIDE_PIXELS, quality: int = QUALITY) -> str:
    """A picture of shape (H, W, C), uint8, C 1 or 3, as a data URI of at most ``side`` pixels to a side."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(pixels, side, quality)).decode("ascii")


def jpeg(pixels: NDArray[Any], side: int, quality: int = QUALITY) -> bytes:
    """A picture of shape (H, W, C), uint8, C 1 or 3, as a JPEG file of at most ``side`` pixels to a side."""
    from PIL import Image

    picture = Image.fromarray(pixels.squeeze()).convert("RGB")
    picture.thumbnail((side, side))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()
