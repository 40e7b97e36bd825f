"""Reads a folder of photographs whose keywords, as photo programs store them, are the tags."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Place, files_below
from tagfit.data.readers import label_folders
from tagfit.data.readers.annotations import PRESENT, UNKNOWN, Annotations
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError, listed
from tagfit.photos.library import Photo, read_library
from tagfit.photos.mapping import Labelled, labelled
from tagfit.photos.metadata import of_picture
from tagfit.photos.unreadable import UnreadableError

NAME = "photographs with keywords"
SAMPLE = 60
SHOWN = 5


def recognise(look: Look) -> bool:
    """A folder where photographs among the first have sidecars or embedded keywords.

    Where folders could be labels too, most of those photographs must have them.
    """
    if not look.is_folder or not isinstance(look.place, Path):
        return False
    files = [name for name, _ in islice(files_below(look.place), 4 * SAMPLE)]
    pictures = [name for name in files if _is_picture(name)][:SAMPLE]
    sidecars = {name[:-4].lower() for name in files if name.lower().endswith(".xmp")}
    tagged = sum(
        name.lower() in sidecars or name.rpartition(".")[0].lower() in sidecars or _has_keywords(look.place / name)
        for name in pictures
    )
    return tagged > 0 and (2 * tagged >= len(pictures) or not label_folders.recognise(look))


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The photographs of a folder, with a label for each keyword.

    One without any keyword field is left out, unless ``untagged`` is ``absent``. One whose sidecar cannot be read is
    quarantined.

    Raises:
        InputError: not a folder on this machine, no photograph, or none with keywords.
    """
    if not isinstance(place, Path) or not place.is_dir():
        raise InputError(f"{place} is not a folder on this machine", instead="a folder of photographs")
    library = read_library(place, SUFFIXES, share=options.photos.share_sidecars)
    found = labelled(library.photos, options.photos)
    if not any(found.labels.values()) and library.photos:
        problems = [Fault(why, name) for name, why in found.problems.items()]
        what = f"none of the {len(library.photos)} photographs in {place} has keywords that are read"
        raise InputError([*problems[:SHOWN], Fault(what, instead="`tagfit keywords` reports what is there")])
    annotations = Annotations(NAME, place, options)
    for label in sorted({label for labels in found.labels.values() for label in labels}):
        annotations.label(label)
    for photo in library.photos:
        _add(photo, found, options, annotations)
    _report(found, options, annotations, {photo.name: photo.disagreement() for photo in library.photos})
    return annotations.finish()


def _add(photo: Photo, found: Labelled, options: TableOptions, annotations: Annotations) -> None:
    name = photo.name
    if name in found.problems:
        row = annotations.picture(name, name, file=photo.file)
        annotations.quarantine(row, found.problems[name], "repair or remove it: its keywords are not known")
        return
    if name in found.untagged and options.photos.untagged == "unknown":
        return
    row = annotations.picture(name, name, file=photo.file)
    kept = name in found.untagged and options.photos.untagged == "keep"
    if kept or not options.photos.is_reviewed(photo):
        annotations.mark_unknown_row(row)
    for label in found.guesses.get(name, ()):
        annotations.mark(row, annotations.label(label), UNKNOWN)
    for label in found.labels.get(name, ()):
        annotations.mark(row, annotations.label(label), PRESENT)


def _report(found: Labelled, options: TableOptions, annotations: Annotations, disagreements: dict[str, str]) -> None:
    annotations.notes.append(f"keywords of photographs are the labels (--keywords {options.photos.keywords})")
    if found.untagged and options.photos.untagged == "unknown":
        annotations.notes.append(
            f"photographs without keywords, left out since what is on them is unknown: {len(found.untagged)} "
            "(--untagged absent: they have none of the labels)"
        )
    if found.untagged and options.photos.untagged == "keep":
        annotations.notes.append(f"photographs without keywords, kept with every label unknown: {len(found.untagged)}")
    for spelled in found.spellings:
        annotations.notes.append(f"spellings of one label: {listed(spelled)}")
    for leaf, paths in found.collisions.items():
        annotations.warnings.append(
            Fault(f"{leaf!r} stands for {listed(paths)}", instead="--keywords path keeps them apart")
        )
    differ = [Fault(text, name) for name, text in disagreements.items() if text]
    annotations.warnings += differ[:SHOWN]
    if len(differ) > SHOWN:
        annotations.warnings.append(Fault(f"{len(differ)} photographs whose sidecar and file disagree; see above"))


def _has_keywords(path: Path) -> bool:
    try:
        return bool(of_picture(path).fields)
    except UnreadableError:
        return False


def _is_picture(name: str) -> bool:
    return f".{name.rpartition('.')[2].lower()}" in SUFFIXES
