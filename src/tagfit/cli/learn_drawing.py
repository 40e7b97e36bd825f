"""How a terminal draws what a step shows: tables, curves as bars of characters, pictures as half blocks or a file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tagfit.cli.output import number, table
from tagfit.cli.prompts import Terminal
from tagfit.errors import printable
from tagfit.lesson.blocks import Block, Code, Curves, Pictures, Table
from tagfit.lesson.content import message

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Eight heights of a character cell.
BARS = " ▁▂▃▄▅▆▇█"
HEIGHT, MOST_COLUMNS = 6, 48
UPPER_HALF = "▀"
PIXELS, ACROSS = 24, 4
LONGEST_FIGURE = 40


def draw(terminal: Terminal, blocks: Sequence[Block]) -> None:
    """Print blocks one after another."""
    for block in blocks:
        if isinstance(block, Table):
            _table(terminal, block)
        elif isinstance(block, Code):
            terminal.verbatim(_numbered(block.text))
        elif isinstance(block, Curves):
            terminal.verbatim("\n".join(_curves(block)))
        else:
            _pictures(terminal, block)


def _table(terminal: Terminal, block: Table) -> None:
    """Figures in columns; where a cell is a sentence, in columns that wrap it."""
    if all(len(cell) <= LONGEST_FIGURE for row in block.rows for cell in row):
        terminal.verbatim(table(list(block.columns), [list(row) for row in block.rows]))
        return
    from rich.table import Table as RichTable

    drawn = RichTable(box=None, padding=(0, 2, 0, 0))
    for column, name in enumerate(block.columns):
        drawn.add_column(printable(name), no_wrap=max(len(row[column]) for row in block.rows) <= LONGEST_FIGURE)
    for row in block.rows:
        drawn.add_row(*map(printable, row))
    terminal.console.print(drawn)


def _numbered(text: str) -> str:
    lines = text.split("\n")
    width = len(str(len(lines)))
    return "\n".join(f"{row:>{width}}  {line}".rstrip() for row, line in enumerate(lines, start=1))


def _curves(curves: Curves) -> list[str]:
    """Each series as a row of bars, with its first, its last and its most extreme values."""
    lines = [curves.title]
    width = max(len(name) for name in curves.series)
    for name, values in curves.series.items():
        known = [value for value in values if np.isfinite(value)]
        if not known:
            continue
        cells = _thinned(values)
        rows = ["".join(_cell(value, row, curves) for value in cells).rstrip() for row in reversed(range(HEIGHT // 2))]
        figures = f"{number(known[0])} .. {number(known[-1])}  [{number(min(known))}, {number(max(known))}]"
        for place, row in enumerate(rows):
            last = place == len(rows) - 1
            lines.append(f"{name if last else '':<{width}}  {row:<{len(cells)}}{'  ' + figures if last else ''}")
    longest = max(len(values) for values in curves.series.values())
    return [*lines, f"{'':<{width}}  {message('series_axis', last=longest)}"]


def _thinned(values: Sequence[float]) -> list[float]:
    """As many values as there is room for, evenly spaced, the first and the last among them."""
    if len(values) <= MOST_COLUMNS:
        return list(values)
    places = np.linspace(0, len(values) - 1, MOST_COLUMNS).round().astype(int)
    return [values[place] for place in places]


def _cell(value: float, row: int, curves: Curves) -> str:
    """The part of a bar that is in one row of characters, rows counted from below."""
    if not np.isfinite(value):
        return " "
    share = (min(max(value, curves.low), curves.high) - curves.low) / (curves.high - curves.low)
    eighths = round(share * 8 * (HEIGHT // 2)) - 8 * row
    return BARS[min(max(eighths, 0), 8)]


def _pictures(terminal: Terminal, pictures: Pictures) -> None:
    """In colour where the terminal has it; the file, and what is painted in words, everywhere."""
    if terminal.console.is_terminal and terminal.console.color_system in ("truecolor", "256"):
        _half_blocks(terminal, pictures)
    for name, description in zip(pictures.names, pictures.descriptions, strict=True):
        terminal.say(message("picture_row", number=name, description=description))
    terminal.say(message("picture_file", path=_saved(pictures)))


def _half_blocks(terminal: Terminal, pictures: Pictures) -> None:
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    small = [_shrunk(picture) for picture in pictures.pixels]
    for start in range(0, len(small), ACROSS):
        row = small[start : start + ACROSS]
        terminal.console.print("  ".join(f"{name:<{PIXELS}}" for name in pictures.names[start : start + ACROSS]))
        for line in range(0, PIXELS, 2):
            text = Text()
            for picture in row:
                for upper, lower in zip(picture[line].tolist(), picture[line + 1].tolist(), strict=True):
                    style = Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))
                    text.append(UPPER_HALF, style=style)
                text.append("  ")
            terminal.console.print(text)


def _shrunk(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((PIXELS, PIXELS), Image.Resampling.BOX))


def _saved(pictures: Pictures) -> Path:
    """A PNG with all pictures in rows of ACROSS, three times as large as they are."""
    from PIL import Image

    side = pictures.pixels.shape[1] * 3
    rows = -(-len(pictures.pixels) // ACROSS)
    sheet = Image.new("RGB", (ACROSS * (side + 6), rows * (side + 6)), "white")
    for place, picture in enumerate(pictures.pixels):
        large = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)
        sheet.paste(large, ((place % ACROSS) * (side + 6) + 3, (place // ACROSS) * (side + 6) + 3))
    path = Path(tempfile.mkdtemp(prefix="tagfit-learn-")) / "pictures.png"
    sheet.save(path)
    return path
