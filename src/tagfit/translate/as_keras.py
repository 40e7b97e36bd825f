"""A recipe as Keras code: the same net, into which the weights of a run load, and a training as near as Keras gets."""

from __future__ import annotations

from pathlib import Path

from tagfit.recipe import Recipe
from tagfit.translate.code import Setting, blocks, script

OPTIMISERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}


def as_keras(recipe: Recipe, name: str, setting: Setting | None = None, weights: Path | None = None) -> str:
    """A script with ``prepare``, ``build``, ``train`` and, where a run is said, ``load_weights``.

    Args:
        recipe: what to say.
        name: what the user called it.
        setting: what a run was trained in: its shapes, labels and preprocessing become defaults of the functions.
        weights: where the run keeps its weights; named in a comment.
    """
    loss = _loss(recipe)
    return script(
        "keras.py.jinja",
        recipe,
        name,
        setting,
        losses=not_said(recipe),
        weights=None if weights is None else ascii(str(weights)),
        blocks=blocks(recipe),
        first_block=3 if recipe.norm == "batch" else 2,
        coupled=_couples(recipe),
        optimiser=_optimiser(recipe),
        own_loss=loss is None,
        loss=loss or f"loss_of({'positive_weight' if recipe.positive_weights == 'balanced' else ''})",
        judged=bool(recipe.patience or recipe.restore_best) and recipe.monitor in ("macro_f1", "mAP"),
    )


def not_said(recipe: Recipe) -> list[str]:
    """What tagfit does under this recipe that the script does not, or does otherwise."""
    found = [
        "Pictures are not read here: tagfit decodes them, turns them upright and squashes them to a square.",
        "Entries of the truth that are unknown, and weights of single pictures, have no place in Keras' losses and "
        "metrics: every entry must be 0 or 1.",
        "The draws are Keras' own: the same seed starts from other weights and gives other batches.",
        "The loss is taken of probabilities, which Keras clips at 1e-7, not of logits.",
    ]
    if recipe.optimiser != "sgd":
        found.append("Keras adds Adam's epsilon of 1e-7 before the moments are corrected, tagfit after it.")
    if recipe.norm == "batch":
        found += [
            "A last batch of a single row stays alone; tagfit joins it to the one before, because batch norm needs a "
            "spread.",
            "Batch norm's running variance is of the batch as it is; tagfit's, as PyTorch's, is n / (n - 1) of that.",
        ]
    if recipe.optimiser == "sgd" and (recipe.schedule != "constant" or recipe.warmup):
        found.append("Keras' momentum keeps steps, tagfit's gradients: they part where the learning rate moves.")
    if _couples(recipe) and recipe.gradient_clip:
        found.append("Weight decay is part of the gradient that is clipped; tagfit adds it behind the clipping.")
    if recipe.architecture == "conv":
        found.append("Where a machine is fast at it, tagfit trains a conv net in bfloat16; here it is float32.")
    return found


def _optimiser(recipe: Recipe) -> str:
    options = ["LEARNING_RATE"]
    if recipe.optimiser == "sgd":
        options.append("momentum=0.9")
    if recipe.optimiser == "adamw":
        options.append(f"weight_decay={recipe.weight_decay}")
    if recipe.gradient_clip:
        options.append(f"global_clipnorm={recipe.gradient_clip}")
    return f"{OPTIMISERS[recipe.optimiser]}({', '.join(options)})"


def _couples(recipe: Recipe) -> bool:
    """Whether the decay goes through the optimiser's moments, which in Keras is an L2 penalty."""
    return recipe.weight_decay > 0 and recipe.optimiser != "adamw"


def _loss(recipe: Recipe) -> str | None:
    """Keras' own loss where it has the recipe's."""
    if recipe.positive_weights == "balanced" or recipe.loss == "asymmetric":
        return None
    if recipe.loss == "bce":
        smoothed = f"label_smoothing={recipe.label_smoothing}" if recipe.label_smoothing else ""
        return f"keras.losses.BinaryCrossentropy({smoothed})"
    if recipe.label_smoothing:  # Keras focuses on the smoothed target, tagfit mixes the focused losses
        return None
    balancing = f"apply_class_balancing=True, alpha={recipe.focal_alpha}, " if recipe.focal_alpha else ""
    return f"keras.losses.BinaryFocalCrossentropy({balancing}gamma={recipe.focal_gamma})"
