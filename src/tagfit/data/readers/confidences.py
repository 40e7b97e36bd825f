"""Confidences: how sure a source is of a label, and from which confidence on the label is present."""

from __future__ import annotations

import math

ALL_BETWEEN = "every confidence is between 0 and 1, which says neither present nor absent"
CUT = "--confidence-at-least 0.5 reads those from 0.5 on as present; any other cut likewise"


def says(confidence: float, cut: float | None) -> bool | None:
    """Whether a label of this confidence is present (True) or absent (False); None where it is neither.

    Args:
        confidence: from 0 to 1, or NaN where there is none.
        cut: ``confidence_at_least``, from which on a label is present; None: only 1 says so.
    """
    if math.isnan(confidence):
        return None
    if confidence == 0:
        return False
    return True if confidence >= (1 if cut is None else cut) else None


def note_of_cut(cut: float | None, between: int, unlisted: str) -> str:
    """How the confidences that say neither present nor absent were read, for the notes of a set; '' for nothing."""
    if cut is not None:
        return f"labels are present from a confidence of {cut:g} on; {between} entries below it are {unlisted}"
    if not between:
        return ""
    return f"{between} entries with a confidence between 0 and 1 are unknown (--confidence-at-least C cuts at C)"
