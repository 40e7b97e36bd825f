"""Board: the jobs of a cure in a folder, each taken by one of the processes that share the cure."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from tagfit.curing import jobs
from tagfit.curing.jobs import Enough, Job
from tagfit.curing.trial import OnEpoch, Trial
from tagfit.data.problem import Problem
from tagfit.files import to_json, write_text
from tagfit.goal import Goal
from tagfit.runs.run import open_run

BOARD = "board"
POLL_SECONDS = 0.2
# Of a job: what it is, what came of it, and the lock of the process that carries it out, which ends with the process.
JOB, RESULT, LOCK = ".job", ".trial", ".lock"


@dataclass(frozen=True)
class Board:
    """The jobs that are open now.

    Attributes:
        folder: of the cure.
        problem: whole.
        goal: whose figures are measured.
    """

    folder: Path
    problem: Problem
    goal: Goal

    def train(
        self, wanted: Sequence[Job], on_epoch: OnEpoch | None = None, enough: Enough = lambda: False
    ) -> list[Trial | None]:
        """Carry out jobs, together with the processes that join; the results in the order of the jobs.

        A job that another process was killed in is carried out here, or by a third.

        Args:
            wanted: a job without a place gives a Trial, or None where ``enough`` came first; one with a place None.
            on_epoch: called after each epoch that is trained here.
            enough: ends the trainings, here and elsewhere.
        """
        if len(wanted) == 1 and not wanted[0].place and not self._path(wanted[0], JOB).exists():  # nothing to share
            return [self._carried_out(wanted[0], on_epoch, enough)]
        self._post(wanted)
        waiting, out_of_time = list(wanted), False
        while waiting and not out_of_time:
            moved = False
            for job in [one for one in waiting if not self._is_done(one)]:
                with self._claim(job) as claimed:
                    if claimed and not self._is_done(job):
                        self._finish(job, on_epoch, enough)
                        moved = True
                if enough():
                    break
            waiting = [job for job in waiting if not self._is_done(job)]
            out_of_time = bool(waiting) and enough()
            if waiting and not moved and not out_of_time:
                time.sleep(POLL_SECONDS)
        for job in waiting:
            self._path(job, JOB).unlink(missing_ok=True)
        return [self._result(job) for job in wanted]

    def help(self, on_job: Callable[[Job], None], on_epoch: OnEpoch | None = None) -> bool:
        """Carry out one open job; False where there is none.

        Args:
            on_job: called with it before it is carried out.
            on_epoch: called after each epoch; a job that is withdrawn ends with the epoch.
        """
        for job in self._posted():
            with self._claim(job) as claimed:
                path = self._path(job, JOB)
                if claimed and path.exists() and not self._is_done(job):
                    on_job(job)
                    self._finish(job, on_epoch, lambda path=path: not path.exists())  # type: ignore[misc]
                    return True
        return False

    def clear(self) -> None:
        """Remove what is left of all jobs."""
        shutil.rmtree(self.folder / BOARD, ignore_errors=True)

    def _post(self, wanted: Sequence[Job]) -> None:
        """The jobs that are open from now on; what is left of earlier ones is removed."""
        kept = {job.key for job in wanted}
        for path in (self.folder / BOARD).glob("*"):
            if path.suffix in (JOB, RESULT, LOCK) and path.stem not in kept:
                path.unlink(missing_ok=True)
        for job in wanted:
            if not self._path(job, JOB).exists():
                write_text(self._path(job, JOB), to_json(job.to_dict()))

    def _posted(self) -> Iterator[Job]:
        """Jobs without a result, in the order in which they were posted."""
        when: dict[Path, int] = {}
        for path in (self.folder / BOARD).glob(f"*{JOB}"):
            with suppress(OSError):
                when[path] = path.stat().st_mtime_ns
        for path in sorted(when, key=lambda one: when[one]):
            try:
                job = jobs.read(path.read_text(encoding="utf-8"))
            except OSError:  # carried out meanwhile
                continue
            if not self._is_done(job):
                yield job

    def _is_done(self, job: Job) -> bool:
        if not job.place:
            return self._path(job, RESULT).exists()
        folder = self.folder / job.place
        return (folder / "run.json").exists() and open_run(folder).state == "done"

    def _carried_out(self, job: Job, on_epoch: OnEpoch | None, enough: Enough) -> Trial | None:
        if not job.place:
            return jobs.tried(job, self.problem, self.goal.figures, on_epoch, enough)
        jobs.retrained(self.problem, job.recipe, job.seed, self.folder / job.place, on_epoch)
        return None

    def _finish(self, job: Job, on_epoch: OnEpoch | None, enough: Enough) -> None:
        found = self._carried_out(job, on_epoch, enough)
        if found is not None:
            write_text(self._path(job, RESULT), to_json(found.to_dict()))

    def _result(self, job: Job) -> Trial | None:
        path = self._path(job, RESULT)
        return Trial.from_dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def _path(self, job: Job, ending: str) -> Path:
        return self.folder / BOARD / f"{job.key}{ending}"

    @contextmanager
    def _claim(self, job: Job) -> Iterator[bool]:
        """Whether this process may carry out the job; for as long as the block lasts no other one does."""
        lock = FileLock(self._path(job, LOCK))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()
