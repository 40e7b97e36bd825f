"""Lay the first pictures of a tagged folder out on one PNG, each with its tags underneath; wrong tags are marked.

    python benchmarks/contact_sheet.py GENERATED_DIR docs/images/generated.png

A tag that `true_tags.csv` does not have is struck out; a true one that is missing stands in brackets.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

COLUMNS, ROWS = 6, 3
SIDE, MARGIN, CAPTION = 140, 9, 50
INK, WRONG, PAPER = (40, 40, 45), (190, 50, 40), (255, 255, 255)


def tags_of(path: Path) -> dict[str, list[str]]:
    """Picture -> tags, in the order of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["image"]: [tag for tag in row["tags"].split("|") if tag] for row in csv.DictReader(file)}


def caption(draw: ImageDraw.ImageDraw, x: int, y: int, tags: list[str], truth: list[str]) -> None:
    """Write the tags, wrapped; what is wrong about them in red."""
    font = ImageFont.load_default(size=12)
    left, gap = x, draw.textlength(" ", font=font) + 2
    for word in [*tags, *(tag for tag in truth if tag not in tags)]:
        shown = word if word in tags else f"[{word}]"
        wide = draw.textlength(shown, font=font)
        if left > x and left + wide > x + SIDE:
            left, y = x, y + 15
        right = word in tags and word in truth
        draw.text((left, y), shown, fill=INK if right else WRONG, font=font)
        if word in tags and not right:
            draw.line((left, y + 8, left + wide, y + 8), fill=WRONG)
        left += wide + gap


def main(directory: Path, out: Path) -> None:
    """Write the sheet."""
    tags, truth = tags_of(directory / "tags.csv"), tags_of(directory / "true_tags.csv")
    width = MARGIN + COLUMNS * (SIDE + MARGIN)
    height = MARGIN + ROWS * (SIDE + CAPTION + MARGIN)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, name in enumerate(list(tags)[: COLUMNS * ROWS]):
        x = MARGIN + (place % COLUMNS) * (SIDE + MARGIN)
        y = MARGIN + (place // COLUMNS) * (SIDE + CAPTION + MARGIN)
        with Image.open(directory / name) as picture:
            sheet.paste(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
        caption(draw, x, y + SIDE + 3, tags[name], truth[name])
    sheet.quantize(256).save(out, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
