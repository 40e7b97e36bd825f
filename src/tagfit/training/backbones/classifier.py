"""Classifier: a backbone of transformers and a linear head on it as one of transformers' own models."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tagfit.backbones import FolderBackbone
from tagfit.errors import InputError
from tagfit.evaluation.scaling import Scaling
from tagfit.recipe import Recipe
from tagfit.training import nets
from tagfit.training.backbones import folders, published
from tagfit.training.scorer import Weights, with_weights

# Of logits, between the two nets; sums in another order differ by less.
TOLERANCE = 1e-4
PICTURES = 4


def files(
    recipe: Recipe, weights: Weights, labels: tuple[str, ...], backbone: FolderBackbone, scaling: Scaling | None
) -> dict[str, bytes]:
    """``config.json`` and ``model.safetensors`` of transformers' model for image classification.

    Its logits are compared with those of backbone and head before anything is given back.

    Raises:
        InputError: transformers has no such model, or it computes something else; the first fault says so in words.
    """
    net = folders.load(backbone)
    head = nets.head(recipe, published.width(backbone), len(labels))
    with_weights(head, weights)
    weight, bias = _folded(head, scaling)
    model = _model(backbone, labels)
    _set_last(model, weight, bias)
    pixels = torch.rand((PICTURES, 3, backbone.size, backbone.size), generator=torch.Generator().manual_seed(0)) * 255
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (backbone.mean, backbone.std))
    with torch.inference_mode():
        expected = net(pixels) @ weight.T + bias
        found = model(pixel_values=(pixels - mean) / std).logits
    if found.shape != expected.shape or not torch.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
        raise InputError(f"its {type(model).__name__} does not classify by the features that the head was trained on")
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, safe_serialization=True, max_shard_size="1TB")
        return {name: (Path(folder) / name).read_bytes() for name in ("config.json", "model.safetensors")}


def _folded(head: nn.Sequential, scaling: Scaling | None) -> tuple[Tensor, Tensor]:
    """Weight (L, D) and bias (L,) of standardisation, linear layer and calibration in one."""
    standardise, linear = head[0], head[1]
    assert isinstance(standardise, nets.Standardise)
    assert isinstance(linear, nn.Linear)
    with torch.no_grad():
        weight = linear.weight.double() * standardise.scale.double()
        bias = linear.bias.double() - weight @ standardise.mean.double()
        if scaling is not None:
            slopes = torch.tensor(scaling.slopes, dtype=torch.float64)
            weight, bias = weight * slopes[:, None], bias * slopes + torch.tensor(scaling.offsets, dtype=torch.float64)
    return weight.float(), bias.float()


def _model(backbone: FolderBackbone, labels: tuple[str, ...]) -> Any:
    transformers: Any = importlib.import_module("transformers")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        return transformers.AutoModelForImageClassification.from_pretrained(
            backbone.path,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            problem_type="multi_label_classification",
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
            ignore_mismatched_sizes=True,
        ).eval()
    except Exception as error:  # noqa: BLE001 - each architecture raises its own where it has no classifier
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"transformers has no image classifier for its backbone ({reason[:120]})") from None


def _set_last(model: nn.Module, weight: Tensor, bias: Tensor) -> None:
    """Put the head into the classifier of a model; its features that are not the backbone's get 0."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear) and layer.out_features == len(weight)]
    if not layers or layers[-1].in_features < weight.shape[1] or layers[-1].bias is None:
        raise InputError(f"its {type(model).__name__} has no linear layer for the head")
    with torch.no_grad():
        layers[-1].weight.zero_()
        layers[-1].weight[:, : weight.shape[1]].copy_(weight)
        layers[-1].bias.copy_(bias)
