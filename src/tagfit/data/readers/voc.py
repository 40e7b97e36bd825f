"""Reads Pascal VOC: an XML file for each picture, and the lists in ImageSets/Main that say which split it is in."""

from __future__ import annotations

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Place, content_of, listing
from tagfit.data.readers.annotations import ABSENT, PRESENT, UNKNOWN, Annotations, folders_below
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.xml_files import parse_xml
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

NAME = "Pascal VOC"
SPLIT_LISTS = {"train": "train", "val": "validation", "test": "test", "trainval": ""}
PICTURE_FOLDERS = ("JPEGImages", "images", "Images")
STATES = {"1": PRESENT, "-1": ABSENT, "0": UNKNOWN}


def recognise(look: Look) -> bool:
    """A folder with Annotations/*.xml or ImageSets/Main, or with XML files whose root is ``annotation``."""
    return look.is_folder and _home(look) is not None


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of a VOC folder: a label is present with an object that is not difficult, unknown with only
    difficult ones, absent without any.

    Raises:
        InputError: all faults, each with its file.
    """
    home = _home(Look(place))
    if home is None:
        raise InputError(f"the folder {place} is not {NAME}", instead="Annotations/*.xml, and ImageSets/Main/*.txt")
    annotations = Annotations(NAME, place, options)
    annotations.look_in([*folders_below(home, PICTURE_FOLDERS), home])
    folder = home / "Annotations" if (home / "Annotations").is_dir() else home
    files = {file.stem: file for file in listing(folder) if file.suffix.lower() == ".xml"}
    splits = _splits(home, annotations)
    classes = _class_lists(home, annotations)
    if splits:
        unlisted = sorted(files.keys() - splits.keys())
        if unlisted:
            annotations.notes.append(f"{len(unlisted)} XML files that no list in ImageSets/Main names are left out")
    pictures = _picture_files([*folders_below(home, PICTURE_FOLDERS), folder])
    for name, split in (splits or dict.fromkeys(sorted(files), "")).items():
        if name in files:
            _read_file(files[name], name, split, pictures, annotations)
        else:
            _read_lists(name, split, classes, pictures, annotations)
    return annotations.finish(sort=True)


def _home(look: Look) -> Place | None:
    """The folder that holds Annotations or ImageSets: this one, or the only ``VOC2012`` in it."""
    annotations = look.child("Annotations")
    if annotations is not None and any(name.lower().endswith(".xml") for name in annotations.children):
        return look.place
    if look.child("ImageSets", "Main") is not None:
        return look.place
    years = [name for name in look.children if name.startswith("VOC")]
    if len(years) == 1 and (year := look.child(years[0])) is not None and year.is_folder:
        return _home(year)
    first = next((name for name in look.children if name.lower().endswith(".xml")), None)
    child = look.child(first) if first is not None else None
    return look.place if child is not None and not child.is_folder and child.xml_root == "annotation" else None


def _splits(home: Place, annotations: Annotations) -> dict[str, str]:
    """Each picture that ImageSets/Main lists, with its split; empty where there are no lists."""
    splits: dict[str, str] = {}
    for file in listing(home / "ImageSets" / "Main"):
        if file.stem not in SPLIT_LISTS or file.suffix != ".txt":
            continue
        split = SPLIT_LISTS[file.stem]
        for number, line in enumerate(_lines(file, annotations), 1):
            if not line.strip():
                continue
            name = line.split()[0]
            before = splits.get(name, "")
            if split and before and before != split:
                annotations.fault(f"{name!r} is in {before} as well", f"{file.name}, line {number}", "one split each")
            splits[name] = split or before
    return splits


def _class_lists(home: Place, annotations: Annotations) -> dict[str, dict[str, int]]:
    """What the lists ``CLASS_train.txt`` say: picture -> label -> state; their labels are declared in any case."""
    states: dict[str, dict[str, int]] = {}
    for file in listing(home / "ImageSets" / "Main"):
        label, _, split = file.stem.rpartition("_")
        if not label or split not in SPLIT_LISTS or file.suffix != ".txt":
            continue
        annotations.label(label)
        for number, line in enumerate(_lines(file, annotations), 1):
            words = line.split()
            if len(words) == 2 and words[1] in STATES:
                states.setdefault(words[0], {})[label] = STATES[words[1]]
            elif words:
                annotations.fault(f"the line is {line!r}", f"{file.name}, line {number}", "a name, then 1, 0 or -1")
    return states


def _lines(file: Place, annotations: Annotations) -> list[str]:
    try:
        return content_of(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        annotations.fault(f"the byte at {error.start} is not UTF-8", file.name)
        return []


def _picture_files(folders: list[Place]) -> dict[str, Place]:
    """Pictures by their names without ending, which is how VOC refers to them."""
    found: dict[str, Place] = {}
    for folder in folders:
        for file in listing(folder):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                found.setdefault(file.stem, file)
    return found


def _read_file(file: Place, name: str, split: str, pictures: dict[str, Place], annotations: Annotations) -> None:
    try:
        root = parse_xml(file)
    except InputError as error:
        annotations.faults.extend(error.faults)
        return
    if root.tag != "annotation":
        annotations.fault(f"its root is <{root.tag}>", file.name, "<annotation>")
        return
    picture = pictures.get(name)
    named = (root.findtext("filename") or "").strip()
    row = annotations.picture(name if picture is not None or not named else named, file.name, split, picture)
    for number, item in enumerate(root.iter("object"), 1):
        label = (item.findtext("name") or "").strip()
        difficult = (item.findtext("difficult") or "0").strip()
        if not label:
            annotations.fault("it has no name", f"{file.name}, object {number}", "<name>dog</name>")
        elif difficult not in ("0", "1"):
            annotations.fault(f"difficult is {difficult!r}", f"{file.name}, object {number}", "0 or 1")
        else:
            annotations.mark(row, annotations.label(label), PRESENT if difficult == "0" else UNKNOWN)


def _read_lists(
    name: str, split: str, classes: dict[str, dict[str, int]], pictures: dict[str, Place], annotations: Annotations
) -> None:
    """A picture without XML: what the lists of single classes say of it."""
    row = annotations.picture(name, f"ImageSets/Main, {name}", split, pictures.get(name))
    states = classes.get(name)
    if states is None:
        annotations.quarantine(row, f"there is no Annotations/{name}.xml, and no list of a class names it")
        return
    annotations.mark_unknown_row(row)
    for label, state in states.items():
        annotations.mark(row, annotations.label(label), state)
