"""Losses: each against its published formula; what is unknown takes no part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from problems import features
from sklearn.metrics import log_loss

from tagfit.data.problem import Part
from tagfit.recipe import Recipe
from tagfit.training.losses import targets

random = np.random.default_rng(0)
TRUTH = (random.random((40, 5)) < 0.3).astype(np.uint8)
LOGITS = random.normal(0, 2, (40, 5))
SCORES = 1 / (1 + np.exp(-LOGITS))
KNOWN = random.random((40, 5)) < 0.7
WEIGHTS = random.random(40)


def part(truth: Any = TRUTH, known: Any = None, weights: Any = None) -> Part:
    n = len(truth)
    mask = np.ones(truth.shape, dtype=bool) if known is None else known
    return Part(np.arange(n), np.arange(n).astype(str), truth, mask, None, weights)


def loss(of: Part, logits: NDArray[Any] = LOGITS, rows: Any = None, **recipe: Any) -> float:
    chosen = torch.arange(len(of)) if rows is None else torch.tensor(rows)
    values = torch.from_numpy(logits).float()[chosen]
    return float(targets(of, Recipe().changed(**recipe), "cpu").loss(values, chosen))


def test_the_plain_loss_is_that_of_scikit_learn() -> None:
    assert loss(part()) == pytest.approx(log_loss(TRUTH.ravel(), SCORES.ravel()), rel=1e-5)


def test_the_plain_loss_over_what_is_known_with_weights_is_that_of_scikit_learn() -> None:
    each = np.broadcast_to(WEIGHTS[:, None], TRUTH.shape)
    expected = log_loss(TRUTH[KNOWN], SCORES[KNOWN], sample_weight=each[KNOWN])
    assert loss(part(known=KNOWN, weights=WEIGHTS)) == pytest.approx(expected, rel=1e-5)


def test_a_batch_is_judged_by_its_own_rows() -> None:
    rows = [7, 3, 30]
    known = KNOWN[rows]
    expected = log_loss(TRUTH[rows][known], SCORES[rows][known])
    assert loss(part(known=KNOWN), rows=rows) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("recipe", [{}, {"positive_weights": "balanced"}, {"label_smoothing": 0.2}])
def test_the_truth_where_it_is_unknown_changes_nothing(recipe: dict[str, Any]) -> None:
    other = np.where(KNOWN, TRUTH, 1 - TRUTH)
    assert loss(part(known=KNOWN), **recipe) == loss(part(other, known=KNOWN), **recipe)


def test_a_batch_of_which_nothing_is_known_pulls_nowhere() -> None:
    known = KNOWN.copy()
    known[:4] = False
    logits = torch.from_numpy(LOGITS[:4]).float().requires_grad_()
    value = targets(part(known=known), Recipe(), "cpu").loss(logits, torch.arange(4))
    value.backward()
    assert float(value.detach()) == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_balanced_weights_are_absent_over_present_among_what_is_known() -> None:
    truth = TRUTH.copy()
    truth[:, 3], truth[:, 4] = 0, 1  # nowhere and everywhere: nothing to balance
    found = targets(part(truth, KNOWN, WEIGHTS), Recipe(positive_weights="balanced"), "cpu").positive_weight
    expected = []
    for column in range(3):
        weights, present = WEIGHTS[KNOWN[:, column]], truth[KNOWN[:, column], column] == 1
        expected.append(weights[~present].sum() / weights[present].sum())
    assert found is not None
    np.testing.assert_allclose(found.numpy(), [*expected, 1, 1], rtol=1e-5)


def test_balanced_weights_make_one_present_label_pull_like_all_absent_ones() -> None:
    logits = np.zeros_like(LOGITS)
    values = torch.from_numpy(logits).float().requires_grad_()
    targets(part(), Recipe(positive_weights="balanced"), "cpu").loss(values, torch.arange(40)).backward()
    assert values.grad is not None
    np.testing.assert_allclose(values.grad.sum(dim=0).numpy(), 0, atol=1e-6)


def test_positive_weights_multiply_the_loss_of_what_is_present() -> None:
    w = targets(part(), Recipe(positive_weights="balanced"), "cpu").positive_weight
    assert w is not None
    each = -(TRUTH * np.log(SCORES) * w.numpy() + (1 - TRUTH) * np.log(1 - SCORES))
    assert loss(part(), positive_weights="balanced") == pytest.approx(each.mean(), rel=1e-5)


def test_label_smoothing_moves_the_targets_toward_one_half() -> None:
    soft = TRUTH * 0.8 + 0.1
    each = -(soft * np.log(SCORES) + (1 - soft) * np.log(1 - SCORES))
    assert loss(part(), label_smoothing=0.2) == pytest.approx(each.mean(), rel=1e-5)


def test_weights_of_one_and_no_weights_are_the_same() -> None:
    assert loss(part()) == loss(part(weights=np.ones(40)))
    assert targets(features().part("train"), Recipe(), "cpu").weight is None


def test_extreme_logits_have_a_finite_loss() -> None:
    assert np.isfinite(loss(part(), logits=LOGITS * 1e4))
