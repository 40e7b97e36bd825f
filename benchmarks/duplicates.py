"""Near-duplicates: what is found of groups confirmed by eye, and how long 100,000 pictures take.

    python benchmarks/duplicates.py PHOTOS [--confirmed near_duplicates.csv] [--count 100000] [--sheet extra.png]

The large set is made of the photographs of PHOTOS: each picture is a blend of random cuts of two of them, so it has the
spectrum and the layouts of photographs; every hundredth is a copy of another, cropped by 3 %, scaled by a half, made a
fifth brighter and saved as JPEG.
"""

from __future__ import annotations

import argparse
import csv
import time
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tagfit.data.pictures.cache import decoded
from tagfit.data.pictures.decode import decode
from tagfit.data.pictures.duplicates import DuplicateGroup, duplicate_groups

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
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.photos.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    if arguments.confirmed is not None:
        against_the_eye(files, arguments.confirmed, arguments.sheet)
    if arguments.count:
        at_scale(files, arguments.count)


if __name__ == "__main__":
    main()
