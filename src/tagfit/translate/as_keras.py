"""Recipe to Keras code: the same net, able to load the weights of a run, and the closest training Keras allows."""

from __future__ import annotations

from pathlib import Path

from tagfit.recipe import Recipe
from tagfit.translate.code import Setting, blocks, script

OPTIMISERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}


def as_keras(recipe: Recipe, name: str, setting: Setting | None = None, weights: Path | None = None) -> str:
    """Return a script with ``prepare``, ``build``, ``train`` and, for a run, ``load_weights``.

    Args:
        recipe: the recipe to translate.
        name: its name, for the header.
        setting: shapes, labels and preprocessing of a run, which become defaults of the functions.
        weights: path of the weights of the run, for a comment.
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
    """How the script differs from what tagfit does with this recipe."""
    found = [
        "The script does not read pictures: tagfit decodes them, applies their EXIF orientation and makes them "
        "squares (--fit).",
        "Keras' losses and metrics support neither unknown tags nor row weights: every entry of the truth must be 0 "
        "or 1.",
        "Random numbers come from Keras: the same seed gives other initial weights and other batches.",
        "The loss is computed from probabilities, which Keras clips at 1e-7, not from logits.",
    ]
    if recipe.optimiser != "sgd":
        found.append("Keras adds Adam's epsilon of 1e-7 before the bias correction of the moments, tagfit after it.")
    if recipe.norm == "batch":
        found += [
            "A last batch of a single row stays alone; tagfit joins it to the one before, because batch norm needs a "
            "spread.",
            "Keras' batch norm tracks the biased batch variance; tagfit, like PyTorch, multiplies it by n / (n - 1).",
        ]
    if recipe.optimiser == "sgd" and (recipe.schedule != "constant" or recipe.warmup):
        found.append(
            "Keras' momentum accumulates steps, tagfit's gradients: they differ when the learning rate changes."
        )
    if _couples(recipe) and recipe.gradient_clip:
        found.append("Weight decay is part of the clipped gradient; tagfit adds it after clipping.")
    if recipe.architecture == "conv":
        found.append("tagfit trains conv nets in bfloat16 on machines where that is faster; this script uses float32.")
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
    """Whether weight decay goes through the optimiser's moments, which in Keras is an L2 penalty."""
    return recipe.weight_decay > 0 and recipe.optimiser != "adamw"


def _loss(recipe: Recipe) -> str | None:
    """Keras' built-in loss, if it has the recipe's."""
    if recipe.positive_weights == "balanced" or recipe.loss == "asymmetric":
        return None
    if recipe.loss == "bce":
        smoothed = f"label_smoothing={recipe.label_smoothing}" if recipe.label_smoothing else ""
        return f"keras.losses.BinaryCrossentropy({smoothed})"
    if recipe.label_smoothing:  # Keras focuses on the smoothed target, tagfit mixes the focused losses
        return None
    balancing = f"apply_class_balancing=True, alpha={recipe.focal_alpha}, " if recipe.focal_alpha else ""
    return f"keras.losses.BinaryFocalCrossentropy({balancing}gamma={recipe.focal_gamma})"
