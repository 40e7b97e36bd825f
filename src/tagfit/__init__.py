"""tagfit: train multi-label picture classifiers, evaluate them honestly, diagnose and cure them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tagfit.curing.certificate import Certificate as Certificate
    from tagfit.data.problem import Problem as Problem
    from tagfit.data.read import read as read
    from tagfit.data.readers.arrays import from_arrays as from_arrays
    from tagfit.data.source_report import check as check
    from tagfit.data.splits.split import split as split
    from tagfit.data.tagged import TaggedSet as TaggedSet
    from tagfit.diagnosis.finding import Findings as Findings
    from tagfit.errors import InputError as InputError
    from tagfit.estimator.classifier import TagClassifier as TagClassifier
    from tagfit.evaluation.calibration import calibrate as calibrate
    from tagfit.evaluation.compare import Comparison as Comparison
    from tagfit.evaluation.evaluation import Evaluation as Evaluation
    from tagfit.evaluation.score_files import read_scores as read_scores
    from tagfit.evaluation.thresholds import Thresholds as Thresholds
    from tagfit.goal import Goal as Goal
    from tagfit.recipe import Recipe as Recipe
    from tagfit.report.card import card as card
    from tagfit.report.certificate_page import write_certificate_page as write_certificate_page
    from tagfit.runs.run import Run as Run
    from tagfit.runs.run import open_run as open_run
    from tagfit.scores import Scores as Scores
    from tagfit.tagger import Tagger as Tagger
    from tagfit.workflow import choose_thresholds as choose_thresholds
    from tagfit.workflow import compare as compare
    from tagfit.workflow import cure as cure
    from tagfit.workflow import diagnose as diagnose
    from tagfit.workflow import drift as drift
    from tagfit.workflow import evaluate as evaluate
    from tagfit.workflow import explain as explain
    from tagfit.workflow import fit as fit
    from tagfit.workflow import gap as gap
    from tagfit.workflow import join_cure as join_cure
    from tagfit.workflow import pack as pack
    from tagfit.workflow import resume as resume
    from tagfit.workflow import resume_cure as resume_cure
    from tagfit.workflow import similar as similar
    from tagfit.workflow import suggest as suggest
    from tagfit.workflow import tag as tag
    from tagfit.workflow import tag_to_file as tag_to_file
    from tagfit.workflow import verify as verify

__version__ = "0.1.0"

# Public name -> the module that holds it, imported on first use, so that `import tagfit` costs nothing.
# Type checkers and editors see the imports above, which are the same list.
_PUBLIC = {
    "Certificate": "tagfit.curing.certificate",
    "Comparison": "tagfit.evaluation.compare",
    "Evaluation": "tagfit.evaluation.evaluation",
    "Findings": "tagfit.diagnosis.finding",
    "Goal": "tagfit.goal",
    "InputError": "tagfit.errors",
    "Problem": "tagfit.data.problem",
    "Recipe": "tagfit.recipe",
    "Run": "tagfit.runs.run",
    "Scores": "tagfit.scores",
    "TagClassifier": "tagfit.estimator.classifier",
    "TaggedSet": "tagfit.data.tagged",
    "Tagger": "tagfit.tagger",
    "Thresholds": "tagfit.evaluation.thresholds",
    "calibrate": "tagfit.evaluation.calibration",
    "card": "tagfit.report.card",
    "check": "tagfit.data.source_report",
    "choose_thresholds": "tagfit.workflow",
    "compare": "tagfit.workflow",
    "cure": "tagfit.workflow",
    "diagnose": "tagfit.workflow",
    "drift": "tagfit.workflow",
    "evaluate": "tagfit.workflow",
    "explain": "tagfit.workflow",
    "fit": "tagfit.workflow",
    "from_arrays": "tagfit.data.readers.arrays",
    "gap": "tagfit.workflow",
    "open_run": "tagfit.runs.run",
    "join_cure": "tagfit.workflow",
    "pack": "tagfit.workflow",
    "read": "tagfit.data.read",
    "read_scores": "tagfit.evaluation.score_files",
    "resume": "tagfit.workflow",
    "resume_cure": "tagfit.workflow",
    "similar": "tagfit.workflow",
    "split": "tagfit.data.splits.split",
    "suggest": "tagfit.workflow",
    "tag": "tagfit.workflow",
    "tag_to_file": "tagfit.workflow",
    "verify": "tagfit.workflow",
    "write_certificate_page": "tagfit.report.certificate_page",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _PUBLIC:
            raise AttributeError(f"module 'tagfit' has no attribute {name!r}")
        return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
