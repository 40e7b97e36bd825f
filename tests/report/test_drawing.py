"""Drawings: every plot of the letter and of the certificate's page draws any numbers, with ticks that make sense."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tagfit
from tagfit.curing.ablation import Undone
from tagfit.curing.document import (
    Document,
    GoalSection,
    Limits,
    LoggedTrial,
    MetricFigures,
    SearchSection,
    Side,
    SplitFigures,
)
from tagfit.curing.shortfall import TradeOffPoint, TrainShare
from tagfit.data.readers.arrays import from_arrays
from tagfit.diagnosis.diagnose import diagnose
from tagfit.diagnosis.finding import Plot
from tagfit.goal import Goal
from tagfit.history import Epoch
from tagfit.recipe import Recipe
from tagfit.report import certificate_plots as plots
from tagfit.report.certificate_page import certificate_page
from tagfit.report.drawing import Axes, Drawing, by_epoch, round_ticks, tick_texts, top_of
from tagfit.report.letter import letter
from tagfit.report.letter_plots import drawing_of

ANY = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [0.0, 1.0, math.inf, -math.inf, math.nan, 5e-324]
)
UNIT = st.floats(0, 1) | st.sampled_from([0.0, 1.0, math.nan])
CONSTANT = st.builds(lambda value, n: [value] * n, ANY, st.integers(1, 9))
CURVE = CONSTANT | st.lists(ANY, min_size=1, max_size=12)


def check(drawing: Drawing) -> None:
    """Everything lies in the frame, and no number is infinite or NaN."""
    shapes = [*drawing.lines, *drawing.areas]
    places = [tuple(map(float, point.split(","))) for _, line in shapes for point in line.split()]
    places += [(x, y) for _, x, y, _ in drawing.dots] + [(x, y) for _, x, y, *_ in drawing.words]
    assert all(math.isfinite(x) and math.isfinite(y) for x, y in places)
    assert all(-1 <= x <= drawing.width + 1 and -1 <= y <= drawing.height + 1 for x, y in places)
    assert not {text for *_, text in drawing.words} & {"nan", "inf", "\u2212inf"}


@settings(max_examples=100, deadline=None)
@given(ANY, ANY)
@example(-3.7500007462501744e23, -3.750000750000174e32)
def test_the_ticks_of_any_axis_are_few_distinct_and_inside(low: float, high: float) -> None:
    axes = Axes(Drawing("any axis"), (low, high), (0, 1))
    assert axes.x[0] < axes.x[1]
    ticks = round_ticks(*axes.x)
    assert 2 <= len(ticks) <= 12
    assert all(one < other for one, other in pairwise(ticks))
    slack = 2e-9 * (axes.x[1] - axes.x[0])  # twice that of the ticks, whose own sums are rounded
    assert axes.x[0] - slack <= ticks[0]
    assert ticks[-1] <= axes.x[1] + slack
    texts = tick_texts(ticks)
    assert len(set(texts)) == len(ticks)
    assert all(len(text) <= 12 for text in texts), texts


def test_ticks_are_written_as_people_write_them() -> None:
    assert tick_texts(round_ticks(0, 1)) == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert tick_texts([-0.1, 0.0]) == ["\u22120.1", "0"]
    assert tick_texts([2e-12, 4e9]) == ["2e\u221212", "4e9"]


@settings(max_examples=100, deadline=None)
@given(st.lists(CURVE, max_size=3), st.none() | st.integers(1, 12), st.tuples(ANY, ANY))
def test_curves_over_epochs(curves: list[list[float]], epoch: int | None, span: tuple[float, float]) -> None:
    check(by_epoch("curves", [("one", f"curve {n}", curve) for n, curve in enumerate(curves)], epoch, span, "loss"))


LETTER_PLOTS = st.one_of(
    st.builds(
        lambda train, validation, epoch: Plot(
            "curves", {"train": train, "train_name": "train", "validation": validation, "epoch": epoch}
        ),
        st.none() | CURVE,
        CURVE,
        st.none() | st.integers(1, 12),
    ),
    st.builds(
        lambda gaps, margin: Plot("gap", {"gaps": gaps, "margin": margin}),
        st.dictionaries(st.sampled_from(["mAP", "loss", "macro_f1"]), st.tuples(ANY, ANY, ANY), min_size=1),
        st.floats(0, 1),
    ),
    st.builds(
        lambda rows: Plot(
            "reliability", dict(zip(("score", "share", "entries"), zip(*rows, strict=True), strict=True))
        ),
        st.lists(st.tuples(UNIT, UNIT, st.integers(0, 10**6)), min_size=1, max_size=9),
    ),
    st.builds(
        lambda labels: Plot("f1", {"thresholds": [0.0, 0.3, 0.6], "labels": labels}),
        st.dictionaries(st.text(max_size=20), st.lists(UNIT, min_size=3, max_size=3), min_size=1, max_size=9),
    ),
)


@settings(max_examples=150, deadline=None)
@given(LETTER_PLOTS)
def test_every_plot_of_the_letter(plot: Plot) -> None:
    drawing = drawing_of(plot)
    assert drawing is not None
    check(drawing)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ANY, ANY, UNIT, UNIT), max_size=8), st.none() | st.integers(1, 8))
def test_the_trainings_of_a_certificate(rows: list[tuple[float, ...]], kept: int | None) -> None:
    history = tuple(Epoch(n + 1, 0.5, *row, None, 0.1, 1.0) for n, row in enumerate(rows))
    for drawings in plots.trainings({"before": (history, kept), "after": ((), None)}).values():
        for drawing in drawings:
            check(drawing)


GOALS = st.sampled_from(
    [
        Goal("validation.label_accuracy>=0.85", "train.label_accuracy<0.92", gap_at_most=0.1),
        Goal("validation.loss<=0.5"),
        Goal(maximise="validation.mAP"),
        Goal("validation.coverage_error<=2", maximise="validation.mAP"),
    ]
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """The parts of a certificate that are drawn, with any figures, also such as no certificate may hold."""
    goal = draw(GOALS)
    figure = st.none() | ANY
    splits = ("train", "validation")

    def side() -> Side:
        values = {split: MetricFigures.model_construct(value=draw(figure)) for split in splits}
        return Side.model_construct(
            splits={split: SplitFigures.model_construct(metrics={goal.metric: one}) for split, one in values.items()}
        )

    log = [
        LoggedTrial.model_construct(
            number=n, stopped="", values={f"{split}.{goal.metric}": draw(figure) for split in splits}
        )
        for n in range(draw(st.integers(0, 4)))
    ]
    sizes = (10, 20, 40)[: draw(st.integers(0, 3))]
    curve = [TrainShare.model_construct(rows=rows, train=draw(figure), validation=draw(figure)) for rows in sizes]
    return Document.model_construct(
        goal=GoalSection(**{**goal.to_dict(), "bounds": tuple(goal.to_dict()["bounds"])}),
        before=side(),
        after=side(),
        search=SearchSection.model_construct(log=log),
        trade_off=[
            TradeOffPoint.model_construct(train=draw(figure), validation=draw(figure))
            for _ in range(draw(st.integers(0, 3)))
        ],
        ablation=[
            Undone.model_construct(name=f"change {n}", brought=draw(figure), spread=draw(figure))
            for n in range(draw(st.integers(0, 4)))
        ],
        limits=draw(st.sampled_from([None, Limits.model_construct(learning_curve=curve)])),
    )


def test_an_axis_of_the_largest_numbers_ends_at_the_largest() -> None:
    assert top_of([9e307, np.float64(1.5e308)]) == 1.5e308
    assert top_of([1.0, 1.0, 1.0, 100.0]) == 4.0


@settings(max_examples=150, deadline=None)
@given(documents())
def test_every_plot_of_a_certificate(document: Document) -> None:
    for drawing in (plots.trade_off(document), plots.ablation(document), plots.learning_curve(document)):
        if drawing is not None:
            check(drawing)


@pytest.mark.filterwarnings("ignore::RuntimeWarning:tagfit.diagnosis")
@pytest.mark.parametrize("losses", [[0.5] * 6, [0.0] * 6, [math.inf] * 6, [math.inf, *[math.nan] * 4, 1e308]])
def test_the_letter_of_a_strange_history_is_written(losses: list[float]) -> None:
    rising = [0.5, 0.4, 0.5, 0.7, 0.9, 1.2]
    for history in ({"loss": losses, "val_loss": rising}, {"loss": rising, "val_loss": losses}):
        assert letter(diagnose(history=history)).rstrip().endswith("</html>")


def test_a_cure_of_an_easy_run_gets_its_page(tmp_path: Path) -> None:
    """Label accuracy is 1.0 in every epoch of both trainings."""
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, (60, 2)).astype(np.uint8)
    X = (8 * Y + 0.1 * rng.normal(size=Y.shape)).astype(np.float32)
    problem = tagfit.split(from_arrays(X, Y, split=np.repeat(["train", "validation"], [40, 20])))
    run = tagfit.fit(problem, Recipe(widths=(16,), learning_rate=0.2, epochs=3), out=tmp_path / "run", threads=1)
    assert [epoch.train_label_accuracy for epoch in run.history] == [1.0] * 3
    certificate = tagfit.cure(
        run, problem=problem, maximise="validation.mAP", gap_at_most=0.5, trials=1, seeds=1, out=tmp_path / "cure"
    )
    assert (certificate.folder / "certificate.json").is_file(), "saved before anything is drawn"
    assert certificate_page(certificate, problem).rstrip().endswith("</html>")
