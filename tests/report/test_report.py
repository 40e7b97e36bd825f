"""The report: one file about runs, cures and scores, of limited size, that says the same as its JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tagfit as tf
from commands import Command
from page_tags import EVIL, Tags, assert_self_contained
from tagfit.data.readers.arrays import from_arrays
from tagfit.evaluation.evaluate import evaluate
from tagfit.files import to_json
from tagfit.report import curves, mistakes
from tagfit.report.report import PICTURES, Subject, of_run, report, report_page
from tagfit.scores import Scores

LABELS = (EVIL, "sun\u202e", 'people" onmouseover="alert(2)')
MB = 1_000_000


def scores_of(rows: int = 400, split: str = "validation") -> Scores:
    random = np.random.default_rng(1)
    truth = (random.random((rows, 3)) < 0.4).astype(np.uint8)
    scores = np.clip(0.25 + 0.5 * truth + 0.3 * random.normal(size=truth.shape), 0.01, 1)
    return Scores.of(truth, scores, labels=LABELS, ids=[f"{EVIL}{row}" for row in range(rows)], split=split)


def noisy(rows: int = 400, side: int = 160) -> Subject:
    """A subject whose pictures are noise, which no codec makes small."""
    scores = scores_of(rows)
    random = np.random.default_rng(0)
    data = from_arrays(
        random.integers(0, 256, (rows, side, side, 3)).astype(np.uint8),
        scores.truth,
        labels=LABELS,
        ids=scores.ids.tolist(),
        split=["train" if row % 2 else "validation" for row in range(rows)],
    )
    problem = replace(tf.split(data, size=side), split=np.full(rows, "validation"))
    return Subject("noise", {"validation": scores}, {"validation": evaluate(scores)}, problem=problem)


@pytest.fixture(scope="module")
def page() -> str:
    return report_page([noisy()])


def test_48_pictures_fit_into_one_megabyte(page: str) -> None:
    assert [name for name, _ in Tags(page).tags].count("img") == PICTURES
    assert len(page.encode()) <= MB


def test_the_page_is_whole_and_names_are_never_markup(page: str) -> None:
    assert_self_contained(page)
    assert EVIL in Tags(page).text
    assert "\u202e" not in page


def test_the_verdict_comes_first_and_every_chart_has_a_sentence_and_a_table(page: str) -> None:
    tags = [name for name, _ in Tags(page).tags]
    assert page.index('class="verdict') < page.index("<section")
    charts = [part for part in page.split("<section")[1:] if "<svg" in part]
    assert len(charts) == 3
    assert all("<figcaption>" in one and "<table>" in one for one in charts)
    assert tags.count("h1") == 1


def test_a_model_that_is_no_better_than_a_trivial_prediction_is_an_issue() -> None:
    random = np.random.default_rng(0)
    truth = (random.random((300, 2)) < 0.5).astype(np.uint8)
    guessed = Scores.of(truth, random.random((300, 2)), split="validation")
    right = Scores.of(truth, np.where(truth == 1, 0.9, 0.1), split="validation")
    marks = [
        report([Subject("one", {"validation": one}, {"validation": evaluate(one)})])["verdict"]["mark"]
        for one in (guessed, right)
    ]
    assert marks == ["issue", "good"]


def test_the_most_confident_mistakes_are_those_of_the_scores() -> None:
    scores = Scores.of([[1, 0], [1, 1], [0, 0]], [[0.4, 0.9], [0.1, 0.8], [0.2, 0.6]])
    assert [(one.row, one.column) for one in mistakes.misses(scores, 9)] == [(1, 0), (0, 0)]
    assert [(one.row, one.column) for one in mistakes.false_alarms(scores, 9)] == [(0, 1), (2, 1)]
    assert mistakes.false_alarms(scores, 9, [0.5, 0.9]) == []


def test_unknown_entries_are_no_mistakes_and_count_nowhere() -> None:
    scores = Scores.of([[1, 0], [1, 1]], [[0.1, 0.9], [0.9, 0.9]], known=[[False, False], [True, True]])
    assert mistakes.misses(scores, 9) == mistakes.false_alarms(scores, 9) == []
    truth, predicted = curves.together(scores)
    assert truth.tolist() == predicted.tolist() == [[1, 1], [1, 1]]
    assert sum(curves.reliability(scores)["entries"]) == 2


def test_the_curve_of_a_label_ends_at_its_prevalence_and_knows_its_best_f1() -> None:
    scores = scores_of()
    curve = curves.precision_recall(scores, 0)
    assert curve is not None
    assert curve.recall[-1] == 1
    assert curve.precision[-1] == pytest.approx(scores.truth[:, 0].mean())
    chosen = tf.choose_thresholds(scores, "best-f1", resamples=0)
    assert curve.f1[curve.best] == pytest.approx(evaluate(scores, thresholds=chosen).labels[0].f1)


def test_a_run_is_reported_with_findings_and_curves(photo_run: Path) -> None:
    page = report([of_run(tf.open_run(photo_run))])
    sections = [one["id"] for one in page["subjects"][0]["sections"]]
    assert sections[:4] == ["metrics", "findings", "training", "labels"]
    assert json.loads(to_json(page)) == json.loads(to_json(page))


def test_the_command_writes_the_page_and_prints_the_same_content(tagfit: Command, photo_run: Path) -> None:
    done = tagfit("report", photo_run)
    assert done.code == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert_self_contained(page)
    Path("report.html").unlink()
    content = tagfit("report", photo_run, "--json").json
    assert content["verdict"]["sentence"] in Tags(page).text
    assert content["verdict"]["sentence"] in " ".join(done.out.split())
    assert not Path("report.html").exists()


def test_score_files_and_runs_stand_in_one_report(tagfit: Command, photo_run: Path) -> None:
    scores_of().save("mine.npz")
    content = tagfit("report", photo_run, "mine.npz", "--json", "-o", "both.html").json
    assert [one["title"] for one in content["subjects"]] == [str(photo_run), "mine.npz"]
    assert_self_contained(Path("both.html").read_text(encoding="utf-8"))


def test_a_report_never_looks_at_the_test_split(tagfit: Command, photo_run: Path) -> None:
    looks = photo_run / "test_looks.jsonl"
    before = looks.read_bytes() if looks.exists() else b""
    tagfit("report", photo_run)
    assert (looks.read_bytes() if looks.exists() else b"") == before


def test_pictures_that_are_gone_are_said_and_no_end_of_the_report(
    tagfit: Command, photos: Path, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(photos, "moved")
    tagfit("train", "moved", "--recipe", "plain-dense", "--set", "epochs=1", "--size", "8", "--out", "run", "--json")
    shutil.rmtree("moved")
    content = tagfit("report", "run", "--json").json
    assert "could not be read" in content["subjects"][0]["notes"][0]
