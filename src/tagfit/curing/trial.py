"""Trial: one recipe tried in a search, and the file that grows by one line a completed trial."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.files import disk_faults, to_json, write_text
from tagfit.history import Epoch
from tagfit.recipe import Recipe, parse
from tagfit.training.torch_import import torch_for

# Called after each epoch; a non-empty reason stops the training.
Watch = Callable[[Epoch], str]
OnEpoch = Callable[[Epoch, Recipe], None]
# Measured for every trial in addition to the figures of the goal.
ALWAYS = ("train.label_accuracy", "validation.label_accuracy", "validation.macro_f1", "validation.mAP")


@dataclass(frozen=True)
class Trial:
    """A recipe that was trained once and measured.

    Attributes:
        number: counted from 0, in the order of trying.
        origin: ``move``: one named change of an earlier recipe; ``lesson``: all standard changes at once;
            ``search``: proposed by the sampler. Outside a search, the purpose: ``step``, ``ablation``.
        name: what it changes; ``proposal`` for one of the sampler's.
        why: the reason: codes of findings, or that it is always tried.
        base: the number of the trial that is changed; None for the starting run, and for a proposal.
        recipe: every field.
        seed: of its training.
        values: metrics in inference mode by figure (``validation.mAP``); empty where it was stopped.
        curve: the monitored validation metric, epoch by epoch.
        epochs: how many were trained.
        seconds: wall-clock time.
        stopped: why it was not completed; empty where it was.
    """

    number: int
    origin: str
    name: str
    why: str
    base: int | None
    recipe: Recipe
    seed: int
    values: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[float, ...] = ()
    epochs: int = 0
    seconds: float = 0.0
    stopped: str = ""

    @property
    def completed(self) -> bool:
        """Whether it was trained to its end and can be judged."""
        return not self.stopped

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "recipe": self.recipe.model_dump(mode="json")}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Trial:
        """What :meth:`to_dict` gave, from JSON."""
        numbers = {name: math.nan if value is None else float(value) for name, value in values["values"].items()}
        curve = tuple(math.nan if value is None else float(value) for value in values["curve"])
        return cls(**{**values, "recipe": parse(values["recipe"], "a trial"), "values": numbers, "curve": curve})


def append(path: Path, trial: Trial) -> None:
    """Add one line, in place of a last one that was cut short by a kill."""
    whole = path.read_bytes() if path.exists() else b""
    with disk_faults(path):
        if not whole.endswith(b"\n") and whole:
            write_text(path, whole[: whole.rfind(b"\n") + 1].decode("utf-8", "replace"))
        with path.open("a", encoding="utf-8") as file:
            file.write(to_json(trial.to_dict(), indent=None) + "\n")


def load(path: Path) -> list[Trial]:
    """The trials of a log, one per line; a last line that was cut short by a kill is left out.

    Raises:
        InputError: a line that is not a trial.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    found = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            found.append(Trial.from_dict(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, InputError, RecursionError):
            if number < len(lines):
                raise InputError(f"line {number} of {path} is not a trial: {line[:80]!r}") from None
    return found


def run(
    problem: Problem,
    recipe: Recipe,
    seed: int,
    figures: Sequence[str],
    watch: Watch,
    **about: Any,
) -> Trial:
    """Train a recipe in memory and measure it; a training that diverges gives a trial that was stopped.

    Args:
        problem: trained on its train split, watched on validation.
        recipe, seed: as for a training.
        figures: what to measure in addition to ``ALWAYS``.
        watch: see ``Watch``.
        about: number, origin, name, why, base of the Trial.
    """
    with torch_for("a cure"):
        from tagfit.training import memory
    curve: list[float] = []
    seconds: list[float] = []
    reason = [""]

    def watched(epoch: Epoch) -> bool:
        curve.append(math.nan if epoch.monitored is None else epoch.monitored)
        seconds.append(epoch.seconds)
        reason[0] = watch(epoch)
        return bool(reason[0])

    values: dict[str, float] = {}
    try:
        fitted = memory.fit(problem, recipe, seed=seed, on_epoch=watched, scored=("train", "validation"))
    except InputError as error:
        reason[0] = error.faults[0].what
    else:
        if not reason[0]:
            values = measured(problem, fitted.scores, figures)
    return Trial(
        recipe=recipe,
        seed=seed,
        values=values,
        curve=tuple(curve),
        epochs=len(curve),
        seconds=sum(seconds),
        stopped=reason[0],
        **about,
    )


def measured(problem: Problem, scores: Mapping[str, Any], figures: Sequence[str]) -> dict[str, float]:
    """The figures, and ``ALWAYS``, of probabilities (n, L) of each split, at the threshold 0.5."""
    found: dict[str, float] = {}
    wanted = tuple(dict.fromkeys((*figures, *ALWAYS)))
    for split, values in scores.items():
        part = problem.part(split)
        names = tuple(name.partition(".")[2] for name in wanted if name.startswith(f"{split}."))
        metrics = point_metrics(part.truth, values, known=part.known, weights=part.weights, metrics=names)
        found |= {f"{split}.{name}": value for name, value in metrics.items()}
    return {name: found[name] for name in wanted if name in found}
