"""The letter: one page that fetches nothing, shows the evidence, and in which no name is markup."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from page_tags import EVIL, Tags, assert_self_contained
from tagfit.diagnosis.diagnose import diagnose
from tagfit.diagnosis.finding import Plot
from tagfit.report.drawing import HEIGHT, WIDTH
from tagfit.report.letter import letter, write_letter
from tagfit.report.letter_plots import drawing_of


@pytest.fixture(scope="module")
def page() -> str:
    rng = np.random.default_rng(0)
    truth = (rng.random((400, 2)) < 0.4).astype(np.uint8)
    train = np.where(truth[:300] == 1, 0.9, 0.1) + 0.05 * rng.random((300, 2))
    tags = truth[300:] ^ (rng.random((100, 2)) < 0.15)
    validation = np.where(truth[300:] == 1, 0.9, 0.1) + 0.05 * rng.random((100, 2))
    pictures = rng.integers(0, 255, (400, 32, 32, 3)).astype(np.uint8)
    pictures[300] = pictures[0]
    epochs = np.arange(30)
    history = {"loss": np.exp(-epochs / 5).tolist(), "val_loss": (0.5 + 0.03 * np.abs(epochs - 8)).tolist()}
    ids = {"train": [f"t{row}" for row in range(300)], "validation": [f"{EVIL}{row}" for row in range(100)]}
    found = diagnose(
        train={"truth": truth[:300], "scores": train, "inputs": pictures[:300], "ids": ids["train"]},
        validation={"truth": tags, "scores": validation, "inputs": pictures[300:], "ids": ids["validation"]},
        history=history,
        labels=[EVIL, 'x" onmouseover="alert(2)\u202e'],
    )
    codes = [finding.code for finding in found.fired]
    assert {"overfitting", "memorising", "suspect-tags", "near-duplicates-across-splits"} <= set(codes)
    return letter(found, subject="</title><script>")


def test_the_page_is_whole_and_fetches_nothing(page: str) -> None:
    assert_self_contained(page)


def test_names_are_text_and_never_markup(page: str) -> None:
    tags = Tags(page)
    assert EVIL in tags.text
    assert "\u202e" not in page, "a mark that turns the direction of the text is written as an escape"


def test_evidence_stands_beside_the_finding(page: str) -> None:
    tags = [name for name, _ in Tags(page).tags]
    assert tags.count("svg") >= 2
    assert tags.count("img") >= 12 + 2, "suspect pictures, and a pair of copies"


def test_a_phone_a_printer_and_the_dark_are_thought_of(page: str) -> None:
    for promise in ("width=device-width", "@media print", "prefers-color-scheme: dark"):
        assert promise in page


def test_a_healthy_model_gets_a_short_letter(tmp_path: Path) -> None:
    path = tmp_path / "letter.html"
    write_letter(diagnose(history={"train_loss": [0.5, 0.4], "val_loss": [0.5, 0.4]}), path)
    assert "no issues, no hints" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "plot",
    [
        Plot("curves", {"train": [1.0, 0.5], "train_name": "train", "validation": [1.0, float("nan")], "epoch": 1}),
        Plot("curves", {"train": None, "train_name": "train", "validation": [0.5], "epoch": None}),
        Plot("gap", {"gaps": {"mAP": (0.2, 0.1, 0.3), "loss": (0.1, float("nan"), 0.2)}, "margin": 0.05}),
        Plot("reliability", {"score": [0.1, 0.9], "share": [0.2, 0.5], "entries": [10, 1]}),
        Plot("f1", {"thresholds": [0.0, 0.5, 0.9], "labels": {"a" * 40: [0.1, 0.2, 0.9]}}),
    ],
    ids=lambda plot: plot.kind,
)
def test_drawings_stay_inside_their_frame(plot: Plot) -> None:
    drawing = drawing_of(plot)
    assert drawing is not None
    points = [point.split(",") for _, line in drawing.lines for point in line.split()]
    assert points
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in points)
