"""Workspace: the folder that a studio shows, and the runs and cures in it by the keys that addresses use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tagfit.curing.names import REQUEST
from tagfit.errors import InputError
from tagfit.runs.run import Run

if TYPE_CHECKING:
    from tagfit.studio.desk import Desk

DEPTH = 3  # folders below the workspace that are searched
OWN = "studio"  # the folder that the studio writes to
SLASH = "~"  # in keys, for the slash of a path


class MissingError(InputError):
    """What an address names is not there."""


class AskFirstError(Exception):
    """The test split is asked for, and the user has not agreed to it yet.

    Attributes:
        desk: of the run.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__("the test split")
        self.desk = desk


class FormError(Exception):
    """A form says something that cannot be done.

    Attributes:
        page: the form again, with what is wrong.
    """

    def __init__(self, page: dict[str, Any]) -> None:
        super().__init__("the form")
        self.page = page


class WaitingError(Exception):
    """A result is not there yet.

    Attributes:
        what: what is computed.
        seconds: for how long so far.
    """

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(what)
        self.what, self.seconds = what, seconds


@dataclass(frozen=True)
class Workspace:
    """A folder with runs and cures.

    Attributes:
        folder: absolute, links resolved.
    """

    folder: Path

    @property
    def own(self) -> Path:
        """Where corrections, thresholds, exports and the records of started processes are kept."""
        return self.folder / OWN

    def runs(self) -> dict[str, Run]:
        """The runs by key, the last one started first; those of a cure belong to the cure."""
        found = {key: Run(path) for key, path in self._holding("run.json").items() if not self._in_a_cure(path)}
        return dict(sorted(found.items(), key=lambda item: -_modified(item[1].folder / "run.json")))

    def cures(self) -> dict[str, Path]:
        """The folders of cures by key, the last one begun first."""
        found = self._holding(REQUEST)
        return dict(sorted(found.items(), key=lambda item: -_modified(item[1] / REQUEST)))

    def run(self, key: str) -> Run:
        """The run with a key.

        Raises:
            MissingError: there is none. A key is looked up and never used as a path.
        """
        found = self._holding("run.json").get(key)
        if found is None:
            raise MissingError(f"there is no run {key!r} in {self.folder}", instead="one of the list of runs")
        return Run(found)

    def cure(self, key: str) -> Path:
        """The folder of the cure with a key.

        Raises:
            MissingError: there is none.
        """
        found = self.cures().get(key)
        if found is None:
            raise MissingError(f"there is no cure {key!r} in {self.folder}", instead="one of the list of cures")
        return found

    def key(self, folder: Path) -> str:
        """The key of a folder in the workspace."""
        relative = folder.relative_to(self.folder).as_posix()
        return (folder.name if relative == "." else relative).replace("/", SLASH)

    def inside(self, text: str) -> Path:
        """A path that a user typed, relative to the folder.

        Raises:
            InputError: it leads outside, or to nothing.
        """
        path = (self.folder / text).resolve()
        if not path.is_relative_to(self.folder):
            raise InputError(f"{text!r} is outside of {self.folder}", instead="a path inside it")
        if not text or not path.exists():
            raise InputError(f"there is no {text!r} in {self.folder}", instead="a path inside it")
        return path

    def shown(self, path: Path) -> str:
        """A path as commands name it from the folder."""
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)

    def _holding(self, name: str) -> dict[str, Path]:
        places = [self.folder / name]
        for depth in range(1, DEPTH + 1):
            places += self.folder.glob("/".join(["*"] * depth + [name]))
        found = [place.parent for place in places if place.is_file()]
        return {self.key(folder): folder for folder in found if folder.resolve().is_relative_to(self.folder)}

    def _in_a_cure(self, folder: Path) -> bool:
        return any((parent / REQUEST).is_file() for parent in folder.parents if parent.is_relative_to(self.folder))


def address(*parts: object, **query: object) -> str:
    """A path of the studio, each part and value quoted; values that are None or empty are left out."""
    path = "/" + "/".join(quote(str(part), safe="") for part in parts)
    given = [f"{quote(name)}={quote(str(value), safe='')}" for name, value in query.items() if value not in (None, "")]
    return path + (f"?{'&'.join(given)}" if given else "")


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
