"""tagfit: multi-label picture classifiers, judged honestly, diagnosed and cured."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Public name -> the module that holds it; loaded on first use, so that `import tagfit` costs nothing.
_PUBLIC = {
    "InputError": "tagfit.errors",
    "Tagger": "tagfit.tagger",
    "Recipe": "tagfit.recipe",
    "Run": "tagfit.runs.run",
    "Certificate": "tagfit.curing.certificate",
    "Goal": "tagfit.goal",
    "Evaluation": "tagfit.evaluation.evaluation",
    "Thresholds": "tagfit.evaluation.thresholds",
    "calibrate": "tagfit.evaluation.calibration",
    "check": "tagfit.data.source_report",
    "choose_thresholds": "tagfit.workflow",
    "compare": "tagfit.workflow",
    "cure": "tagfit.workflow",
    "diagnose": "tagfit.workflow",
    "evaluate": "tagfit.workflow",
    "fit": "tagfit.workflow",
    "from_arrays": "tagfit.data.readers.arrays",
    "gap": "tagfit.workflow",
    "open_run": "tagfit.runs.run",
    "read": "tagfit.data.read",
    "read_scores": "tagfit.evaluation.score_files",
    "resume": "tagfit.workflow",
    "resume_cure": "tagfit.workflow",
    "tag": "tagfit.workflow",
    "TagClassifier": "tagfit.estimator.classifier",
    "TaggedSet": "tagfit.data.tagged",
    "Problem": "tagfit.data.problem",
    "Scores": "tagfit.scores",
    "split": "tagfit.data.splits.split",
    "verify": "tagfit.workflow",
    "write_certificate_page": "tagfit.report.certificate_page",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tagfit' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
