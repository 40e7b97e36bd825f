"""Reads ARFF tables, dense and sparse, with MULAN's XML that says which attributes are labels."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

import defusedxml.ElementTree
import numpy as np
from defusedxml import DefusedXmlException
from numpy.typing import NDArray

from tagfit.data.labels import listed
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

NUMERIC = frozenset({"numeric", "real", "integer"})
# scene-train.arff and Corel5k-test-sparse.arff belong to scene.xml and Corel5k.xml.
_STEM_TAIL = re.compile(r"[-_.](train|training|test|val|validation|sparse|dense)$", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)\s+(.+)$""", re.IGNORECASE)


@dataclass(frozen=True)
class Attribute:
    """One column of the file; ``values`` are what a nominal one may be, None where it is numeric."""

    name: str
    values: tuple[str, ...] | None

    def number(self, text: str) -> float:
        """A cell as a number: of a nominal attribute the place of the value, NaN where it is ``?``."""
        if text == "?":
            return math.nan
        if self.values is None:
            return float(text)
        return float(self.values.index(text))


def read_arff(path: Path) -> TaggedSet:
    """Feature rows of an ARFF file; the labels are the attributes that its XML names, in the XML's order.

    A nominal feature of two values is one column of 0 and 1 (the second value is 1); one of more values is one 0/1
    column a value, in the order of the declaration.

    Raises:
        InputError: there is no XML, or any line of the file is not as its header says.
    """
    names = _label_names(_xml_beside(path))
    text = _text(path)
    attributes, data_from = _header(path, text)
    index = {attribute.name: column for column, attribute in enumerate(attributes)}
    lacking = [
        Fault(f"the label {name!r} of the XML is not an attribute", path.name) for name in names if name not in index
    ]
    if lacking:
        raise InputError(lacking)
    cells, lines = _cells(path, text[data_from:], attributes, data_from)
    chosen = [index[name] for name in names]
    truth, known = _truth(path, cells, attributes, chosen, lines)
    label_columns = set(chosen)
    notes: list[str] = []
    features = [column for column in range(len(attributes)) if column not in label_columns]
    inputs = _features(path, cells, attributes, features, lines, notes)
    return TaggedSet(
        ids=np.arange(len(cells)).astype(np.str_),
        truth=truth,
        known=known,
        labels=names,
        arrays=inputs,
        notes=tuple(notes),
    )


def _xml_beside(path: Path) -> Path:
    stems = [path.stem]
    while (shorter := _STEM_TAIL.sub("", stems[-1])) != stems[-1]:
        stems.append(shorter)
    for stem in stems:
        candidate = path.with_name(f"{stem}.xml")
        if candidate.is_file():
            return candidate
    raise InputError(
        f"{path} has no XML next to it that names its labels (looked for {listed([f'{stem}.xml' for stem in stems])})",
        instead='<labels><label name="beach"/>...</labels>',
    )


def _label_names(path: Path) -> tuple[str, ...]:
    try:
        # Entities and external references are refused: a small file could fill the memory or read others.
        root = defusedxml.ElementTree.fromstring(path.read_bytes(), forbid_dtd=True)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise InputError(f"{path} cannot be read as XML: {error}") from None
    names = [element.get("name", "") for element in root.iter() if element.tag.rpartition("}")[2] == "label"]
    if not names or "" in names or len(set(names)) < len(names):
        raise InputError(
            f"{path} names the labels {listed(names)}", instead='each label once: <label name="beach"></label>'
        )
    return tuple(names)


def _text(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error}", instead="save the file as UTF-8") from None


def _header(path: Path, text: list[str]) -> tuple[list[Attribute], int]:
    """(the attributes, the index of the first line after ``@data``)."""
    attributes: list[Attribute] = []
    faults: list[Fault] = []
    for number, raw in enumerate(text):
        line = raw.strip()
        if line.lower() == "@data":
            twice = sorted({a.name for a in attributes}) if len({a.name for a in attributes}) < len(attributes) else []
            if twice or not attributes:
                faults.append(Fault("attributes are missing or occur twice", path.name, "each name once"))
            if faults:
                raise InputError(faults)
            return attributes, number + 1
        if line.lower().startswith("@attribute"):
            attribute = _attribute(line)
            if attribute is None:
                what = f"{line[:80]!r} is not an attribute that can be used"
                faults.append(Fault(what, f"{path.name}, row {number + 1}", "@attribute name numeric, or {0,1}"))
            else:
                attributes.append(attribute)
        elif line and not line.startswith("%") and not line.lower().startswith("@relation"):
            faults.append(Fault(f"{line[:80]!r} is not a line of a header", f"{path.name}, row {number + 1}"))
    raise InputError([*faults, Fault("there is no @data", path.name, "@relation, @attribute lines, @data, rows")])


def _attribute(line: str) -> Attribute | None:
    match = _ATTRIBUTE.match(line)
    if not match:
        return None
    name, kind = _unquoted(match[1]), match[2].strip()
    if kind.lower() in NUMERIC:
        return Attribute(name, None)
    if kind.startswith("{") and kind.endswith("}"):
        values = _split(kind[1:-1])
        if values and len(set(values)) == len(values):
            return Attribute(name, tuple(values))
    return None


def _split(line: str) -> list[str]:
    """The cells of a line, parted by commas outside quotes, without blanks and quotes around them."""
    if "'" not in line and '"' not in line:
        return [cell.strip() for cell in line.split(",")]
    quote = "'" if "'" in line else '"'
    cells = next(csv.reader([line], quotechar=quote, escapechar="\\", skipinitialspace=True, strict=True), [])
    return [cell.strip() for cell in cells]


