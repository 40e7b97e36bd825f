"""exact-match-alone: subset accuracy and nothing beside it."""

from __future__ import annotations

from diagnosing import look, well

CODE = "exact-match-alone"


def test_subset_accuracy_alone_fires_and_shows_the_others() -> None:
    found = look(CODE, well(), metrics=["subset_accuracy"], goal=None)
    assert found.outcome == "fired"
    assert {"subset_accuracy", "label_accuracy", "macro_f1"} <= set(found.evidence)


def test_another_metric_beside_it_passes_and_none_named_inconclusive() -> None:
    assert look(CODE, well(), metrics=["subset_accuracy", "mAP"]).outcome == "passed"
    assert look(CODE, well(), metrics=[], goal=None).outcome == "inconclusive"
    assert look(CODE, well(), metrics=[], goal="subset_accuracy>=0.5").outcome == "fired"
