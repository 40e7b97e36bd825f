"""unstable-curve: jumps against the trend, not the trend."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "unstable-curve"


def test_jumps_fire() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert found.evidence["jump"] > 0.15


def test_a_steep_but_smooth_curve_passes() -> None:
    assert look(CODE, history={"val_loss": [2.0 * 0.8**epoch for epoch in range(20)]}).outcome == "passed"
    assert look(CODE, well()).outcome == "passed"


def test_few_epochs_inconclusive() -> None:
    assert look(CODE, history={"val_loss": [0.5, 0.1, 0.5, 0.1]}).outcome == "inconclusive"
