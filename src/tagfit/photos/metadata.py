"""Metadata: the keyword fields of one sidecar or of one picture file, as they stand there and as paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tagfit.photos import iptc, tiff, xmp
from tagfit.photos.containers import Blocks, blocks_of
from tagfit.photos.properties import categories, properties, warnings_of
from tagfit.photos.unreadable import MAX_BLOCK, UnreadableError
from tagfit.photos.words import FIELDS, Keywords, merged, path_of, without_cut
from tagfit.photos.words import Path as Word


@dataclass
class Metadata:
    """What one file says.

    Attributes:
        fields: values as they stand there, by field, in the order of FIELDS; an empty list says "no keyword".
        own: paths that tagfit added to it, as the file says.
        label: the colour label, such as ``Green``.
        extension: which picture a shared sidecar belongs to, as it says.
        guessed: whether IPTC keywords are in an encoding that nothing names.
        darktable: whether darktable writes this file.
        warnings: what is odd about it.
        refused: why a picture file cannot be written; '' where it can.
    """

    fields: dict[str, list[str]] = field(default_factory=dict)
    own: tuple[Word, ...] = ()
    label: str = ""
    extension: str = ""
    guessed: bool = False
    darktable: bool = False
    warnings: list[str] = field(default_factory=list)
    refused: str = ""

    @property
    def explicit_empty(self) -> bool:
        """Whether it has keyword fields that are all empty: it says that there is no keyword."""
        return bool(self.fields) and not any(path for path in self.paths())

    def paths(self, split_flat: str = "", only: Sequence[str] = FIELDS) -> list[Word]:
        """Every value of the fields as a path; blank ones are empty paths."""
        found: list[Word] = []
        for name, values in self.fields.items():
            if name not in only:
                continue
            if name == "acdsee:categories":
                found += [path for value in values for path in _tree(value)]
            else:
                kept = without_cut(self.fields) if name == "iptc:Keywords" else values
                found += [path_of(name, value, split_flat) for value in kept]
        return [path for path in found if path]

    def keywords(self, exclude: Sequence[str] = (), own_marks: str = "exclude") -> Keywords:
        """The keywords of this file alone."""
        return merged(self.paths(), exclude, self.own if own_marks == "exclude" else ())


def of_sidecar(path: Path) -> Metadata:
    """The fields of an XMP sidecar.

    Raises:
        UnreadableError: with the reason.
    """
    return of_packets([content(path)])


def of_picture(path: Path) -> Metadata:
    """The fields inside a picture file.

    Raises:
        UnreadableError: with the reason.
    """
    return of_blocks(blocks_of(path))


def of_blocks(blocks: Blocks) -> Metadata:
    """The fields of the blocks of a picture file.

    Raises:
        UnreadableError: a block is broken.
    """
    found = of_packets(blocks.packets)
    if blocks.iptc:
        words, found.guessed = iptc.keywords_in(blocks.iptc)
        if words:
            found.fields["iptc:Keywords"] = words
    if blocks.xp_keywords:
        found.fields["exif:XPKeywords"] = tiff.xp_keywords(blocks.xp_keywords)
    found.warnings += blocks.warnings
    found.refused = blocks.refused
    return found


def of_packets(packets: Sequence[bytes]) -> Metadata:
    """The fields of XMP packets, those of several joined.

    Raises:
        UnreadableError: one of them is broken.
    """
    found = Metadata()
    gathered: dict[str, list[str]] = {}
    for packet in packets:
        document = xmp.parse(packet)
        said = properties(document)
        found.darktable = found.darktable or b"http://darktable.sf.net/" in document.body
        found.warnings += warnings_of(said)
        if document.lenient:
            found.warnings.append("a namespace prefix is not declared")
        for name, one in said.items():
            gathered.setdefault(name, []).extend(one.values)
    for value in gathered.get("acdsee:categories", ()):
        try:
            categories(value)
        except UnreadableError as error:
            found.warnings.append(str(error))
    found.fields = {name: gathered[name] for name in FIELDS if name in gathered}
    found.own = tuple(path for value in gathered.get("tagfit:Added", ()) if (path := path_of("tagfit:Added", value)))
    found.label = " ".join(gathered.get("xmp:Label", ())).strip()
    found.extension = " ".join(gathered.get("photoshop:SidecarForExtension", ())).strip()
    return found


def content(path: Path) -> bytes:
    """All bytes of a sidecar.

    Raises:
        UnreadableError: it cannot be opened, or is far too large.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BLOCK + 1)
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    return raw


def _tree(value: str) -> list[Word]:
    try:
        return [path for path in categories(value) if all(path)]
    except UnreadableError:
        return []
