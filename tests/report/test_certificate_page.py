"""The certificate's page: one file for every verdict, in which curves, tables and pictures say what was certified."""

from __future__ import annotations

import copy
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tagfit as tf
from commands import Command
from page_tags import EVIL, Tags, assert_self_contained
from tagfit.curing.certificate import NO_SIGNATURE, Certificate, load
from tagfit.data.problem import Problem
from tagfit.data.readers.arrays import from_arrays
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.report import certificate_plots as plots
from tagfit.report.certificate_page import MARKS, certificate_page, write_certificate_page
from tagfit.report.drawing import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Drawing, by_epoch, top_of

OVERFITTING = Recipe(widths=(24,), learning_rate=1e-2, epochs=6)
LABELS = (EVIL, "sun\u202e", 'people" onmouseover="alert(2)')
PARTS = {"train": 90, "validation": 40, "test": 30}


def problem_of(shape: tuple[int, ...]) -> Problem:
    """Noisy rows, or pictures, whose ids and labels would be markup."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (sum(PARTS.values()), *shape)).astype(np.uint8)
    flat = pixels.reshape(len(pixels), -1) / 255
    heights = (flat - 0.5) @ random.normal(size=(flat.shape[1], 3)) + 0.3 * random.normal(size=(len(flat), 3))
    data = from_arrays(
        pixels if len(shape) > 1 else flat.astype(np.float32),
        (heights > 0).astype(np.uint8),
        labels=LABELS,
        split=[name for name, rows in PARTS.items() for _ in range(rows)],
        ids=[f"{EVIL}{row}" for row in range(len(flat))],
    )
    return tf.split(data, size=shape[0] if len(shape) > 1 else None)


@pytest.fixture(scope="module")
def out_of_reach(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A cure of pictures that nothing can bring to its goal."""
    folder = tmp_path_factory.mktemp("cures")
    problem = problem_of((4, 4, 3))
    run = tf.fit(problem, OVERFITTING, out=folder / "run", threads=1)
    goal = ("validation.label_accuracy>=0.999", "train.label_accuracy<0.9995")
    return tf.cure(run, goal, problem=problem, trials=2, seeds=1, out=folder / "<i>cure & all</i>")


