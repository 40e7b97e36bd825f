"""The workflow, one function a step: fit, evaluate, choose thresholds, compare, diagnose, cure, verify, tag ..."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tagfit.workflow.comparing import compare as compare
    from tagfit.workflow.comparing import gap as gap
    from tagfit.workflow.curing import cure as cure
    from tagfit.workflow.curing import join_cure as join_cure
    from tagfit.workflow.curing import resume_cure as resume_cure
    from tagfit.workflow.curing import verify as verify
    from tagfit.workflow.diagnosing import cross_fit as cross_fit
    from tagfit.workflow.diagnosing import diagnose as diagnose
    from tagfit.workflow.drifting import drift as drift
    from tagfit.workflow.evaluating import DEFAULT_SPLITS as DEFAULT_SPLITS
    from tagfit.workflow.evaluating import choose_thresholds as choose_thresholds
    from tagfit.workflow.evaluating import evaluate as evaluate
    from tagfit.workflow.explaining import explain as explain
    from tagfit.workflow.fitting import fit as fit
    from tagfit.workflow.fitting import resume as resume
    from tagfit.workflow.packing import pack as pack
    from tagfit.workflow.suggesting import similar as similar
    from tagfit.workflow.suggesting import suggest as suggest
    from tagfit.workflow.tagging import tag as tag
    from tagfit.workflow.tagging import tag_to_file as tag_to_file

# Name -> the module that holds it, imported on first use: no step loads what only another one needs.
# Type checkers and editors see the imports above, which are the same list.
_STEPS = {
    "DEFAULT_SPLITS": "evaluating",
    "choose_thresholds": "evaluating",
    "compare": "comparing",
    "cross_fit": "diagnosing",
    "cure": "curing",
    "diagnose": "diagnosing",
    "drift": "drifting",
    "evaluate": "evaluating",
    "explain": "explaining",
    "fit": "fitting",
    "gap": "comparing",
    "join_cure": "curing",
    "pack": "packing",
    "resume": "fitting",
    "resume_cure": "curing",
    "similar": "suggesting",
    "suggest": "suggesting",
    "tag": "tagging",
    "tag_to_file": "tagging",
    "verify": "curing",
}

__all__ = list(_STEPS)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _STEPS:
            raise AttributeError(f"module 'tagfit.workflow' has no attribute {name!r}")
        return getattr(importlib.import_module(f"tagfit.workflow.{_STEPS[name]}"), name)