def _unquoted(name: str) -> str:
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def _cells(
    path: Path, text: list[str], attributes: list[Attribute], before: int
) -> tuple[NDArray[np.float64], list[int]]:
    """(N, A) numbers as Attribute.number gives them, and the line of each row in an editor."""
    rows: list[NDArray[np.float64]] = []
    lines: list[int] = []
    faults: list[Fault] = []
    for number, raw in enumerate(text, start=before + 1):
        line = raw.strip()
        if not line or line.startswith("%"):
            continue
        try:
            rows.append(_sparse_row(line, attributes) if line.startswith("{") else _dense_row(line, attributes))
            lines.append(number)
        except (ValueError, csv.Error) as error:
            faults.append(Fault(str(error), f"{path.name}, row {number}"))
    if faults:
        raise InputError(faults, what=f"{path} cannot be read")
    if not rows:
        raise InputError(f"{path} has no rows after @data")
    return np.stack(rows), lines


def _dense_row(line: str, attributes: list[Attribute]) -> NDArray[np.float64]:
    cells = _split(line)
    if len(cells) != len(attributes):
        raise ValueError(f"{len(cells)} values, there are {len(attributes)} attributes")
    return np.asarray([_number(attribute, cell) for attribute, cell in zip(attributes, cells, strict=True)])


def _sparse_row(line: str, attributes: list[Attribute]) -> NDArray[np.float64]:
    """``{3 1, 7 0.5}``: what is not named is 0, or the first value of a nominal attribute."""
    if not line.endswith("}"):
        raise ValueError(f"a sparse row that does not end with }}: {line[-40:]!r}")
    row = np.zeros(len(attributes))
    seen: set[int] = set()
    for column, cell in _pairs(line[1:-1]):
        if not 0 <= column < len(attributes):
            raise ValueError(f"the index {column}, there are attributes 0 to {len(attributes) - 1}")
        if column in seen:
            raise ValueError(f"the index {column} occurs twice")
        seen.add(column)
        row[column] = _number(attributes[column], cell)
    return row


def _pairs(inside: str) -> Iterator[tuple[int, str]]:
    for pair in inside.split(",") if inside.strip() else ():
        index, _, cell = pair.strip().partition(" ")
        if not (index.isascii() and index.isdigit() and len(index) < 10):
            raise ValueError(f"{pair.strip()!r} is not a pair of index and value")
        yield int(index), cell.strip().strip("'\"")


def _number(attribute: Attribute, cell: str) -> float:
    try:
        return attribute.number(cell)
    except ValueError:
        expected = "a number" if attribute.values is None else f"one of {listed(attribute.values)}"
        raise ValueError(f"the attribute {attribute.name!r} is {cell!r}, not {expected}") from None


def _truth(
    path: Path, cells: NDArray[np.float64], attributes: list[Attribute], columns: list[int], lines: list[int]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    faults: list[Fault] = []
    values = cells[:, columns]
    for place, column in enumerate(columns):
        attribute = attributes[column]
        if attribute.values is not None:
            if not set(attribute.values) <= {"0", "1"}:
                what = f"the label {attribute.name!r} has the values {listed(attribute.values)}"
                faults.append(Fault(what, path.name, "0 and 1"))
                continue
            # The place of a value in {1,0} is not the value.
            meaning = np.asarray([float(value) for value in attribute.values])
            known = ~np.isnan(values[:, place])
            values[known, place] = meaning[values[known, place].astype(int)]
        wrong = np.flatnonzero(~(np.isnan(values[:, place]) | np.isin(values[:, place], (0.0, 1.0))))
        if len(wrong):
            what = (
                f"the label {attribute.name!r} is {values[wrong[0], place]:g} (and {len(wrong) - 1} more such values)"
            )
            faults.append(Fault(what, f"{path.name}, row {lines[wrong[0]]}", "0, 1, or ? for unknown"))
    if faults:
        raise InputError(faults)
    return (values == 1).astype(np.uint8), ~np.isnan(values)


def _features(
    path: Path,
    cells: NDArray[np.float64],
    attributes: list[Attribute],
    columns: list[int],
    lines: list[int],
    notes: list[str],
) -> NDArray[np.float32]:
    if not columns:
        raise InputError(f"{path} has labels, and no attribute that could be a feature")
    with np.errstate(over="ignore"):
        narrow = cells[:, columns].astype(np.float32)
    wrong = np.argwhere(~np.isfinite(narrow))
    if len(wrong):
        row, place = (int(index) for index in wrong[0])
        what = f"the feature {attributes[columns[place]].name!r} is missing or no finite number"
        more = f" (and {len(wrong) - 1} more such cells)"
        raise InputError(Fault(what + more, f"{path.name}, row {lines[row]}", "fill it, or leave the row out"))
    parts: list[NDArray[np.float32]] = []
    spread: list[str] = []
    for place, column in enumerate(columns):
        values = attributes[column].values
        if values is None or len(values) <= 2:
            parts.append(narrow[:, [place]])
        else:
            spread.append(attributes[column].name)
            parts.append((narrow[:, [place]] == np.arange(len(values))).astype(np.float32))
    if spread:
        notes.append(f"nominal features are one 0/1 column a value: {listed(spread)}")
    return np.concatenate(parts, axis=1)