@pytest.fixture(scope="module")
def maximised(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A cure of rows that made a figure as good as it would get."""
    folder = tmp_path_factory.mktemp("cures")
    problem = problem_of((6,))
    run = tf.fit(problem, OVERFITTING, out=folder / "run", threads=1)
    return tf.cure(
        run, problem=problem, maximise="validation.mAP", gap_at_most=0.9, trials=3, seeds=2, out=folder / "cure"
    )


@pytest.fixture(scope="module")
def page(out_of_reach: Certificate) -> str:
    return certificate_page(out_of_reach)


def altered(certificate: Certificate, change: Callable[[dict[str, Any]], object]) -> Certificate:
    """The certificate with another document; its folder stays."""
    document = copy.deepcopy(certificate.to_dict())
    change(document)
    return replace(certificate, raw=document)


def pictures_on(page: str) -> int:
    return [name for name, _ in Tags(page).tags].count("img")


def test_the_page_is_whole_and_fetches_nothing(page: str, maximised: Certificate) -> None:
    assert_self_contained(page)
    assert_self_contained(certificate_page(maximised))


def test_names_are_text_and_never_markup(page: str, out_of_reach: Certificate) -> None:
    tags = Tags(page)
    assert out_of_reach.folder.name in tags.text
    assert EVIL in tags.text
    assert LABELS[2] in tags.text
    assert "\u202e" not in page, "a mark that turns the direction of the text is written as an escape"


def test_a_phone_a_printer_and_the_dark_are_thought_of(page: str) -> None:
    for promise in ("width=device-width", "@media print", "prefers-color-scheme: dark", "max-width: 34rem"):
        assert promise in page


def test_what_was_certified_stands_there(page: str, out_of_reach: Certificate) -> None:
    text, document = Tags(page).text, out_of_reach.to_dict()
    assert document["sentence"] in text
    for line in (*document["recomputed"], *document["sealed"]):
        assert text.count(line) == 1
    assert "This is not a signature." in text
    assert NO_SIGNATURE in text
    for figure in (out_of_reach.value("before", "test", "mAP"), out_of_reach.value("after", "train", "loss")):
        assert f"{figure:.3f}" in text
    for change in document["changes"]:
        assert all(field in text for field in change["after"])
    for code in (one["code"] for one in document["findings"]):
        assert code in text
    assert document["problem"]["fingerprint_after"]["data"] in text
    assert f"looked at {document['search']['looks']['validation']} times" in text


def test_out_of_reach_says_what_was_reached_and_what_limits_it(page: str, out_of_reach: Certificate) -> None:
    text = Tags(page).text
    assert "Before, and the best trial" in text
    assert out_of_reach.to_dict()["limits"]["says"][0]["says"] in text
    assert "train rows" in text, "the learning curve"


@pytest.mark.parametrize("verdict", MARKS)
def test_every_verdict_has_its_mark(maximised: Certificate, verdict: str) -> None:
    shown = certificate_page(altered(maximised, lambda document: document.update(verdict=verdict)))
    assert f'<article class="{MARKS[verdict]}" id="verdict">' in shown
    assert_self_contained(shown)


def test_pictures_that_changed_sides_are_seen_where_the_problem_is_at_hand(out_of_reach: Certificate) -> None:
    sides = out_of_reach.to_dict()["changed_sides"]["pictures"]
    assert sides
    assert pictures_on(certificate_page(out_of_reach)) == len(sides)
    loaded = load(out_of_reach.folder)
    without = certificate_page(loaded)
    assert pictures_on(without) == 0
    assert sides[0]["id"] in Tags(without).text
    assert pictures_on(certificate_page(loaded, out_of_reach.problem)) == len(sides)


def test_rows_of_features_stand_there_by_their_ids(maximised: Certificate) -> None:
    shown = certificate_page(maximised)
    assert pictures_on(shown) == 0
    text = Tags(shown).text
    for one in maximised.to_dict()["changed_sides"]["pictures"]:
        assert one["id"] in text


def test_another_problem_is_refused(out_of_reach: Certificate, maximised: Certificate) -> None:
    with pytest.raises(InputError, match="differs from the one in the certificate"):
        certificate_page(out_of_reach, maximised.problem)


def test_a_history_that_is_gone_or_broken_is_said_and_no_end_of_the_page(
    maximised: Certificate, tmp_path: Path
) -> None:
    folder = tmp_path / "cure"
    shutil.copytree(maximised.folder, folder)
    document = maximised.to_dict()
    (folder / document["before"]["run"] / "history.jsonl").unlink()
    whole = certificate_page(maximised).count("<svg")
    assert certificate_page(Certificate(document, folder)).count("<svg") == whole - 2
    (folder / document["after"]["run"] / "history.jsonl").write_text("no json\n" * 3)
    shown = certificate_page(Certificate(document, folder))
    assert shown.count("<svg") == whole - 4
    assert shown.count("Its history is missing from the folder of the cure, or cannot be read.") == 2


def test_figures_that_are_undefined_are_dashes(maximised: Certificate) -> None:
    def unknown(document: dict[str, Any]) -> None:
        for one in document["search"]["log"]:
            one["values"] = dict.fromkeys(one["values"])
        document["search"]["log"][0].update(stopped=f"diverged {EVIL}", values={})
        document["after"]["splits"]["test"]["metrics"]["mAP"].update(value=None, interval=[None, None])
        document["after"]["splits"].pop("train")["metrics"]["loss"].update(value=None)
        document["after"]["splits"]["train"] = document["before"]["splits"]["train"]
        for one in document["ablation"]:
            one.update(brought=None, gap=None, spread=None, stopped="not measured")

    shown = certificate_page(altered(maximised, unknown))
    assert_self_contained(shown)
    assert "–" in shown
    assert "nan" not in shown


def test_the_steps_from_the_start_to_the_winner_stand_in_their_order(maximised: Certificate) -> None:
    def stepped(document: dict[str, Any]) -> None:
        about = {"trial": None, "stopped": ""}
        document["steps"] = [
            {"name": "the starting run", "train": 0.987, "validation": 0.654, **about},
            {"name": f"batch norm {EVIL}", "train": None, "validation": None, **about, "stopped": "not measured"},
            {"name": "dropout", "train": 0.876, "validation": 0.765, **about, "trial": 3},
        ]

    shown = certificate_page(altered(maximised, stepped))
    assert_self_contained(shown)
    table = shown[shown.index('id="steps"') :]
    places = [table.index(words) for words in ("0.987", "batch norm", "not measured", "dropout", "trial 3", "0.765")]
    assert places == sorted(places)

    def none(document: dict[str, Any]) -> None:
        document["steps"] = []

    assert 'id="steps"' not in certificate_page(altered(maximised, none))


def test_the_page_is_written_beside_the_certificate(maximised: Certificate, tmp_path: Path) -> None:
    write_certificate_page(maximised)
    assert maximised.page.read_text(encoding="utf-8").startswith("<!doctype html>")
    write_certificate_page(maximised, tmp_path / "other.html")
    assert (tmp_path / "other.html").read_bytes() == maximised.page.read_bytes()


def test_the_command_writes_the_page(tagfit: Command, row_run: Path) -> None:
    asked = ["--maximise", "validation.mAP", "--trials", "1", "--seeds", "1", "--out", "cured"]
    tagfit("cure", str(row_run), *asked, "--json")
    page = Path("cured/certificate.html")
    assert_self_contained(page.read_text(encoding="utf-8"))
    page.unlink()
    tagfit("cure", "--resume", "cured", "--json")
    assert page.exists()


@pytest.mark.parametrize(
    ("bounds", "gap", "corners"),
    [
        (["validation.mAP>=0.5"], None, 4),
        (["validation.mAP>=0.5", "train.mAP<0.9"], None, 4),
        (["validation.mAP>=0.5"], 0.05, 4),
        (["train.mAP<0.9", "validation.macro_f1>=0.5"], None, 4),
        ([], None, 0),
        (["validation.loss<=0.5"], 0.01, 4),
        (["train.mAP>=0.9", "validation.mAP<0.1"], 0.05, 0),
    ],
)
def test_the_trade_off_shows_where_the_bounds_hold(
    maximised: Certificate, bounds: list[str], gap: float | None, corners: int
) -> None:
    goal = tf.Goal(*bounds, maximise="validation.mAP", gap_at_most=gap)
    changed = altered(maximised, lambda document: document.update(goal=goal.to_dict(), trade_off=[]))
    drawing = plots.trade_off(changed.document)
    assert [len(points.split()) >= corners for _, points in drawing.areas] == [True] * (corners > 0)
    assert_inside(drawing)
    shown = certificate_page(changed)
    assert ("are met</figcaption>" in shown) == (corners > 0)


def test_drawings_stay_inside_their_frame(out_of_reach: Certificate, maximised: Certificate) -> None:
    for certificate in (out_of_reach, maximised):
        document = certificate.document
        sides = dict.fromkeys(("before", "after"), (certificate.start.history, 3))
        undone, curve = plots.ablation(document), plots.learning_curve(document)
        assert (undone is None) == (certificate is out_of_reach), "what was not met is not taken apart"
        assert (curve is None) == (certificate is maximised), "nor is more data asked for where it was"
        drawn = [one for of_side in plots.trainings(sides).values() for one in of_side]
        assert len(drawn) == 4
        for drawing in (plots.trade_off(document), *drawn, *([] if curve is None else [curve])):
            assert_inside(drawing)
        if undone is not None:
            assert_inside(undone, top=plots.EDGE)


def test_one_far_value_does_not_press_a_curve_flat() -> None:
    assert top_of([1.0, 1.0, 1.0, 1000.0]) == 4.0
    assert top_of([1.0, 2.0, 3.0]) == 3.0
    assert top_of([math.nan]) == 1.0
    assert_inside(by_epoch("far", [("one", "train", [900.0, 1.0, math.nan])], 1, (0.0, 4.0)))
    assert_inside(by_epoch("one epoch", [("one", "train", [0.5]), ("two", "validation", [0.5])], 1, (0.0, 1.0)))


def assert_inside(drawing: Drawing, top: float = TOP) -> None:
    """Every shape lies between the axes, every word on the drawing, and no two words of one column on each other."""
    points = [
        tuple(map(float, point.split(","))) for _, line in (*drawing.lines, *drawing.areas) for point in line.split()
    ]
    points += [(x, y) for _, x, y, _ in drawing.dots]
    assert points
    assert all(LEFT <= x <= WIDTH - RIGHT and top <= y <= drawing.height - BOTTOM for x, y in points)
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for _, x, y, _, _ in drawing.words)
    beside = sorted((x, y) for _, x, y, anchor, _ in drawing.words if anchor == "start")
    assert all(one[0] != other[0] or other[1] - one[1] > 9 for one, other in pairwise(beside))
