"""Sidecars: which XMP files of a folder belong to which pictures, by their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

RAW = frozenset(
    (
        ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw",
        ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
    )
)  # fmt: skip
CONFLICT = re.compile(r"\.sync-conflict-|conflicted copy", re.IGNORECASE)
DUPLICATE = re.compile(r"^(.+)_\d\d(\.[^.]+)$")


@dataclass
class Names:
    """The sidecars of one picture, by name.

    Attributes:
        long: ``IMG.jpg.xmp``; short: ``IMG.xmp``; '' where there is none.
        ambiguous: names that differ only by case or normal form from one that was taken: nothing is written.
    """

    long: str = ""
    short: str = ""
    ambiguous: list[str] = field(default_factory=list)


def assigned(
    names: Iterable[str], suffixes: Collection[str], *, share: bool = False
) -> tuple[dict[str, Names], dict[str, str]]:
    """The pictures of one folder with their sidecars, and the files that are left alone, each with the reason.

    Args:
        names: everything in the folder.
        suffixes: what pictures end in, in lower case.
        share: a short sidecar of a raw file and a JPEG belongs to both.
    """
    ignored: dict[str, str] = {}
    pictures: dict[str, list[str]] = {}
    stems: dict[str, list[str]] = {}
    xmp: list[str] = []
    for name in sorted(names):
        _, suffix = _split(name)
        if suffix != ".xmp" and suffix not in suffixes:
            continue
        if name.startswith("."):
            ignored[name] = "its name begins with a dot"
        elif CONFLICT.search(name):
            ignored[name] = "a copy that a synchronising program made in a conflict"
        elif suffix == ".xmp":
            xmp.append(name)
        else:
            pictures.setdefault(_key(name), []).append(name)
            stems.setdefault(_key(_split(name)[0]), []).append(name)
    found = {name: Names() for group in pictures.values() for name in group}
    for name in xmp:
        base = name[:-4]
        owners = pictures.get(_key(base), [])
        if owners:
            for owner in [base] if base in owners else owners:
                _take(found[owner], "long", name, f"{owner}.xmp")
            continue
        duplicate = DUPLICATE.match(base)
        if duplicate and _key(duplicate[1] + duplicate[2]) in pictures:
            ignored[name] = "of a duplicate inside darktable"
            continue
        owners = stems.get(_key(base), [])
        if not owners:
            ignored[name] = "there is no picture of this name"
        raw = [owner for owner in owners if _split(owner)[1] in RAW]
        for owner in owners if share or not raw else raw:
            _take(found[owner], "short", name, f"{_split(owner)[0]}.xmp")
    return found, ignored


def _take(names: Names, kind: str, name: str, exact: str) -> None:
    """The exactly named sidecar wins over one that differs by case."""
    before = getattr(names, kind)
    if not before:
        setattr(names, kind, name)
        return
    winner, other = (name, before) if name == exact else (before, name)
    setattr(names, kind, winner)
    names.ambiguous.append(other)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _split(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    return (stem, f".{suffix.lower()}") if dot and stem else (name, "")
