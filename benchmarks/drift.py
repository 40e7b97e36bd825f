"""Drift: how often scores and features show planted shifts, and how often they show one where there is none.

    python benchmarks/drift.py FOLDER [--net conv|pretrained|dense] [--draws 100] [--alarms 400] [--pool 5000]

Trains a net on the generated set (one that is in FOLDER already stays), paints pictures of the same kind, plants
shifts in copies of them, and compares samples: validation's side is always drawn from pictures without a shift.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from tagfit import tagger, workflow
from tagfit.data.pictures.decode import decode
from tagfit.data.plan import Plan
from tagfit.data.scenes.generate import generate
from tagfit.data.scenes.painting import paint
from tagfit.data.scenes.scene import Scene
from tagfit.evaluation.drift import Drift, compare_distributions, unlike_pictures
from tagfit.recipe import NAMED
from tagfit.tagger.reference import Reference

RECIPES = {"conv": "regularised-conv", "pretrained": "pretrained", "dense": "regularised-dense"}
SIDES = {"conv": 64, "pretrained": 224, "dense": 32}
SIZE, QUALITY = 96, 90
SHARE = 0.5  # of each factor of a scene

Rng = np.random.Generator
Shift = Callable[[Image.Image, Rng], Image.Image]


def _noise(deviation: float) -> Shift:
    def shift(image: Image.Image, rng: Rng) -> Image.Image:
        pixels = np.asarray(image) + rng.normal(0, deviation, (image.height, image.width, 3))
        return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))

    return shift


def _crop(share: float) -> Shift:
    def shift(image: Image.Image, rng: Rng) -> Image.Image:
        side = round(image.width * share)
        left, top = (int(value) for value in rng.integers(0, image.width - side + 1, 2))
        return image.crop((left, top, left + side, top + side)).resize(image.size, Image.Resampling.BICUBIC)

    return shift


def _camera(image: Image.Image, rng: Rng) -> Image.Image:
    """Another sensor: warmer, with a steeper tone curve, a little sharpening and grain."""
    values = (np.asarray(image) / 255.0) ** 1.1 * (1.04, 1.0, 0.95)
    found = Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8))
    return _noise(2.0)(found.filter(ImageFilter.UnsharpMask(1, 40, 0)), rng)


def _balloon(image: Image.Image, rng: Rng) -> Image.Image:
    """A hot-air balloon, which no picture of train has, in the upper half."""
    found = image.copy()
    x, y, r = rng.uniform(15, 80), rng.uniform(15, 40), rng.uniform(7, 12)
    pen = ImageDraw.Draw(found)
    pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(v) for v in rng.integers(60, 256, 3)))
    pen.rectangle((x - r / 4, y + 1.3 * r, x + r / 4, y + 1.7 * r), fill=(90, 60, 30))
    return found


def _document(image: Image.Image, rng: Rng) -> Image.Image:
    """A page of text lines in place of the scene."""
    found = Image.new("RGB", image.size, (245, 244, 238))
    pen = ImageDraw.Draw(found)
    for line in range(10, image.height - 8, 7):
        pen.line((8, line, int(rng.integers(50, image.width - 8)), line), fill=(60, 60, 66), width=2)
    return found


def _of(share: float, shift: Shift) -> Shift:
    def some(image: Image.Image, rng: Rng) -> Image.Image:
        return shift(image, rng) if rng.random() < share else image

    return some


def _same(image: Image.Image, _: Rng) -> Image.Image:
    return image


def _jpeg(image: Image.Image, _: Rng) -> Image.Image:
    return _encoded(image, 40)


def _encoded(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


# What is planted: how a picture is changed, and how often each factor of a scene (shore, low sun, near, winter) is on.
SHIFTS: dict[str, tuple[Shift, tuple[float, ...]]] = {
    "noise, 4 of 255": (_noise(4), (SHARE,) * 4),
    "noise, 8 of 255": (_noise(8), (SHARE,) * 4),
    "blur, 0.7 pixels": (lambda image, _: image.filter(ImageFilter.GaussianBlur(0.7)), (SHARE,) * 4),
    "blur, 1.2 pixels": (lambda image, _: image.filter(ImageFilter.GaussianBlur(1.2)), (SHARE,) * 4),
    "brightness +10 %": (lambda image, _: ImageEnhance.Brightness(image).enhance(1.1), (SHARE,) * 4),
    "brightness -20 %": (lambda image, _: ImageEnhance.Brightness(image).enhance(0.8), (SHARE,) * 4),
    "grey": (lambda image, _: image.convert("L").convert("RGB"), (SHARE,) * 4),
    "cropped to 85 %": (_crop(0.85), (SHARE,) * 4),
    "cropped to 70 %": (_crop(0.7), (SHARE,) * 4),
    "JPEG quality 40": (_jpeg, (SHARE,) * 4),
    "another camera": (_camera, (SHARE,) * 4),
    "winter 65 % for 50 %": (_same, (SHARE, SHARE, SHARE, 0.65)),
    "winter 80 % for 50 %": (_same, (SHARE, SHARE, SHARE, 0.8)),
    "a balloon in 30 %": (_of(0.3, _balloon), (SHARE,) * 4),
    "a balloon in all": (_balloon, (SHARE,) * 4),
    "5 % text pages": (_of(0.05, _document), (SHARE,) * 4),
    "20 % text pages": (_of(0.2, _document), (SHARE,) * 4),
}


def pictures(count: int, side: int, seed: int, shift: Shift = _same, shares: tuple[float, ...] = (SHARE,) * 4) -> Any:
    """``count`` painted pictures (count, side, side, 3) as a tagger reads their files."""
    found = np.empty((count, side, side, 3), dtype=np.uint8)
    for row in range(count):
        rng = np.random.default_rng([seed, row])
        scene = Scene(*(bool(value) for value in rng.random(4) < shares))
        file = io.BytesIO()
        shift(paint(scene, SIZE, rng), rng).save(file, "JPEG", quality=QUALITY)
        found[row] = decode(file.getvalue(), side, "squash")
    return found


def _trained(folder: Path, net: str) -> tagger.Tagger:
    source, run = folder / "generated-0", folder / f"generated-{net}-0"
    if not source.exists():
        generate(source, seed=0)
    if not (run / "weights.safetensors").exists():
        problem = Plan(str(source), size=SIDES[net]).problem()
        workflow.fit(problem, NAMED[RECIPES[net]], seed=0, out=run, threads=1)
    return tagger.of_run(run)


def _seen(folder: Path, net: str, name: str, count: int, seed: int, model: tagger.Tagger) -> Reference:
    """Scores and features of painted pictures under a net; those that are in the folder already stay."""
    path = folder / "seen" / f"{net}-{name.replace(' ', '-').replace('%', 'percent')}-{count}.safetensors"
    if not path.exists():
        shift, shares = SHIFTS.get(name, (_same, (SHARE,) * 4))
        found = model.represent(pictures(count, SIDES[net], seed, shift, shares))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(Reference.of(found.scores, found.features).to_bytes())
    return Reference.from_bytes(path.read_bytes(), len(model.labels), str(path))


def _compared(same: Reference, new: Reference, sizes: tuple[int, int], rng: Rng, rate: float) -> tuple[Drift, Drift]:
    """Samples of two kinds of pictures compared by scores alone, and by scores and features."""
    order = rng.permutation(len(same.scores))
    before = order[: sizes[0]]
    now = order[sizes[0] :][: sizes[1]] if new is same else rng.permutation(len(new.scores))[: sizes[1]]
    scores = (same.scores[before], new.scores[now])
    labels = tuple(map(str, range(scores[0].shape[1])))
    predicted = (scores[0] > 0.5, scores[1] > 0.5)
    features = (same.features[before], new.features[now])
    return (
        compare_distributions(*scores, labels, predicted, rate),
        compare_distributions(*scores, labels, predicted, rate, features),
    )


def main() -> None:
    """Train or load, paint, compare, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--net", choices=RECIPES, default="conv")
    parser.add_argument("--validation", type=int, default=300)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--alarms", type=int, default=400, help="draws without a shift")
    parser.add_argument("--pool", type=int, default=5000, help="pictures without a shift to draw from")
    parser.add_argument("--shifted", type=int, default=800, help="pictures of each shift to draw from")
    chosen = parser.parse_args()
    model = _trained(chosen.folder, chosen.net)
    same = _seen(chosen.folder, chosen.net, "same", chosen.pool, 10**6, model)
    print("| shift | today | scores alone | both: any | features | a label | CPU ms |")
    print("|---" * 7 + "|")
    for size in chosen.sizes:
        sizes = (chosen.validation, size)
        for rate in (0.05, 0.01):
            _row(f"none, at {rate:.0%}", same, same, sizes, chosen.alarms, rate)
        for number, name in enumerate(SHIFTS):
            new = _seen(chosen.folder, chosen.net, name, chosen.shifted, 2 * 10**6 + number, model)
            _row(name, same, new, sizes, chosen.draws, 0.01)
    pages = _seen(chosen.folder, chosen.net, "5 % text pages", chosen.shifted, 2 * 10**6 + 15, model)
    first = unlike_pictures(same.features[: chosen.validation], pages.features, np.arange(chosen.shifted).astype(str))
    whole = [_is_page(int(one.picture)) for one in first]
    print(f"of the {len(first)} pictures least like validation among those with 5 % text pages, {sum(whole)} are pages")


def _is_page(row: int) -> bool:
    """Whether the picture of this row was made a page: the draw of ``_of`` after the scene is painted."""
    rng = np.random.default_rng([2 * 10**6 + 15, row])
    scene = Scene(*(bool(value) for value in rng.random(4) < (SHARE,) * 4))
    paint(scene, SIZE, rng)
    return bool(rng.random() < 0.05)


def _row(name: str, same: Reference, new: Reference, sizes: tuple[int, int], draws: int, rate: float) -> None:
    rng = np.random.default_rng([*sizes, draws])
    began = time.process_time()
    pairs = [_compared(same, new, sizes, rng, rate) for _ in range(draws)]
    spent = (time.process_time() - began) / draws * 1000
    alone = np.mean([one.any_shifted for one, _ in pairs])
    both = [one for _, one in pairs]
    either = np.mean([one.any_shifted for one in both])
    features = np.mean([one.features is not None and one.features.shifted for one in both])
    labels = np.mean([bool(one.shifted) for one in both])
    shares = " | ".join(f"{share:.1%}" for share in (alone, either, features, labels))
    print(f"| {name} | {sizes[1]} | {shares} | {spent:.0f} |", flush=True)


if __name__ == "__main__":
    main()
