"""Run: Problem + Recipe + seed, trained: a folder that a training process writes and everything else reads.

Recipes, scores and arrays are imported when they are read, so that runs are listed at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tagfit
from tagfit import history
from tagfit.arguments import checked
from tagfit.display import Shown, card, few
from tagfit.errors import InputError
from tagfit.files import to_json, write_text
from tagfit.history import History
from tagfit.runs.writing import is_being_written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from tagfit.data.problem import Problem
    from tagfit.recipe import Recipe
    from tagfit.scores import Scores

FORMAT = 1


@dataclass(frozen=True, repr=False)
class Run(Shown):
    """A run folder.

    Attributes:
        folder: where it is.
    """

    folder: Path

    def __post_init__(self) -> None:
        if not isinstance(self.folder, str | Path):
            raise InputError(f"Run: folder = {self.folder!r}", instead="a path; tagfit.open_run(path) checks it, too")
        object.__setattr__(self, "folder", Path(self.folder))

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.folder.name

    @property
    def info(self) -> dict[str, Any]:
        """``run.json``: format, state, versions, seed, machine, times, epochs, the epoch that was kept."""
        return _read_json(self.folder / "run.json")

    @property
    def state(self) -> str:
        """ "running", "killed" (nobody writes it any more), "interrupted", "failed" or "done".

        All but the first and the last can be resumed.
        """
        state = str(self.info["state"])
        return "killed" if state == "running" and not is_being_written(self.folder) else state

    @property
    def problem(self) -> dict[str, Any]:
        """``problem.json``: labels, ids of each split, preprocessing, fingerprint, source, prevalence in train."""
        return _read_json(self.folder / "problem.json")

    @property
    def recipe(self) -> Recipe:
        """``recipe.toml``."""
        from tagfit import recipe

        return recipe.load(self.folder / "recipe.toml")

    @property
    def history(self) -> History:
        """``history.jsonl``, one record an epoch; it grows while the run is trained."""
        return history.load(self.folder / "history.jsonl")

    @property
    def weights(self) -> Path:
        """``weights.safetensors``, there once the run is done or interrupted."""
        return self.folder / "weights.safetensors"

    @property
    def checkpoint(self) -> Path:
        """``checkpoint.safetensors``, there while the run can be resumed."""
        return self.folder / "checkpoint.safetensors"

    @property
    def stop_request(self) -> Path:
        """A file; while it exists, the process that trains the run stops after the present epoch."""
        return self.folder / "stop"

    @property
    def row_record(self) -> Path:
        """``rows.npz``: the split and a hash of each row; missing in runs of older versions."""
        return self.folder / "rows.npz"

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels, in the order of the columns."""
        return tuple(self.problem["labels"])

    @property
    def prevalence(self) -> NDArray[np.float64]:
        """(L,): each label's share of positives in train; NaN where train knows nothing of it."""
        import numpy as np

        return np.array(list(self.problem["prevalence"].values()), dtype=np.float64)

    @property
    def scored_splits(self) -> tuple[str, ...]:
        """The splits whose scores are stored."""
        return tuple(name for name in ("train", "validation", "test") if self._scores_path(name).exists())

    @checked()
    def scores(self, split: str) -> Scores:
        """The stored scores of a split.

        Raises:
            InputError: none are stored.
        """
        if split not in self.scored_splits:
            stored = ", ".join(self.scored_splits) or "none yet"
            raise InputError(f"the run {self.folder} has no scores of the split {split!r}", instead=f"it has {stored}")
        from tagfit.scores import Scores

        return Scores.load(self._scores_path(split), split)

    def refuse_another(self, problem: Problem) -> None:
        """Raise an InputError unless ``problem`` is the one that the run began with."""
        for what, was in self.problem["fingerprint"].items():
            if (now := problem.fingerprint[what]) != was:
                raise InputError(
                    f"the {what} of {self.folder} changed since the run began (fingerprint {was[:12]}, now {now[:12]})",
                    instead="put the source back as it was, or train again",
                )

    def save_scores(self, scores: Scores) -> None:
        """Store the scores of ``scores.split``."""
        scores.save(self._scores_path(scores.split))

    @checked()
    def evaluate(
        self,
        split: str | None = None,
        *,
        splits: str | Sequence[str] | None = None,
        source: tagfit.TaggedSet | str | Path | None = None,
        problem: tagfit.Problem | None = None,
        thresholds: float | Mapping[str, float] | ArrayLike | tagfit.Thresholds = 0.5,
        metrics: str | Sequence[str] = "default",
        intervals: int | Literal["auto"] | None = "auto",
    ) -> dict[str, tagfit.Evaluation] | tagfit.Evaluation:
        """``tagfit.evaluate(run, ...)``: one Evaluation if ``split`` is given, else one per split."""
        return tagfit.evaluate(
            self,
            split=split,
            splits=splits,
            source=source,
            problem=problem,
            thresholds=thresholds,
            metrics=metrics,
            intervals=intervals,
        )

    @checked()
    def choose_thresholds(
        self, strategy: str = "best-f1", *, split: str = "validation", by_label: Mapping[str, str] | None = None
    ) -> tagfit.Thresholds:
        """``tagfit.choose_thresholds(run, ...)``."""
        return tagfit.choose_thresholds(self, strategy, split=split, by_label=by_label)

    @checked()
    def diagnose(
        self,
        *,
        problem: tagfit.Problem | None = None,
        goal: str | Sequence[str] | None = None,
        metrics: Sequence[str] | None = None,
        mute: Sequence[str] | None = None,
    ) -> tagfit.Findings:
        """``tagfit.diagnose(run, ...)``."""
        return tagfit.diagnose(self, problem=problem, goal=goal, metrics=metrics, mute=mute)

    @checked()
    def cure(
        self,
        goal: tagfit.Goal | str | Sequence[str] | None = None,
        *,
        maximise: str | None = None,
        gap_at_most: float | None = None,
        trials: int | None = None,
        budget: float | str | None = None,
        augment: bool = False,
        problem: tagfit.Problem | None = None,
        out: str | Path | None = None,
    ) -> tagfit.Certificate:
        """``tagfit.cure(run, ...)``."""
        return tagfit.cure(
            self,
            goal,
            maximise=maximise,
            gap_at_most=gap_at_most,
            trials=trials,
            budget=budget,
            augment=augment,
            problem=problem,
            out=out,
        )

    @checked()
    def tag(
        self,
        pictures: Iterable[str | Path] | str | Path,
        *,
        thresholds: float | Mapping[str, float] | ArrayLike | tagfit.Thresholds | None = None,
    ) -> list[dict[str, Any]]:
        """``tagfit.tag(run, ...)``."""
        return tagfit.tag(self, pictures, thresholds=thresholds)

    def discard_results(self) -> None:
        """Remove weights and scores, and what a killed process left half-written; history and checkpoint stay."""
        for pattern in ("weights.safetensors", "scores/*.npz", ".*.part", "scores/.*.part"):
            for path in self.folder.glob(pattern):
                path.unlink()

    def save_info(self, **changes: Any) -> None:
        """Change fields of ``run.json``."""
        path = self.folder / "run.json"
        old = _read_json(path) if path.exists() else {"format": FORMAT}
        write_text(path, to_json({**old, **changes}) + "\n")

    def summary(self) -> dict[str, Any]:
        """One line about the run, as plain JSON values."""
        info, history = self.info, self.history
        last = history[-1] if history else None
        return {
            "run": str(self.folder),
            "state": self.state,
            "recipe": info["recipe"],
            "seed": info["seed"],
            "epochs": len(history),
            "kept_epoch": info.get("kept_epoch"),
            "train_loss": last.train_loss if last else None,
            "validation_loss": last.validation_loss if last else None,
            "seconds": info.get("seconds"),
            "started": info["started"],
        }

    def _scores_path(self, split: str) -> Path:
        return self.folder / "scores" / f"{split}.npz"

    def lines(self) -> list[str]:
        """The run in a few lines; what cannot be read is named."""
        try:
            found = self.summary()
            labels = f"  labels: {few(self.labels)}"
        except InputError as error:
            return [f"Run {self.folder}: {error}"]
        names = [name for name in ("train_loss", "validation_loss") if found[name] is not None]
        losses = [f"{name.replace('_', ' ')} {found[name]:.4f}" for name in names]
        return [
            f"Run {self.folder}: {found['state']}",
            f"  recipe {found['recipe']}, seed {found['seed']}, {found['epochs']} epochs, kept {found['kept_epoch']}",
            f"  last epoch: {', '.join(losses) or 'no losses yet'}",
            f"  scores of {', '.join(self.scored_splits) or 'no split yet'}",
            labels,
        ]

    def _repr_html_(self) -> str:
        return card(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what :meth:`summary` gives."""
        return self.summary()


@checked()
def open_run(folder: str | Path) -> Run:
    """The run in a folder.

    Raises:
        InputError: no such folder, no run in it, or one of a newer format.
    """
    path = Path(folder)
    if not (path / "run.json").is_file():
        what = "holds no run.json" if path.is_dir() else "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path} is not a run: it {what}", instead="a folder that `tagfit runs` lists")
    run = Run(path)
    if (found := run.info.get("format")) != FORMAT:
        raise InputError(f"{path} has run format {found!r}", instead=f"this tagfit reads {FORMAT}")
    return run


def list_runs(folder: str | Path = "runs") -> list[Run]:
    """The runs right below a folder, or the one that it is, oldest first; a folder that is not there has none."""
    path = Path(folder)
    found = [Run(path)] if (path / "run.json").is_file() else [Run(entry.parent) for entry in path.glob("*/run.json")]

    def started(run: Run) -> str:
        with suppress(InputError):
            return str(run.info.get("started", ""))
        return ""  # a damaged one is listed anyway

    return sorted(found, key=lambda run: (started(run), run.name))


class _Record(dict[str, Any]):
    """An object of a JSON file that was perhaps not written by us: what it lacks is said with the file's name."""

    path: Path

    def __missing__(self, key: str) -> Any:
        raise InputError(f"{self.path} holds no {key!r}", instead="the file as `tagfit train` wrote it")


def _read_json(path: Path) -> dict[str, Any]:
    def record(found: dict[str, Any]) -> _Record:
        made = _Record(found)
        made.path = path
        return made

    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text, object_hook=record)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no JSON object")
    return values
