"""Archives as stores: members of zip and tar files are read where they lie; what could harm is refused as a whole."""

from __future__ import annotations

import gzip
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection
from functools import lru_cache
from pathlib import Path

from tagfit.data.pictures.sources import Store
from tagfit.errors import Fault, InputError

MEMBER_LIMIT = 1 << 31  # bytes of one member: room for the annotations of the largest public sets
# A member larger than this that unpacks to more than so many times its size is a decompression bomb: no picture and
# no text of annotations is compressed that well.
BOMB_BYTES, BOMB_RATIO = 1 << 26, 200
ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
GZIP_MARK = b"\x1f\x8b"
TAR_MARK, TAR_MARK_AT = b"ustar", 257
# What zipfile raises on damaged bytes.
ZIP_FAULTS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError),
    *(ValueError, OverflowError),
)
IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def kind_of(start: bytes) -> str:
    """``zip``, ``tar``, ``gzip`` or '', by the first bytes of a file (at least 512)."""
    if start.startswith(ZIP_MARKS):
        return "zip"
    if start.startswith(GZIP_MARK):
        return "gzip"
    return "tar" if start[TAR_MARK_AT : TAR_MARK_AT + len(TAR_MARK)] == TAR_MARK else ""


def open_archive(path: Path, kind: str) -> Store:
    """The store of an archive.

    Raises:
        InputError: it is broken, or a member is a link, leaves the archive, is encrypted, or is a decompression bomb.
    """
    stores: dict[str, Callable[[Path], Store]] = {"zip": ZipStore, "tar": TarStore, "gzip": GzipStore}
    return stores[kind](path)


@lru_cache(maxsize=4)
def _opened_once(path: str, kind: str) -> Store:
    return open_archive(Path(path), kind)


class _Archive(Store):
    """An archive, which another process opens again by its path: once, however often it is sent there."""

    kind: str

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def __reduce__(self) -> tuple[Callable[[str, str], Store], tuple[str, str]]:
        return _opened_once, (str(self._path.absolute()), self.kind)


class ZipStore(_Archive):
    """The files of a zip."""

    kind = "zip"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._zip = _opened_zip(path)
        except ZIP_FAULTS as error:
            raise InputError(Fault(f"it is damaged: {error}", path.name), what=f"{path} is not read as zip") from None
        members = [one for one in self._zip.infolist() if not one.is_dir() and not _ignored(one.filename)]
        faults = [fault for one in members if (fault := self._harm(one))]
        _refuse(path, "zip", faults + _stored_twice([one.filename for one in members]))
        self._members = {_clean(one.filename): one for one in members}

    def names(self) -> Collection[str]:
        return self._members

    def read(self, name: str, limit: int | None = None) -> bytes:
        member = self._members.get(name)
        if member is None:
            raise InputError(Fault("there is no such file", f"{self.address}/{name}"))
        try:
            with self._zip.open(member) as file:
                return file.read(member.file_size if limit is None else limit)
        except ZIP_FAULTS as error:
            raise InputError(Fault(f"is damaged in the archive: {error}", f"{self.address}/{name}")) from None

    def version(self, name: str) -> str:
        return f"crc {self._members[name].CRC:08x}"

    @staticmethod
    def _harm(member: zipfile.ZipInfo) -> Fault | None:
        if _leaves(member.filename):
            return Fault("its path leaves the archive", member.filename)
        if stat.S_ISLNK(member.external_attr >> 16):
            return Fault("it is a link", member.filename)
        if member.flag_bits & 1:
            return Fault("it is encrypted", member.filename)
        if member.file_size > MEMBER_LIMIT:
            return Fault(f"it has {member.file_size:,} bytes; at most {MEMBER_LIMIT:,} are read", member.filename)
        if member.file_size > BOMB_BYTES and member.file_size > BOMB_RATIO * member.compress_size:
            ratio = member.file_size // max(1, member.compress_size)
            return Fault(f"it unpacks to {ratio} times its size (a decompression bomb?)", member.filename)
        return None


