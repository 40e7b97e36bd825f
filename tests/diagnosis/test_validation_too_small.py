"""validation-too-small: the interval against the difference that matters, and the size that would do."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

CODE = "validation-too-small"


def test_too_few_rows_fire_and_the_size_named_would_do() -> None:
    case, enough = well(), well()
    case.goal = enough.goal = None
    case.validation.take(np.arange(12))
    found = look(CODE, case)
    assert found.outcome == "fired"
    needed = found.evidence["needed"]
    assert 12 < needed < 60
    enough.validation.take(np.arange(2 * needed))
    assert look(CODE, enough).outcome == "passed"


def test_a_handful_of_rows_fires_even_where_they_happen_to_agree() -> None:
    assert look(CODE, ill(CODE)).outcome == "fired"


def test_rows_of_few_groups_are_worth_less() -> None:
    case = well()
    case.goal = None
    alone = look(CODE, case).evidence["half_width"]
    case.validation.groups = np.array([f"g{row % 5}" for row in range(len(case.validation))])
    assert look(CODE, case).evidence["half_width"] > 0.8 * alone


def test_without_validation_it_inconclusive() -> None:
    assert look(CODE, train=well().train.given()).outcome == "inconclusive"
