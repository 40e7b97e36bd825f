"""The library: a folder of photographs, each with what its sidecars and its own metadata say."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tagfit.photos.metadata import Metadata, of_picture, of_sidecar
from tagfit.photos.sidecars import RAW, Names, assigned
from tagfit.photos.unreadable import UnreadableError
from tagfit.photos.words import FIELDS, Keywords, fold, folded, merged
from tagfit.photos.words import Path as Word

EMBEDDED = "embedded"
PREFER = ("sidecar", "embedded", "union")
Progress = Callable[[int, int], None]


@dataclass
class Photo:
    """One photograph.

    Attributes:
        name: its path below the folder, with ``/``.
        file: the picture.
        sidecars: the XMP files that belong to it, the long name first.
        ambiguous: sidecars whose names differ only by case from another one: nothing is written.
        said: what each place says, by the name of the sidecar or EMBEDDED, in the order in which they are believed.
        broken: places that cannot be read, with the reason.
    """

    name: str
    file: Path
    sidecars: list[Path] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    said: dict[str, Metadata] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def chosen(self, prefer: str = "sidecar") -> list[str]:
        """The places whose keywords count: the first that has a keyword field, or with ``union`` all that have one."""
        order = [place for place, said in self.said.items() if said.fields]
        if prefer == "union":
            return order
        return order[-1:] if prefer == "embedded" else order[:1]

    def problem(self, prefer: str = "sidecar") -> str:
        """Why nothing is known of its keywords although there may be some; '' where all is well.

        A sidecar that cannot be read always counts. A picture counts only where no sidecar has keywords.
        """
        sidecars = [f"{place}: {why}" for place, why in self.broken.items() if place != EMBEDDED]
        if sidecars:
            return "; ".join(sidecars)
        if EMBEDDED in self.broken and (prefer != "sidecar" or not self.chosen()):
            return f"its metadata cannot be read: {self.broken[EMBEDDED]}"
        return ""

    def is_tagged(self, prefer: str = "sidecar") -> bool:
        """Whether any place says which keywords it has, or that it has none."""
        return bool(self.chosen(prefer))

    def paths(self, prefer: str = "sidecar", split_flat: str = "", only: Collection[str] = FIELDS) -> list[Word]:
        """Every keyword as a path, repeated as often as fields say it."""
        return [path for place in self.chosen(prefer) for path in self.said[place].paths(split_flat, [*only])]

    def own(self, prefer: str = "sidecar") -> list[Word]:
        """The paths that tagfit added."""
        return [path for place in self.chosen(prefer) for path in self.said[place].own]

    def keywords(self, prefer: str = "sidecar", exclude: Collection[str] = (), split_flat: str = "") -> Keywords:
        """The keywords that count, without those that tagfit added."""
        return merged(self.paths(prefer, split_flat), [*exclude], self.own(prefer))

    def labels(self) -> list[str]:
        """The colour labels that its places give."""
        return [said.label for said in self.said.values() if said.label]

    def disagreement(self) -> str:
        """Which places have other keywords than the one that counts; '' where all agree.

        A place with ``Rome`` agrees with one that has ``Places|Rome``: many programs write no hierarchies.
        """
        chosen = self.chosen()
        if not chosen:
            return ""
        first = self.said[chosen[0]]
        others = [place for place, said in self.said.items() if said.fields and not _agree(said, first)]
        return f"{chosen[0]} counts; other keywords in {', '.join(others)}" if others else ""


@dataclass
class Library:
    """Everything found in a folder.

    Attributes:
        photos: in the order of their names.
        ignored: files that look like metadata and are left alone, with the reason.
    """

    photos: list[Photo]
    ignored: dict[str, str]


def read_library(
    folder: Path,
    suffixes: Collection[str],
    *,
    share: bool = False,
    raw: bool = False,
    only: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Library:
    """Read the metadata of all photographs of a folder, at any depth; links to folders are not followed.

    Args:
        folder: where to look.
        suffixes: endings of pictures, in lower case.
        share: as in ``sidecars.assigned``.
        raw: list raw files as photographs too.
        only: read these names, and others that share their sidecars; None for all.
        progress: called with (photographs read, photographs in all).
    """
    photos: list[Photo] = []
    ignored: dict[str, str] = {}
    wanted = set(suffixes) | (RAW if raw else set())
    listed = []
    for place, prefix, inside in _folders(folder):
        found, left = assigned(inside, wanted | RAW, share=share)
        ignored.update((prefix + name, why) for name, why in left.items())
        listed.append((place, prefix, found))
    stems = None if only is None else {_stem(name) for name in only}

    def is_read(prefix: str, name: str) -> bool:
        return _suffix(name) in wanted and (stems is None or _stem(prefix + name) in stems)

    total = sum(is_read(prefix, name) for _, prefix, found in listed for name in found)
    for place, prefix, found in listed:
        read: dict[str, Metadata | str] = {}
        for name, names in found.items():
            if is_read(prefix, name):
                photos.append(_photo(place, prefix, name, names, read, share))
                if progress is not None and (len(photos) % 50 == 0 or len(photos) == total):
                    progress(len(photos), total)
    return Library(sorted(photos, key=lambda photo: photo.name), ignored)


def _folders(folder: Path, prefix: str = "") -> Iterator[tuple[Path, str, list[str]]]:
    """Each folder with the path before its names, and the names of its files."""
    names, inner = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith("."):
                        inner.append(entry.name)
                elif entry.is_file():
                    names.append(entry.name)
    except OSError:
        return
    yield folder, prefix, names
    for name in sorted(inner):
        yield from _folders(folder / name, f"{prefix}{name}/")


def _photo(place: Path, prefix: str, name: str, names: Names, read: dict[str, Metadata | str], share: bool) -> Photo:
    photo = Photo(prefix + name, place / name, ambiguous=names.ambiguous)
    for sidecar, is_short in ((names.long, False), (names.short, True)):
        if not sidecar:
            continue
        if sidecar not in read:
            read[sidecar] = _or_reason(of_sidecar, place / sidecar)
        said = read[sidecar]
        extension = said.extension.lower() if isinstance(said, Metadata) else ""
        if is_short and not share and extension and f".{extension}" != _suffix(name):
            continue
        photo.sidecars.append(place / sidecar)
        _keep(photo, sidecar, said)
    _keep(photo, EMBEDDED, _or_reason(of_picture, photo.file))
    return photo


def _keep(photo: Photo, place: str, said: Metadata | str) -> None:
    if isinstance(said, str):
        photo.broken[place] = said
    else:
        photo.said[place] = said


def _or_reason(read: Callable[[Path], Metadata], path: Path) -> Metadata | str:
    try:
        return read(path)
    except UnreadableError as error:
        return str(error)


def _agree(one: Metadata, other: Metadata) -> bool:
    """Whether two places have the same keywords, as far as each of them says where in a hierarchy they are."""
    if {*map(folded, one.paths())} == {*map(folded, other.paths())}:
        return True
    joined = merged([*one.paths(), *other.paths()]).paths
    for said in (merged(one.paths()), merged(other.paths())):
        paths, words = {folded(path) for path in said.paths}, {fold(word) for word in said.flat}
        placed = {path[-1] for path in paths if len(path) > 1}
        for path in map(folded, joined):
            if path not in paths and (path[-1] not in words or path[-1] in placed):
                return False
    return True


def _stem(name: str) -> str:
    return fold(os.path.splitext(name)[0])


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()