def _opened_zip(path: Path) -> zipfile.ZipFile:
    """A zip whose names are UTF-8 also where no flag says so: macOS and Info-ZIP write them without it."""
    try:
        return zipfile.ZipFile(path, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)


class TarStore(_Archive):
    """The files of an uncompressed tar, in the order in which they are stored."""

    kind = "tar"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._members: dict[str, tuple[int, int]] = {}
        faults: list[Fault] = []
        names: list[str] = []
        try:
            length = path.stat().st_size
            with tarfile.open(path, "r:") as tar:
                for member in tar:
                    if member.isdir() or _ignored(member.name):
                        continue
                    if fault := self._harm(member, length):
                        faults.append(fault)
                    names.append(member.name)
                    self._members[_clean(member.name)] = (member.offset_data, member.size)
        except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError) as error:
            faults.append(Fault(f"it is damaged: {error}", path.name))
        _refuse(path, "tar", faults + _stored_twice(names))

    def names(self) -> Collection[str]:
        return self._members

    def read(self, name: str, limit: int | None = None) -> bytes:
        if name not in self._members:
            raise InputError(Fault("there is no such file", f"{self.address}/{name}"))
        offset, size = self._members[name]
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                content = file.read(size if limit is None else min(size, limit))
        except OSError as error:
            raise InputError(Fault(f"cannot be read: {error.strerror}", f"{self.address}/{name}")) from None
        if limit is None and len(content) != size:
            raise InputError(Fault("is cut off: the archive ends before it", f"{self.address}/{name}"))
        return content

    @staticmethod
    def _harm(member: tarfile.TarInfo, length: int) -> Fault | None:
        if _leaves(member.name):
            return Fault("its path leaves the archive", member.name)
        if member.issym() or member.islnk():
            return Fault("it is a link", member.name)
        if not member.isreg() or member.issparse():
            return Fault("it is not a regular file", member.name)
        if member.size > MEMBER_LIMIT:
            return Fault(f"it has {member.size:,} bytes; at most {MEMBER_LIMIT:,} are read", member.name)
        if member.offset_data + member.size > length:
            return Fault("it is cut off: the archive ends before it", member.name)
        return None


class GzipStore(_Archive):
    """The one file of a ``.gz``, unpacked into memory."""

    kind = "gzip"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._name = path.name.removesuffix(".gz").removesuffix(".gzip") or "content"
        if self._name.endswith(".tar") or path.suffix == ".tgz" or kind_of(self.read(self._name, 512)) == "tar":
            raise InputError(
                f"{path} is a compressed tar, from which no single picture can be read",
                instead=f"gunzip {path.name}, or unpack it",
            )

    def names(self) -> Collection[str]:
        return (self._name,)

    def read(self, name: str, limit: int | None = None) -> bytes:
        packed = self._path.stat().st_size
        most = min(MEMBER_LIMIT, max(BOMB_BYTES, BOMB_RATIO * packed))
        try:
            with gzip.open(self._path) as file:
                content = file.read(most + 1 if limit is None else limit)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(Fault(f"is damaged: {error}", f"{self.address}/{name}")) from None
        if len(content) > most:
            raise InputError(Fault("it unpacks to too much (a decompression bomb?)", self.address))
        return content


def _refuse(path: Path, kind: str, faults: list[Fault]) -> None:
    if faults:
        raise InputError(faults, what=f"{path} is not read as {kind}")


def _stored_twice(names: list[str]) -> list[Fault]:
    if len(set(names)) == len(names):
        return []
    seen: set[str] = set()
    twice = sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
    return [Fault("it is stored twice", name) for name in twice]


def _clean(name: str) -> str:
    return name.removeprefix("./")


def _leaves(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or (len(parts[0]) == 2 and parts[0][1] == ":") or "\0" in name


def _ignored(name: str) -> bool:
    return name.startswith(IGNORED[0]) or name.rpartition("/")[2] in IGNORED[1:]
