"""Choosing thresholds: applies a strategy to scores and measures how much its choice varies over resamples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError, listed
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.cut_curves import CommonCuts, Ladder, best_common_cut
from tagfit.evaluation.intervals import check_repeats, check_seed
from tagfit.evaluation.resamples import draws
from tagfit.evaluation.strategies import DEFAULT_CUT, Choice, PrecisionAtLeast, RecallAtLeast
from tagfit.evaluation.strategy_names import Plan, parse
from tagfit.evaluation.thresholds import Thresholds, rows_fingerprint
from tagfit.scores import Scores

Floats = NDArray[np.float64]

OnProgress = Callable[[int, int], None]

RESAMPLES = 100  # enough for the spread of a threshold, which is looked at and not computed with
SEED = 0


def choose_thresholds(
    scores: Scores,
    strategy: str = "best-f1",
    *,
    by_label: Mapping[str, str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    on_progress: OnProgress | None = None,
) -> Thresholds:
    """Thresholds by a named strategy (see STRATEGIES), exact on these rows; each label is sorted once.

    Args:
        scores: the rows to choose on; judge the thresholds on others.
        by_label: another strategy for some labels, such as ``{"people": "precision=0.9"}``.
        resamples: bootstrap resamples that show the spread of each threshold; 0 for none.
        seed: of the resamples.
        on_progress: called with the resamples done and all of them.

    Returns:
        Thresholds that remember the strategy, the split and the rows; ``details`` has one record per label:
        ``label, strategy, support, threshold, low, high, note``; 95 % of the resamples lie between low and high.

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
    spread = _spread(plans, ladders, scores, resamples, seed, on_progress)
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


class _Common:
    """The common thresholds, each computed when a strategy first asks for it."""

    def __init__(self, ladders: list[Ladder], weights: Floats | None) -> None:
        self.ladders, self.weights = ladders, weights
        self.of_rows: dict[float, float] = {}
        self.of_draws: dict[float, Floats] = {}
        self.draws: NDArray[Any] = np.empty((0, 0))

    @cached_property
    def _cuts(self) -> CommonCuts:
        return CommonCuts(self.ladders)

    def start(self, draws: NDArray[Any]) -> None:
        """Go on to the next block of resamples."""
        self.draws, self.of_draws = draws, {}

    def whole(self, beta: float) -> float:
        if beta not in self.of_rows:
            found = best_common_cut([ladder.curve(self.weights) for ladder in self.ladders], beta)
            self.of_rows[beta] = DEFAULT_CUT if found is None else found
        return self.of_rows[beta]

    def drawn(self, beta: float) -> Floats:
        if beta not in self.of_draws:
            found = self._cuts.best(self.draws, beta)
            self.of_draws[beta] = np.where(np.isnan(found), DEFAULT_CUT, found)
        return self.of_draws[beta]


def _spread(
    plans: list[Plan], ladders: list[Ladder], scores: Scores, resamples: int, seed: int, on_progress: OnProgress | None
) -> NDArray[np.float64] | None:
    """Between which thresholds 95 % of the resamples lie, (2, L); None without resamples."""
    if not resamples:
        return None
    common = _Common(ladders, scores.weights)
    cuts = np.empty((resamples, len(ladders)))
    done = 0
    for drawn in draws(len(scores), resamples, seed, scores.groups):
        weights = drawn if scores.weights is None else drawn * scores.weights[:, None]
        common.start(weights)
        block = slice(done, done + drawn.shape[1])
        for label, (plan, ladder) in enumerate(zip(plans, ladders, strict=True)):
            cuts[block, label] = plan.strategy.resampled(ladder, weights, common)
        done = block.stop
        if on_progress is not None:
            on_progress(done, resamples)
    return np.asarray(np.quantile(cuts, [0.025, 0.975], axis=0))


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
