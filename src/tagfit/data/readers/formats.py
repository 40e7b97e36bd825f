"""The formats that are read: one table, from which recognition, ``--format`` and the documents come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from tagfit.data.labels import listed
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Member, Place, listing
from tagfit.data.readers import (
    coco,
    createml,
    cvat,
    fiftyone,
    huggingface,
    imagefolder,
    label_folders,
    label_studio,
    openimages,
    photo_keywords,
    roboflow,
    supervisely,
    voc,
    webdataset,
    yolo,
)
from tagfit.data.readers.arff import read_arff
from tagfit.data.readers.arrays import read_npz
from tagfit.data.readers.column_names import flag
from tagfit.data.readers.excel import is_workbook
from tagfit.data.readers.folder import TABLES, read_folder
from tagfit.data.readers.look import Look
from tagfit.data.readers.opening import place_of, refuse_missing
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.table import read_table
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

Reader = Callable[[Place, TableOptions], TaggedSet]

# Options of reading, by their names in TableOptions.
PICTURES = frozenset({"images", "allow_outside"})
CUSTOMS = frozenset({"minus_one", "blank"})
TEXTS = frozenset({"separator", "none_label", "blank"})
TABLE = frozenset(one.name for one in fields(TableOptions)) - {"photos"}
COLUMNS = TABLE - {"columns", "rows", "encoding"}


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: as ``--format`` takes it.
        what: what it is, in a few words.
        recognise: whether what lies at a place is meant as this format, also where it is broken.
        read: turns it into a TaggedSet, or raises InputError under the format's own name.
        uses: the options of reading that change something.
    """

    name: str
    what: str
    recognise: Callable[[Look], bool]
    read: Reader
    uses: frozenset[str] = PICTURES | {"unlisted"}

    def unused(self, options: TableOptions) -> list[Fault]:
        """A warning that names the options that were given and change nothing, if there are any."""
        names = [flag(name) for name in options.given() if name not in self.uses]
        verb = "change" if len(names) > 1 else "changes"
        return [Fault(f"{self.what}: {', '.join(names)} {verb} nothing")] if names else []


def _local(read: Callable[[Path, TableOptions], TaggedSet]) -> Reader:
    """A reader that needs a file on this machine."""

    def read_local(place: Place, options: TableOptions) -> TaggedSet:
        if isinstance(place, Member):
            raise InputError(f"{place} is not a file on this machine", instead="unpack or download it first")
        return read(place, options)

    return read_local


def _is_workbook(look: Look) -> bool:
    return isinstance(look.place, Path) and look.start.startswith(b"PK\x03\x04") and is_workbook(look.place)


def _is_npz(look: Look) -> bool:
    return look.start.startswith((b"PK\x03\x04", b"PK\x05\x06")) or look.suffix == ".npz"


def _is_arff(look: Look) -> bool:
    return not look.is_folder and (look.suffix == ".arff" or look.start.lstrip().lower().startswith(b"@relation"))


