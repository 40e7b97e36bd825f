"""Arrivals: files that have appeared, each until nothing has been written to it for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

State = tuple[int, int]


def state_of(path: Path) -> State | None:
    """Size and time of the last change of a file; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


@dataclass
class Arrivals:
    """Files that may still be written to.

    Attributes:
        settle: seconds without a change after which a file is complete.
    """

    settle: float
    _waiting: dict[Path, tuple[State, float]] = field(default_factory=dict)

    def notice(self, path: Path, now: float, age: float = 0.0) -> None:
        """A file has appeared or changed.

        Args:
            path: the file.
            now: seconds of a clock that only goes forward.
            age: how long it is known not to have changed, in seconds.
        """
        state, before = state_of(path), self._waiting.get(path)
        if state is None:
            self._waiting.pop(path, None)
        elif before is None or before[0] != state:
            self._waiting[path] = (state, now - age)

    def forget(self, path: Path) -> None:
        """A file is gone."""
        self._waiting.pop(path, None)

    def ready(self, now: float) -> list[Path]:
        """The files that are complete by now, in the order of their names; each is returned once."""
        for path in list(self._waiting):
            self.notice(path, now)
        found = [path for path, (state, since) in self._waiting.items() if state[0] and now - since >= self.settle]
        for path in found:
            del self._waiting[path]
        return sorted(found)

    def wait(self, now: float) -> float | None:
        """Seconds until another file may be complete; None where none is waited for but empty ones."""
        begun = [since for state, since in self._waiting.values() if state[0]]
        return max(0.0, min(begun) + self.settle - now) if begun else None

    def __len__(self) -> int:
        return len(self._waiting)
