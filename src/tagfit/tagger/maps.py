"""Maps: which places of a picture speak for labels, for the models of which that was found to be reliable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagfit.backbones import BACKBONES
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.tagger.tagger import Tagger
from tagfit.training.torch_import import torch_for


def maps_of(model: Tagger, pixels: NDArray[np.uint8], columns: Sequence[int]) -> NDArray[np.float32]:
    """The maps (labels, h, w) of a picture, see ``training.activation_maps``.

    Args:
        model: one that :func:`refuse_unexplained` lets through.
        pixels: (size, size, 3), as the model takes it.
        columns: of the labels.
    """
    with torch_for("explaining"):
        from tagfit.training import whole
        from tagfit.training.activation_maps import activation_maps
    built = whole.build(model.recipe, model.weights, model.preprocessing, len(model.labels))
    return activation_maps(built, pixels, columns)


def refuse_unexplained(model: Tagger) -> None:
    """Refuse a model whose maps miss the thing too often, or were never measured (docs/decisions/0277).

    Raises:
        InputError: feature rows, an ONNX graph, or a net that :func:`unexplained` names.
    """
    model.refuse_features()
    if model.graph is not None:
        of_run = "its run, or a tagger of the default format"
        raise InputError("an ONNX tagger gives no gradients to explain it by", instead=of_run)
    if what := unexplained(model.recipe, model.net_name):
        raise InputError(what, instead="a conv net (--recipe regularised-conv), or a head on an EfficientNet-Lite")


def unexplained(recipe: Recipe, net_name: str | None) -> str:
    """Why a net has no maps; empty where it has them.

    Args:
        recipe: of the net.
        net_name: of a custom net.
    """
    if net_name is not None:
        return f"the custom net {net_name} cannot be explained"
    if recipe.architecture == "dense":
        return "a dense net cannot be explained: its maps miss the thing too often"
    if recipe.tuned:
        return "a fine-tuned backbone cannot be explained: its maps were never measured"
    if recipe.frozen and recipe.backbone not in BACKBONES:
        return "a backbone in a folder cannot be explained"
    return ""
