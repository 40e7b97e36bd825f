"""Maps: which places of a picture speak for labels, by the method that suits a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tagfit.tagger.occlusion import occlusion
from tagfit.tagger.tagger import Tagger
from tagfit.training.torch_import import torch_for

GRAD_CAM, OCCLUSION = "grad-cam", "occlusion"


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
    if model.graph is None and model.net is None and model.recipe.architecture != "dense":
        with torch_for("explaining"):
            from tagfit.training import whole
            from tagfit.training.activation_maps import activation_maps
        built = whole.build(model.recipe, model.weights, model.preprocessing, len(model.labels))
        found = activation_maps(built, pixels, columns)
        if found is not None:
            return GRAD_CAM, found
    return OCCLUSION, occlusion(model, pixels, columns, on_covered)
