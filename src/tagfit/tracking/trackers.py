"""The trackers: the few calls of each library that a run needs. The libraries are imported when they are used."""

from __future__ import annotations

import importlib
import importlib.util
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tagfit.errors import InputError

# The experiment of MLflow, the project of Weights & Biases; the libraries' own variables come before it.
PROJECT = "tagfit"
# MLflow takes at most so many parameters, and metrics, in one request.
MLFLOW_BATCH = 100


class Tracker(Protocol):
    """A tracker, which gets one run after the other. What takes long at first is done when it is created."""

    def start(self, name: str, settings: Mapping[str, str | int | float], folder: Path) -> None:
        """Begin a run with its settings.

        Args:
            name: of the run.
            settings: recipe, seed and so on.
            folder: where trackers that write files put them.
        """

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add values at a step."""

    def finish(self, values: Mapping[str, float], done: bool) -> None:
        """End the run with its results; ``done`` is False for one that was interrupted or failed."""


class TensorBoard:
    """Event files in ``FOLDER/tensorboard``."""

    def __init__(self) -> None:
        self._library: Any = importlib.import_module("tensorboard.summary")

    def start(self, name: str, settings: Mapping[str, str | int | float], folder: Path) -> None:
        """See Tracker; the settings are the description of the loss, which TensorBoard shows beside its curve."""
        self._writer = self._library.Writer(str(folder / "tensorboard" / name))
        self._about = "\n".join(f"- {key}: {value}" for key, value in settings.items())
        self._step = 0

    def log(self, values: Mapping[str, float], step: int) -> None:
        """See Tracker."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step, description=self._about)
        self._writer.flush()
        self._step = step

    def finish(self, values: Mapping[str, float], done: bool) -> None:
        """See Tracker; results are points at the last epoch."""
        self.log(values, self._step)
        self._writer.close()


class MLflow:
    """A run of MLflow, by the client that needs no global state: ``MLFLOW_TRACKING_URI`` says where."""

    def __init__(self) -> None:
        library, entities = importlib.import_module("mlflow"), importlib.import_module("mlflow.entities")
        self._client: Any = library.MlflowClient()
        self._metric, called = entities.Metric, os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        found = self._client.get_experiment_by_name(called)
        self._experiment: str = self._client.create_experiment(called) if found is None else found.experiment_id

    def start(self, name: str, settings: Mapping[str, str | int | float], folder: Path) -> None:
        """See Tracker."""
        run = self._client.create_run(self._experiment, run_name=name, tags={"tagfit.folder": str(folder)})
        self._id: str = run.info.run_id
        for key, value in settings.items():
            self._client.log_param(self._id, key, value)
        self._step = 0

    def log(self, values: Mapping[str, float], step: int) -> None:
        """See Tracker."""
        now = int(time.time() * 1000)
        metrics = [self._metric(name, value, now, step) for name, value in values.items()]
        for first in range(0, len(metrics), MLFLOW_BATCH):
            self._client.log_batch(self._id, metrics=metrics[first : first + MLFLOW_BATCH])
        self._step = step

    def finish(self, values: Mapping[str, float], done: bool) -> None:
        """See Tracker."""
        self.log(values, self._step)
        self._client.set_terminated(self._id, "FINISHED" if done else "KILLED")


class Wandb:
    """A run of Weights & Biases; ``WANDB_PROJECT`` and ``WANDB_MODE`` are obeyed."""

    def __init__(self) -> None:
        self._library: Any = importlib.import_module("wandb")

    def start(self, name: str, settings: Mapping[str, str | int | float], folder: Path) -> None:
        """See Tracker."""
        self._run = self._library.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=name,
            config=dict(settings),
            dir=str(folder),
            reinit="create_new",
            settings=self._library.Settings(silent=True, console="off"),
        )

    def log(self, values: Mapping[str, float], step: int) -> None:
        """See Tracker."""
        self._run.log(dict(values), step=step)

    def finish(self, values: Mapping[str, float], done: bool) -> None:
        """See Tracker."""
        self._run.summary.update(dict(values))
        self._run.finish(exit_code=0 if done else 1)


TRACKERS: dict[str, type[Tracker]] = {"mlflow": MLflow, "tensorboard": TensorBoard, "wandb": Wandb}


def check(name: str) -> None:
    """Refuse a tracker that does not exist, is not installed, or would ask for a login in the middle of a training.

    Raises:
        InputError: with what would be right.
    """
    if name not in TRACKERS:
        raise InputError(f"there is no tracker {name!r}", instead=f"one of {', '.join(TRACKERS)}")
    if importlib.util.find_spec(name) is None:
        raise InputError(f"{name} is not installed", instead=f"pip install {name}")
    if name == "wandb" and not _wandb_is_ready():
        raise InputError("wandb is not logged in", instead="`wandb login`, or the variable WANDB_MODE=offline")


def _wandb_is_ready() -> bool:
    if os.environ.get("WANDB_MODE", "online") != "online" or os.environ.get("WANDB_API_KEY"):
        return True
    library = importlib.import_module("wandb")
    try:
        return bool(library.login(prompt=False))
    except TypeError:  # versions before that argument
        return bool(library.api.api_key)
