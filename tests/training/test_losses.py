"""Losses: each against its published formula; what is unknown takes no part."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from problems import features
from sklearn.metrics import log_loss

from tagfit.data.problem import Part
from tagfit.recipe import Recipe
from tagfit.training.losses import asymmetric, balanced_weights, focal, targets

random = np.random.default_rng(0)
TRUTH = (random.random((40, 5)) < 0.3).astype(np.uint8)
LOGITS = random.normal(0, 2, (40, 5))
SCORES = 1 / (1 + np.exp(-LOGITS))
KNOWN = random.random((40, 5)) < 0.7
WEIGHTS = random.random(40)
BALANCE = (1 - TRUTH).sum(axis=0) / TRUTH.sum(axis=0)


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


@pytest.mark.parametrize(
    "recipe",
    [{}, {"positive_weights": "balanced"}, {"label_smoothing": 0.2}, {"loss": "focal"}, {"loss": "asymmetric"}],
)
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


@pytest.mark.parametrize("seen", [{}, {"weights": WEIGHTS}, {"known": KNOWN}], ids=["all", "weighted", "masked"])
@pytest.mark.parametrize(
    "recipe",
    [{}, {"positive_weights": "balanced"}, {"label_smoothing": 0.2}, {"loss": "focal"}, {"loss": "asymmetric"}],
)
def test_the_slope_is_that_of_autograd(recipe: dict[str, Any], seen: dict[str, Any]) -> None:
    of, rows = targets(part(**seen), Recipe().changed(**recipe), "cpu"), torch.tensor([7, 3, 30, 11])
    logits = torch.from_numpy(LOGITS).float()[rows]
    value, slope = of.loss_and_slope(logits, rows)
    leaf = logits.clone().requires_grad_()
    expected = of.loss(leaf, rows)
    expected.backward()
    assert leaf.grad is not None
    assert not value.requires_grad
    torch.testing.assert_close(value, expected.detach())
    torch.testing.assert_close(slope, leaf.grad, rtol=1e-5, atol=1e-8)


def test_balanced_weights_are_absent_over_present_among_what_is_known() -> None:
    truth = TRUTH.copy()
    truth[:, 3], truth[:, 4] = 0, 1  # nowhere and everywhere: nothing to balance
    found = balanced_weights(torch.from_numpy(truth).float(), torch.from_numpy(KNOWN * WEIGHTS[:, None]).float())
    expected = []
    for column in range(3):
        weights, present = WEIGHTS[KNOWN[:, column]], truth[KNOWN[:, column], column] == 1
        expected.append(weights[~present].sum() / weights[present].sum())
    np.testing.assert_allclose(found.numpy(), [*expected, 1, 1], rtol=1e-5)


def test_balanced_weights_make_one_present_label_pull_like_all_absent_ones() -> None:
    logits = np.zeros_like(LOGITS)
    values = torch.from_numpy(logits).float().requires_grad_()
    targets(part(), Recipe(positive_weights="balanced"), "cpu").loss(values, torch.arange(40)).backward()
    assert values.grad is not None
    np.testing.assert_allclose(values.grad.sum(dim=0).numpy(), 0, atol=1e-6)


def test_positive_weights_multiply_the_loss_of_what_is_present() -> None:
    each = -(TRUTH * np.log(SCORES) * BALANCE + (1 - TRUTH) * np.log(1 - SCORES))
    assert loss(part(), positive_weights="balanced") == pytest.approx(each.mean(), rel=1e-5)


def test_label_smoothing_moves_the_targets_toward_one_half() -> None:
    soft = TRUTH * 0.8 + 0.1
    each = -(soft * np.log(SCORES) + (1 - soft) * np.log(1 - SCORES))
    assert loss(part(), label_smoothing=0.2) == pytest.approx(each.mean(), rel=1e-5)


def test_weights_of_one_and_no_weights_are_the_same() -> None:
    assert loss(part()) == loss(part(weights=np.ones(40)))
    assert targets(features().part("train"), Recipe(), "cpu").weight is None


def published_focal(p: NDArray[Any], t: NDArray[Any], gamma: float, alpha: float) -> NDArray[Any]:
    """Lin et al. 2017: equation 2 (p_t), 4 and 5."""
    p_t = np.where(t == 1, p, 1 - p)
    alpha_t = np.where(t == 1, alpha, 1 - alpha) if alpha else 1.0
    return -alpha_t * (1 - p_t) ** gamma * np.log(p_t)


def published_asymmetric(p: NDArray[Any], t: NDArray[Any], positive: float, negative: float, m: float) -> NDArray[Any]:
    """Ridnik et al. 2021: L+ and L-, with the shifted probability p_m."""
    p_m, t = np.maximum(p - m, 0), t.astype(float)
    return -t * (1 - p) ** positive * np.log(p) - (1 - t) * p_m**negative * np.log(1 - p_m)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [0.0, 0.25])
def test_focal_is_the_published_formula(gamma: float, alpha: float) -> None:
    each = published_focal(SCORES, TRUTH, gamma, alpha)
    assert loss(part(), loss="focal", focal_gamma=gamma, focal_alpha=alpha) == pytest.approx(each.mean(), rel=1e-5)
    masked = loss(part(known=KNOWN, weights=WEIGHTS), loss="focal", focal_gamma=gamma, focal_alpha=alpha)
    each_weight = KNOWN * WEIGHTS[:, None]
    assert masked == pytest.approx((each * each_weight).sum() / each_weight.sum(), rel=1e-5)


@pytest.mark.parametrize(("positive", "negative"), [(0.0, 4.0), (1.0, 4.0), (0.5, 0.5), (0.0, 0.0)])
@pytest.mark.parametrize("clip", [0.0, 0.05, 0.4])
def test_asymmetric_is_the_published_formula(positive: float, negative: float, clip: float) -> None:
    recipe = {"asymmetric_gamma_positive": positive, "asymmetric_gamma_negative": negative, "asymmetric_clip": clip}
    each = published_asymmetric(SCORES, TRUTH, positive, negative, clip)
    assert loss(part(), loss="asymmetric", **recipe) == pytest.approx(each.mean(), rel=1e-5)
    weighted = np.where(TRUTH == 1, each * BALANCE, each).mean()
    assert loss(part(), loss="asymmetric", positive_weights="balanced", **recipe) == pytest.approx(weighted, rel=1e-5)


def test_both_are_binary_cross_entropy_where_they_focus_on_nothing() -> None:
    plain = loss(part(known=KNOWN), label_smoothing=0.1)
    none = {"asymmetric_gamma_negative": 0, "asymmetric_clip": 0}
    assert loss(part(known=KNOWN), label_smoothing=0.1, loss="focal", focal_gamma=0) == pytest.approx(plain, rel=1e-6)
    assert loss(part(known=KNOWN), label_smoothing=0.1, loss="asymmetric", **none) == pytest.approx(plain, rel=1e-6)


def test_an_entry_at_nine_tenths_loses_a_hundredth_as_the_paper_says() -> None:
    """Lin et al. 2017, section 3.2: with gamma = 2, p_t = 0.9 has 100 times, p_t = 0.968 about 1000 times less loss."""
    p_t = torch.tensor([0.9, 0.968], dtype=torch.float64)
    ratio = -torch.log(p_t) / focal(torch.logit(p_t), torch.ones(2), gamma=2)
    assert float(ratio[0]) == pytest.approx(100)
    assert float(ratio[1]) == pytest.approx(1000, rel=0.03)


def test_an_absent_entry_below_the_clip_pulls_nowhere() -> None:
    logits = torch.logit(torch.tensor([0.04, 0.06])).requires_grad_()
    focused = asymmetric(logits, torch.zeros(2), gamma_positive=0, gamma_negative=1, clip=0.05)
    focused.sum().backward()
    assert logits.grad is not None
    assert logits.grad[0] == 0 < logits.grad[1]


@pytest.mark.parametrize("clip", [0.0, 1e-8, 0.05])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 4.0])
def test_the_slope_is_that_of_the_formula_and_finite_everywhere(gamma: float, clip: float) -> None:
    logits = torch.tensor([-3.5, -1.0, 0.3, 4.0], dtype=torch.float64, requires_grad=True)
    each = partial(asymmetric, gamma_positive=gamma, gamma_negative=gamma, clip=clip)
    for truth in (0.0, 0.3, 1.0):
        of_truth = partial(each, truth=torch.full_like(logits, truth))
        assert torch.autograd.gradcheck(of_truth, logits)
        extreme = torch.tensor([-1e4, -200.0, -60.0, 60.0, 200.0, 1e4], requires_grad=True)
        found = each(extreme, torch.full_like(extreme, truth))
        found.sum().backward()
        assert found.isfinite().all()
        assert extreme.grad is not None
        assert extreme.grad.isfinite().all()


@pytest.mark.parametrize("name", ["bce", "focal", "asymmetric"])
@pytest.mark.parametrize("balanced", ["none", "balanced"])
def test_extreme_logits_have_a_finite_loss(name: str, balanced: str) -> None:
    assert np.isfinite(loss(part(), logits=LOGITS * 1e4, loss=name, positive_weights=balanced))
