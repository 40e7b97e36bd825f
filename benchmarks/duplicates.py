"""Near-duplicates: what is found of groups confirmed by eye, and how long 100,000 pictures take.

    python benchmarks/duplicates.py PHOTOS [--confirmed near_duplicates.csv] [--count 100000] [--sheet extra.png]
        [--changed 300]

With --changed, that many photographs are changed in each way of CHANGES, saved as JPEG and searched among all.

The large set is made of the photographs of PHOTOS: each picture is a blend of random cuts of two of them, so it has the
spectrum and the layouts of photographs; every hundredth is a copy of another, cropped by 3 %, scaled by a half, made a
fifth brighter and saved as JPEG.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tagfit.data.pictures.cache import decoded
from tagfit.data.pictures.decode import decode
from tagfit.data.pictures.duplicates import DuplicateGroup, duplicate_groups
from tagfit.data.pictures.square import DEFAULT_FIT

SIZE = 64
COPIES_EVERY = 100


def confirmed_groups(path: Path, files: list[Path]) -> set[tuple[int, ...]]:
    row_of = {file.name: row for row, file in enumerate(files)}
    groups: dict[str, list[int]] = {}
    with path.open(newline="") as file:
        for record in csv.DictReader(file):
            groups.setdefault(record["group"], []).append(row_of[record["image"]])
    return {tuple(sorted(rows)) for rows in groups.values()}


def draw_sheet(groups: list[DuplicateGroup], files: list[Path], out: Path) -> None:
    """The pictures of each group in one line, to be looked at."""
    side = 240
    sheet = Image.new("RGB", (side * max(len(group.rows) for group in groups), (side + 16) * len(groups)), "white")
    for line, group in enumerate(groups):
        for column, row in enumerate(group.rows):
            with Image.open(files[row]) as image:
                image.thumbnail((side, side))
                sheet.paste(image.convert("RGB"), (column * side, line * (side + 16) + 16))
            ImageDraw.Draw(sheet).text((column * side + 2, line * (side + 16) + 2), files[row].name, fill="black")
    sheet.save(out)


def against_the_eye(files: list[Path], confirmed: Path, sheet: Path | None) -> None:
    pictures = decoded(files, SIZE)
    start = time.perf_counter()
    found = duplicate_groups(pictures.pixels, pictures.digests)
    seconds = time.perf_counter() - start
    right = confirmed_groups(confirmed, [files[row] for row in pictures.rows])
    extra = [group for group in found if group.rows not in right]
    whole = sum(group.rows in right for group in found)
    print(f"{len(files)} photographs, {seconds:.1f} s: {whole} of {len(right)} confirmed groups found whole")
    for group in extra:
        print(f"  extra ({group.reason}): {', '.join(files[row].name for row in group.rows)}")
    if sheet is not None and extra:
        draw_sheet(extra, files, sheet)


def cut(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


def unevenly(image: Image.Image) -> Image.Image:
    random = np.random.default_rng(list(image.tobytes()[:16]))
    return cut(image, *random.uniform(0, 0.15, 4))


TURNS = Image.Transpose
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": lambda image: image.transpose(TURNS.FLIP_LEFT_RIGHT),
    "upside down": lambda image: image.transpose(TURNS.FLIP_TOP_BOTTOM),
    "turned by 90 degrees": lambda image: image.transpose(TURNS.ROTATE_90),
    "turned by 180 degrees": lambda image: image.transpose(TURNS.ROTATE_180),
    "turned by 270 degrees": lambda image: image.transpose(TURNS.ROTATE_270),
    "cut by 5 % on all sides": lambda image: cut(image, 0.05, 0.05, 0.05, 0.05),
    "cut by 10 % on all sides": lambda image: cut(image, 0.1, 0.1, 0.1, 0.1),
    "cut by 15 % on all sides": lambda image: cut(image, 0.15, 0.15, 0.15, 0.15),
    "cut by 15 % at a corner": lambda image: cut(image, 0.15, 0.15, 0, 0),
    "cut by 15 % at one side": lambda image: cut(image, 0.15, 0, 0, 0),
    "cut by 0 to 15 %, each side another": unevenly,
    "mirrored, cut by 15 % on all sides": lambda image: cut(
        image.transpose(TURNS.FLIP_LEFT_RIGHT), 0.15, 0.15, 0.15, 0.15
    ),
    "turned by 90 degrees, cut by 15 % on all sides": lambda image: cut(
        image.transpose(TURNS.ROTATE_90), 0.15, 0.15, 0.15, 0.15
    ),
}


def changed(files: list[Path], count: int) -> None:
    """How many of ``count`` photographs share a group with their changed copy, and what else is grouped."""
    base = decoded(files, SIZE, fit=DEFAULT_FIT)
    photos = np.asarray(base.pixels)
    rows = np.sort(np.random.default_rng(1).choice(len(photos), min(count, len(photos)), replace=False))
    alone = {group.rows for group in duplicate_groups(photos)}
    print("| changed | found | other groups | seconds of one core |\n|---|---|---|---|")
    for name, change in CHANGES.items():
        copies = []
        for row in rows:
            with Image.open(files[base.rows[row]]) as image:
                out = BytesIO()
                change(image.convert("RGB")).save(out, "JPEG", quality=75)
            copies.append(decode(out.getvalue(), SIZE, DEFAULT_FIT))
        busy = time.process_time()
        groups = duplicate_groups(np.concatenate([photos, np.stack(copies)]))
        busy = time.process_time() - busy
        group_of = {row: group.rows for group in groups for row in group.rows}
        hits = sum(group_of.get(len(photos) + at, ()) == group_of.get(row) for at, row in enumerate(rows))
        own = {tuple(row for row in group.rows if row < len(photos)) for group in groups}
        others = sum(len(rows) > 1 and rows not in alone for rows in own)
        print(f"| {name} | {hits} of {len(rows)} | {others} | {busy:.1f} |", flush=True)


def blended(photos: NDArray[np.uint8], random: np.random.Generator) -> Image.Image:
    cuts = []
    for row in random.integers(len(photos), size=2):
        height, width = random.integers(photos.shape[1] // 2, photos.shape[1], size=2)
        top, left = (random.integers(photos.shape[1] - length + 1) for length in (height, width))
        cut = photos[row, top : top + height, left : left + width][:, :: random.choice([-1, 1])]
        cuts.append(Image.fromarray(np.ascontiguousarray(cut)).resize((2 * SIZE, 2 * SIZE)))
    return Image.blend(*cuts, random.uniform(0.2, 0.8))


def copied(image: Image.Image) -> NDArray[np.uint8]:
    side = image.width
    edge = round(0.03 * side)
    small = image.crop((edge, edge, side - edge, side - edge)).resize((side // 2, side // 2))
    out = BytesIO()
    small.point(lambda value: min(255, round(1.2 * value))).save(out, "JPEG", quality=75)
    return decode(out.getvalue(), SIZE)


def at_scale(files: list[Path], count: int) -> None:
    photos = decoded(files, 2 * SIZE).pixels
    random = np.random.default_rng(0)
    pixels = np.empty((count, SIZE, SIZE, 3), dtype=np.uint8)
    planted = set()
    previous = blended(photos, random)
    for row in range(count):
        image = blended(photos, random)
        if row % COPIES_EVERY == 1:
            pixels[row] = copied(previous)
            planted.add((row - 1, row))
        else:
            pixels[row] = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
        previous = image
    start, start_busy = time.perf_counter(), time.process_time()
    found = duplicate_groups(pixels)
    seconds, busy = time.perf_counter() - start, time.process_time() - start_busy
    pairs = {(one, other) for group in found for one in group.rows for other in group.rows if one < other}
    hits = len(pairs & planted)
    print(f"{count} made pictures, {seconds:.0f} s ({busy:.0f} s of one core): {hits} of {len(planted)} copies found")
    print(f"  {len(pairs - planted)} other pairs in groups")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--confirmed", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--changed", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.photos.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    if arguments.confirmed is not None:
        against_the_eye(files, arguments.confirmed, arguments.sheet)
    if arguments.changed:
        changed(files, arguments.changed)
    if arguments.count:
        at_scale(files, arguments.count)


if __name__ == "__main__":
    main()
