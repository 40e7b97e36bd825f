"""The ``.txt`` members of WebDataset: labels, one a line or in a list, where they cannot be captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tagfit.data.labels import listed
from tagfit.data.readers.annotations import ABSENT, PRESENT, UNKNOWN, Annotations
from tagfit.data.readers.tag_cells import ABSENT as CELL_ABSENT
from tagfit.data.readers.tag_cells import PRESENT as CELL_PRESENT
from tagfit.data.readers.tag_cells import UNKNOWN as CELL_UNKNOWN
from tagfit.data.readers.tag_cells import Cells, read_cells

STATES = {CELL_ABSENT: ABSENT, CELL_PRESENT: PRESENT, CELL_UNKNOWN: UNKNOWN}
FEW_LABELS = 0.5  # at most so many different labels for each label that is listed, else the texts may be captions
MOST_WORDS = 4  # in the name of a label
LIMIT = 1 << 16  # bytes of a text


@dataclass
class Texts:
    """Gathers the texts of samples; whether they are labels is decided when all are seen.

    Attributes:
        annotations: which get the labels.
        names: of the classes, where a file next to the shards names them.
    """

    annotations: Annotations
    names: Sequence[str]
    _rows: list[int] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _first: str = ""

    def add(self, row: int, where: str, content: bytes) -> None:
        """The text of the picture in ``row``."""
        self._first = self._first or where
        if len(content) > LIMIT:
            self.annotations.fault(f"it has more than {LIMIT:,} bytes", where, "labels, one a line")
            return
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.annotations.fault("it is not UTF-8", where)
            return
        self._rows.append(row)
        self._texts.append(text.replace("\r\n", "\n").strip())

    def finish(self) -> None:
        """Mark the labels of all rows, or refuse texts that may be captions, unless the user asks for them."""
        if not self._rows or self.annotations.faults:
            return
        options = self.annotations.options
        cells = read_cells(self._texts, options.separator, none_label=options.none_label, blank=options.blank)
        if not options.tags_column and not self._are_labels(cells):
            example = listed([text[:60] for text in dict.fromkeys(self._texts) if text][:2])
            self.annotations.fault(
                f"the texts may be captions: {example}",
                self._first,
                "--tags-column txt reads them as labels, one a line or separated as --separator says",
            )
            return
        for row, which in zip(self._rows, cells.which.tolist(), strict=True):
            cell = cells.cells[which]
            for fault in cell.faults:
                self.annotations.fault(fault, self.annotations.where(row))
            if cell.unknown_row:
                self.annotations.mark_unknown_row(row)
            for name, state in cell.states.items():
                label = self.names[int(name)] if self._is_number(name) else name
                self.annotations.mark(row, self.annotations.label(label), STATES[state])
        self.annotations.notes += ["labels are read from .txt", *cells.notes]
        self.annotations.warnings += cells.warnings

    def _are_labels(self, cells: Cells) -> bool:
        """Whether the parts of the texts are names of the classes, or few and short names that return."""
        parts = [name for which in cells.which.tolist() for name in cells.cells[which].states]
        if self.names:
            return all(part in self.names or self._is_number(part) for part in parts)
        distinct = set(parts)
        short = all(len(part.split()) <= MOST_WORDS for part in distinct)
        return short and len(distinct) <= FEW_LABELS * len(parts) and not cells.warnings

    def _is_number(self, name: str) -> bool:
        is_number = name.isascii() and name.isdigit() and len(name) < 10 and name not in self.names
        return is_number and int(name) < len(self.names)
