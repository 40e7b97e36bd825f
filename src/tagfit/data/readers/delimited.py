"""The cells of a CSV, a TSV or a text file in columns, with the row on which each stands in an editor."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tagfit.data.labels import listed
from tagfit.data.pictures.sources import Place, content_of
from tagfit.data.readers.garbage import collector_paused
from tagfit.errors import Fault, InputError, gathered

# A long cell is as valid as a short one: the whole file is in memory by then.
CELL_LIMIT = 2**31 - 1
DELIMITERS = (",", "\t", ";", "|")
WHITESPACE = " "  # any run of blanks
SAMPLED_LINES = 50
# Encodings that are tried on bytes which are no UTF-8, to show in the message what they would read.
LIKELY_ENCODINGS = ("cp1252", "gb18030", "shift_jis", "cp1251")


@dataclass(frozen=True)
class Table:
    """The cells of a table.

    Attributes:
        path: where it was read from; of a table in memory, a name in its folder.
        header: the names of the columns, without blanks around them.
        rows: one list of cells per row, each as long as the header.
        lines: the number of each row in an editor; the header is row 1.
        notes: how the file was read.
        decimal_comma: whether numbers may be written ``0,5``.
    """

    path: Place
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    notes: tuple[str, ...] = ()
    decimal_comma: bool = False

    def where(self, row: int) -> str:
        """The place of a row in messages."""
        return f"{self.path.name}, row {self.lines[row]}"

    def column(self, index: int) -> list[str]:
        """All cells of a column."""
        return [cells[index] for cells in self.rows]


def read_delimited(
    path: Place,
    *,
    encoding: str | None = None,
    columns: Sequence[str] | None = None,
    likely_names: frozenset[str] = frozenset(),
) -> Table:
    """The table in a text file.

    Understood are commas, tabs, semicolons, bars and runs of blanks as delimiters, Excel's ``sep=;``, a first line that
    counts the rows (CelebA), and empty rows and columns at the end.

    Args:
        path: a text file.
        encoding: how it is encoded; None for UTF-8, or UTF-16 where its bytes say so.
        columns: the names of the columns of a file without a header.
        likely_names: names of columns, lower case, that tell which delimiter is right.

    Raises:
        InputError: no such encoding, bytes that it cannot read, quotes without a pair, or rows of different lengths.
    """
    text = text_of(path, encoding)
    notes = []
    skipped = 0
    first = text.partition("\n")[0].strip()
    delimiter = None
    if first.lower().startswith("sep=") and len(first) <= 5:
        delimiter, skipped = (first[4:] or "\t"), 1
    elif first.isascii() and first.isdigit() and text.count("\n", 0, 1 << 16) > 1:
        skipped = 1
        notes.append(f"the first line of {path.name}, {first}, counts the rows and is passed over")
    body = text.split("\n", 1)[1] if skipped else text
    delimiter = delimiter or _delimiter(path, body, likely_names)
    if delimiter != ",":
        notes.append(
            f"columns of {path.name} are separated by {'blanks' if delimiter == WHITESPACE else repr(delimiter)}"
        )
    with collector_paused():
        rows, lines = _rows(path, body, delimiter, skipped)
    if not rows:
        raise InputError(f"{path} is empty", instead="a header such as image,tags and one row per picture")
    header = [name.strip() for name in rows[0]] if columns is None else [name.strip() for name in columns]
    if columns is None:
        if len(rows) > 1 and len(rows[1]) == len(header) + 1 and delimiter == WHITESPACE:
            header = ["image", *header]
            notes.append("the header names one column less than the rows have: the first one is taken as 'image'")
        rows, lines = rows[1:], lines[1:]
    table = Table(path, header, rows, lines, tuple(notes), decimal_comma=delimiter not in (",", WHITESPACE))
    return trimmed(table)


def trimmed(table: Table) -> Table:
    """``table`` without rows that hold nothing and without nameless columns that hold nothing, all rows of one length.

    Raises:
        InputError: rows of another length than the header, or no rows.
    """
    path, width = table.path, len(table.header)
    rows, lines = table.rows, table.lines
    notes = list(table.notes)
    first = [cells[0] for cells in rows]
    if not all(first) or any(map(str.isspace, first)):  # else no row is empty, which is the rule
        kept = [row for row, cells in enumerate(rows) if any(cell and not cell.isspace() for cell in cells)]
        if len(kept) < len(rows):
            notes.append(f"{len(rows) - len(kept)} empty rows are passed over")
            rows, lines = [rows[row] for row in kept], [lines[row] for row in kept]
    named = max((index + 1 for index, name in enumerate(table.header) if name), default=0)
    odd = [] if set(map(len, rows)) == {width} else [row for row, cells in enumerate(rows) if len(cells) != width]
    faults = []
    for row in odd:
        cells = rows[row]
        if len(cells) < named or any(map(str.strip, cells[width:])):
            faults.append(Fault(f"{len(cells)} cells, the header has {width}", f"{path.name}, row {lines[row]}"))
        rows[row] = cells[:width] + [""] * (width - len(cells))
    if faults:
        what = f'{path}: rows of another length (a cell that holds the delimiter needs quotes: "a,b")'
        raise InputError(faults, what=what)
    if not rows:
        raise InputError(f"{path} has a header and no rows", instead="one row per picture")
    empty = [index for index, name in enumerate(table.header) if not name and not any(cells[index] for cells in rows)]
    if empty:
        kept_columns = [index for index in range(width) if index not in set(empty)]
        rows = [[cells[index] for index in kept_columns] for cells in rows]
        return replace(
            table,
            header=[table.header[index] for index in kept_columns],
            rows=rows,
            lines=lines,
            notes=tuple(notes),
        )
    return replace(table, rows=rows, lines=lines, notes=tuple(notes))


def _rows(path: Place, text: str, delimiter: str, skipped: int) -> tuple[list[list[str]], list[int]]:
    if delimiter == WHITESPACE:
        split = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1 + skipped)]
        return [cells for _, cells in split if cells], [number for number, cells in split if cells]
    return csv_rows(text, path.name, delimiter=delimiter, skipped=skipped)


def csv_rows(
    text: str, name: str, *, delimiter: str = ",", skipped: int = 0, blanks_before_quotes: bool = False
) -> tuple[list[list[str]], list[int]]:
    """The cells of each row that is not empty, and the line on which each row begins.

    Args:
        text: of the file.
        name: how messages name it.
        delimiter: one sign.
        skipped: how many lines of the file stand before ``text``.
        blanks_before_quotes: whether ``a, "b,c"`` has two cells.

    Raises:
        InputError: quotes without a pair.
    """
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=blanks_before_quotes
    )
    rows: list[list[str]] = []
    lines: list[int] = []
    start = 1 + skipped
    try:
        for cells in reader:
            if cells:
                rows.append(cells)
                lines.append(start)
            start = reader.line_num + 1 + skipped
    except csv.Error as error:
        raise InputError(Fault(f"{error}", f"{name}, row {start}", 'quotes in pairs: "a ""quoted"" word"')) from None
    return rows, lines


def numbered_rows(place: Place, shown: str, faults: list[Fault]) -> list[tuple[int, list[str]]]:
    """(line, cells without outer blanks) of each row of a CSV whose form a format prescribes.

    Args:
        place: the file.
        shown: how messages name it.
        faults: gets what cannot be read.
    """
    with gathered(faults):
        rows, lines = csv_rows(text_of(place, name=shown), shown, blanks_before_quotes=True)
        return [(line, [cell.strip() for cell in cells]) for line, cells in zip(lines, rows, strict=True)]
    return []


def text_of(path: Place, encoding: str | None = None, *, name: str = "") -> str:
    """The text of a file.

    Args:
        path: the file.
        encoding: None for UTF-8, or UTF-16 where its bytes say so.
        name: how messages name it; its own name if empty.

    Raises:
        InputError: it cannot be read, there is no such encoding, or its bytes are not of that encoding.
    """
    content = content_of(path)
    chosen = encoding or _encoding(content)
    try:
        return content.decode(chosen)
    except LookupError:
        raise InputError(
            f"there is no encoding {chosen!r}", instead="a name such as utf-8, cp1252 or gb18030"
        ) from None
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            Fault(
                f"the bytes {content[error.start : error.start + 4]!r} are no {chosen.removesuffix('-sig').upper()}",
                f"{name or path.name}, row {row}",
                "save the file as UTF-8" + _other_encodings(content, error.start),
            ),
        ) from None


def _encoding(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    start = content[:1024]
    if 0 in start:  # in UTF-16, every other byte of ASCII text is 0
        high, low = start[0::2].count(0), start[1::2].count(0)
        if max(high, low) > len(start) / 4 and min(high, low) == 0:
            return "utf-16-be" if high > low else "utf-16-le"
    return "utf-8-sig"


def _other_encodings(content: bytes, at: int) -> str:
    """What the line around byte ``at`` says in other encodings, as advice."""
    start, end = content.rfind(b"\n", 0, at) + 1, content.find(b"\n", at)
    line = content[start : len(content) if end < 0 else end].strip()[:60]
    readings = []
    for name in LIKELY_ENCODINGS:
        try:
            content.decode(name)
            readings.append(f"--encoding {name} reads {line.decode(name, 'replace')!r} there")
        except UnicodeDecodeError:
            continue
    return "".join(f", or {reading}" for reading in readings[:3])


def _delimiter(path: Place, text: str, likely_names: frozenset[str]) -> str:
    """The sign that cuts the header into the most cells, a likely name among them; blanks where no sign does."""
    sample = text[: 1 << 16].splitlines()[:SAMPLED_LINES]
    first = sample[0] if sample else ""
    order = ("\t", ",", ";", "|") if path.suffix.lower() in (".tsv", ".tab") else DELIMITERS

    def fit(sign: str) -> tuple[bool, int]:
        names = [normalised(name) for name in first.split(sign)]
        return sign in first and any(name in likely_names for name in names), len(names)

    best = max(order, key=fit)
    if best in first or len(first.split()) < 2:
        return best if best in first else ","
    widths = {len(line.split()) for line in sample[1:] if line.strip()}
    if len(widths) == 1 and widths.pop() - len(first.split()) in (0, 1):
        return WHITESPACE
    return ","


def normalised(name: str) -> str:
    """A column's name without case, blanks and punctuation: ``Image_Name`` and ``image name`` are the same."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def columns_named(names: str | Sequence[str]) -> tuple[str, ...]:
    """The names in ``"a,b"`` or in a list.

    Raises:
        InputError: a name that is empty or occurs twice.
    """
    given = names.split(",") if isinstance(names, str) else [str(name) for name in names]
    stripped = tuple(name.strip() for name in given)
    if "" in stripped or len(set(stripped)) < len(stripped):
        raise InputError(f"the columns are {listed(stripped)}", instead="each name once, such as image,tags")
    return stripped
