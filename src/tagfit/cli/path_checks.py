"""The checks of paths: what has to be there, and where something can be written."""

from __future__ import annotations

import os
from pathlib import Path

from tagfit.errors import Fault, InputError


def source(path: Path) -> None:
    """A source exists and can be opened."""
    from tagfit.data.readers.opening import place_of, refuse_missing

    refuse_missing(place_of(path))


def photo_folder(path: Path) -> None:
    """A folder exists."""
    if not path.is_dir():
        raise InputError(f"there is no folder {path}", instead="a folder of photographs")


def run(path: Path) -> None:
    """A run folder can be opened."""
    from tagfit.runs.run import open_run

    open_run(path)


def model(path: Path) -> None:
    """A run folder or a tagger's folder."""
    from tagfit.tagger import holds_tagger

    if not holds_tagger(path):
        run(path)


def is_table(path: Path) -> bool:
    """Whether this is a file of tags rather than the folder of a model."""
    return path.is_file() and path.suffix.lower() in (".csv", ".tsv")


def model_or_tags(path: Path) -> None:
    """A run folder, a tagger's folder, or a table of reviewed tags."""
    if is_table(path):
        source(path)
    else:
        model(path)


def file(path: Path) -> None:
    """A file exists and is not a folder."""
    if path.is_dir():
        raise InputError(f"{path} is a folder", instead="a file")
    if not path.exists():
        raise InputError(f"there is no file {path}")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} cannot be read: permission denied")


def pictures(path: Path) -> None:
    """A file or folder exists; a URL is opened later."""
    from tagfit.data.pictures.sources import as_url

    if as_url(path) is None and not path.exists():
        raise InputError(f"there is no file or folder {path}")


def table(path: Path) -> None:
    """A table of tagged pictures that can be written and is not there yet."""
    from tagfit.tagger.bulk import refuse

    refuse(path)
    output(path)


def run_or_scores(path: Path) -> None:
    """A run folder or a score file."""
    (run if path.is_dir() else file)(path)


def reportable(path: Path) -> None:
    """A run folder, the folder of a finished cure, or a score file."""
    if (path / "certificate.json").is_file():
        certificate(path)
    elif (path / "cure.json").is_file():
        finish = f"`tagfit cure --resume {path}` finishes it"
        raise InputError(f"{path} is a cure without a certificate", instead=finish)
    else:
        run_or_scores(path)


def thresholds(path: Path) -> None:
    """A thresholds file can be read."""
    from tagfit.evaluation.thresholds import Thresholds

    file(path)
    Thresholds.load(path)


def certificate(path: Path) -> None:
    """A certificate can be read."""
    from tagfit.curing.certificate import load

    load(path)


def begun_cure(path: Path) -> None:
    """The folder of a cure that was begun."""
    from tagfit.curing.request import read

    read(path)


def folder(path: Path) -> None:
    """A folder that is there or can be made, and in which files can be written."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file", instead="a folder")
    _writable(path)


def there(path: Path) -> None:
    """A folder that is there."""
    if not path.is_dir():
        raise InputError(f"{path} is a file" if path.exists() else f"there is no folder {path}", instead="a folder")


def new_folder(path: Path) -> None:
    """A folder that is empty or can be made."""
    from tagfit.runs.writing import refuse_used

    refuse_used(path)
    _writable(path)


def absent_folder(path: Path) -> None:
    """A folder that can be made and is not there yet."""
    from tagfit.data.convert.convert import refuse_existing

    refuse_existing(path)
    _writable(path)


def output(path: Path) -> None:
    """A file that can be written; one that is there is replaced."""
    if path.is_dir():
        raise InputError(f"{path} is a folder", instead="a file to write")
    _writable(path.parent)


def new_output(path: Path) -> None:
    """A file that can be written and is not there yet."""
    if path.exists():
        raise InputError(f"{path} exists and is not overwritten", instead="another --out")
    output(path)


def _writable(folder: Path) -> None:
    """Raise an InputError unless files can be written in a folder, or in the nearest of its parents that is there."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    reason = "is not a folder" if not there.is_dir() else "" if os.access(there, os.W_OK | os.X_OK) else "is read-only"
    if reason:
        raise InputError(f"cannot write in {folder}: {there} {reason}", instead="another place")


def content(path: Path) -> None:
    """A folder of content files that the course can be taken from; the option is named, as with ``progress``."""
    from tagfit.lesson import translation

    if not path.is_dir():
        said = f"{path} is a file" if path.exists() else f"there is no folder {path}"
        raise InputError(Fault(said, "--content", "a folder with a translation of the content files"))
    translation.check(path)


def progress(path: Path) -> None:
    """A file that can be appended to, there or not; the option is named, since a group does not name it."""
    if path.is_dir():
        raise InputError(Fault(f"{path} is a folder", "--progress", "a file"))
    if any(parent.is_file() for parent in path.parents):
        raise InputError(Fault(f"{path} cannot be written: a folder on its way is a file", "--progress"))
