"""Contents: what the cells of a column look like, judged by a sample of the rows."""

from __future__ import annotations

from tagfit import literals
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.readers.delimited import Table, normalised

# What several pictures may have in common that must not stand on two sides of a split.
OWNERS = frozenset(
    (
        "patient", "subject", "person", "user", "author", "photographer", "camera", "video", "clip", "movie", "scene",
        "session", "sequence", "event", "album", "trip", "location", "site", "place", "plot", "station", "study",
        "series", "case", "burst", "family", "specimen", "individual", "animal", "plant", "customer", "owner",
        "product", "item", "slide", "house", "building",
    )
)  # fmt: skip
ID_WORDS = frozenset(("id", "ids", "no", "nr", "num", "number", "name", "code", "key", "uid", "uuid", "hash", "index"))
SAMPLE = 400  # rows that are looked at
MOSTLY = 0.8
HALF = 0.5
FEW_VALUES = 0.5  # sets of few values: at most so many different parts for each part


class Contents:
    """Answers questions about the cells of each column of a table.

    Attributes:
        sample: for each column, the cells of evenly spaced rows.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        step = max(1, len(table.rows) // SAMPLE)
        rows = table.rows[::step][:SAMPLE]
        self.sample = [[cells[index].strip() for cells in rows] for index in range(len(table.header))]

    def is_binary(self, index: int) -> bool:
        """Whether the cells say nothing but yes, no and unknown."""
        states = {literals.state(cell) for cell in set(self.sample[index])}
        says = bool(states & {literals.PRESENT, literals.ABSENT})
        return says and literals.INVALID not in states and literals.of_one_kind(set(self.sample[index]))

    def holds_digits(self, index: int) -> bool:
        words = {cell.casefold() for cell in self.sample[index] if not literals.is_nothing(cell)}
        return words <= {"0", "1", "-1", "0.0", "1.0", "-1.0", "?", "true", "false"}

    def is_label(self, index: int) -> bool:
        """Whether the column is one of 0 and 1, with a slip perhaps: that is a fault to report, not another role."""
        cells = self.sample[index]
        valid = [cell for cell in cells if literals.state(cell) not in (literals.INVALID, literals.BLANK)]
        invalid = {cell for cell in cells if literals.state(cell) == literals.INVALID}
        if not valid or not literals.of_one_kind(set(cells)):
            return False
        filled = [cell for cell in cells if literals.state(cell) != literals.BLANK]
        numbers = {literals.whole_number(cell) for cell in cells}
        numbered = None not in numbers and len(numbers) == len(cells) > 2  # 0, 1, 2: the numbers of the rows
        return not numbered and len(valid) >= HALF * len(filled) and sum(map(_is_number, invalid)) < 2

    def holds_vectors(self, index: int) -> bool:
        """Whether each cell is a list of 0 and 1, which has no names."""
        filled = [cell for cell in self.sample[index] if not literals.is_nothing(cell)]
        return all(
            cell.startswith("[") and cell.endswith("]") and set(cell) <= set("[]01., ") and len(cell) > 3
            for cell in filled
        )

    def looks_like_pictures(self, index: int) -> bool:
        filled = [cell for cell in self.sample[index] if not literals.is_nothing(cell)]
        return bool(filled) and sum(map(ends_like_picture, filled)) >= MOSTLY * len(filled)

    def is_varied(self, index: int) -> bool:
        return len(set(self.sample[index])) >= HALF * len(self.sample[index])

    def holds_shares(self, index: int) -> bool:
        """Whether the cells are numbers from 0 to 1, or nothing."""
        return all(_is_share(cell) for cell in self.sample[index])

    def same_cells(self, one: int, other: int) -> bool:
        return self.sample[one] == self.sample[other]

    def looks_like_sets(self, index: int) -> bool:
        """Whether cells hold sets of few values: texts whose parts return in other cells."""
        filled = [cell for cell in self.sample[index] if not literals.is_nothing(cell)]
        if not filled or all(_is_number(cell) for cell in filled):
            return False
        parts = [part.strip(" []'\"") for cell in filled for part in _cut(cell)]
        return len(set(parts)) <= FEW_VALUES * len(parts)

    def looks_like_owner(self, index: int) -> bool:
        words = "".join(sign if sign.isalnum() else " " for sign in self.table.header[index].casefold()).split()
        together = normalised(self.table.header[index])
        named = any(word in OWNERS for word in words) and (
            len(words) == 1 or all(word in OWNERS or word in ID_WORDS for word in words)
        )
        joined = any(together == owner + word for owner in OWNERS for word in ID_WORDS)
        values = [cell for cell in self.table.column(index) if not literals.is_nothing(cell)]
        return (named or joined) and 2 < len(set(values)) < len(values)

    def reason(self, index: int, has_tags: bool) -> str:
        filled = [cell for cell in self.sample[index] if not literals.is_nothing(cell)]
        if not filled:
            return "it is empty"
        if has_tags:
            return "the tags stand in another column"
        example = next((cell for cell in filled if literals.state(cell) == literals.INVALID), filled[0])
        return f"it holds {example[:40]!r}, not 0 and 1"


def ends_like_picture(text: str) -> bool:
    """Whether a text ends like the name of a picture file; a URL does not, as tables are not fetched from the web."""
    return "." in text and "://" not in text and f".{text.rpartition('.')[2].lower()}" in SUFFIXES


def _is_number(cell: str) -> bool:
    try:
        literals.number(cell)
    except ValueError:
        return False
    return True


def _is_share(cell: str) -> bool:
    try:
        value = literals.number(cell)
    except ValueError:
        return False
    return 0 <= value <= 1 or literals.is_nothing(cell)


def _cut(cell: str) -> list[str]:
    for sign in (";", ",", "|", "#", "+", " "):
        if sign in cell:
            return [part for part in cell.split(sign) if part.strip()]
    return [cell]
