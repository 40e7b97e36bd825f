"""Results: what the command of a page prints with ``--json``; the twin of the page carries it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tagfit import workflow
from tagfit.curing.names import CERTIFICATE
from tagfit.data.source_report import check as check_source
from tagfit.studio.desk import Desk
from tagfit.studio.work import Work

Result = Callable[[], dict[str, Any]]
SIMILAR = 12  # pictures


def of_evaluation(desk: Desk, splits: Iterable[str]) -> Result:
    """``tagfit evaluate RUN --split ...``."""
    shown = desk.workspace.shown(desk.run.folder)
    return lambda: {"run": shown, "splits": {split: desk.evaluation(split).to_dict() for split in splits}}


def of_thresholds(desk: Desk, split: str) -> Result:
    """``tagfit thresholds RUN --split SPLIT``."""

    def made() -> dict[str, Any]:
        chosen = desk.computed(
            "chosen", "choosing thresholds", lambda: workflow.choose_thresholds(desk.run, "best-f1", split=split), split
        )
        return {**chosen.to_dict(), "out": None}

    return made


def of_corrections(desk: Desk) -> Result:
    """``tagfit data corrected RUN``."""
    return lambda: {"corrections": [asdict(one) for one in desk.corrections.standing()], "out": None}


def of_similar(desk: Desk, file: str) -> Result:
    """``tagfit similar RUN PICTURE --count 12``."""

    def made() -> dict[str, Any]:
        path = desk.workspace.folder / file
        found = desk.computed(
            "similar", "comparing it with all other pictures",
            lambda: workflow.similar(desk.run, path, count=SIMILAR), str(path),
        )  # fmt: skip
        return replace(found, picture=file).to_dict()

    return made


def of_check(desk: Desk, source: str) -> Result:
    """``tagfit data check SOURCE``, read as for the run."""

    def made() -> dict[str, Any]:
        reading = desk.record["source"].get("read") or {}
        report = desk.computed(
            "check", "checking the source", lambda: check_source(desk.workspace.folder / source, **reading), source
        )
        return report.to_dict()

    return made


def of_verification(work: Work, folder: Path, patience: float) -> Result:
    """``tagfit verify CURE``."""

    def made() -> dict[str, Any]:
        stamp = (folder / CERTIFICATE).stat().st_mtime_ns
        what = "verifying the certificate"
        return work.get(("verify", str(folder), stamp), what, lambda: workflow.verify(folder), patience).to_dict()

    return made
