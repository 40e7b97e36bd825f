"""Where picture bytes come from: a file, or a member of a store such as a zip, a tar, Parquet or a remote folder."""

from __future__ import annotations

import io
import posixpath
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from tagfit.errors import Fault, InputError


class UnavailableError(InputError):
    """What holds the pictures cannot be reached at all: no picture is at fault, and none is left out for it."""

    def __init__(self, what: str) -> None:
        super().__init__(what, instead="run it again when it can be reached: what was decoded is kept")


class Store(ABC):
    """Files by name, in something that is not a folder on this machine.

    Attributes:
        address: how messages name it, such as ``photos.zip`` or ``s3://bucket/photos``.
        quick: whether the start of a file can be read in no time, so that headers are looked at before decoding.
        is_remote: whether each read crosses a network, so that reading twice is worth avoiding.
    """

    quick = True
    is_remote = False

    def __init__(self, address: str) -> None:
        self.address = address

    @abstractmethod
    def names(self) -> Collection[str]:
        """All files, as ``folder/name`` relative to the store."""

    @abstractmethod
    def read(self, name: str, limit: int | None = None) -> bytes:
        """The first ``limit`` bytes of a file, or all of it.

        Raises:
            InputError: it is not there, cannot be read, or is larger than is read.
        """

    def open(self, name: str) -> BinaryIO:
        """A file as a stream that can be read at any place."""
        return io.BytesIO(self.read(name))

    def version(self, _name: str) -> str:
        """What changes whenever the content does, as far as the store tells without reading it; else ''."""
        return ""

    @cached_property
    def folders(self) -> dict[str, dict[str, bool]]:
        """For each folder ('' is the root) the names in it, and whether each is a folder."""
        found: dict[str, dict[str, bool]] = {"": {}}
        for name in self.names():
            folder, _, last = name.rpartition("/")
            child, is_folder = last, False
            while folder not in found:
                found[folder] = {child: is_folder}
                folder, _, child = folder.rpartition("/")
                is_folder = True
            found[folder][child] = is_folder
        return found

    def has_file(self, name: str) -> bool:
        """Whether ``name`` is a file of the store."""
        folder, _, last = name.rpartition("/")
        return self.folders.get(folder, {}).get(last) is False


class Member:
    """A file or folder of a Store, with the part of ``pathlib.Path`` that readers use."""

    __slots__ = ("inside", "store")

    def __init__(self, store: Store, inside: str = "") -> None:
        self.store = store
        self.inside = inside

    def __truediv__(self, name: str) -> Member:
        joined = posixpath.normpath(posixpath.join(self.inside, name))
        return Member(self.store, "" if joined == "." else joined)

    def __str__(self) -> str:
        return f"{self.store.address}/{self.inside}" if self.inside else self.store.address

    def __repr__(self) -> str:
        return f"Member({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Member) and self.store is other.store and self.inside == other.inside

    def __hash__(self) -> int:
        return hash((id(self.store), self.inside))

    def __lt__(self, other: Member) -> bool:
        return self.inside < other.inside

    @property
    def name(self) -> str:
        return posixpath.basename(self.inside or self.store.address)

    @property
    def suffix(self) -> str:
        return posixpath.splitext(self.name)[1]

    @property
    def stem(self) -> str:
        return posixpath.splitext(self.name)[0]

    @property
    def parent(self) -> Member:
        return Member(self.store, posixpath.dirname(self.inside))

    def is_dir(self) -> bool:
        return self.inside in self.store.folders

    def is_file(self) -> bool:
        return self.store.has_file(self.inside)

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def iterdir(self) -> Iterator[Member]:
        prefix = f"{self.inside}/" if self.inside else ""
        for name in self.store.folders.get(self.inside, {}):
            yield Member(self.store, prefix + name)

    def read_bytes(self) -> bytes:
        return self.store.read(self.inside)

    def open(self, _mode: str = "rb") -> BinaryIO:
        return self.store.open(self.inside)


Place = Path | Member

_SCHEME = re.compile(r"(^|::)([a-z][a-z0-9+.-]+):/+")


def is_remote(place: Place) -> bool:
    """Whether reading a picture crosses a network."""
    return isinstance(place, Member) and place.store.is_remote


def any_remote(places: Iterable[Place]) -> bool:
    """Whether reading some of the pictures crosses a network."""
    return any(map(is_remote, places))


def as_url(source: str | Path) -> str | None:
    """The URL that ``source`` is, or None; a Path has lost one of the two slashes after the scheme."""
    text = str(source)
    return _SCHEME.sub(r"\1\2://", text) if _SCHEME.match(text) else None


def as_given(source: str | Path) -> str:
    """A source as it was typed, for messages."""
    return as_url(source) or str(source)


def absolute(source: str | Path) -> str:
    """An address that holds from any folder: a URL as it is, a path as an absolute one."""
    return as_url(source) or str(Path(source).absolute())


def start_of(place: Place, size: int) -> bytes:
    """The first ``size`` bytes of a file.

    Raises:
        InputError: it is not there or cannot be opened.
    """
    if isinstance(place, Member):
        return place.store.read(place.inside, size)
    try:
        with place.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        raise InputError(f"there is no file or folder {place}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{str(place)!r} cannot be opened: {error}") from None


def content_of(place: Place) -> bytes:
    """All bytes of a file that is not a picture, such as a list of annotations.

    Raises:
        InputError: it is not there or cannot be opened.
    """
    try:
        return place.read_bytes()
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror or error}", str(place))) from None


def listing(folder: Place) -> list[Place]:
    """What lies in a folder, sorted by name; empty where there is no such folder."""
    try:
        return sorted(folder.iterdir(), key=lambda place: place.name)
    except OSError:
        return []


def files_below(folder: Place) -> Iterator[tuple[str, Place]]:
    """Every file at any depth as (path relative to ``folder``, file), sorted; links to folders are not followed."""
    for place in listing(folder):
        if place.is_file():
            yield place.name, place
        elif place.is_dir() and not (isinstance(place, Path) and place.is_symlink()):
            for name, file in files_below(place):
                yield f"{place.name}/{name}", file
