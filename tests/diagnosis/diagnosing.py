"""What the tests of single checks share: healthy and planted cases, and one check's finding."""

from __future__ import annotations

from typing import Any

import numpy as np
from planted import SIZES, Case, healthy, planted

from tagfit.diagnosis.diagnose import CHECKS, diagnose
from tagfit.diagnosis.finding import Finding
from tagfit.recipe import Recipe

SMALL, MIDDLE = SIZES[:2]
STRONG = 2


def well(size: tuple[int, int, int] = SMALL, seed: int = 0) -> Case:
    return healthy(np.random.default_rng(seed), size)


def ill(code: str, size: tuple[int, int, int] = MIDDLE, seed: int = 0) -> Case:
    return planted(code, STRONG, np.random.default_rng(seed), size)


def look(code: str, case: Case | None = None, **arguments: Any) -> Finding:
    """The finding of one check alone; ``arguments`` take the place of the case's."""
    given = {**({} if case is None else case.arguments()), **arguments}
    finding = diagnose(**given, mute=[check.code for check in CHECKS if check.code != code])[code]
    assert finding.verdict.says, "every outcome says why"
    if finding.outcome == "fired":
        assert finding.evidence, "what fires shows its numbers"
        assert finding.remedy is not None
        assert finding.remedy.words
        Recipe().changed(**finding.remedy.recipe)  # every change is one that a recipe takes
    return finding
