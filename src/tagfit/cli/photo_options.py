"""The options of reading the keywords of photographs, shared by all commands that read a source."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import Annotated, Any, Literal

import typer

from tagfit.cli import checks
from tagfit.cli.checking import checked

PHOTOS = "Reading keywords of photographs"
_photos = partial(typer.Option, rich_help_panel=PHOTOS)


@dataclass(frozen=True)
class PhotoOptions:
    """How keywords become labels; the names are those of ``tagfit.read``."""

    keywords: Annotated[
        str | None,
        _photos(
            metavar="WORD",
            help="A label is the leaf, path, ancestors or depth:N of a keyword.",
            show_default="leaf",
            callback=checked(checks.keywords),
        ),
    ] = None
    untagged: Annotated[
        Literal["unknown", "absent", "keep"] | None,
        _photos(metavar="WORD", help="Without keywords: unknown (left out), absent or keep.", show_default="unknown"),
    ] = None
    include_keywords: Annotated[list[str] | None, _photos(metavar="PATTERN", help="Only keywords like 'Places|*'.")] = (
        None
    )
    exclude_keywords: Annotated[list[str] | None, _photos(metavar="PATTERN", help="Leave out such keywords.")] = None
    rename_keywords: Annotated[
        list[str] | None,
        _photos(metavar="OLD=NEW", help="Another name for a label.", callback=checked(checks.renames)),
    ] = None
    reviewed: Annotated[
        str | None,
        _photos(metavar="KEYWORD", help="Absence is known only with this keyword (or xmp:Label=Green)."),
    ] = None
    prefer_keywords: Annotated[
        Literal["sidecar", "embedded", "union"] | None,
        _photos(metavar="WORD", help="Which count: sidecar, embedded or union.", show_default="sidecar"),
    ] = None
    share_sidecars: Annotated[bool, _photos("--share-sidecars", help="IMG.xmp is for the raw file and the JPEG.")] = (
        False
    )
    split_keywords: Annotated[str | None, _photos(metavar="S", help="Separates a path in dc:subject, such as '|'.")] = (
        None
    )

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``tagfit.read``, as plain JSON values."""
        given = {one.name: getattr(self, one.name) for one in fields(PhotoOptions)}
        listed = ("include_keywords", "exclude_keywords", "rename_keywords")
        return {**given, **{name: list(given[name] or ()) for name in listed}}
