"""Context: what all requests of a studio share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request

from tagfit.history import Epoch
from tagfit.lesson.blocks import Shown
from tagfit.lesson.progress import default_path
from tagfit.lesson.steps import Context, show
from tagfit.lesson.texts import web
from tagfit.studio.desk import Desk
from tagfit.studio.trainer import Trainer
from tagfit.studio.work import Work
from tagfit.studio.workspace import Workspace

PATIENCE, PATIENCE_OF_DATA = 0.7, 120.0  # seconds: of a page, and of what a page or a script asks for


@dataclass
class Studio:
    """What all requests share.

    Attributes:
        workspace: the folder.
        train: gives what the command line knows of training.
        work: results that take long.
        agreed: the runs whose test split may be shown.
        progress: the file of the course's progress.
        epochs: of the trainings that stations of the course are waiting for, by station.
    """

    workspace: Workspace
    train: Callable[[], Trainer]
    work: Work = field(default_factory=Work)
    agreed: set[str] = field(default_factory=set)
    progress: Path = field(default_factory=default_path)
    epochs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def showing(self, request: Request) -> Callable[[Context], Shown]:
        """What a step of the course shows before its question; a page does not wait for what takes the engine long."""
        patience = PATIENCE_OF_DATA if request.scope.get("as_json") else PATIENCE

        def shown(context: Context) -> Shown:
            key = ("shown", context.station.id, context.step.id, len(context.events))
            return self.work.get(key, web("at_work"), lambda: show(context), patience)

        return shown

    @contextmanager
    def watching(self, station: str) -> Iterator[Callable[[Epoch, int], None]]:
        """A callback that notes the epochs of a training, for the page that waits for it."""
        noted: list[dict[str, Any]] = []
        self.epochs[station] = noted

        def note(epoch: Epoch, most: int) -> None:
            figures = {"epoch": epoch.epoch, "train": epoch.train_loss, "validation": epoch.validation_loss}
            noted.append({**figures, "count": most})

        try:
            yield note
        finally:
            self.epochs.pop(station, None)

    def desk(self, request: Request, key: str | None = None, patience: float | None = None) -> Desk:
        """The run that a request is about."""
        if patience is None:
            patience = PATIENCE_OF_DATA if request.scope.get("as_json") else PATIENCE
        name = request.path_params["key"] if key is None else key
        return Desk(self.workspace, self.work, name, patience, self.agreed)
