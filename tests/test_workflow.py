"""The workflow: one function a step, whatever form the models and the truth come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from small_sets import features, write_scores
from tagfit import workflow
from tagfit.data.read import read
from tagfit.data.readers.arrays import from_arrays
from tagfit.errors import InputError
from tagfit.evaluation.evaluation import Evaluation
from tagfit.evaluation.score_files import read_scores
from tagfit.goal import Goal
from tagfit.recipe import Recipe
from tagfit.runs.run import open_run
from tagfit.scores import Scores


def of_run(judged: dict[str, Evaluation] | Evaluation, split: str) -> Evaluation:
    assert isinstance(judged, dict)
    return judged[split]


def test_a_run_its_folder_its_scores_and_its_arrays_are_judged_alike(row_run: Path) -> None:
    run = open_run(row_run)
    scores = run.scores("validation")
    expected = of_run(workflow.evaluate(run), "validation").to_dict()
    assert of_run(workflow.evaluate(str(row_run)), "validation").to_dict() == expected
    from_scores = workflow.evaluate(scores, prevalence=run.prevalence)
    assert isinstance(from_scores, Evaluation)
    assert from_scores.to_dict() == expected
    arrays = workflow.evaluate(scores.truth, scores.scores, labels=run.labels, prevalence=run.prevalence)
    assert isinstance(arrays, Evaluation)
    assert arrays.to_dict()["metrics"] == expected["metrics"]


def test_new_data_may_be_a_source_or_a_set_and_keeps_its_weights(row_run: Path, rows: Path) -> None:
    X, Y = features(30, seed=4)
    named = {"labels": ["a", "b", "c"]}
    plain = of_run(workflow.evaluate(row_run, source=from_arrays(X, Y, **named)), "data")
    doubled = from_arrays(np.r_[X, X[:10]], np.r_[Y, Y[:10]], **named)
    weights = np.r_[np.full(10, 2.0), np.ones(20)]
    weighted = of_run(workflow.evaluate(row_run, source=from_arrays(X, Y, weights=weights, **named)), "data")
    twice = of_run(workflow.evaluate(row_run, source=doubled), "data")
    assert weighted["label_accuracy"] == pytest.approx(twice["label_accuracy"])
    assert weighted["label_accuracy"] != plain["label_accuracy"]
    whole = of_run(workflow.evaluate(row_run, source=rows), "data")
    assert whole.n == 60


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"splits": ["train", "nope"]}, "no split 'nope'"),
        ({"splits": ["nope", "never"]}, "no split 'never'"),
        ({"metrics": ["accuracy"]}, "label_accuracy"),
    ],
)
def test_what_a_run_cannot_be_asked(row_run: Path, given: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        workflow.evaluate(row_run, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["banana", "weight", "treshold"])
def test_an_argument_that_does_not_exist_is_refused_and_never_swallowed(row_run: Path, wrong: str) -> None:
    for call in (workflow.evaluate, workflow.choose_thresholds, workflow.gap, workflow.cure, workflow.diagnose):
        with pytest.raises(InputError, match=f"has no argument '{wrong}'"):
            call(row_run, **{wrong: 1})  # type: ignore[operator]
    with pytest.raises(InputError, match=f"has no argument '{wrong}'"):
        workflow.compare(row_run, row_run, **{wrong: 1})  # type: ignore[arg-type]


def test_arguments_that_do_not_go_together_are_refused_all_at_once(row_run: Path, rows: Path) -> None:
    scores = open_run(row_run).scores("train")
    with pytest.raises(InputError, match=r"(?s)takes no known.*takes no weights"):
        workflow.evaluate(row_run, weights=np.ones(42), known=np.ones((42, 3)))
    with pytest.raises(InputError, match="takes no ids"):
        workflow.evaluate(scores, ids=scores.ids)
    with pytest.raises(InputError, match="takes no splits"):
        workflow.evaluate(scores.truth, scores.scores, splits=["train"])
    with pytest.raises(InputError, match="takes no split"):
        workflow.evaluate(row_run, source=rows, split="train")
    with pytest.raises(InputError, match="takes no recipe"):
        workflow.cure(row_run, "lesson", recipe="plain-dense")


def test_one_split_may_be_a_text_and_gives_one_evaluation(row_run: Path) -> None:
    found = workflow.evaluate(row_run, split="validation")
    assert isinstance(found, Evaluation)
    as_list = workflow.evaluate(row_run, splits="validation")
    assert isinstance(as_list, dict)
    assert as_list["validation"].to_dict() == found.to_dict()
    with pytest.raises(InputError, match="splits is empty"):
        workflow.evaluate(row_run, splits=[])


def test_weights_of_arrays_are_used(row_run: Path) -> None:
    scores = open_run(row_run).scores("train")
    first = np.r_[np.ones(5), np.zeros(len(scores) - 5)]
    found = workflow.evaluate(scores.truth, scores.scores, weights=first, intervals=None)
    alone = workflow.evaluate(scores.truth[:5], scores.scores[:5], intervals=None)
    assert isinstance(found, Evaluation)
    assert isinstance(alone, Evaluation)
    assert found["label_accuracy"] == pytest.approx(alone["label_accuracy"])


def test_a_goal_and_more_are_combined_and_contradictions_refused(row_run: Path) -> None:
    from tagfit.workflow.curing import _goal

    run = open_run(row_run)
    bound = Goal("validation.mAP>=0.9")
    assert _goal(bound, run, None, 0.05) == Goal("validation.mAP>=0.9", gap_at_most=0.05)
    assert _goal(bound, run, "validation.loss", None) == Goal("validation.mAP>=0.9", maximise="validation.loss")
    assert _goal(Goal("validation.mAP>=0.9", gap_at_most=0.05), run, None, 0.05).gap_at_most == 0.05
    with pytest.raises(InputError, match=r"gap_at_most = 0.1, cure got gap_at_most = 0.2"):
        workflow.cure(run, Goal("validation.mAP>=0.9", gap_at_most=0.1), gap_at_most=0.2)


def test_the_methods_of_a_run_are_the_functions(row_run: Path, photo_run: Path, photos: Path) -> None:
    run = open_run(row_run)
    judged = run.evaluate("validation", thresholds={"c": 0.1, "a": 0.5, "b": 0.9})
    expected = workflow.evaluate(run, split="validation", thresholds=[0.5, 0.9, 0.1])
    assert isinstance(judged, Evaluation)
    assert isinstance(expected, Evaluation)
    assert judged.to_dict()["labels"] == expected.to_dict()["labels"]
    assert run.choose_thresholds().values.tolist() == workflow.choose_thresholds(run).values.tolist()
    assert [one.code for one in run.diagnose().fired] == [one.code for one in workflow.diagnose(run).fired]
    picture = photos / "images" / "00.jpg"
    assert open_run(photo_run).tag([picture]) == workflow.tag(photo_run, [picture])
    with pytest.raises(InputError, match="no argument 'banana'"):
        run.evaluate(banana=1)  # type: ignore[call-arg]


def test_the_goal_of_a_run_reaches_its_cure(row_run: Path) -> None:
    with pytest.raises(InputError, match="nope"):
        open_run(row_run).cure("validation.nope>=0.5")


def test_a_truth_alone_is_not_judged(row_run: Path) -> None:
    with pytest.raises(InputError, match="truth without scores"):
        workflow.evaluate(np.eye(3))


def test_runs_scores_and_files_are_compared_in_any_mixture(row_run: Path, tmp_path: Path) -> None:
    run = open_run(row_run)
    scores = run.scores("validation")
    better = Scores.of(scores.truth, scores.truth * 1.0, labels=scores.labels, ids=scores.ids)
    better.save(tmp_path / "perfect.npz")
    for second in (better, tmp_path / "perfect.npz"):
        found = workflow.compare(run, second, names=["ours", "perfect"])
        accuracy = next(one for one in found.overall if one.metric == "label_accuracy")
        assert accuracy.second == 1.0
        assert accuracy.difference > 0
    with pytest.raises(InputError, match="the same model twice"):
        workflow.compare(row_run, row_run)


def test_the_gap_of_a_run_is_that_of_its_scores(row_run: Path) -> None:
    run = open_run(row_run)
    assert workflow.gap(run).to_dict() == workflow.gap(run.scores("train"), run.scores("validation")).to_dict()
    with pytest.raises(InputError, match="scores of train only"):
        workflow.gap(run.scores("train"))


def test_thresholds_come_from_runs_and_scores_but_not_from_test(row_run: Path, tmp_path: Path) -> None:
    run = open_run(row_run)
    chosen = workflow.choose_thresholds(run, "best-f1")
    assert chosen.values.tolist() == workflow.choose_thresholds(run.scores("validation"), "best-f1").values.tolist()
    with pytest.raises(InputError, match="not chosen on the test split"):
        workflow.choose_thresholds(run, split="test")
    assert len(workflow.choose_thresholds(read_scores(write_scores(tmp_path / "s.npz"))).values) == 3


def test_tagging_tells_of_its_progress_and_takes_folders(photo_run: Path, photos: Path) -> None:
    told: list[tuple[int, int]] = []
    records = workflow.tag(photo_run, [photos / "images"], on_tagged=lambda *done: told.append(done))
    assert len(records) == 40
    assert told[-1] == (40, 40)
    assert [record["picture"] for record in records] == sorted(record["picture"] for record in records)
    high = workflow.tag(photo_run, [photos / "images" / "00.jpg"], thresholds=1.0)
    assert high[0]["tags"] == []


def test_a_run_scores_its_own_pictures_as_it_tags_them(photo_run: Path, photos: Path) -> None:
    stored = open_run(photo_run).scores("validation")
    records = workflow.tag(photo_run, [photos / "images" / Path(name).name for name in stored.ids])
    scored = np.array([list(record["scores"].values()) for record in records])
    np.testing.assert_allclose(scored, stored.scores, atol=2e-6)


def test_the_whole_way_on_features(rows: Path, tmp_path: Path) -> None:
    from tagfit.data.splits.split import split

    problem = split(read(rows), validation=0.2, test=0.2)
    run = workflow.fit(problem, Recipe(widths=(8,), epochs=2), out=tmp_path / "run", threads=1)
    assert workflow.resume(run).state == "done"
    assert set(workflow.evaluate(run, splits=("train", "train", "test"))) == {"train", "test"}  # type: ignore[arg-type]


def test_thresholds_of_arrays_take_the_strategy_in_its_place_or_by_name(row_run: Path) -> None:
    run = open_run(row_run)
    scores = run.scores("validation")
    wanted = workflow.choose_thresholds(run, "recall=0.8").values.tolist()
    for chosen in (
        workflow.choose_thresholds(scores.truth, scores.scores, "recall=0.8"),
        workflow.choose_thresholds(scores.truth, scores.scores, strategy="recall=0.8"),
        workflow.choose_thresholds(run, strategy="recall=0.8"),
    ):
        assert chosen.values.tolist() == wanted
    with pytest.raises(InputError, match="two strategies"):
        workflow.choose_thresholds(run, "recall=0.8", "best-f1")
    with pytest.raises(InputError, match="takes no scores"):
        workflow.choose_thresholds(run, scores.scores)
