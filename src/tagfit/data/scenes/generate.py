"""Generates the demo set: painted scenes, tags with a known share of wrong ones, and the true tags."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit import files, multihot
from tagfit.data.scenes.painting import paint
from tagfit.data.scenes.scene import LABELS, draw_scenes, flipped, truth_of
from tagfit.errors import Fault, InputError

# Goes up whenever the same settings give other pictures or tags.
VERSION = 1
ABOUT = "generated.json"
TRUE_TAGS = "true_tags.csv"
QUALITY = 90
SMALLEST, LARGEST = 32, 1024


@dataclass(frozen=True)
class GeneratedSplit:
    """The tags of one split, counted.

    Attributes:
        pictures: how many pictures the split has.
        entries: pictures times labels.
        flipped: how many entries of ``tags.csv`` are not the true ones.
        flipped_share: ``flipped / entries``.
        ceiling: ``1 - flipped_share``: the label accuracy of a model that is right about every picture.
    """

    pictures: int
    entries: int
    flipped: int
    flipped_share: float
    ceiling: float


@dataclass(frozen=True)
class GeneratedSet:
    """What ``generate`` wrote, as it also stands in ``generated.json``.

    Attributes:
        directory: where it is; everything below is independent of that.
        labels: the names, in the order of ``labels.txt``.
        settings: the arguments, and the version of the painter.
        splits: counts by split.
        sha256: of the names and bytes of all other files.
    """

    directory: Path
    labels: tuple[str, ...]
    settings: dict[str, Any]
    splits: dict[str, GeneratedSplit]
    sha256: str

    def true_tags(self) -> dict[str, tuple[str, ...]]:
        """The tags of each picture before any was flipped, by the name that ``tags.csv`` gives it."""
        with (self.directory / TRUE_TAGS).open(encoding="utf-8", newline="") as file:
            return {row["image"]: tuple(filter(None, row["tags"].split("|"))) for row in csv.DictReader(file)}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "directory": str(self.directory)}

    def lines(self) -> list[str]:
        """What was written, to be read."""
        shares = [
            f"  {name}: {split.pictures} pictures, {split.flipped} of {split.entries} tag entries flipped, "
            f"ceiling {split.ceiling:.3f}"
            for name, split in self.splits.items()
        ]
        return [f"{self.directory}: painted scenes with the labels {', '.join(self.labels)}", *shares]


def generate(
    directory: Path | str,
    *,
    seed: int = 0,
    train: int = 800,
    validation: int = 300,
    test: int = 300,
    noise: float = 0.11,
    train_noise: float | None = None,
    size: int = 96,
) -> GeneratedSet:
    """Write ``images/*.jpg``, ``tags.csv``, ``true_tags.csv``, ``labels.txt``, ``README.md`` and ``generated.json``.

    The same settings give the same bytes wherever the same version of Pillow paints them. A split does not change
    when the number of pictures of another one does.

    Args:
        directory: appears whole or not at all. If it is there already, it must be empty, or hold the unaltered set
            of the same settings, which is then left as it is.
        seed: of everything that is drawn, 0 or more.
        train, validation, test: pictures of each split; a split of 0 is left out.
        noise: the share of all tag entries (a picture, a label) that is flipped in each split, from 0 to below 0.5.
        train_noise: the same for train alone, as where only the other splits were reviewed; None for ``noise``.
        size: width and height of the pictures, in pixels.

    Raises:
        InputError: a setting out of its range, or a directory that holds something else.
    """
    counts = {"train": train, "validation": validation, "test": test}
    settings = {"version": VERSION, "seed": seed, **counts, "noise": noise, "size": size}
    if train_noise is not None:
        settings["train_noise"] = train_noise
    _check(settings)
    target = Path(directory)
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file", instead="name a directory that is not there yet")
    if target.is_dir() and any(target.iterdir()):
        return _reused(target, settings)
    with files.disk_faults(target):
        return _written(target, settings, counts)


def read_summary(directory: Path | str) -> GeneratedSet:
    """What stands in ``generated.json`` of a generated set.

    Raises:
        InputError: there is no such file, or it is none of ours.
    """
    place = Path(directory) / ABOUT
    try:
        about = json.loads(place.read_text(encoding="utf-8"))
        splits = {name: GeneratedSplit(**counts) for name, counts in about["splits"].items()}
        return GeneratedSet(Path(directory), tuple(about["labels"]), about["settings"], splits, about["sha256"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{directory} is not a generated set: {place.name} cannot be read ({error})") from None


def _check(settings: dict[str, Any]) -> None:
    faults = [
        Fault(f"{name} is {settings[name]}", instead="a whole number, 0 or more")
        for name in ("seed", "train", "validation", "test")
        if settings[name] < 0
    ]
    faults += [
        Fault(f"{name} is {settings[name]}", instead="a share from 0 to below 0.5")
        for name in ("noise", "train_noise")
        if not 0 <= settings.get(name, 0.0) < 0.5
    ]
    if not SMALLEST <= settings["size"] <= LARGEST:
        faults.append(Fault(f"size is {settings['size']}", instead=f"{SMALLEST} to {LARGEST} pixels"))
    if not faults and settings["train"] + settings["validation"] + settings["test"] == 0:
        faults.append(Fault("all splits have 0 pictures", instead="at least one picture"))
    if faults:
        raise InputError(faults, what="These settings cannot be painted" if len(faults) > 1 else "")


def _reused(directory: Path, settings: dict[str, Any]) -> GeneratedSet:
    """The set that stands in ``directory``, if it is the one that would be written."""
    way_out = "name another directory, or delete this one"
    try:
        there = read_summary(directory)
    except InputError:
        raise InputError(f"{directory} is not empty and holds no generated set", instead=way_out) from None
    if there.settings != settings:
        other = {name: value for name, value in there.settings.items() if settings.get(name) != value}
        raise InputError(f"{directory} holds a generated set of other settings, {other}", instead=way_out)
    if _sha256(directory) != there.sha256:
        raise InputError(f"the generated set in {directory} has been altered since it was written", instead=way_out)
    return there


def _written(target: Path, settings: dict[str, Any], counts: dict[str, int]) -> GeneratedSet:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name[:100]}.") as scratch:
        place = Path(scratch) / "set"
        (place / "images").mkdir(parents=True)
        rows: dict[str, list[tuple[str, str, str]]] = {"tags.csv": [], TRUE_TAGS: []}
        splits = {}
        for number, (split, count) in enumerate(counts.items()):
            if count == 0:
                continue
            names, truth, tags = _split(place / "images", split, number, count, settings)
            for file, entries in (("tags.csv", tags), (TRUE_TAGS, truth)):
                decoded = multihot.decode(entries, LABELS)
                rows[file] += [(name, "|".join(on), split) for name, on in zip(names, decoded, strict=True)]
            wrong = int((truth != tags).sum())
            share = wrong / truth.size
            splits[split] = GeneratedSplit(count, truth.size, wrong, share, 1 - share)
        for file, lines in rows.items():
            (place / file).write_bytes(_csv([("image", "tags", "split"), *lines]))
        (place / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS), encoding="utf-8")
        (place / "README.md").write_text(_readme(settings, splits), encoding="utf-8")
        made = GeneratedSet(target, LABELS, settings, splits, _sha256(place))
        about = {name: value for name, value in asdict(made).items() if name != "directory"}
        files.write_text(place / ABOUT, files.to_json(about) + "\n")
        os.replace(place, target)  # an empty directory gives way
    return made


def _split(
    folder: Path, split: str, number: int, count: int, settings: dict[str, Any]
) -> tuple[list[str], NDArray[np.uint8], NDArray[np.uint8]]:
    """Paint one split into ``folder``: names of the pictures for the CSV, true tags, tags with the flips."""
    rng = np.random.default_rng([settings["seed"], number])
    scenes = draw_scenes(count, rng)
    truth = truth_of(scenes)
    noise = settings["noise"] if split != "train" else settings.get("train_noise", settings["noise"])
    tags = flipped(truth, noise, rng)
    names = [f"{split}-{row:0{len(str(count))}d}.jpg" for row in range(1, count + 1)]
    for row, (name, scene) in enumerate(zip(names, scenes, strict=True)):
        picture = paint(scene, settings["size"], np.random.default_rng([settings["seed"], number, row]))
        picture.save(folder / name, "JPEG", quality=QUALITY)
    return [f"{folder.name}/{name}" for name in names], truth, tags


def _csv(rows: list[tuple[str, str, str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def _readme(settings: dict[str, Any], splits: dict[str, GeneratedSplit]) -> str:
    table = "\n".join(
        f"| {name} | {split.pictures} | {split.flipped} of {split.entries} | {split.flipped_share:.4f} "
        f"| {split.ceiling:.4f} |"
        for name, split in splits.items()
    )
    return f"""# Generated pictures

Scenes painted by tagfit's program (painter version {settings["version"]}, seed {settings["seed"]}).

- `tags.csv`: the tags to train and to judge with, a share of them flipped at random in every split.
- `true_tags.csv`: the tags before the flips. No model should see them.
- `labels.txt`: the order of the labels.

| split | pictures | entries flipped | share | ceiling |
|---|---|---|---|---|
{table}

The ceiling is the label accuracy of a model that is right about every picture.
"""


def _sha256(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file() and path.name != ABOUT):
        name = path.relative_to(directory).as_posix()
        digest.update(f"{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
