"""Folders: vision models of transformers, read from safetensors without running any code of theirs."""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor, nn

from tagfit.backbones import FolderBackbone
from tagfit.errors import InputError, MissingExtraError

# Parts of a model that features can do without: a checkpoint that was trained as a classifier has no pooler.
POOLERS = ("pooler",)


class Pooled(nn.Module):
    """Pixels in 0..255, float32 (n, 3, h, w) -> features (n, D): the pooled output of a model, else its class token."""

    def __init__(self, model: nn.Module, backbone: FolderBackbone, *, has_pooler: bool) -> None:
        super().__init__()
        self.model, self.has_pooler = model, has_pooler
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(backbone.mean).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(backbone.std).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        found = self.model(pixel_values=(pixels - self.mean) / self.std)
        pooled = getattr(found, "pooler_output", None)
        if self.has_pooler and pooled is not None:
            return torch.as_tensor(pooled.flatten(1))
        last: Tensor = found.last_hidden_state
        return last.mean(dim=(2, 3)) if last.ndim == 4 else last[:, 0]


def load(backbone: FolderBackbone) -> nn.Module:
    """The model in a folder, in inference mode: pixels in 0..255, (n, 3, h, w) -> features.

    Raises:
        MissingExtraError: transformers is not installed.
        InputError: a model that transformers does not know, without a vision part, or with weights missing.
    """
    folder = backbone.path
    try:
        transformers: Any = importlib.import_module("transformers")
    except ModuleNotFoundError:
        raise MissingExtraError("transformers", f"the backbone in {folder}") from None
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        model, report = transformers.AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as error:  # noqa: BLE001 - each architecture raises its own for a wrong config or file
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"transformers cannot load the backbone in {folder}: {reason}") from None
    vision = getattr(model, "vision_model", model)
    missing = _missing(report, of_vision=vision is not model)
    drawn = [name for name in missing if not any(part in POOLERS for part in name.split("."))]
    if drawn:
        raise InputError(
            f"the weights in {folder} lack {drawn[0]}" + (f" and {len(drawn) - 1} others" if len(drawn) > 1 else ""),
            instead="the weights that belong to its config.json",
        )
    return _tried(Pooled(vision, backbone, has_pooler=not missing).eval(), backbone)


def _missing(report: dict[str, Any], *, of_vision: bool) -> list[str]:
    """The weights that the file lacks, or has in another shape."""
    shapes = [entry[0] if isinstance(entry, tuple | list) else entry for entry in report.get("mismatched_keys", ())]
    names = sorted({*map(str, report.get("missing_keys", ())), *map(str, shapes)})
    return [name for name in names if "vision" in name] if of_vision else names


def _tried(net: nn.Module, backbone: FolderBackbone) -> nn.Module:
    """The net, once it turned an empty picture into one row of features."""
    try:
        with torch.inference_mode():
            found = net(torch.zeros(1, 3, backbone.size, backbone.size))
    except Exception as error:  # noqa: BLE001 - what a model raises on pictures of a wrong size is its own
        raise InputError(
            f"the model in {backbone.folder} takes no pictures of {backbone.size} x {backbone.size}: {error}",
            instead="a vision model with one pooled output, such as ViT, DINOv2, Swin, ConvNeXt, ResNet or SigLIP",
        ) from None
    if found.ndim != 2 or not bool(found.isfinite().all()):
        raise InputError(f"the model in {backbone.folder} gives features of shape {tuple(found.shape)[1:]}")
    return net
