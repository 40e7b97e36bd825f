"""A library of photographs with keywords written by ExifTool in the manners of six programs."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

NEEDS_EXIFTOOL = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="exiftool is not installed (apt: libimage-exiftool-perl)"
)
LABELS = ("people", "sea", "sun")
PATHS = {"people": ("people",), "sea": ("Places", "sea"), "sun": ("Sky", "sun")}
MANNERS = ("digikam", "lightroom", "darktable", "immich", "photoprism", "windows")
DARKTABLE = (
    b' xmlns:darktable="http://darktable.sf.net/" darktable:xmp_version="5" darktable:auto_presets_applied="1"'
    b' darktable:history_end="7"'
)
# What tagfit may change, as ExifTool names it.
FIELDS = (
    "XMP-dc:Subject",
    "XMP-lr:HierarchicalSubject",
    "XMP-digiKam:TagsList",
    "XMP-microsoft:LastKeywordXMP",
    "XMP-mediapro:CatalogSets",
    "XMP-tagfit:Added",
)


def make_library(folder: Path, count: int, seed: int = 0) -> dict[str, list[str]]:
    """``count`` JPEGs, each label a colour, four of five with keywords; returns the true labels by name."""
    generator = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    truth: dict[str, list[str]] = {}
    arguments: list[str] = []
    for number in range(count):
        on = generator.random(3) < 0.5
        pixels = generator.integers(40, 80, size=(16, 16, 3)) + 120 * on
        name = f"{MANNERS[number % 6]}/{number:04}.jpg"
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        buffer = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(buffer, "JPEG", quality=95)
        path.write_bytes(buffer.getvalue())
        truth[name] = [label for label, there in zip(LABELS, on, strict=True) if there]
        if number % 5:
            for line in _written(MANNERS[number % 6], path, truth[name]):
                arguments += [*line, "-execute"]
    listing = folder / "arguments"
    listing.write_text("\n".join(arguments))
    subprocess.run(["exiftool", "-@", str(listing), "-common_args", "-q", "-overwrite_original"], check=True)
    listing.unlink()
    for sidecar in folder.glob("darktable/*.xmp"):
        sidecar.write_bytes(sidecar.read_bytes().replace(b"rdf:about=''", b"rdf:about=''" + DARKTABLE, 1))
    return truth


def _written(manner: str, path: Path, labels: list[str]) -> list[list[str]]:
    """The calls of ExifTool that write the keywords of one photograph as a program does."""
    subject = [f"-XMP-dc:Subject={label}" for label in labels] or ["-XMP-dc:Title=nothing on it", "-XMP-dc:Subject="]
    lightroom = [f"-XMP-lr:HierarchicalSubject={'|'.join(PATHS[label])}" for label in labels]
    digikam = [f"-XMP-digiKam:TagsList={'/'.join(PATHS[label])}" for label in labels]
    windows = [f"-XMP-microsoft:LastKeywordXMP={'/'.join(PATHS[label])}" for label in labels]
    sets = [f"-XMP-mediapro:CatalogSets={'|'.join(PATHS[label])}" for label in labels]
    iptc = ["-IPTC:CodedCharacterSet=UTF8", *(f"-IPTC:Keywords={label}" for label in labels)]
    long, short = f"{path}.xmp", str(path.with_suffix(".xmp"))
    rating = "-XMP-xmp:Rating=3"
    if manner == "digikam":
        fields = [*subject, *lightroom, *digikam, *windows, *sets, rating]
        return [["-o", long, *fields], [*iptc, *fields, str(path)]]
    if manner == "lightroom":
        return [[*subject, *lightroom, *iptc, "-XMP-crs:Exposure2012=+0.50", rating, str(path)]]
    if manner == "darktable":
        return [["-o", long, *subject, *lightroom, rating]]
    if manner == "immich":
        return [["-o", long, *digikam, "-XMP-dc:Description=from a phone"]]
    if manner == "photoprism":
        return [["-o", short, *subject, "-XMP-dc:Title=a title", rating]]
    keywords = [f"-EXIF:XPKeywords={';'.join(labels)}"] if labels else []
    return [[*subject, *windows, *keywords, "-XMP-microsoft:RatingPercent=50", str(path)]]


def seen(folder: Path) -> dict[str, dict[str, Any]]:
    """Everything that ExifTool reads in every file, except what the file system says."""
    call = ["exiftool", "-j", "-G1", "-a", "-struct", "-r", "-ext", "*", str(folder)]
    done = subprocess.run(call, capture_output=True, check=False)
    skipped = ("System:", "ExifTool:", "File:")
    return {
        Path(tags["SourceFile"]).relative_to(folder).as_posix(): {
            name: value for name, value in tags.items() if not name.startswith(skipped) and name != "SourceFile"
        }
        for tags in json.loads(done.stdout)
    }


def listed(value: object) -> list[str]:
    """ExifTool gives a list of one item as the item, and a number for what looks like one."""
    return [str(one) for one in (value if isinstance(value, list) else [value])]
