"""Extract: pictures to features or maps, by ONNX Runtime where it is installed, else by torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tagfit.backbones import FolderBackbone
from tagfit.data.pictures.cache import default_dir
from tagfit.files import written_whole
from tagfit.training import onnx_export
from tagfit.training.backbones import published
from tagfit.training.backbones.parts import Part

# Pictures a call: the activations of more leave the processor's cache. Features do not depend on it.
BATCH = 8
FORMAT = 2  # raise it with every change of this file that can change a feature

Extractor = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class FromBytes(nn.Module):
    """Bytes (n, size, size, 3) -> features (n, D), or maps (n, h, w, c)."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor) -> Tensor:
        found: Tensor = self.net(pixels.permute(0, 3, 1, 2).float())
        return found.permute(0, 2, 3, 1) if found.ndim == 4 else found


def resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Pictures (n, h, w, 3) at the size of a backbone, (n, size, size, 3), in bytes as every engine takes them."""
    if pixels.shape[1:3] == (size, size):
        return np.ascontiguousarray(pixels)
    pictures = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
    pictures = functional.interpolate(pictures, (size, size), mode="bilinear", align_corners=False, antialias=True)
    return np.ascontiguousarray(pictures.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy())


def engine(part: Part) -> str:
    """What extracts: ``onnxruntime`` where it can be used, else ``torch``, and for models of transformers."""
    if isinstance(part.backbone, FolderBackbone):
        return "torch"
    return "onnxruntime" if all(importlib.util.find_spec(name) for name in onnx_export.EXTRA) else "torch"


@lru_cache(maxsize=2)
def extractor(part: Part) -> Extractor:
    """A function from bytes (n, size, size, 3), of the backbone's size, to float32 features or maps."""
    return _onnx(part) if engine(part) == "onnxruntime" else _torch(part)


def kept_as(part: Part) -> type[np.floating[Any]]:
    """The number format of what is kept: maps are many, and float16 is finer than what augmentation changes."""
    return np.float32 if part.stop is None else np.float16


@lru_cache(maxsize=8)
def shape(part: Part) -> tuple[int, ...]:
    """Of what is kept for a picture: (features,), or (h, w, channels)."""
    if part.stop is None:
        return (published.width(part.backbone),)
    blank = FromBytes(published.blank(part.backbone, stop=part.stop).eval())
    with torch.inference_mode():
        return tuple(blank(torch.zeros(1, part.backbone.size, part.backbone.size, 3)).shape[1:])


def extract(part: Part, pixels: NDArray[np.uint8]) -> NDArray[Any]:
    """Features (N, D) float32 or maps (N, h, w, c) float16 of pictures (N, side, side, 3)."""
    run, kind = extractor(part), kept_as(part)
    batches = (pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH))
    parts = [run(resized(batch, part.backbone.size)).astype(kind, copy=False) for batch in batches]
    return np.concatenate(parts) if parts else np.empty((0, *shape(part)), dtype=kind)


def _torch(part: Part) -> Extractor:
    loaded = published.load(part.backbone, stop=part.stop)
    net = FromBytes(loaded.to(memory_format=torch.channels_last))  # type: ignore[call-overload]

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(net(torch.from_numpy(np.array(pixels))).numpy())

    return run


def _onnx(part: Part) -> Extractor:
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # nothing leaves the machine
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(_exported(part)), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: np.ascontiguousarray(pixels)})[0], dtype=np.float32)

    return run


def _exported(part: Part) -> Path:
    """The part as an ONNX file, exported once."""
    backbone, size = part.backbone, part.backbone.size
    cut = "" if part.stop is None else f"-until{part.stop}"
    name = f"{backbone.name}-{backbone.sha256[:16]}-{size}{cut}-opset{onnx_export.OPSET}.onnx"
    path = default_dir() / "backbones" / name
    if path.exists():
        return path
    net = FromBytes(published.load(backbone, stop=part.stop))
    graph = onnx_export.export(net, (size, size, 3), torch.uint8, "pixels", "features")
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(graph)
    return path
