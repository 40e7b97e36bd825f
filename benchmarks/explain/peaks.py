"""How often the peak of a map lies on the thing that the label names, in painted scenes whose places are known.

    python benchmarks/explain/peaks.py FOLDER [--net conv|pretrained|dense] [--backbone NAME]
        [--scenes free|generated] [--seed 1] [--count 100] [--occlusion]

Trains a net on the scenes of a seed (one that is in FOLDER already stays), paints further scenes of the same kind,
and explains each label that is there, has a place and is predicted. Only scenes count in which the net needs the thing:
painted without it, all else being equal, the label is no longer predicted; a net that tells a label by something else
is rightly explained by something else. Beaches, whose shore cannot be left out, all count.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from occlusion import occlusion
from painted_things import SIZE, THINGS, free_scenes, paint, places, write_free_set
from PIL import Image

from tagfit import tagger, workflow
from tagfit.data.plan import Plan
from tagfit.data.scenes.generate import generate
from tagfit.data.scenes.scene import LABELS, Scene, draw_scenes
from tagfit.recipe import NAMED
from tagfit.tagger.tagger import Tagger
from tagfit.workflow.explaining import explain_pixels

RECIPES = {"conv": "regularised-conv", "pretrained": "pretrained", "dense": "regularised-dense"}
SIDES = {"conv": 64, "pretrained": 224, "dense": 32}
REMOVABLE = ("people", "mountains", "trees")
# The scenes are drawn from [seed, SPLIT]; the nets' own are [seed, 0] and [seed, 1].
SPLIT = 7


def trained(folder: Path, net: str, kind: str, seed: int, backbone: str) -> Tagger:
    """A net of that kind on the scenes of a seed."""
    source, run = folder / f"{kind}-{seed}", folder / f"{kind}-{net}-{seed}"
    if kind == "free":
        write_free_set(source, seed)
    elif not source.exists():
        generate(source, seed=seed)
    if not (run / "weights.safetensors").exists():
        problem = Plan(str(source), size=SIDES[net]).problem()
        workflow.fit(problem, NAMED[RECIPES[net]].changed(backbone=backbone), seed=seed, out=run, threads=1)
    return tagger.of_run(run)


def painted(scene: Scene, seed: int, row: int, side: int, without: str = "") -> NDArray[np.uint8]:
    """A scene as the model takes it."""
    pixels = paint(scene, np.random.default_rng([seed, SPLIT, row]), without=without)
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def main() -> None:
    """Train or load, paint, explain, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--net", choices=RECIPES, default="conv")
    parser.add_argument("--backbone", default=NAMED["pretrained"].backbone, help="of a pretrained net")
    parser.add_argument("--scenes", choices=("free", "generated"), default="free")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--occlusion", action="store_true", help="also of nets that have activation maps")
    chosen = parser.parse_args()
    seed, side = chosen.seed, SIDES[chosen.net]
    model = trained(chosen.folder, chosen.net, chosen.scenes, seed, chosen.backbone)
    drawn = (free_scenes if chosen.scenes == "free" else draw_scenes)(
        chosen.count, np.random.default_rng([seed, SPLIT])
    )
    pixels = np.stack([painted(scene, seed, row, side) for row, scene in enumerate(drawn)])
    columns = [model.labels.index(label) for label in LABELS]
    predicted = model.thresholds.predict(model.probabilities(pixels))[:, columns]
    truth = np.array([scene.truth() for scene in drawn])
    print(f"{chosen.net}, {chosen.scenes} scenes, seed {seed}: {(predicted == truth).mean():.1%} of the tags are right")

    hits: dict[str, list[bool]] = {label: [] for label in THINGS}
    shares: dict[str, list[float]] = {label: [] for label in THINGS}
    tagged = dict.fromkeys(THINGS, 0)
    began, explained = time.process_time(), 0.0
    for row, scene in enumerate(drawn):
        masks = places(scene, np.random.default_rng([seed, SPLIT, row]))
        asked = []
        for label in masks:
            at = LABELS.index(label)
            if not predicted[row, at] or not masks[label].any():
                continue
            tagged[label] += 1
            if label in REMOVABLE:
                rest = model.probabilities(painted(scene, seed, row, side, without=label)[None])
                if model.thresholds.predict(rest)[0, columns[at]]:
                    continue
            asked.append(label)
        if not asked:
            continue
        before = time.process_time()
        peaks = _peaks(model, pixels[row], asked, chosen.occlusion or chosen.net == "dense")
        explained += time.process_time() - before
        for label, peak in zip(asked, peaks, strict=True):
            x, y = (min(SIZE - 1, int(share * SIZE)) for share in peak or (0.0, 0.0))
            hits[label].append(peak is not None and bool(masks[label][y, x]))
            shares[label].append(float(masks[label].mean()))
    print("label      tagged  need it  peak on it  area of it")
    for label in THINGS:
        if hits[label]:
            on, area = np.mean(hits[label]), np.mean(shares[label])
            print(f"{label:10} {tagged[label]:6} {len(hits[label]):8} {on:10.1%} {area:10.1%}")
    every = [hit for label in THINGS for hit in hits[label]]
    print(f"all        {sum(tagged.values()):6} {len(every):8} {np.mean(every):10.1%}")
    print(f"{explained / chosen.count:.2f} s of CPU a picture for the maps, {time.process_time() - began:.0f} s in all")


def _peaks(
    model: Tagger, pixels: NDArray[np.uint8], labels: list[str], occluded: bool
) -> list[tuple[float, ...] | None]:
    if not occluded:
        return [one.peak for one in explain_pixels(model, pixels, "scene", labels).labels]
    found = []
    for values in occlusion(model, pixels, [model.labels.index(label) for label in labels]):
        row, column = divmod(int(values.argmax()), values.shape[1])
        found.append(((column + 0.5) / values.shape[1], (row + 0.5) / values.shape[0]))
    return found


if __name__ == "__main__":
    main()
