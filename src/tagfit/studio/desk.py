"""Desk: what one request reads of a run, kept between requests and made again once a file changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tagfit import workflow
from tagfit.data.pictures.duplicates import duplicate_groups
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Findings
from tagfit.errors import InputError
from tagfit.evaluation.calibration import Calibration, calibrate
from tagfit.evaluation.evaluation import Evaluation
from tagfit.report import mistakes
from tagfit.runs.run import Run
from tagfit.scores import Scores
from tagfit.scoring import reopen, scores_of
from tagfit.studio.corrections import Corrections
from tagfit.studio.seen import Neighbour, Seen, neighbours, next_best, seen
from tagfit.studio.views import NEXT, View, duplicate_rows, rows_of
from tagfit.studio.work import Work
from tagfit.studio.workspace import AskFirstError, MissingError, Workspace, address

Result = TypeVar("Result")

MOST_SUSPECTS = 2000
SPLITS = ("validation", "train", "test")


@dataclass(frozen=True)
class Desk:
    """One run of the workspace, as a request sees it.

    Attributes:
        workspace, work: of the studio.
        key: of the run.
        patience: how many seconds the request waits for a result.
        agreed: keys of runs whose test split may be shown.
    """

    workspace: Workspace
    work: Work
    key: str
    patience: float
    agreed: set[str]

    @cached_property
    def run(self) -> Run:
        """The run."""
        return self.workspace.run(self.key)

    @property
    def record(self) -> dict[str, Any]:
        """``problem.json`` of the run, which lists all rows."""
        run = self.run
        key = ("record", str(run.folder), _stamp(run.folder / "problem.json"))
        return self.work.get(key, "reading the run", lambda: run.problem, self.patience)

    def address(self, *more: object, **query: object) -> str:
        """A path below that of the run."""
        return address("runs", self.key, *more, **query)

    @property
    def splits(self) -> list[str]:
        """The splits that can be shown, validation first; test is made on demand."""
        stored = self.run.scored_splits
        return [split for split in SPLITS if split in stored or (split == "test" and "test" in self.record["ids"])]

    def split(self, name: str) -> str:
        """A split of the run that may be shown.

        Raises:
            MissingError: the run has no scores of it.
            AskFirstError: it is the test split.
        """
        if name not in self.splits:
            raise MissingError(f"{self.key} has no scores of {name!r}", instead=", ".join(self.splits) or "none yet")
        if name == "test" and self.key not in self.agreed:
            raise AskFirstError(self)
        return name

    def look_at_test(self) -> None:
        """Agree to see the test split: the look is recorded in the run, as the command does it."""
        scores_of(self.run, "test", problem=None, why="studio")
        self.agreed.add(self.key)

    def scores(self, split: str) -> Scores:
        """The scores of a split that may be shown."""
        run, name = self.run, self.split(split)
        return self._get("scores", f"reading the scores of {name}", lambda: run.scores(name), name)

    def evaluation(self, split: str) -> Evaluation:
        """The evaluation of a split, with intervals."""
        scores, shares = self.scores(split), self.run.prevalence

        def made() -> Evaluation:
            found = workflow.evaluate(scores, prevalence=shares)
            assert isinstance(found, Evaluation)
            return found

        return self._get("evaluation", f"computing metrics and intervals of {split}", made, split)

    def problem(self) -> Problem | None:
        """Where the pictures come from; None where the sources cannot be read, or are on another machine."""
        run, record = self.run, self.record

        def made() -> Problem | None:
            try:
                refuse_remote(record["source"])
                return reopen(run)
            except InputError:
                return None

        return self._get("problem", "reading the sources of the run", made)

    def pixels(self, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
        """All pixels, and the places of the rows of a split; None where the rows are no pictures."""
        problem = self.problem()
        if problem is None or problem.preprocessing.size is None or problem.inputs.ndim != 4:
            return None
        rows = self._get("places", f"finding the pictures of {split}", lambda: problem.part(split).rows, split)
        return problem.inputs, rows

    def file(self, split: str, row: int) -> str:
        """The picture file of a row as a command names it; empty where it has none."""
        problem = self.problem()
        if problem is None or problem.data.files is None:
            return ""
        file = problem.data.files[int(np.flatnonzero(problem.split == split)[row])]
        return self.workspace.shown(file) if isinstance(file, Path) else str(file)

    def calibration(self, split: str) -> Calibration:
        """Calibrators for the scores of a split, and their errors before and after."""
        scores = self.scores(split)
        return self._get("calibration", f"calibrating the scores of {split}", lambda: calibrate(scores), split)

    def findings(self) -> Findings:
        """The diagnosis of the run."""
        run, problem = self.run, self.problem()
        return self._get("findings", "diagnosing the run", lambda: workflow.diagnose(run, problem=problem))

    def suspects(self, split: str) -> list[dict[str, Any]]:
        """Tags that the scores of a split contradict, the most suspect first."""
        scores = self.scores(split)
        what = f"looking for suspect tags in {split}"
        return self._get("suspects", what, lambda: mistakes.suspects(scores, MOST_SUSPECTS) or [], split)

    def duplicates(self, split: str) -> list[int]:
        """Rows of a split that are near copies of each other, copies side by side."""
        pixels = self.pixels(split)
        if pixels is None:
            return []
        values, rows = pixels
        what = f"comparing the pictures of {split}"
        return self._get("duplicates", what, lambda: duplicate_rows(duplicate_groups(values[rows])), split)

    def rows(self, view: View) -> NDArray[np.int64]:
        """The rows of a view, in its order."""
        scores = self.scores(view.split)
        if view.sort == NEXT:
            return self._next(view, scores)
        listed: list[int] | None = None
        if view.show == "suspect":
            column = None if not view.label else view.label
            records = [one for one in self.suspects(view.split) if column in (None, one["label"])]
            listed = list(dict.fromkeys(int(one["row"]) for one in records))
        elif view.show == "duplicate":
            listed = self.duplicates(view.split)
        return self._get("rows", "sorting the pictures", lambda: rows_of(view, scores, listed), view)

    def _next(self, view: View, scores: Scores) -> NDArray[np.int64]:
        rows, found = self.rows(replace(view, sort="order")), self.seen()
        positives = np.nan_to_num(self.run.prevalence) * len(self.record["ids"]["train"])

        def made() -> NDArray[np.int64]:
            return next_best(rows, scores, found.of(view.split, rows), positives)

        return self._get("next", "choosing what to tag next", made, view)

    def seen(self) -> Seen:
        """All rows as the model sees them."""
        run, problem = self.run, self.problem()
        scores = {name: self.scores(name) for name in self.splits if name != "test" or self.key in self.agreed}
        return self._get("seen", "looking at all pictures with the model", lambda: seen(run, problem, scores))

    def neighbours(self, split: str, row: int) -> list[Neighbour]:
        """The rows that are most like a row."""
        self.split(split)
        found = self.seen()
        what = "comparing it with all other pictures"
        return self._get("neighbours", what, lambda: neighbours(found, split, row), split, row)

    @cached_property
    def corrections(self) -> Corrections:
        """The corrections of the data that the run was trained on; runs on the same data share them."""
        fingerprint = str(self.record["fingerprint"]["data"])
        return Corrections.of_data(self.workspace.own, fingerprint)

    def version(self, split: str) -> str:
        """What changes when the scores of a split do."""
        return f"{_stamp(self.run.folder / 'scores' / f'{split}.npz'):x}"

    def computed(self, kind: str, what: str, make: Callable[[], Result], *key: Hashable) -> Result:
        """A result that a page asks for, computed outside the request and kept: see :class:`Work`."""
        return self._get(kind, what, make, *key)

    def _get(self, kind: str, what: str, make: Callable[[], Result], *key: Hashable) -> Result:
        stamp = tuple(_stamp(path) for path in sorted((self.run.folder / "scores").glob("*.npz")))
        whole = (kind, str(self.run.folder), _stamp(self.run.folder / "problem.json"), stamp, *key)
        return self.work.get(whole, what, make, self.patience)


def refuse_remote(source: dict[str, Any]) -> None:
    """Raise an InputError where a run would have the studio reach for another machine."""
    reading = dict(source.get("read") or {})
    places = [source.get(name) for name in ("data", "validation", "test")] + [reading.get("images")]
    if any("://" in str(place) for place in places if place is not None):
        raise InputError("the sources are on another machine", instead="a copy on this one")


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