# Asked in this order: what has a name or a mark of its own comes before what is recognised by its form alone.
FORMATS = (
    Format(
        "folder",
        "a folder with tags.csv",
        lambda look: any(name in look.children for name in TABLES),
        read_folder,
        TABLE,
    ),
    Format("excel", "an Excel workbook of pictures (.xlsx)", _is_workbook, read_table, TABLE - {"encoding"}),
    Format(
        "npz",
        "NumPy arrays",
        _is_npz,
        _local(lambda path, options: read_npz(path, minus_one=options.minus_one)),
        frozenset({"minus_one"}),
    ),
    Format("arff", "ARFF with MULAN's XML", _is_arff, _local(lambda path, _options: read_arff(path)), frozenset()),
    Format(
        "roboflow",
        "Roboflow multi-label export (_classes.csv)",
        roboflow.recognise,
        roboflow.read,
        PICTURES | CUSTOMS,
    ),
    Format(
        "imagefolder",
        "Hugging Face imagefolder (metadata.jsonl, .csv, .parquet)",
        imagefolder.recognise,
        imagefolder.read,
        TABLE,
    ),
    Format("fiftyone", "FiftyOne image dataset", fiftyone.recognise, fiftyone.read),
    Format("label-studio", "Label Studio JSON or JSON-MIN", label_studio.recognise, label_studio.read),
    Format("createml", "Create ML JSON", createml.recognise, createml.read),
    Format("cvat", "CVAT for images 1.1 XML", cvat.recognise, cvat.read),
    Format("supervisely", "Supervisely project", supervisely.recognise, supervisely.read),
    Format(
        "webdataset",
        "WebDataset tar shards",
        webdataset.recognise,
        webdataset.read,
        PICTURES | TEXTS | CUSTOMS | {"unlisted", "tags_column"},
    ),
    Format(
        "huggingface",
        "Hugging Face Parquet files or save_to_disk folders",
        huggingface.recognise,
        huggingface.read,
        COLUMNS,
    ),
    Format("coco", "COCO or LVIS JSON", coco.recognise, coco.read),
    Format("voc", "Pascal VOC", voc.recognise, voc.read),
    Format("yolo", "YOLO", yolo.recognise, yolo.read),
    Format(
        "openimages",
        "Open Images CSV",
        openimages.recognise,
        openimages.read,
        PICTURES | {"unlisted", "confidence_at_least"},
    ),
    Format(
        "photo-keywords",
        "photographs with keywords in XMP or IPTC",
        photo_keywords.recognise,
        photo_keywords.read,
        PICTURES | {"unlisted", "photos"},
    ),
    Format("label-folders", "one folder for each label", label_folders.recognise, label_folders.read),
    Format("csv", "a table of pictures (CSV, TSV)", lambda look: not look.is_folder, read_table, TABLE),
)
TEXT_TABLES = (".csv", ".tsv", ".txt")
BY_NAME = {one.name: one for one in FORMATS}


def recognised(place: Place, name: str | None = None) -> tuple[Place, Format]:
    """The format of what lies at ``place``, and the place itself, or what it holds alone (as a zip holds one folder).

    Args:
        place: a file or folder.
        name: what ``--format`` says it is; recognised by its content if None.

    Raises:
        InputError: nothing lies there, it cannot be opened, no format fits, or ``name`` is not the name of one.
    """
    if name is not None and name not in BY_NAME:
        raise InputError(f"there is no format {name!r}", instead=f"one of {', '.join(sorted(BY_NAME))}")
    refuse_missing(place)
    candidates = FORMATS if name is None else (BY_NAME[name],)
    for inside in _nested(place):
        look = Look(inside)
        for one in candidates:
            if one.recognise(look):
                if name is None:  # else the reader of that format says what it lacks
                    _refuse_if_not_text(look, one)
                return inside, one
    return place, BY_NAME[name or "folder"]  # its reader says what is there instead


def format_of(source: str | Path) -> Format:
    """The format of what the user names.

    Raises:
        InputError: as :func:`recognised`.
    """
    return recognised(place_of(source))[1]


def _nested(place: Place) -> Iterator[Place]:
    """The place, the only thing that lies in it, and so on."""
    yield place
    children = listing(place) if place.is_dir() else []
    if len(children) == 1:
        yield from _nested(children[0])


def _refuse_if_not_text(look: Look, found: Format) -> None:
    """Refuse what only looks like a table because everything that is not recognised does."""
    if found.name != "csv" or look.suffix in TEXT_TABLES:
        return
    if look.suffix in SUFFIXES:
        raise InputError(
            f"{look.place} is a picture, and nothing says what is on it", instead="a table or a folder of its tags"
        )
    if b"\0" in look.start and not look.start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{look.place} is of no format that is read", instead=f"one of {', '.join(sorted(BY_NAME))}")
    if look.is_json:
        keys = listed(sorted(look.json_keys)) or "none"
        what, kinds = (
            f"is JSON of no format that is read; its keys are {keys}",
            "coco, label-studio, fiftyone or createml",
        )
    elif look.xml_root:
        what, kinds = f"is XML of no format that is read; its root is <{look.xml_root}>", "cvat"
    else:
        return
    raise InputError(f"{look.place} {what}", instead=f"--format {kinds} says why it is not one of these")
