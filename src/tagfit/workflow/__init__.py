"""The workflow, one function a step: fit, evaluate, choose thresholds, compare, diagnose, cure, verify, tag ..."""

from tagfit.workflow.comparing import compare, gap
from tagfit.workflow.curing import cure, join_cure, resume_cure, verify
from tagfit.workflow.diagnosing import cross_fit, diagnose
from tagfit.workflow.drifting import drift
from tagfit.workflow.evaluating import DEFAULT_SPLITS, choose_thresholds, evaluate
from tagfit.workflow.fitting import fit, resume
from tagfit.workflow.packing import pack
from tagfit.workflow.suggesting import similar, suggest
from tagfit.workflow.tagging import tag, tag_to_file

__all__ = [
    "DEFAULT_SPLITS",
    "choose_thresholds",
    "compare",
    "cross_fit",
    "cure",
    "diagnose",
    "drift",
    "evaluate",
    "fit",
    "gap",
    "join_cure",
    "pack",
    "resume",
    "resume_cure",
    "similar",
    "suggest",
    "tag",
    "tag_to_file",
    "verify",
]
