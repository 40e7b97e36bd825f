"""The whole cure on a small table: met, out of reach, refused; and that nothing but the recipe moved."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from curable import GOAL, OVERFITTING, write_noisy

import tagfit
from tagfit.curing.certificate import Certificate
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.runs.run import Run
from tagfit.scoring import looks


def test_it_meets_the_goal_with_fresh_seeds_and_says_what_it_did(finished: Certificate, overfitted: Run) -> None:
    document = finished.to_dict()
    assert finished.verdict in ("confirmed", "met, not confirmed")
    assert all(bound["met"] for bound in document["bounds"])
    assert {seed["seed"] for seed in document["seeds"]} == {1, 2}
    assert sum(seed["kept"] for seed in document["seeds"]) == 1
    assert document["before"]["recipe"] == overfitted.recipe.model_dump(mode="json")
    assert finished.run.recipe.model_dump(mode="json") == document["after"]["recipe"]
    assert document["search"]["trials"] == len((finished.folder / "trials.jsonl").read_text().splitlines())
    assert document["search"]["looks"]["test"] == len(looks(finished.start)) >= 1
    assert {one["name"] for one in document["ablation"]} == {one["name"] for one in document["changes"]}
    assert all(one["seeds"] == 2 or one["stopped"] for one in document["ablation"])


def test_the_problem_is_left_as_it_was(finished: Certificate, problem: Problem) -> None:
    assert finished.to_dict()["problem"]["fingerprint_after"] == problem.fingerprint
    assert finished.run.problem["fingerprint"] == problem.fingerprint
    assert finished.start.problem["fingerprint"] == problem.fingerprint


def test_the_first_trials_change_one_thing_each(finished: Certificate) -> None:
    from tagfit.curing.changes import changes
    from tagfit.curing.trial import load

    trials = load(finished.folder / "trials.jsonl")
    recipes = {-1: finished.start.recipe, **{trial.number: trial.recipe for trial in trials}}
    moved = [trial for trial in trials if trial.origin == "move"]
    assert moved
    for trial in moved:
        assert trial.base is not None
        assert len(changes(recipes[trial.base], trial.recipe)) == 1, trial.name


def test_the_optimism_is_the_difference_of_the_differences(finished: Certificate) -> None:
    def fell(side: str) -> float:
        one, other = (finished.value(side, split, "label_accuracy") for split in ("validation", "test"))
        assert one is not None
        assert other is not None
        return one - other

    optimism = finished.to_dict()["optimism"]
    assert optimism["value"] == pytest.approx(fell("after") - fell("before"))
    assert optimism["low"] < optimism["value"] < optimism["high"]


def test_out_of_reach_says_what_was_reached_and_what_limits_it(overfitted: Run, tmp_path: Path) -> None:
    found = tagfit.cure(overfitted, "validation.label_accuracy>=0.99", trials=2, seeds=1, out=tmp_path / "cure")
    assert found.verdict == "out of reach"
    limits = found.to_dict()["limits"]
    assert limits["says"]
    assert [record["share"] for record in limits["learning_curve"]] == [0.25, 0.5, 1.0]
    assert found.to_dict()["trade_off"]
    assert "0.99" not in found.to_dict()["sentence"]


def test_a_problem_without_a_test_split_can_be_met_but_not_confirmed(problem: Problem, tmp_path: Path) -> None:
    source = np.load(write_noisy(tmp_path / "all.npz"))
    keep = source["split"] != "test"
    np.savez(
        tmp_path / "two.npz", **{name: source[name][keep] if name != "labels" else source[name] for name in source}
    )
    two = tagfit.split(tagfit.read(tmp_path / "two.npz"), test=0)
    found = tagfit.cure(two, GOAL, recipe=OVERFITTING, trials=12, seeds=1, out=tmp_path / "cure")
    assert found.verdict == "met"
    assert found.to_dict()["optimism"] is None
    assert (tmp_path / "cure-start" / "run.json").exists()


def test_something_to_maximise_uses_all_trials(overfitted: Run, tmp_path: Path) -> None:
    found = tagfit.cure(overfitted, gap_at_most=0.5, trials=3, seeds=1, out=tmp_path / "cure")
    assert found.to_dict()["goal"]["maximise"] == "validation.mAP"
    assert found.to_dict()["search"]["trials"] == 3
    assert [bound["text"] for bound in found.to_dict()["bounds"]] == ["gap of mAP<=0.5"]


def test_a_search_on_a_part_of_train_is_confirmed_on_all_of_it(overfitted: Run, tmp_path: Path) -> None:
    found = tagfit.cure(overfitted, GOAL, trials=1, seeds=1, search_on=80, out=tmp_path / "cure")
    assert found.to_dict()["after"]["splits"]["train"]["n"] == 160
    with pytest.raises(InputError, match="search-on 1000 of 160"):
        tagfit.cure(overfitted, GOAL, trials=1, search_on=1000, out=tmp_path / "other")


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("validation.label_accuracy>=0.3", "proves nothing"),
        ("validation.label_accuracy>=0.65", "meets the goal already"),
        ("validation.accuracy>=0.85", r"label_accuracy \(0\.\d+ on validation\)"),
    ],
)
def test_what_is_no_goal_for_this_run_is_refused_before_anything_is_written(
    overfitted: Run, tmp_path: Path, goal: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        tagfit.cure(overfitted, goal, trials=1, out=tmp_path / "cure")
    assert not (tmp_path / "cure").exists()


def test_a_folder_that_holds_something_else_is_left_alone(
    overfitted: Run, finished: Certificate, tmp_path: Path
) -> None:
    (tmp_path / "cure").mkdir()
    (tmp_path / "cure" / "mine.txt").touch()
    with pytest.raises(InputError, match="not empty"):
        tagfit.cure(overfitted, GOAL, trials=1, out=tmp_path / "cure")
    with pytest.raises(InputError, match="another cure: asked"):
        tagfit.cure(overfitted, GOAL, trials=99, out=finished.folder)


def test_one_process_at_a_time_writes_a_cure(overfitted: Run, tmp_path: Path) -> None:
    from tagfit.curing.progress import Progress

    said: list[str] = []

    def meddle(line: str) -> None:
        said.append(line)
        if line.startswith("retraining"):
            with pytest.raises(InputError, match="written by another process"):
                tagfit.resume_cure(tmp_path / "cure")

    tagfit.cure(overfitted, GOAL, trials=1, seeds=1, out=tmp_path / "cure", progress=Progress(report=meddle))
    assert f"--resume {tmp_path / 'cure'}" in said[0]
    assert any(line.startswith("retraining") for line in said)


def test_data_that_changes_meanwhile_is_not_certified(tmp_path: Path) -> None:
    from tagfit.curing.progress import Progress

    source = write_noisy(tmp_path / "noisy.npz")
    run = tagfit.fit(tagfit.split(tagfit.read(source)), OVERFITTING, out=tmp_path / "run")

    def meddle(line: str) -> None:
        if line.startswith("undoing"):
            write_noisy(source, seed=1)

    with pytest.raises(InputError, match="certified"):
        tagfit.cure(run, GOAL, trials=12, seeds=1, out=tmp_path / "cure", progress=Progress(report=meddle))
    assert not (tmp_path / "cure" / "certificate.json").exists()


def test_arrays_that_change_in_memory_are_not_certified(problem: Problem) -> None:
    from tagfit.curing.row_digests import unchanged

    arrays = problem.data.arrays
    assert arrays is not None
    altered = arrays.copy()
    altered[3, 4] += 1
    in_memory = replace(problem, source={})
    meddled = replace(in_memory, data=replace(problem.data, arrays=altered))
    assert unchanged(in_memory)
    assert not unchanged(meddled)


def test_an_unfinished_run_and_a_net_of_one_s_own_are_no_start(overfitted: Run, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "half"
    shutil.copytree(overfitted.folder, folder)
    info = json.loads((folder / "run.json").read_text())
    for change, said in (
        ({"state": "interrupted"}, "interrupted"),
        ({"net": "mine.net"}, "a custom net, mine.net"),
    ):
        (folder / "run.json").write_text(json.dumps({**info, **change}))
        with pytest.raises(InputError, match=said):
            tagfit.cure(folder, GOAL, out=tmp_path / "cure")


def test_a_cure_reads_and_splits_its_source_once(
    overfitted: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's record of rows opens it, and tells at the end that nothing changed: nothing is split again."""
    from tagfit.data import plan

    def split(*_given: object, **_options: object) -> None:
        raise AssertionError("the source was split again")

    monkeypatch.setattr(plan, "split", split)
    tagfit.cure(overfitted, GOAL, trials=1, seeds=1, out=tmp_path / "cure")
