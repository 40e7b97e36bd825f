"""Pictures that a table nearly names: another case or ending, another machine's path, another folder below."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Member, Place
from tagfit.errors import SHOWN_FAULTS

MOST_ENTRIES = 2_000_000  # beyond, a folder is not a folder of pictures, and listing it takes minutes
DEEPEST = 8
MOST_COMPARED = 20_000  # names that a misspelled one is compared with
_DRIVE = re.compile(r"^[A-Za-z]:(?=[/\\])")


@dataclass
class NearMisses:
    """The picture files below a folder, also of an archive or a remote place, found by a name that is nearly theirs.

    A file is meant by a name where one of the two paths ends with the other, without case and ending:
    ``/content/photos/1.jpg`` means ``1.jpg`` or ``photos/1.jpg``, and ``1`` means ``train/1.jpg``. Only files below the
    folder are found, and no links. Files are paths as texts, in a store those of its members.
    """

    folder: Place
    subfolder: str = "images"
    _whole: dict[str, list[str]] = field(default_factory=dict)
    _ends: dict[str, list[str]] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)
    _heads: set[str] = field(default_factory=set)
    _is_listed: bool = False

    def find(self, name: str) -> tuple[str | None, str]:
        """(path, how it differs) of the one file meant, or (None, reason); no reason where none is near."""
        self._list()
        parts = [part for part in _DRIVE.sub("", name).replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not parts:
            return None, ""
        found = list(self._ends.get(_key("/".join(parts)), ()))
        for start in range(len(parts)):
            whole = self._whole.get(_key("/".join(parts[start:])))
            if whole:
                found += whole
                break
        found = sorted(set(found))
        exact = [path for path in found if os.path.basename(path) == parts[-1]]
        if len(found) > 1 and len(exact) == 1:
            found = exact
        if not found:
            return None, ""
        if len(found) > 1:
            some = " or ".join(repr(self.shown(path)) for path in found[:2])
            return None, f"{name!r} may be {some}" + (" or others" if len(found) > 2 else "")
        return found[0], _difference(name, "/".join(parts), self.shown(found[0]))

    def find_all(self, names: Iterable[str]) -> dict[str, tuple[str | None, str]]:
        """What :meth:`find` says of each name; names that no file is near to are left out, at little cost."""
        self._list()
        found = {}
        for name in names:
            # Cheap, as a table may name a million pictures that are not there: does any file begin so, in any folder?
            head = name[max(name.rfind("/"), name.rfind("\\")) + 1 :].partition(".")[0]
            if (head.lower() in self._heads or not head.isascii()) and (hit := self.find(name)) != (None, ""):
                found[name] = hit
        return found

    def nearest(self, name: str) -> str:
        """The file whose name is most like the last part of ``name``, from the folder; empty where none is."""
        self._list()
        if len(self._names) > MOST_COMPARED:
            return ""
        of_name = {_key(os.path.basename(path)): path for path in sorted(self._names, reverse=True)}
        near = difflib.get_close_matches(_key(name.replace("\\", "/").rpartition("/")[2]), of_name, n=1, cutoff=0.75)
        return of_name[near[0]] if near else ""

    def place(self, path: str) -> Place:
        """A file that was found, as a place."""
        return Member(self.folder.store, path) if isinstance(self.folder, Member) else Path(path)

    def shown(self, path: str) -> str:
        """A file as its path from the folder."""
        inner = self.folder.inside or "." if isinstance(self.folder, Member) else self.folder
        return os.path.relpath(path, inner).replace(os.sep, "/")

    def _list(self) -> None:
        if self._is_listed:
            return
        self._is_listed = True
        for count, (relative, path) in enumerate(self._entries()):
            if path:
                self._add(relative, path)
            if count > MOST_ENTRIES:
                self._whole.clear()
                self._ends.clear()
                self._names.clear()
                self._heads.clear()
                return

    def _entries(self) -> Iterator[tuple[str, str]]:
        """(path from the folder, path) of each entry below the folder; no path where it is not a picture file."""
        if isinstance(self.folder, Member):
            start = f"{self.folder.inside}/" if self.folder.inside else ""
            for path in sorted(self.folder.store.names()):
                if path.startswith(start):
                    yield path.removeprefix(start), path if os.path.splitext(path)[1].lower() in SUFFIXES else ""
            return
        root = os.path.join(os.path.normpath(self.folder), "").removeprefix("./")
        pending = [("", 0)]
        while pending:
            inner, depth = pending.pop()
            try:
                with os.scandir(root + inner or ".") as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in entries:
                relative = f"{inner}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    yield relative, ""
                    if depth < DEEPEST and not entry.name.startswith("."):
                        pending.append((f"{relative}/", depth + 1))
                else:
                    is_file = entry.is_file(follow_symlinks=False)
                    is_picture = is_file and os.path.splitext(entry.name)[1].lower() in SUFFIXES
                    yield relative, root + relative if is_picture else ""

    def _add(self, relative: str, path: str) -> None:
        key = _key(relative)
        self._heads.add(key.rpartition("/")[2].partition(".")[0])
        self._names.append(relative)
        self._whole.setdefault(key, []).append(path)
        if key.startswith(f"{self.subfolder}/"):
            self._whole.setdefault(key.removeprefix(f"{self.subfolder}/"), []).append(path)
        start = key.find("/")
        while start >= 0:
            ends = self._ends.setdefault(key[start + 1 :], [])
            if len(ends) < 3:  # two are too many already
                ends.append(path)
            start = key.find("/", start + 1)


@dataclass
class NearlyNamed:
    """What near misses are of the pictures that were not there.

    Attributes:
        files: row -> the one file that its name nearly names.
        reasons: row -> why it has none, for the end of the message; '' where there is nothing to say.
        notes: how the names that were found differ, one note for each kind of difference.
    """

    files: dict[int, str] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def nearly_named(near: NearMisses, names: Mapping[int, str], taken: Callable[[], Collection[str]]) -> NearlyNamed:
    """The files that the names of some rows nearly name, each of one name only.

    Args:
        near: the files that there are.
        names: row -> the name by which nothing was found.
        taken: gives the normal paths of the files that other rows name in full.
    """
    hits = near.find_all(names.values())
    claims = Counter(file for file, _ in hits.values() if file is not None)
    named = taken() if claims else ()
    found = NearlyNamed()
    ways: dict[str, list[int]] = {}
    for row, name in names.items():
        file, how = hits.get(name, (None, ""))
        if file is not None and claims[file] == 1 and file not in named:
            found.files[row] = file
            ways.setdefault(how, []).append(row)
        elif file is not None:
            found.reasons[row] = "; several names nearly name the one file that is like it"
        elif how:
            found.reasons[row] = f"; {how}"
        elif len(found.reasons) < SHOWN_FAULTS and (nearest := near.nearest(name)):
            found.reasons[row] = f", but {nearest!r} is there"
        else:
            found.reasons[row] = ""
    for how, rows in ways.items():
        example = f"{names[rows[0]]!r} is {near.shown(found.files[rows[0]])!r}"
        count = "1 picture is" if len(rows) == 1 else f"{len(rows)} pictures are"
        found.notes.append(f"{count} found with {how}: {example}" + (", ..." if len(rows) > 1 else ""))
    return found


def _key(path: str) -> str:
    """A path without case and picture ending, its accents composed (macOS stores them decomposed)."""
    dot = path.rfind(".")
    plain = path[:dot] if dot > 0 and path[dot:].lower() in SUFFIXES else path
    return plain.lower() if plain.isascii() else unicodedata.normalize("NFC", plain).casefold()


def _difference(name: str, parts: str, found: str) -> str:
    """In what the name of a file differs from the name in the table, for a note."""
    given, last = parts.rpartition("/")[2], found.rpartition("/")[2]
    ways = []
    if given != last:
        if given.casefold() == last.casefold():
            ways.append("another case")
        elif os.path.splitext(given)[1].lower() not in SUFFIXES:
            ways.append("an ending")
        elif os.path.splitext(given)[0].casefold() == os.path.splitext(last)[0].casefold():
            ways.append("another ending")
        else:
            ways.append("another spelling")
    if "\\" in name:
        ways.append("/ for \\")
    if parts.rpartition("/")[0] != found.rpartition("/")[0]:
        ways.append("another folder")
    return " and ".join(ways) or "another path"
