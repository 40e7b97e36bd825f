"""Choosing thresholds: applies a strategy to scores and measures how much its choice varies over resamples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError, listed
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.cut_curves import Ladder, draw_weights
from tagfit.evaluation.intervals import check_repeats, check_seed
from tagfit.evaluation.resamples import draws
from tagfit.evaluation.strategies import Choice, Plan, PrecisionAtLeast, RecallAtLeast, parse
from tagfit.evaluation.thresholds import Thresholds, rows_fingerprint
from tagfit.scores import Scores

Floats = NDArray[np.float64]

RESAMPLES = 100  # enough for the spread of a threshold, which is looked at and not computed with
SEED = 0


def choose_thresholds(
    scores: Scores,
    strategy: str = "best-f1",
    *,
    by_label: Mapping[str, str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Thresholds:
    """Thresholds by a named strategy (see STRATEGIES), exact on these rows, in O(n log n) per label.

    Args:
        scores: the rows to choose on; judge the thresholds on others.
        by_label: another strategy for some labels, such as ``{"people": "precision=0.9"}``.
        resamples: bootstrap resamples that show the spread of each threshold; 0 for none.

    Returns:
        Thresholds that remember the strategy, the split and the rows; ``details`` has a record a label:
        ``label, strategy, support, threshold, low, high, note`` (low and high: where 95 % of the resamples put it).

    Raises:
        InputError: a strategy or label that does not exist, or a target with confidence on weighted rows.
    """
    by_label = _checked_names(scores.labels, {} if by_label is None else by_label)
    plans = _plans(scores, strategy, by_label)
    resamples, seed = check_repeats(resamples, fewest=0), check_seed(seed)
    cases = Cases.of(scores)
    ladders = [Ladder.of(cases, label) for label in range(cases.width)]
    chosen = _choose(plans, ladders, cases.weights)
    values = np.array([choice.cut for choice in chosen])
    spread = _spread(plans, ladders, scores, resamples, seed)
    whole = parse(strategy)
    return Thresholds(
        values=values,
        labels=scores.labels,
        strategy=", ".join([strategy, *(f"{label}:{name}" for label, name in (by_label).items())]),
        split=scores.split,
        fingerprint=rows_fingerprint(scores),
        at_least=whole.at_least,
        at_most=whole.at_most,
        details=tuple(_details(scores, strategy, by_label, chosen, spread)),
    )


def _checked_names(labels: tuple[str, ...], by_label: Mapping[str, str]) -> Mapping[str, str]:
    if not isinstance(by_label, Mapping):
        raise InputError(f"by_label is {by_label!r}", instead='a dict such as {"people": "precision=0.9"}')
    strange = [str(label) for label in by_label if label not in labels]
    if strange:
        raise InputError(f"there is no label {listed(strange)}", instead=f"labels are {listed(labels)}")
    return by_label


def _plans(scores: Scores, strategy: str, by_label: Mapping[str, str]) -> list[Plan]:
    plans = [parse(by_label.get(label, strategy)) for label in scores.labels]
    ranked = [name for name in by_label.values() if parse(name).at_least]
    if ranked:
        raise InputError(f"{ranked[0]!r} is a rule for whole pictures", instead="give it for all labels")
    sure = any(isinstance(plan.strategy, PrecisionAtLeast | RecallAtLeast) for plan in plans)
    if sure and scores.weights is not None:
        raise InputError("a target with confidence cannot be tested on weighted rows", instead="scores without weights")
    return plans


def _choose(plans: list[Plan], ladders: list[Ladder], weights: Floats | None) -> list[Choice]:
    """One choice per label: each strategy sees all labels and decides for those assigned to it."""
    curves = [ladder.curve(weights) for ladder in ladders]
    strategies = dict.fromkeys(plan.strategy for plan in plans)
    by_strategy = {strategy: strategy.choose(curves) for strategy in strategies}
    return [by_strategy[plan.strategy][label] for label, plan in enumerate(plans)]


def _spread(plans: list[Plan], ladders: list[Ladder], scores: Scores, resamples: int, seed: int) -> Any:
    """Where 95 % of the resamples put each threshold, (2, L), or None."""
    if not resamples or not len(scores):
        return None
    cuts = [
        [choice.cut for choice in _choose(plans, ladders, draw_weights(column, scores.weights))]
        for drawn in draws(len(scores), resamples, seed, scores.groups)
        for column in drawn.T
    ]
    return np.quantile(cuts, [0.025, 0.975], axis=0)


def _details(
    scores: Scores, strategy: str, by_label: Mapping[str, str], chosen: list[Choice], spread: Any
) -> list[dict[str, Any]]:
    support = scores.truth.sum(axis=0)
    return [
        {
            "label": label,
            "strategy": by_label.get(label, strategy),
            "support": int(support[index]),
            "threshold": choice.cut,
            "low": None if spread is None else float(spread[0, index]),
            "high": None if spread is None else float(spread[1, index]),
            "note": choice.note,
        }
        for index, (label, choice) in enumerate(zip(scores.labels, chosen, strict=True))
    ]
