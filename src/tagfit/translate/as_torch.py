"""A recipe as PyTorch code: the same net, into which the weights of a run load, and the same training."""

from __future__ import annotations

from pathlib import Path

from tagfit.recipe import Recipe
from tagfit.translate.code import Setting, blocks, script

ACTIVATIONS = {"relu": "nn.ReLU", "gelu": "nn.GELU", "silu": "nn.SiLU", "tanh": "nn.Tanh"}


def as_torch(recipe: Recipe, name: str, setting: Setting | None = None, weights: Path | None = None) -> str:
    """A script with ``prepare``, ``build``, ``predict`` and ``train``.

    Args:
        recipe: what to say.
        name: what the user called it.
        setting: what a run was trained in: its shapes, labels and preprocessing become defaults of the functions.
        weights: where the run keeps its weights; named in a comment.
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
    """What tagfit does under this recipe that the script does not."""
    found = [
        "Pictures are not read here: tagfit decodes them, turns them upright and squashes them to a square.",
        "Weights of single pictures (a `weight` of the data) are left out of the loss and the metrics.",
    ]
    if recipe.architecture == "dense" and recipe.activation == "relu" and any(recipe.dropout):
        found.append("The dropout masks are torch's: tagfit draws those of such a net all at once, in another order.")
    if recipe.architecture == "conv":
        found.append("Where a machine is fast at it, tagfit trains a conv net in bfloat16; here it is float32.")
    return found
