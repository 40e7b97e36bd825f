"""Extraction of a backbone's features: a plain torch loop compared with tagfit, and engines with each other.

    python benchmarks/extraction.py PHOTOS [--backbone efficientnet-lite0] [--threads 2]

The plain loop is what people write: PIL, a Dataset, a DataLoader with as many workers as processors, float32, batches
of 32, inference mode. tagfit starts from an empty cache: it reads the table, decodes, extracts and keeps the features.
The engines get the same pictures, decoded, in turn; OpenVINO is measured where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.recipe import NAMED, Recipe
from tagfit.training.backbones import extract, published
from tagfit.training.backbones.features import feed
from tagfit.training.backbones.parts import Part, backbone_of

BATCH = 32
ROUNDS, SOME = 3, 128  # of the engines

Engine = Callable[[np.ndarray], np.ndarray]


class Photographs(Dataset):
    """(3, side, side) float32 pixels in 0..255, padded to squares as tagfit does by default."""

    def __init__(self, paths: list[Path], side: int) -> None:
        self.paths, self.side = paths, side

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, at: int) -> torch.Tensor:
        with Image.open(self.paths[at]) as opened:
            picture = opened.convert("RGB")
            picture.thumbnail((self.side, self.side), Image.Resampling.BILINEAR)
            square = Image.new("RGB", (self.side, self.side))
            square.paste(picture, ((self.side - picture.width) // 2, (self.side - picture.height) // 2))
        return torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1).float()


def plain_loop(net: nn.Module, paths: list[Path], side: int) -> float:
    """Seconds."""
    started = time.perf_counter()
    loader = DataLoader(Photographs(paths, side), batch_size=BATCH, num_workers=os.cpu_count() or 1)
    with torch.inference_mode():
        for pixels in loader:
            net(pixels)
    return time.perf_counter() - started


def ours(source: str, recipe: Recipe, side: int, cache: str) -> tuple[float, Problem]:
    """Seconds from the table to the kept features, and the Problem."""
    started = time.perf_counter()
    split = {"validation_fold": 0, "test_share": 0.0}
    problem = Plan(source, split=split, size=side, cache_dir=cache).problem()
    feed(problem, recipe)
    return time.perf_counter() - started, problem


def engines(part: Part) -> dict[str, Engine]:
    """Each takes bytes (n, side, side, 3) and returns features (n, D)."""
    net, last = published.load(part.backbone), published.load(part.backbone).to(memory_format=torch.channels_last)

    def run(net: nn.Module, dtype: torch.dtype, layout: torch.memory_format) -> Engine:
        def features(pixels: np.ndarray) -> np.ndarray:
            with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
                pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().contiguous(memory_format=layout)
                return net(pictures).float().numpy()

        return features

    found = {
        "torch float32": run(net, torch.float32, torch.contiguous_format),
        "torch float32, channels last": run(last, torch.float32, torch.channels_last),
        "torch bfloat16, channels last": run(last, torch.bfloat16, torch.channels_last),
        "ONNX Runtime float32": extract.extractor(part),
    }
    if importlib.util.find_spec("openvino") is not None:
        import openvino

        model = openvino.Core().compile_model(str(extract._exported(part)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        found["OpenVINO float32"] = lambda pixels: model(pixels)[0]
    return found


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """The lowest over the rows."""
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / norms).min())


def main() -> None:
    """Print both loops and their ratio, then a row an engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = NAMED["pretrained"].changed(backbone=options.backbone)
    part = Part(backbone_of(recipe))
    side = part.backbone.size
    with tempfile.TemporaryDirectory() as cache:
        seconds, problem = ours(options.source, recipe, side, cache)
        pixels = np.array(problem.inputs[:SOME])
    paths = sorted(Path(options.source).rglob("*.jpg"))
    plain = plain_loop(published.load(part.backbone), paths, side)
    count = len(problem.inputs)
    print(f"{len(paths)} photographs with a plain torch loop: {plain:.1f} s ({1000 * plain / len(paths):.1f} ms each)")
    print(f"{count} photographs with tagfit: {seconds:.1f} s ({1000 * seconds / count:.1f} ms each)")
    print(f"ratio: {plain / len(paths) / (seconds / count):.1f}; load {os.getloadavg()[0]:.1f}")
    compared = engines(part)
    times: dict[str, list[float]] = {name: [] for name in compared}
    features = {}
    for _ in range(ROUNDS):
        for name, engine in compared.items():
            batch = BATCH if name.startswith("torch") else extract.BATCH
            engine(pixels[:batch])
            started = time.process_time()
            features[name] = np.concatenate([engine(pixels[at : at + batch]) for at in range(0, SOME, batch)])
            times[name].append(1000 * (time.process_time() - started) / SOME)
    best = min(times["ONNX Runtime float32"])
    for name, each in times.items():
        alike = cosine(features["torch float32"], features[name])
        print(f"{name}: {min(each):.1f} to {max(each):.1f} ms, ratio {min(each) / best:.1f}, cosine {alike:.7f}")


if __name__ == "__main__":
    main()
