"""Small sources on disk for the tests of commands: photos whose tags can be seen, and rows of features."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

LABELS = ("people", "sea", "sun")


def write_photos(folder: Path, n: int = 40, labels: tuple[str, ...] = LABELS, seed: int = 0, height: int = 12) -> Path:
    """A folder with ``tags.csv`` and ``images/``; each of three labels brightens a colour channel."""
    generator = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    with (folder / "tags.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "tags"])
        for row in range(n):
            on = generator.random(3) < 0.5
            pixels = generator.integers(40, 80, size=(height, 16, 3)) + 120 * on
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / f"{row:02}.jpg")
            writer.writerow(
                [f"{row:02}.jpg", "|".join(label for label, there in zip(labels, on, strict=True) if there)]
            )
    return folder


def features(n: int = 60, width: int = 5, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(X, Y): the first three features are the margins of three labels."""
    X = np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)
    return X, (X[:, :3] > 0).astype(np.uint8)


def write_features(path: Path, n: int = 60, labels: tuple[str, ...] = ("a", "b", "c"), width: int = 5) -> Path:
    """An ``.npz`` with X, Y and labels."""
    X, Y = features(n, width)
    np.savez(path, X=X, Y=Y, labels=np.array(labels))
    return path


def write_scores(path: Path, n: int = 60, seed: int = 2) -> Path:
    """An ``.npz`` of truth and scores, good but not perfect."""
    truth = features(n)[1]
    noise = np.random.default_rng(seed).random(truth.shape)
    np.savez(path, truth=truth, scores=0.4 * truth + 0.6 * noise)
    return path
