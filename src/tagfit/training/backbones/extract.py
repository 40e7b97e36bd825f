"""Extract: pictures to features in float32, by ONNX Runtime where it is installed, else by torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tagfit.backbones import Backbone, FolderBackbone
from tagfit.data.pictures.cache import default_dir
from tagfit.files import written_whole
from tagfit.training import onnx_export
from tagfit.training.backbones import published

# Pictures a call: enough to use all cores, and little memory.
BATCH = 32
FORMAT = 2  # raise it with every change of this file that can change a feature

AnyBackbone = Backbone | FolderBackbone
Extractor = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class FromBytes(nn.Module):
    """Bytes (n, size, size, 3) -> features."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.net(pixels.permute(0, 3, 1, 2).float())
        return features


def resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Pictures (n, h, w, 3) at the size of a backbone, (n, size, size, 3), in bytes as every engine takes them."""
    if pixels.shape[1:3] == (size, size):
        return np.ascontiguousarray(pixels)
    pictures = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
    pictures = functional.interpolate(pictures, (size, size), mode="bilinear", align_corners=False, antialias=True)
    return np.ascontiguousarray(pictures.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy())


def engine(backbone: AnyBackbone) -> str:
    """What extracts: ``onnxruntime`` where it can be used, else ``torch``, and for models of transformers."""
    if isinstance(backbone, FolderBackbone):
        return "torch"
    return "onnxruntime" if all(importlib.util.find_spec(name) for name in onnx_export.EXTRA) else "torch"


@lru_cache(maxsize=2)
def extractor(backbone: AnyBackbone) -> Extractor:
    """A function from bytes (n, size, size, 3), of the backbone's size, to (n, features) float32."""
    if isinstance(backbone, Backbone) and engine(backbone) == "onnxruntime":
        return _onnx(backbone)
    return _torch(backbone)


def extract(backbone: AnyBackbone, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Features of pictures (N, size, size, 3), shape (N, features)."""
    run = extractor(backbone)
    parts = [run(resized(pixels[start : start + BATCH], backbone.size)) for start in range(0, len(pixels), BATCH)]
    return np.concatenate(parts) if parts else np.empty((0, published.width(backbone)), dtype=np.float32)


def _torch(backbone: AnyBackbone) -> Extractor:
    net = FromBytes(published.load(backbone).to(memory_format=torch.channels_last))  # type: ignore[call-overload]

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(net(torch.from_numpy(np.array(pixels))).numpy())

    return run


def _onnx(backbone: Backbone) -> Extractor:
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # nothing leaves the machine
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(_exported(backbone)), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: np.ascontiguousarray(pixels)})[0], dtype=np.float32)

    return run


def _exported(backbone: Backbone) -> Path:
    """The backbone as an ONNX file, exported once."""
    path = default_dir() / "backbones" / f"{backbone.name}-{backbone.sha256[:16]}-opset{onnx_export.OPSET}.onnx"
    if path.exists():
        return path
    net, size = FromBytes(published.load(backbone)), backbone.size
    graph = onnx_export.export(net, (size, size, 3), torch.uint8, "pixels", "features")
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(graph)
    return path
