"""Maps: which places of a picture speak for labels, by the method that suits a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError
from tagfit.tagger.occlusion import occlusion
from tagfit.tagger.tagger import Tagger
from tagfit.training.torch_import import torch_for

GRAD_CAM, OCCLUSION = "grad-cam", "occlusion"


def refuse_dense(model: Tagger) -> None:
    """Refuse a dense net: its maps miss the thing too often (docs/decisions/0277)."""
    if model.net_name is None and model.recipe.architecture == "dense":
        raise InputError(
            "maps of a dense net are not reliable enough to be shown",
            instead="a conv net (--recipe regularised-conv) or a pretrained one (--recipe pretrained)",
        )


def maps_of(
    model: Tagger,
    pixels: NDArray[np.uint8],
    columns: Sequence[int],
    on_covered: Callable[[int, int], None] | None = None,
) -> tuple[str, NDArray[np.float32]]:
    """The method and the maps (labels, h, w) of a picture, as the model takes it.

    Args:
        model: on pictures.
        pixels: (size, size, 3).
        columns: of the labels.
        on_covered: called with (covers done, covers in all) by occlusion.
    """
    if model.graph is None and model.net_name is None:
        with torch_for("explaining"):
            from tagfit.training import whole
            from tagfit.training.activation_maps import activation_maps
        built = whole.build(model.recipe, model.weights, model.preprocessing, len(model.labels))
        found = activation_maps(built, pixels, columns)
        if found is not None:
            return GRAD_CAM, found
    return OCCLUSION, occlusion(model, pixels, columns, on_covered)
