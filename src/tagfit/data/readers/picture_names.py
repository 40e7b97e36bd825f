"""The pictures that a table names, found in its folder; near misses are found where they are unique, and noted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tagfit.data.pictures import finding
from tagfit.data.pictures.files import OUTSIDE, Locator
from tagfit.data.pictures.finding import Finder
from tagfit.data.pictures.near_misses import NearMisses, nearly_named
from tagfit.data.pictures.sources import Member, Place
from tagfit.data.readers.contents import ends_like_picture
from tagfit.data.readers.delimited import Table
from tagfit.data.readers.options import TableOptions
from tagfit.errors import Fault


def locate(table: Table, options: TableOptions) -> PictureNames | StoredNames:
    """What finds the pictures of ``table``, in the folder that the options name or else in the table's own.

    Where the table is alone in an archive (``train.csv.zip``), the pictures are looked for next to the archive.
    """
    folder = table.path.parent if options.images is None else options.images
    if isinstance(folder, Member) and options.images is None:
        archive = Path(folder.store.address)
        if archive.is_file() and not any(map(ends_like_picture, folder.store.names())):
            folder = archive.parent
    if isinstance(folder, Member):
        return StoredNames(Finder([folder]), NearMisses(folder))
    return PictureNames(Locator(folder, options.allow_outside), NearMisses(folder))


@dataclass
class StoredNames:
    """Finds the members of an archive, or the files of a remote folder, by their names."""

    finder: Finder
    near: NearMisses

    def is_picture(self, name: str) -> bool:
        """Whether there is a file of this name, or one that it nearly names."""
        return not isinstance(self.finder.find(name), Fault) or self.near.find(name)[0] is not None

    def files(
        self, table: Table, names: Sequence[str], notes: list[str], faults: list[Fault]
    ) -> tuple[list[Place | None], dict[int, Fault]]:
        """As :meth:`PictureNames.files`."""
        files: list[Place | None] = []
        absent: dict[int, Fault] = {}
        for row, name in enumerate(names):
            found = self.finder.find(name) if name else Fault("the row names no picture", finding.OUTSIDE)
            files.append(None if isinstance(found, Fault) else found)
            if isinstance(found, Fault):
                absent[row] = found
        nearly = nearly_named(
            self.near,
            {row: names[row] for row in absent if names[row]},
            lambda: {file.inside for file in files if isinstance(file, Member)},
        )
        notes += nearly.notes
        missing: dict[int, Fault] = {}
        for row, fault in absent.items():
            if row in nearly.files:
                files[row] = self.near.place(nearly.files[row])
            elif fault.where == finding.OUTSIDE:
                faults.append(Fault(fault.what, table.where(row), fault.instead))
            else:
                missing[row] = Fault(fault.what + nearly.reasons[row], table.where(row), fault.instead)
        return files, missing


@dataclass
class PictureNames:
    """Finds the files of many names."""

    locator: Locator
    near: NearMisses

    def is_picture(self, name: str) -> bool:
        """Whether there is a file of this name, or one that it nearly names."""
        return self.locator.find(name)[0] is not None or self.near.find(name)[0] is not None

    def files(
        self, table: Table, names: Sequence[str], notes: list[str], faults: list[Fault]
    ) -> tuple[list[str], dict[int, Fault]]:
        """(path of each row, '' where none; fault of each row whose picture is not there).

        Names that are missing, or that leave the folder, go to ``faults``.
        """
        files: list[str] = []
        absent: dict[int, str] = {}
        for row, name in enumerate(names):
            if not name:
                faults.append(Fault("the row names no picture", table.where(row)))
                files.append("")
                continue
            file, reason = self.locator.find(name)
            if file is not None:
                files.append(file)
                continue
            files.append("")
            if not reason.startswith(OUTSIDE):
                absent[row] = reason
            elif self._is_anywhere(name):
                faults.append(Fault(reason.removeprefix(OUTSIDE), table.where(row), "--allow-outside permits it"))
            else:  # a path of another machine, which no option makes right
                absent[row] = f"there is no file {name!r}"
        return files, self._nearly(table, names, files, absent, notes)

    def _is_anywhere(self, name: str) -> bool:
        folder = self.locator.folder
        return any(os.path.lexists(os.path.join(place, name)) for place in (folder, folder / "images"))

    def _nearly(
        self, table: Table, names: Sequence[str], files: list[str], absent: dict[int, str], notes: list[str]
    ) -> dict[int, Fault]:
        """Fill in the files that are nearly named; the faults of the rows that are left."""
        if not absent:
            return {}
        nearly = nearly_named(
            self.near,
            {row: names[row] for row in absent},
            lambda: {os.path.normpath(file) for file in files if file},
        )
        notes += nearly.notes
        for row, file in nearly.files.items():
            files[row] = file
        return {row: Fault(absent[row] + reason, table.where(row)) for row, reason in nearly.reasons.items()}
