"""The options of reading a table of pictures, checked for themselves."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tagfit.data.labels import Selection
from tagfit.data.pictures.sources import Member, Place, absolute
from tagfit.data.readers import separators
from tagfit.errors import Fault, InputError
from tagfit.photos.mapping import KeywordOptions

CHOICES = {
    "unlisted": ("absent", "unknown"),
    "blank": ("absent", "unknown"),
    "minus_one": ("absent", "unknown"),
    "rows": ("picture", "label"),
}


def folder_of_images(folder: Path, table: Path | None) -> Path:
    """The folder or archive that the user names, from the working directory or else from where the table lies."""
    if folder.exists() or table is None:
        return folder
    near = (table if table.is_dir() else table.parent) / folder
    return near if near.exists() else folder


@dataclass(frozen=True)
class TableOptions:
    """How a table is to be read; each field is explained at :func:`tagfit.data.read.read`."""

    separator: str | None = None
    unlisted: str | None = None
    selection: Selection = field(default_factory=Selection)
    allow_outside: bool = False
    images: Place | None = None
    image_column: str | None = None
    tags_column: tuple[str, ...] | None = None
    label_columns: tuple[str, ...] = ()
    group_column: str | None = None
    ignore_columns: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    none_label: str | None = None
    minus_one: str | None = None
    blank: str | None = None
    confidence_at_least: float | None = None
    rows: str | None = None
    encoding: str | None = None
    order: tuple[str, ...] = ()
    photos: KeywordOptions = field(default_factory=KeywordOptions)

    def __post_init__(self) -> None:
        """Refuse values that no option has.

        Raises:
            InputError: one fault per option.
        """
        faults = [
            Fault(f"{name} is {getattr(self, name)!r}", instead=" or ".join(choices))
            for name, choices in CHOICES.items()
            if getattr(self, name) is not None and getattr(self, name) not in choices
        ]
        cut = self.confidence_at_least
        if cut is not None and not 0 < cut <= 1:
            faults.append(Fault(f"confidence_at_least is {cut!r}", instead="a number above 0, at most 1"))
        if self.separator == "":
            faults.append(Fault("the separator is empty", instead=separators.FORMS))
        if self.images is not None and not self.images.is_dir():
            faults.append(
                Fault(f"there is no folder {self.images}, which images names", instead="a folder of pictures")
            )
        if faults:
            raise InputError(faults)

    def given(self) -> list[str]:
        """The names of the fields that differ from their defaults, without the selection of labels and their order."""
        names = [one.name for one in fields(self) if one.name not in ("selection", "order")]
        return [name for name in names if getattr(self, name) != getattr(_DEFAULTS, name)]

    def to_dict(self) -> dict[str, Any]:
        """The arguments of ``tagfit.read`` as plain JSON values, without those of the selection of labels."""
        values = {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if one.name not in ("selection", "order", "photos")
        }
        if isinstance(self.images, Member):
            values["images"] = absolute(self.images.store.address)
        elif self.images is not None:
            values["images"] = absolute(self.images)
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {**plain, **self.photos.to_dict()}


_DEFAULTS = TableOptions()
