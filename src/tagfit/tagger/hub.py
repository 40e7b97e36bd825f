"""Hub: the files that make the folder of a tagger a model of the Hugging Face Hub."""

from __future__ import annotations

from typing import Any

from tagfit.backbones import FolderBackbone, find
from tagfit.errors import InputError
from tagfit.files import to_json
from tagfit.tagger.tagger import Tagger
from tagfit.training.torch_import import torch_for

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
MULTI_LABEL = "multi_label_classification"
BICUBIC = 3  # as image processors count


def hub_files(tagger: Tagger) -> tuple[dict[str, bytes], str]:
    """``config.json``, ``preprocessor_config.json`` and, for a model that transformers knows, ``model.safetensors``.

    Returns:
        The files, and why transformers cannot load them; empty where it can.
    """
    try:
        reason = _own(tagger)
        if not reason:
            return _of_transformers(tagger), ""
    except InputError as error:  # among them a backbone that is not here
        reason = error.faults[0].what
    return {CONFIG: _text(_config(tagger)), PREPROCESSOR: _text(_preprocessor(tagger))}, reason


def _own(tagger: Tagger) -> str:
    """Why the architecture is none of transformers' own; empty where it may be one."""
    if tagger.graph is not None:
        return "it is an ONNX graph"
    if tagger.net_name is not None:
        return "its net is custom code"
    if not tagger.recipe.frozen or not isinstance(find(tagger.recipe.backbone), FolderBackbone):
        return "its architecture is none of transformers'"
    if tagger.recipe.widths:
        return "the head on its backbone has hidden layers, where models of transformers have one linear layer"
    return ""


def _of_transformers(tagger: Tagger) -> dict[str, bytes]:
    with torch_for("a model of transformers"):
        from tagfit.training.backbones import classifier
    backbone = find(tagger.recipe.backbone)
    assert isinstance(backbone, FolderBackbone)
    files = classifier.files(tagger.recipe, tagger.weights, tagger.labels, backbone, tagger.calibration)
    return {**files, PREPROCESSOR: (backbone.path / PREPROCESSOR).read_bytes()}


def _config(tagger: Tagger) -> dict[str, Any]:
    return {
        "model_type": "tagfit",
        "architectures": [tagger.net_name or tagger.recipe.architecture],
        "problem_type": MULTI_LABEL,
        "id2label": {str(number): label for number, label in enumerate(tagger.labels)},
        "label2id": {label: number for number, label in enumerate(tagger.labels)},
    }


def _preprocessor(tagger: Tagger) -> dict[str, Any]:
    """Of pictures; a backbone and a graph take bytes and shift and scale them themselves."""
    preprocessing = tagger.preprocessing
    if preprocessing.size is None:
        return {"features": len(preprocessing.mean)}
    takes_bytes = tagger.graph is not None or tagger.recipe.architecture == "pretrained"
    scaling: dict[str, Any] = {"do_rescale": False, "do_normalize": False}
    if not takes_bytes:
        scaling = {
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": [value / 255 for value in preprocessing.mean],
            "image_std": [value / 255 for value in preprocessing.std],
        }
    side = preprocessing.size
    size = {"do_resize": True, "size": {"height": side, "width": side}, "resample": BICUBIC, "fit": preprocessing.fit}
    return {**size, "do_convert_rgb": True, **scaling}


def _text(values: dict[str, Any]) -> bytes:
    return (to_json(values) + "\n").encode("utf-8", "backslashreplace")
