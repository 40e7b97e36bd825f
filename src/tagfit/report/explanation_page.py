"""Explanation page: the maps of a picture's labels, laid over the picture, as one HTML file or one PNG."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tagfit.errors import InputError
from tagfit.files import write_text, written_whole
from tagfit.report import parts
from tagfit.report.page import clean, number, rendered
from tagfit.tagger.explanation import METHOD, PLACES, Explanation, LabelMap, places

SUFFIXES = (".png", ".html")
SIDE = 360  # pixels of one picture
# What does not speak for a label is shown without colour and this much darker.
DARKENED = 0.42
LINE: tuple[int, int, int] = (255, 214, 64)
PAPER, INK, SOFT = (251, 250, 247), (29, 33, 38), (91, 100, 112)
GAP, CAPTION = 14, 46


def check_suffix(path: Path) -> None:
    """Refuse a file that is neither a PNG nor a page, with an InputError."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path} is neither a picture nor a page", instead=" or ".join(f"*{one}" for one in SUFFIXES))


def write_explanation(explanation: Explanation, path: Path, command: Sequence[object]) -> None:
    """Write the maps to a ``.png`` or ``.html``, whole or not at all.

    Args:
        explanation: the maps.
        path: the file.
        command: the words that make it again, shown on a page.

    Raises:
        InputError: another suffix, or a disk that refuses.
    """
    check_suffix(path)
    if path.suffix.lower() == ".png":
        with written_whole(path) as file:
            strip(explanation).save(file, "PNG")
    else:
        write_text(path, page(explanation, command))


def page(explanation: Explanation, command: Sequence[object]) -> str:
    """One self-contained HTML page: no script, nothing fetched; names are text and never markup."""
    shown = [
        {
            "label": clean(one.label),
            "predicted": one.predicted,
            "score": number(one.score, ".2f"),
            "cut": number(one.cut, ".2f"),
            "source": _uri(overlay(explanation.pixels, one)),
            "places": dict(zip(("peak", "region", "share"), places(one), strict=True)),
            "speaks": one.peak is not None,
        }
        for one in explanation.labels
    ]
    plain = Image.fromarray(explanation.pixels)
    plain.thumbnail((SIDE, SIDE))
    return rendered(
        "explanation.html",
        picture=clean(explanation.picture),
        method=METHOD,
        about=PLACES,
        original=_uri(plain),
        labels=shown,
        notes=[clean(note) for note in explanation.notes],
        command=parts.command(*command),
    )


def overlay(pixels: NDArray[np.uint8], one: LabelMap, side: int = SIDE) -> Image.Image:
    """The picture in colour where the map speaks for the label, dark and grey elsewhere; the region has an outline.

    Args:
        pixels: (H, W, 3) uint8.
        one: the map of a label.
        side: the longer side of the result in pixels.
    """
    scale = side / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    grey = picture.convert("L").convert("RGB").point(lambda value: round(value * DARKENED))
    if one.peak is None:
        return grey
    highest = float(one.values.max())
    strength = np.clip(one.values / highest, 0, 1)
    mask = Image.fromarray((255 * strength).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    shown = Image.composite(picture, grey, mask)
    shown.paste(LINE, mask=_outline(one.region, size))
    draw, (x, y) = ImageDraw.Draw(shown), (one.peak[0] * size[0], one.peak[1] * size[1])
    for radius, colour in ((5.5, (0, 0, 0)), (4.0, LINE)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=2)
    return shown


def strip(explanation: Explanation) -> Image.Image:
    """The picture and its overlays side by side, at most four in a row, with a caption below each."""
    plain = Image.fromarray(explanation.pixels)
    plain = plain.resize(overlay_size(explanation.pixels), Image.Resampling.BICUBIC)
    panels = [(plain, clean(Path(explanation.picture).name), METHOD)]
    for one in explanation.labels:
        said = f"score {one.score:.2f}, cut {one.cut:.2f}"
        said += f"; region holds {one.share:.0%}" if one.peak is not None else "; nothing speaks for it"
        panels.append((overlay(explanation.pixels, one), clean(one.label), said))
    across = min(4, len(panels))
    down = -(-len(panels) // across)
    wide, high = plain.size[0] + GAP, plain.size[1] + CAPTION + GAP
    sheet = Image.new("RGB", (across * wide + GAP, down * high + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(16), ImageFont.load_default(13)
    for place, (picture, title, said) in enumerate(panels):
        left, top = GAP + place % across * wide, GAP + place // across * high
        sheet.paste(picture, (left, top))
        draw.text((left, top + picture.size[1] + 5), _fitting(title, large, wide - GAP), INK, large)
        draw.text((left, top + picture.size[1] + 25), _fitting(said, small, wide - GAP), SOFT, small)
    return sheet


def overlay_size(pixels: NDArray[np.uint8], side: int = SIDE) -> tuple[int, int]:
    """(width, height) of an overlay of a picture (H, W, 3)."""
    scale = side / max(pixels.shape[:2])
    return max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))


def _outline(region: NDArray[np.bool_], size: tuple[int, int]) -> Image.Image:
    """A line around a region, as a mask of (width, height)."""
    area = Image.fromarray(region.astype(np.uint8) * 255).resize(size, Image.Resampling.BICUBIC)
    inside = area.point(lambda value: 255 * (value >= 128))
    shrunk = inside.filter(ImageFilter.MinFilter(5))
    return Image.fromarray(np.asarray(inside) - np.asarray(shrunk))


def _fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text}..."


def _uri(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
