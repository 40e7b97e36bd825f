"""Recipe to PyTorch code: the same net, able to load the weights of a run, and the same training."""

from __future__ import annotations

from pathlib import Path

from tagfit.recipe import Recipe
from tagfit.translate.code import Setting, blocks, script

ACTIVATIONS = {"relu": "nn.ReLU", "gelu": "nn.GELU", "silu": "nn.SiLU", "tanh": "nn.Tanh"}


def as_torch(recipe: Recipe, name: str, setting: Setting | None = None, weights: Path | None = None) -> str:
    """Return a script with ``prepare``, ``build``, ``predict`` and ``train``.

    Args:
        recipe: the recipe to translate.
        name: its name, for the header.
        setting: shapes, labels and preprocessing of a run, which become defaults of the functions.
        weights: path of the weights of the run, for a comment.
    """
    return script(
        "torch.py.jinja",
        recipe,
        name,
        setting,
        losses=not_said(recipe),
        weights=None if weights is None else ascii(str(weights)),
        activation=ACTIVATIONS[recipe.activation],
        blocks=blocks(recipe),
    )


def not_said(recipe: Recipe) -> list[str]:
    """How the script differs from what tagfit does with this recipe."""
    found = [
        "The script does not read pictures: tagfit decodes them, applies their EXIF orientation and makes them "
        "squares (--fit).",
        "Row weights (a `weight` column of the data) are not used in the loss and the metrics.",
    ]
    if recipe.architecture == "dense" and recipe.activation == "relu" and any(recipe.dropout):
        found.append(
            "Dropout masks are drawn by torch; tagfit draws those of such a net all at once, in another order."
        )
    if recipe.architecture == "conv":
        found.append("tagfit trains conv nets in bfloat16 on machines where that is faster; this script uses float32.")
    return found
