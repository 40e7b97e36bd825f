"""Maps: which places of a picture speak for labels, for the models of which that was found to be reliable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagfit.backbones import BACKBONES
from tagfit.errors import InputError
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
        InputError: feature rows, a dense net, an ONNX graph, a custom net, or a backbone in a folder.
    """
    model.refuse_features()
    explained = "a conv net (--recipe regularised-conv), or a head on an EfficientNet-Lite (--recipe pretrained)"
    what = ""
    if model.graph is not None:
        what, explained = (
            "an ONNX tagger gives no gradients to explain it by",
            "its run, or a tagger of the default format",
        )
    elif model.net_name is not None:
        what = f"the custom net {model.net_name} cannot be explained"
    elif model.recipe.architecture == "dense":
        what = "a dense net cannot be explained: its maps miss the thing too often"
    elif model.recipe.architecture == "pretrained" and model.recipe.backbone not in BACKBONES:
        what = "a backbone in a folder cannot be explained"
    if what:
        raise InputError(what, instead=explained)
