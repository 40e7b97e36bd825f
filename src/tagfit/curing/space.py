"""Space: what the sampler may propose for one architecture, and the point of it nearest to a known recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tagfit.curing.moves import MONITORED
from tagfit.curing.trial import Trial
from tagfit.errors import MissingExtraError
from tagfit.goal import Goal
from tagfit.recipe import Recipe

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# Ranges of numbers: lowest, highest, whether the scale is logarithmic.
FLOATS: dict[str, dict[str, tuple[float, float, bool]]] = {
    "dense": {
        "dropout": (0.0, 0.7, False),
        "learning_rate": (3e-4, 1e-2, True),
        "weight_decay": (1e-4, 0.3, True),
        "label_smoothing": (0.0, 0.15, False),
    },
    "conv": {
        "dropout": (0.0, 0.6, False),
        "learning_rate": (1e-3, 1e-2, True),
        "weight_decay": (1e-2, 0.6, True),
        "label_smoothing": (0.0, 0.15, False),
    },
    "pretrained": {
        "dropout": (0.0, 0.8, False),
        "learning_rate": (1e-4, 3e-3, True),
        "weight_decay": (1e-2, 2.0, True),
        "label_smoothing": (0.0, 0.15, False),
    },
}
INTS: dict[str, dict[str, tuple[int, int, bool]]] = {
    "dense": {"width": (16, 512, True), "layers": (1, 3, False)},
    "conv": {"width": (12, 48, True), "layers": (3, 4, False), "epochs": (10, 40, True)},
    "pretrained": {"width": (16, 512, True), "layers": (0, 2, False), "epochs": (3, 40, True)},
}
CHOICES: dict[str, dict[str, tuple[Any, ...]]] = {
    "dense": {
        "norm": ("none", "batch"),
        "batch_size": (32, 64, 128),
        "ema": (0.0, 0.98),
        "positive_weights": ("none", "balanced"),
    },
    "conv": {"batch_size": (32, 64), "ema": (0.0, 0.98)},
    "pretrained": {"norm": ("none", "batch"), "batch_size": (32, 64), "ema": (0.0, 0.98)},
}
DENSE_PATIENCE = 5
# In place of an infinite shortfall, which the sampler cannot sort.
HOPELESS = 1e6
STARTUP_TRIALS = 5


def propose(recipe: Recipe, goal: Goal, trials: Sequence[Trial], seed: int, *, augment: bool) -> Recipe:
    """The next recipe to try: a constrained tree-structured Parzen estimator that has seen all trials so far.

    It keeps no state between calls, so the same trials and seed give the same proposal.

    Args:
        recipe: the best so far; its architecture is kept.
        goal: whose shortfalls are the constraints and whose worth is the objective.
        trials: of any architecture; those of another are left out.
        seed: of this one proposal.
        augment: whether augmentation is allowed.

    Reference: Bergstra et al., Algorithms for hyper-parameter optimization, NeurIPS 2011; Optuna's implementation.
    """
    optuna = _optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = _distributions(optuna, recipe.architecture, augment)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for trial in trials:
        if trial.recipe.architecture == recipe.architecture:
            study.add_trial(_as_optuna_trial(optuna, trial, goal, distributions))
    return recipe_at(study.ask(distributions).params, recipe, goal)


def recipe_at(params: dict[str, Any], recipe: Recipe, goal: Goal) -> Recipe:
    """The recipe at a point of the space; fields outside the space are taken from ``recipe``."""
    fields = {name: value for name, value in params.items() if name not in ("width", "layers", "dropout")}
    width, layers = params["width"], params["layers"]
    if recipe.architecture == "conv":
        widths = tuple(width * 2**stage for stage in range(layers))
    else:
        widths = tuple(max(8, width // 2**layer) for layer in range(layers))
        fields |= {"patience": DENSE_PATIENCE} if recipe.architecture == "dense" else {}
    if goal.metric in MONITORED:
        fields["monitor"] = goal.metric
    rounded = {name: float(f"{value:.4g}") for name, value in fields.items() if isinstance(value, float)}
    dropout = (round(params["dropout"], 3),)
    return recipe.changed(**fields | rounded, widths=widths, dropout=dropout, optimiser="adamw", restore_best=True)


def params_of(recipe: Recipe, distributions: dict[str, BaseDistribution]) -> dict[str, Any]:
    """The point of the space that is nearest to a recipe."""
    near: dict[str, Any] = {}
    for name, distribution in distributions.items():
        value: Any = {
            "width": recipe.widths[0] if recipe.widths else 0,
            "layers": len(recipe.widths),
            "dropout": recipe.dropout[0],
        }.get(name, getattr(recipe, name, None))
        choices = getattr(distribution, "choices", None)
        if choices is None:
            low, high = distribution.low, distribution.high  # type: ignore[attr-defined]
            near[name] = min(max(value, low), high)
        elif isinstance(value, str | bool):
            near[name] = value if value in choices else choices[0]
        else:
            near[name] = min(choices, key=lambda choice: abs(choice - value))
    return near


def _as_optuna_trial(optuna: Any, trial: Trial, goal: Goal, distributions: dict[str, BaseDistribution]) -> Any:
    """A trial in the form of the sampler; one that was stopped counts as far from the goal as possible."""
    shortfalls, worth = {"stopped": HOPELESS}, -HOPELESS
    if trial.completed:
        shortfalls = {text: min(short, HOPELESS) for text, short in goal.shortfalls(trial.values).items()}
        worth = max(goal.merit(trial.values)[1], -HOPELESS)
    return optuna.trial.create_trial(
        value=worth, params=params_of(trial.recipe, distributions), distributions=distributions, constraints=shortfalls
    )


def _distributions(optuna: Any, architecture: str, augment: bool) -> dict[str, BaseDistribution]:
    of = optuna.distributions
    found: dict[str, BaseDistribution] = {}
    for name, (low, high, log) in FLOATS[architecture].items():
        found[name] = of.FloatDistribution(low, high, log=log)
    for name, (least, greatest, log) in INTS[architecture].items():
        found[name] = of.IntDistribution(least, greatest, log=log)
    for name, choices in CHOICES[architecture].items():
        found[name] = of.CategoricalDistribution(choices)
    if augment and architecture == "conv":
        found["augment"] = of.CategoricalDistribution((False, True))
    return found


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise MissingExtraError("train", "the search for a recipe") from None
    return optuna
