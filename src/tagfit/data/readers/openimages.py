"""Reads Open Images: a row per picture and label with a confidence; labels that no row names are unknown by default."""

from __future__ import annotations

from tagfit.data.pictures.sources import Place, listing
from tagfit.data.readers.annotations import ABSENT, PRESENT, UNKNOWN, Annotations, folders_below, split_of
from tagfit.data.readers.confidences import ALL_BETWEEN, CUT, note_of_cut, says
from tagfit.data.readers.delimited import numbered_rows
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet

NAME = "Open Images"
COLUMNS = ("ImageID", "Source", "LabelName", "Confidence")
PICTURE_FOLDERS = ("images", "data", "train", "validation", "test")


def recognise(look: Look) -> bool:
    """A CSV whose header begins with ImageID,Source,LabelName,Confidence."""
    return not look.is_folder and look.header[: len(COLUMNS)] == COLUMNS


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of a table of labels or boxes, with the states that :mod:`tagfit.data.readers.confidences` gives.

    Raises:
        InputError: all faults, each with its row.
    """
    annotations = Annotations(NAME, place, options)
    annotations.unlisted = options.unlisted or "unknown"
    home = place.parent
    annotations.look_in([*folders_below(home, _own_first(place)), home, *folders_below(home, PICTURE_FOLDERS)])
    names = _class_names(home, annotations)
    cut = options.confidence_at_least
    rows: dict[str, int] = {}
    entries = between = 0
    for line, cells in _rows(place, annotations):
        where = f"{place.name}, row {line}"
        image, label = cells[0], cells[2]
        confidence = _number(cells[3])
        if not image or not label:
            annotations.fault("it names no picture or no label", where)
        elif confidence is None:
            annotations.fault(f"the confidence is {cells[3]!r}", where, "a number from 0 to 1")
        else:
            row = rows.get(image)
            if row is None:
                row = rows[image] = annotations.picture(image, where)
            entries += 1
            column = annotations.label(names.get(label, label))
            present = says(confidence, cut)
            between += present is None
            if present is not None:
                annotations.mark(row, column, PRESENT if present else ABSENT)
            elif cut is None:
                annotations.mark(row, column, UNKNOWN)
    if between and between == entries and cut is None:
        annotations.fault(ALL_BETWEEN, instead=CUT)
    elif note := note_of_cut(cut, between, annotations.unlisted):
        annotations.notes.append(note)
    annotations.notes.append(f"labels that no row names for a picture are {annotations.unlisted}")
    if not names:
        annotations.notes.append("no class descriptions (class-descriptions.csv) next to it: labels are identifiers")
    return annotations.finish(sort=True)


def _own_first(place: Place) -> list[str]:
    """Folders of the split that the file is named after: ``validation-annotations-human-imagelabels.csv``."""
    split = split_of(place.name.split("-")[0])
    return [folder.name for folder in listing(place.parent) if split and split_of(folder.name) == split]


def _number(cell: str) -> float | None:
    """A confidence from 0 to 1, or None where the cell holds something else."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def _class_names(home: Place, annotations: Annotations) -> dict[str, str]:
    """Names by identifier, out of a file of class descriptions, which has a header since version 6."""
    for file in listing(home):
        if "class-descriptions" in file.name and file.suffix == ".csv":
            pairs = [cells for _, cells in numbered_rows(file, file.name, annotations.faults) if len(cells) == 2]
            names = {key: name.strip() for key, name in pairs if key != "LabelName"}
            counts: dict[str, int] = {}
            for name in names.values():
                counts[name] = counts.get(name, 0) + 1
            return {key: name if counts[name] == 1 else f"{name} ({key})" for key, name in names.items()}
    return {}


def _rows(place: Place, annotations: Annotations) -> list[tuple[int, list[str]]]:
    rows = numbered_rows(place, place.name, annotations.faults)
    if annotations.faults:
        return []
    if not rows or tuple(rows[0][1][: len(COLUMNS)]) != COLUMNS:
        header = ",".join(rows[0][1]) if rows else ""
        annotations.fault(f"the header is {header!r}", f"{place.name}, row 1", ",".join(COLUMNS))
        return []
    width = len(rows[0][1])
    for line, cells in rows[1:]:
        if len(cells) != width:
            annotations.fault(f"{len(cells)} cells, the header has {width}", f"{place.name}, row {line}")
    return [(line, cells) for line, cells in rows[1:] if len(cells) == width]
