"""What the tests of tables share: pictures, a table beside them, and what it was read as."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tagfit.data.read import read
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError


def pictures(folder: Path, names: str | list[str]) -> None:
    """A small picture, unlike the others, under each name."""
    for number, name in enumerate(names.split() if isinstance(names, str) else names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)


def table(folder: Path, text: str, name: str = "tags.csv", files: str = "a.jpg b.jpg c.jpg d.jpg") -> Path:
    """A table with ``text``, and pictures beside it."""
    pictures(folder, files)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def tags(source: Path | TaggedSet, **options: Any) -> list[str]:
    """The tags of each row as one text, ``?`` before what is unknown."""
    data = source if isinstance(source, TaggedSet) else read(source, learnable=False, **options)
    return [
        " ".join(
            f"?{label}" if not known else label
            for label, present, known in zip(data.labels, truth, mask, strict=True)
            if present or not known
        )
        for truth, mask in zip(data.truth, data.known, strict=True)
    ]


def refusal(source: Path, **options: Any) -> str:
    """What is said of a source that is refused."""
    with pytest.raises(InputError) as raised:
        read(source, **{"learnable": False, **options})
    return str(raised.value)


def roles(data: TaggedSet) -> dict[str, str]:
    """Column -> role."""
    return {column.name: column.role for column in data.columns}


def advised(message: str) -> list[dict[str, str]]:
    """The options that a message advises, each as an argument of ``read``."""
    found = re.findall(r"--([a-z][a-z-]*) ('[^']*'|[^\s,;()]+(?:,[^\s,;()]+)*)", message)
    return [{name.replace("-", "_"): shlex.split(value)[0]} for name, value in found]
