"""data check: counts by hand, and every planted fault found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagfit.data.readers.arrays import from_arrays
from tagfit.data.source_report import check
from tagfit.files import to_json


def noise(path: Path, seed: int, size: tuple[int, int] = (40, 30)) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def test_counts_cardinality_density_sets_and_sizes() -> None:
    truth = np.asarray([[1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, -1]])
    report = check(from_arrays(np.zeros((4, 7)), truth, labels=["a", "b", "c"], split=["train", "train", "test", ""]))
    assert (report.rows, report.holds, report.untagged) == (4, "features", 1)
    assert report.cardinality == pytest.approx(4 / 4)
    assert report.density == pytest.approx(1 / 3)
    assert report.unknown == pytest.approx(1 / 12)
    assert report.label_sets == 3
    assert report.most_common_sets[0] == (("a",), 2)
    assert [(c.present, c.absent, c.unknown) for c in report.labels] == [(3, 1, 0), (1, 3, 0), (0, 3, 1)]
    assert report.sizes == (("7 features", 4),)
    assert report.splits == {"": 1, "test": 1, "train": 2}
    assert "on no row: 'c'" in str(report.warnings[0])
    assert json.loads(to_json(report.to_dict()))["labels"][0]["present"] == 3


def test_one_label_each_looks_multi_class() -> None:
    X = np.zeros((3, 2))
    assert "multi-class" in check(from_arrays(X, [[1, 0], [0, 1], [1, 0]])).multi_class
    assert not check(from_arrays(X, [[1, 0], [0, 1], [1, 1]])).multi_class
    assert not check(from_arrays(X, [[1, 0], [0, 1], [0, 0]])).multi_class
    assert not check(from_arrays(X, [[1], [1], [1]])).multi_class


def test_planted_faults_in_files_are_found(tmp_path: Path) -> None:
    for number in range(5):
        noise(tmp_path / f"{number}.jpg", number)
    whole = (tmp_path / "4.jpg").read_bytes()
    (tmp_path / "4.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "copy.jpg").write_bytes((tmp_path / "0.jpg").read_bytes())
    (tmp_path / "tags.csv").write_text(
        "image,tags\n0.jpg,sea|all\n1.jpg,Sea|all\n2.jpg,all\n3.jpg,all|sun\n4.jpg,all|rare\ncopy.jpg,all\ngone.jpg,all\n"
    )
    report = check(tmp_path)
    assert report.rows == 5
    assert report.sizes == (("40 x 30", 5),)
    reasons = [str(fault) for fault in report.quarantined]
    assert "no file 'gone.jpg'" in reasons[0]
    assert "truncated" in reasons[1]
    text = "\n".join(map(str, report.warnings))
    for part in ("'Sea', 'sea' differ by case", "conflicting tags: '0.jpg', 'copy.jpg'", "on no row: 'rare'", "'all'"):
        assert part in text
    assert not report.is_clean
    assert check(tmp_path, decode=False).rows == 6


def test_a_clean_source_is_clean(tmp_path: Path) -> None:
    for number in range(3):
        noise(tmp_path / f"{number}.png", number)
    (tmp_path / "tags.csv").write_text("image,tags\n0.png,a|b\n1.png,a\n2.png,b\n")
    assert check(tmp_path / "tags.csv").is_clean
