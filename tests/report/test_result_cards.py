"""Cards: a notebook shows results as the report does, self-contained, small, and nothing in them is markup."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tagfit
from page_tags import EVIL, Tags, assert_self_contained
from tagfit.report import parts, sections

LARGEST = 40_000  # characters of a card


@pytest.fixture(scope="module")
def results(row_run: Path) -> dict[str, Any]:
    run = tagfit.open_run(row_run)
    evaluations = run.evaluate()
    assert isinstance(evaluations, dict)
    return {
        "run": run,
        "evaluation": evaluations["validation"],
        "evaluations": evaluations,
        "findings": run.diagnose(),
    }


def test_a_notebook_shows_the_card_of_each_result(results: dict[str, Any]) -> None:
    for name, result in results.items():
        shown = result._repr_html_()
        assert shown == tagfit.card(result), name
        assert_self_contained(shown)
        assert len(shown) < LARGEST, f"{name}: {len(shown)}"
        assert shown.startswith('<div class="tagfit-card"><style>'), name


def test_a_card_says_what_the_page_of_a_report_says(results: dict[str, Any]) -> None:
    evaluation = results["evaluation"]
    text = Tags(tagfit.card(evaluation)).text
    assert sections.sentence(evaluation) in text
    for row in sections.metrics({"validation": evaluation})["rows"]:
        assert all(cell in text for cell in row)
    findings = results["findings"]
    text = Tags(tagfit.card(findings)).text
    assert all(parts.finding(one)["says"] in text for one in findings.fired)
    assert findings.summary() in text


def test_the_style_of_a_card_reaches_nothing_else_in_the_notebook(results: dict[str, Any]) -> None:
    style = tagfit.card(results["findings"]).partition("<style>")[2].partition("</style>")[0]
    plain = re.sub(r"@media[^{]*\{", "", style)
    selectors = [one for group in re.findall(r"([^{}]+)\{[^{}]*\}", plain) for one in group.split(",")]
    assert len(selectors) > 20
    assert all(".tagfit-card" in selector for selector in selectors), selectors
    assert "--paper:#15181c" in style.replace(" ", ""), "it is dark where the system is"
    assert '[data-jp-theme-light="false"] .tagfit-card' in style, "and where the notebook is"


def test_names_are_never_markup_in_a_card(tmp_path: Path, row_run: Path) -> None:
    truth = (np.random.default_rng(0).random((60, 2)) < 0.5).astype(np.uint8)
    shown = tagfit.card(tagfit.evaluate(truth, truth * 0.5 + 0.2, labels=[EVIL, "b"], intervals=None))
    assert EVIL not in shown
    assert "&lt;script&gt;" in shown
    shutil.copytree(row_run, tmp_path / EVIL.replace("/", ""))
    assert "<script>" not in tagfit.open_run(tmp_path / EVIL.replace("/", ""))._repr_html_()


def test_a_run_that_cannot_be_read_is_shown_as_text_and_has_no_card(tmp_path: Path, row_run: Path) -> None:
    shutil.copytree(row_run, tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text("{")
    run = tagfit.Run(tmp_path / "run")
    assert run._repr_html_().startswith("<pre>Run ")
    with pytest.raises(tagfit.InputError, match="not JSON"):
        tagfit.card(run)
    with pytest.raises(tagfit.InputError, match="no card of int"):
        tagfit.card(1)  # type: ignore[arg-type]


def test_many_labels_do_not_make_a_large_card() -> None:
    generator = np.random.default_rng(0)
    truth = (generator.random((80, 500)) < 0.5).astype(np.uint8)
    found = tagfit.evaluate(truth, generator.random((80, 500)), intervals=None)
    shown = tagfit.card(found)
    assert len(shown) < LARGEST
    assert "492 more" in shown
