"""Join: a further process takes trainings of a cure that another one leads, and leads it where that one is gone."""

from __future__ import annotations

import time
from pathlib import Path

from tagfit.curing import certificate, request, trial
from tagfit.curing.board import Board
from tagfit.curing.certificate import Certificate
from tagfit.curing.cure import cure
from tagfit.curing.jobs import Job
from tagfit.curing.names import CERTIFICATE, TRIALS
from tagfit.curing.progress import Progress
from tagfit.curing.request import CureRequest
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.runs.run import Run
from tagfit.runs.writing import is_being_written

POLL_SECONDS = 0.5


def join(start: Run, problem: Problem, folder: Path, progress: Progress) -> Certificate:
    """Carry out jobs of a cure until it is certified.

    The process that writes the folder leads: it chooses the trials and logs them. If it is gone before there is a
    certificate, one of those that joined leads on.

    Args:
        start: the starting run, on ``problem``.
        problem: whole.
        folder: of the cure.
        progress: its callbacks.
    """
    progress.report(f"taking trainings of the cure in {folder}; this process can be stopped, which loses one of them")
    while True:
        asked = CureRequest.from_dict(request.read(folder)["asked"])
        board = Board(folder, problem, asked.goal)

        def begun(job: Job) -> None:
            progress.report(f"training {job.name} (trial {job.number}, seed {job.seed})")

        while is_being_written(folder):
            if not board.help(begun, progress.on_epoch):
                time.sleep(POLL_SECONDS)
        found = finished(folder, problem)
        if found is not None:
            return found
        progress.report("the process that led this cure is gone; this one leads it from now on")
        try:
            return cure(start, problem, asked, folder, progress)
        except InputError:
            if not is_being_written(folder):  # else a third process was faster
                raise


def finished(folder: Path, problem: Problem) -> Certificate | None:
    """The certificate of a cure, unless there is none yet, or the cure was begun again with larger limits."""
    if not (folder / CERTIFICATE).exists():
        return None
    found = certificate.load(folder)
    asked = CureRequest.from_dict(request.read(folder)["asked"]).options
    if found.document.asked != asked or found.document.search.trials != len(trial.load(folder / TRIALS)):
        return None
    return Certificate(found.raw, folder, problem)
