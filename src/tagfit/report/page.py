"""Page: templates with autoescape, plain text and embedded pictures, shared by all pages."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

from numpy.typing import NDArray
from PIL import Image

import tagfit
from tagfit.errors import printable

SIDE_PIXELS = 160


def rendered(template: str, **values: Any) -> str:
    """A template of this room as one HTML page: no script, nothing fetched; every text in it is escaped.

    Args:
        template: its file.
        values: what it names; one that is missing is an error.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tagfit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(version=tagfit.__version__, **values)


def clean(text: object) -> str:
    """Text in which what cannot be printed, or turns the direction of reading, is written as an escape."""
    return printable(str(text))


def number(value: float | None, form: str = ".3f") -> str:
    """A number as text: a dash where it is undefined, a true minus sign, ∞ for infinity."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:{form}}".replace("-", "−").replace("inf", "∞")


def picture_uri(pixels: NDArray[Any]) -> str:
    """A picture of shape (H, W, C), uint8, C 1 or 3, as a data URI."""
    picture = Image.fromarray(pixels.squeeze()).convert("RGB")
    picture.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
