"""What separates the tags of a cell, found by what the parts of cells have in common with other cells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tagfit.errors import Fault, InputError

# Each separator with the signs that are written for it; what several cells hold is compared in this order.
PLAIN = (";；", ",，、", "|｜", "\n", "\t")
# Signs that also stand inside names (C+, R&B, New York): they separate only where the parts prove it.
DOUBTFUL = ("#＃", "+＋", "&＆", "/／", ":：", " \u3000", "·", "~", "_", "-")
WRITTEN = "|"  # what tagfit itself writes between tags
LEVELS = ("|", "/")  # what often stands between the levels of a hierarchy
NAMED = {"space": " ", "tab": "\t", "none": ""}
# As messages show them.
COMMON = "| ; ,"
FORMS = f"one of {COMMON} {' '.join(NAMED)}, or any other text"
SHOWN = {" ": "space", "\t": "tab", "\n": "a line break"}
NOISE = 0.1
RETURNING = 0.9  # share of the parts that must be tags of other cells
ALONE = 0.5  # share of the different parts that must also be whole cells
MORE_CELLS = 2  # or so many different cells for each different part
IN_NAMES = "/:_-"  # these stand in names so often that each part must be a cell of its own
MARKS = "!?"  # before a tag that is absent or unknown
FEWER_PARTS = 0.75  # different parts for each different cell, at most, for a space


@dataclass(frozen=True)
class Separator:
    """What separates tags: any of ``signs``; with none, a cell is one tag."""

    signs: str = ""

    def split(self, text: str) -> list[str]:
        """The parts of a cell."""
        if not self.signs:
            return [text]
        for sign in self.signs[1:]:
            text = text.replace(sign, self.signs[0])
        return text.split(self.signs[0])

    def is_in(self, text: str) -> bool:
        """Whether a cell holds it between other signs."""
        return any(sign in text for sign in self.signs)


@dataclass
class Found:
    """A separator with what the user should know of how it was found."""

    separator: Separator
    notes: list[str] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


def given(separator: str) -> Found:
    """The separator that the user names, also ``space``, ``tab`` and ``none``; any other text separates as a whole.

    Raises:
        InputError: it is empty.
    """
    if not separator:
        raise InputError("the separator is empty", instead=FORMS)
    text = NAMED.get(separator, separator)
    if not text:
        return Found(Separator(), ["separator of the tags: none, each cell is one tag (as given)"])
    signs = next((signs for signs in (*PLAIN, *DOUBTFUL) if text in signs), None)
    found = Separator(text + signs.replace(text, "")) if signs is not None else _Text(text)
    return Found(found, [f"separator of the tags: {text!r} (as given)"])


def find(counts: Counter[str]) -> Found:
    """The separator of cells, from the distinct cells with how often each stands."""
    present = {signs: _rows_with(signs, counts) for signs in PLAIN}
    present = {signs: rows for signs, rows in present.items() if rows}
    if not present:
        return _find_doubtful(counts)
    most = max(present.values())
    chosen = next(signs for signs, rows in present.items() if rows >= NOISE * most)
    separator = Separator(chosen)
    used = " and ".join(repr(sign) for sign in chosen if any(sign in text for text in counts))
    found = Found(separator, [f"separator of the tags: {used} (found in {present[chosen]} cells)"])
    for signs, rows in present.items():
        if signs != chosen:
            sign = next(sign for sign in signs if any(sign in text for text in counts))
            example = next(text for text in counts if sign in text)
            what = f"{rows} cells also hold {sign!r}, such as {example!r}; it is read as a part of the names"
            found.warnings.append(Fault(what, instead=f"--separator {sign!r} to separate the tags there"))
    if chosen == PLAIN[1] and not _returning(separator, counts) and len(counts) > 2:
        example = next(text for text in counts if separator.is_in(text))
        what = f"cells such as {example!r} are split at the comma, and none of their parts occurs in another cell"
        found.warnings.append(Fault(what, instead="--separator none if each cell is one tag"))
    return found


def _find_doubtful(counts: Counter[str]) -> Found:
    """A sign that also stands inside names, where the parts of the cells prove that it separates them."""
    found = Found(Separator(), [f"separator of the tags: none found among {COMMON} (each cell is one tag)"])
    for signs in DOUBTFUL:
        rows = _rows_with(signs, counts)
        if not rows:
            continue
        separator = Separator(signs)
        name = SHOWN.get(signs[0], repr(signs[0]))
        if _separates(separator, counts):
            note = f"separator of the tags: {name} (found in {rows} cells; the parts are tags of other cells as well)"
            if signs[0] == " ":
                note += "; --separator none if each cell is one tag"
            return Found(separator, [note])
        example = next(text for text in counts if separator.is_in(text.strip()))
        if signs[0] == " ":
            what = f"cells such as {example!r} hold spaces, read as one tag"
        elif _may_separate(separator, counts) and not example.strip().lstrip(MARKS).startswith(signs[0]):
            what = f"cells such as {example!r} hold {name} between texts that are tags elsewhere, read as one tag"
        else:
            continue
        option = signs[0] if signs[0] != " " else "space"
        found.warnings.append(Fault(what, instead=f"--separator {option} to separate the tags there"))
    return found


def _may_separate(separator: Separator, counts: Counter[str]) -> bool:
    """Whether the parts of a cell are tags of other cells; for a sign that names hold, whether each is a whole cell."""
    if separator.signs[0] not in IN_NAMES:
        return _returning(separator, counts)
    alone = {text.strip().lstrip(MARKS) for text in counts}
    return any(set(_parts(separator, text)) <= alone for text in counts if separator.is_in(text.strip()))


def _separates(separator: Separator, counts: Counter[str]) -> bool:
    """Whether splitting at a doubtful sign is beyond doubt.

    Whole numbers with a sign between them are codes. Of names, nearly every part must return in other cells. A space
    must also stand between different numbers of parts, some parts stand alone, and the parts be fewer than the cells:
    "red car" and "blue car" are no proof that "red" is a tag.
    """
    joined = [text for text in counts if separator.is_in(text.strip())]
    parts = {text: _parts(separator, text) for text in counts}
    if any(len(parts[text]) != len(separator.split(text.strip())) for text in joined):
        return False  # it stands at an end, or twice
    if all(part.isdigit() for text in counts for part in parts[text]):
        return separator.signs[0] in " #+&/~"
    shares = _of_returning(separator, counts, joined)
    if shares < RETURNING:
        return False
    different = _all(parts)
    if separator.signs[0] != " ":
        alone = {text.strip().lstrip(MARKS) for text in counts if not separator.is_in(text.strip())}
        if separator.signs[0] in IN_NAMES:
            return different <= alone
        return len(alone & different) >= ALONE * len(different) or len(counts) >= MORE_CELLS * len(different)
    return (
        len({len(found) for found in parts.values() if found}) > 2
        and len(different) <= FEWER_PARTS * len(counts)
        and not any(part.casefold() in ("a", "an", "and", "of", "the", "with", "in", "on") for part in different)
    )


def _all(parts: dict[str, list[str]]) -> set[str]:
    return {part for found in parts.values() for part in found}


def _parts(separator: Separator, text: str) -> list[str]:
    return [part.strip().lstrip(MARKS) for part in separator.split(text) if part.strip()]


def _returning(separator: Separator, counts: Counter[str]) -> bool:
    """Whether any part of a cell that holds the separator also stands in another cell."""
    joined = [text for text in counts if separator.is_in(text.strip())]
    return _of_returning(separator, counts, joined) > 0


def _of_returning(separator: Separator, counts: Counter[str], joined: list[str]) -> float:
    """The share of the parts of the cells ``joined`` that stand in at least two different cells."""
    cells_with = Counter(part for text in counts for part in set(_parts(separator, text)))
    parts = [part for text in joined for part in _parts(separator, text)]
    return sum(cells_with[part] > 1 for part in parts) / len(parts) if parts else 0.0


def _rows_with(signs: str, counts: Counter[str]) -> int:
    return sum(number for text, number in counts.items() if any(sign in text.strip() for sign in signs))


class _Text(Separator):
    """A separator of several characters, or of one that no list of signs has."""

    def split(self, text: str) -> list[str]:
        return text.split(self.signs)

    def is_in(self, text: str) -> bool:
        return self.signs in text
