"""TagClassifier keeps scikit-learn's promises, with any number of labels, unknown entries and pictures."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    get_scorer,
    jaccard_score,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import tagfit
from tagfit import TagClassifier
from tagfit.errors import InputError, MissingExtraError
from tagfit.recipe import Recipe
from tagfit.training import memory
from tagfit.training.torch_import import torch_for

QUICK = Recipe(widths=(16,), epochs=15, learning_rate=0.02)
DOCUMENT = Path(__file__).parent.parent / "docs" / "estimator.md"


def tables(labels: int, rows: int = 120) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Rows whose label i is on where feature i is positive, with one feature that says nothing."""
    X = np.random.default_rng(labels).normal(size=(rows, labels + 1))
    return X, (X[:, :labels] > 0).astype(np.int64)


def pictures(rows: int = 60) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures whose label `red` is a bright red channel and whose label `top` is a bright upper half."""
    generator = np.random.default_rng(0)
    X = generator.integers(0, 60, size=(rows, 8, 8, 3))
    Y = generator.integers(0, 2, size=(rows, 2))
    X[Y[:, 0] == 1, :, :, 0] += 80
    X[Y[:, 1] == 1, :4] += 80
    return X.astype(np.uint8), Y


@pytest.fixture
def problems(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The Problems that fits train on."""
    seen: list[Any] = []
    real = memory.fit

    def fit(problem: Any, *args: Any, **options: Any) -> Any:
        seen.append(problem)
        return real(problem, *args, **options)

    monkeypatch.setattr(memory, "fit", fit)
    return seen


def test_scikit_learns_own_checks_pass_without_expected_failures() -> None:
    results = check_estimator(TagClassifier(), on_skip=None)
    assert {result["status"] for result in results} <= {"passed", "skipped"}
    # These want pandas, an environment variable, and a method that is not offered.
    assert {result["check_name"] for result in results if result["status"] == "skipped"} <= {
        "check_classifier_data_not_an_array",
        "check_array_api_input",
        "check_classifiers_multilabel_output_format_decision_function",
    }


JUDGED_BY_PREDICTION = {
    "accuracy": accuracy_score,
    "f1_macro": lambda truth, predicted: f1_score(truth, predicted, average="macro"),
    "f1_micro": lambda truth, predicted: f1_score(truth, predicted, average="micro"),
    "precision_macro": lambda truth, predicted: precision_score(truth, predicted, average="macro"),
    "recall_weighted": lambda truth, predicted: recall_score(truth, predicted, average="weighted"),
    "jaccard_macro": lambda truth, predicted: jaccard_score(truth, predicted, average="macro"),
}
JUDGED_BY_PROBABILITY = {"roc_auc": roc_auc_score, "average_precision": average_precision_score}


@pytest.mark.parametrize("labels", [1, 2, 3])
def test_scorers_give_the_metrics_of_the_probabilities_whatever_the_number_of_labels(labels: int) -> None:
    X, Y = tables(labels)
    Y[:10] = 1 - Y[:10]  # no metric is perfect, nor the same for two labels
    model = TagClassifier(QUICK.changed(epochs=3)).fit(X, Y)
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    assert probabilities.shape == predicted.shape == Y.shape
    assert ((probabilities > 0.5) == predicted).all()
    for name, metric in JUDGED_BY_PREDICTION.items():
        assert get_scorer(name)(model, X, Y) == pytest.approx(metric(Y, predicted)), name
    for name, metric in JUDGED_BY_PROBABILITY.items():
        by_label = [metric(Y[:, i], probabilities[:, i]) for i in range(labels)]
        assert get_scorer(name)(model, X, Y) == pytest.approx(np.mean(by_label)), name


@pytest.mark.parametrize("classes", [("no", "yes"), (0, 1), (-1, 1), (2.0, 7.0)])
def test_two_classes_are_one_label(classes: tuple[Any, Any]) -> None:
    X, Y = tables(1)
    y = np.array(classes)[Y[:, 0]]
    model = TagClassifier(QUICK).fit(X, y)
    probabilities, predicted = model.predict_proba(X), model.predict(X)
    assert probabilities.shape == (len(X), 2)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert predicted.dtype == y.dtype
    assert model.score(X, y) == accuracy_score(y, predicted) > 0.9
    assert model.classes_.tolist() == list(classes)
    assert get_scorer("roc_auc")(model, X, y) == pytest.approx(roc_auc_score(y, probabilities[:, 1]))
    assert probabilities[:, 1:].tolist() == TagClassifier(QUICK).fit(X, Y).predict_proba(X).tolist()


def test_more_classes_are_refused_with_the_reason() -> None:
    X, _ = tables(1)
    with pytest.raises(InputError, match=r"5 classes \(0, 1, 2, 3, \.\.\.\), but labels do not exclude each other"):
        TagClassifier().fit(X, np.arange(len(X)) % 5)


def test_unknown_entries_teach_nothing() -> None:
    X, Y = tables(2, rows=300)
    hidden = (np.random.default_rng(0).random(Y.shape) < 0.6) & (Y == 1)  # the present ones only, as on real photos
    as_unknown = np.where(hidden, np.nan, Y)
    as_absent = np.where(hidden, 0, Y)
    X_new, Y_new = tables(2, rows=2000)
    recall = {
        name: recall_score(Y_new, TagClassifier(QUICK).fit(X, truth).predict(X_new), average="macro")
        for name, truth in {"unknown": as_unknown, "absent": as_absent}.items()
    }
    assert recall["unknown"] > recall["absent"] + 0.2
    minus = np.where(hidden, -1, Y)
    with_nan, with_minus = (TagClassifier(QUICK).fit(X, truth).predict_proba(X_new) for truth in (as_unknown, minus))
    assert (with_nan == with_minus).all()


def test_unknown_rows_of_a_flat_y_teach_nothing() -> None:
    X, Y = tables(1)
    y = np.where(np.arange(len(Y)) % 3 == 0, np.nan, Y[:, 0])
    model = TagClassifier(QUICK).fit(X, y)
    assert model.classes_.tolist() == [0, 1]
    assert model.score(X, y) == accuracy_score(y[~np.isnan(y)], model.predict(X)[~np.isnan(y)])


def test_score_is_subset_accuracy_over_what_is_known() -> None:
    X, Y = tables(3)
    model = TagClassifier(QUICK.changed(epochs=2)).fit(X, Y)
    predicted = model.predict(X)
    assert 0 < model.score(X, Y) == accuracy_score(Y, predicted) < 1
    weights = np.arange(len(X))
    assert model.score(X, Y, weights) == pytest.approx(accuracy_score(Y, predicted, sample_weight=weights))
    only_first = np.where(np.arange(3) == 0, Y, np.nan)
    only_first[:7] = np.nan
    assert model.score(X, only_first) == pytest.approx((predicted == Y)[7:, 0].mean())


def test_searches_and_cross_validation_take_multi_label_targets() -> None:
    X, Y = tables(2)
    grid = {"recipe__epochs": [1, 15], "recipe__learning_rate": [1e-4, 0.02], "threshold": [0.5]}
    search = GridSearchCV(TagClassifier(QUICK), grid, cv=3).fit(X, Y)
    assert search.best_params_ == {"recipe__epochs": 15, "recipe__learning_rate": 0.02, "threshold": 0.5}
    assert search.best_estimator_.recipe_ == QUICK
    assert search.best_score_ == pytest.approx(cross_val_score(TagClassifier(QUICK), X, Y, cv=3).mean())
    for labels in (1, 2, 3):
        X, Y = tables(labels)
        probabilities = cross_val_predict(TagClassifier(QUICK), X, Y, cv=3, method="predict_proba")
        assert probabilities.shape == Y.shape
        assert ((probabilities > 0.5) == cross_val_predict(TagClassifier(QUICK), X, Y, cv=3)).all()
        assert accuracy_score(Y, probabilities > 0.5) > 0.6


def test_a_search_takes_unknown_entries() -> None:
    X, Y = tables(2)
    unknown = np.where(np.random.default_rng(0).random(Y.shape) < 0.2, np.nan, Y)
    search = GridSearchCV(TagClassifier(QUICK), {"recipe__epochs": [1, 15]}, cv=KFold(3)).fit(X, unknown)
    assert search.best_params_ == {"recipe__epochs": 15}


def test_a_pipeline_is_fitted_cloned_and_pickled() -> None:
    X, Y = tables(2)
    pipeline = make_pipeline(StandardScaler(), TagClassifier(QUICK))
    fitted = clone(pipeline).set_params(tagclassifier__recipe__epochs=12).fit(1000 * X, Y)
    assert fitted[-1].n_iter_ == 12
    assert fitted.score(1000 * X, Y) > 0.9
    assert (pickle.loads(pickle.dumps(fitted)).predict_proba(X) == fitted.predict_proba(X)).all()


def test_a_pickle_holds_no_torch() -> None:
    X, Y = tables(2)
    model = TagClassifier(QUICK).fit(X, Y)
    stored = pickle.dumps(model)
    assert b"torch" not in stored
    assert (pickle.loads(stored).predict_proba(X) == model.predict_proba(X)).all()
    assert all(type(value) is np.ndarray for value in model.weights_.values())


def test_the_given_validation_is_watched_and_not_learnt_from(problems: list[Any]) -> None:
    X, Y = tables(2, rows=200)
    patient = QUICK.changed(epochs=60, patience=2, restore_best=True)
    opposite = (X[100:], 1 - Y[100:])  # whatever is learnt makes it worse
    model = TagClassifier(patient).fit(X[:100], Y[:100], validation=opposite)
    assert model.n_iter_ == 3
    assert model.kept_epoch_ == 1
    assert model.history_[0].validation_loss is not None
    (problem,) = problems
    assert problem.split.tolist() == ["train"] * 100 + ["validation"] * 100
    assert problem.preprocessing.mean == pytest.approx(X[:100].mean(axis=0), abs=1e-6)


def test_a_stratified_share_is_held_out_where_it_is_of_use(problems: list[Any]) -> None:
    X, Y = tables(2, rows=200)
    X[::2] = X[1::2]  # each row twice
    Y[::2] = Y[1::2]
    patient = QUICK.changed(patience=5)
    model = TagClassifier(patient).fit(X, Y)
    assert model.history_[0].validation_loss is not None
    (problem,) = problems
    held_out = problem.split == "validation"
    assert held_out.sum() == pytest.approx(0.15 * len(X), abs=2)
    assert Y[held_out].mean(axis=0) == pytest.approx(Y.mean(axis=0), abs=0.05)
    assert not {tuple(row) for row in X[held_out]} & {tuple(row) for row in X[~held_out]}


@pytest.mark.parametrize(
    ("recipe", "rows", "share"),
    [(QUICK, 200, 0.15), (QUICK.changed(patience=5), 20, 0.15), (QUICK.changed(patience=5), 200, 0.0)],
    ids=["the recipe does not look", "too few rows", "asked for none"],
)
def test_nothing_is_held_out_for_nothing(recipe: Recipe, rows: int, share: float) -> None:
    model = TagClassifier(recipe, validation_share=share).fit(*tables(2, rows))
    assert model.history_[0].validation_loss is None
    assert model.n_iter_ == recipe.epochs


@pytest.mark.parametrize(
    "recipe",
    [QUICK, Recipe(architecture="conv", widths=(8,), norm="batch", epochs=12, batch_size=16, learning_rate=0.02)],
    ids=["dense", "conv"],
)
def test_pictures_are_learnt(recipe: Recipe) -> None:
    X, Y = pictures()
    model = TagClassifier(recipe, threads=1).fit(X, Y)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == Y.shape
    assert model.score(X, Y) > 0.9
    assert model.predict_proba(X / 255) == pytest.approx(probabilities, abs=1e-6)


def test_the_default_recipe_suits_what_the_rows_are() -> None:
    once = {"epochs": 1}
    assert TagClassifier(overrides=once).fit(*tables(2)).recipe_.architecture == "dense"
    narrow = {**once, "widths": (4, 4)}
    assert TagClassifier(overrides=narrow, threads=1).fit(*pictures()).recipe_.architecture == "conv"


def test_a_label_is_predicted_above_its_threshold() -> None:
    X, Y = tables(3)
    model = TagClassifier(QUICK.changed(epochs=2)).fit(X, Y)
    probabilities = model.predict_proba(X)
    cuts = probabilities[0].astype(np.float64)  # the first row is exactly on them
    model.set_params(threshold=cuts)
    assert (model.predict(X) == (probabilities > probabilities[0])).all()
    assert model.predict(X[:1]).tolist() == [[0, 0, 0]]
    assert model.score(X, Y) == accuracy_score(Y, model.predict(X))


def test_the_seed_decides() -> None:
    X, Y = tables(2)

    def probabilities(seed: Any) -> list[Any]:
        return TagClassifier(QUICK, random_state=seed).fit(X, Y).predict_proba(X).tolist()

    assert probabilities(0) == probabilities(0) == TagClassifier(QUICK).fit(X, Y).predict_proba(X).tolist()
    assert probabilities(1) != probabilities(0)
    assert probabilities(np.random.RandomState(1)) == probabilities(np.random.RandomState(1)) != probabilities(1)
    assert probabilities(None) != probabilities(None)


def test_fields_of_the_recipe_are_parameters() -> None:
    model = TagClassifier("plain-dense", overrides={"epochs": 3})
    assert model.get_params()["recipe__epochs"] == 3
    assert model.get_params()["recipe__patience"] is None
    assert set(model.get_params(deep=False)).isdisjoint(model.get_params().keys() - model.get_params(deep=False).keys())
    model.set_params(recipe__epochs=None, recipe__batch_size=8, recipe="regularised-dense")
    assert (model.recipe, model.overrides) == ("regularised-dense", {"batch_size": 8})
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(InputError, match="'epoch' is not a field of a recipe"):
        model.set_params(recipe__epoch=3)
    assert model.set_params(recipe__batch_size=None).overrides is None


def test_a_recipe_may_be_a_file(tmp_path: Path) -> None:
    QUICK.save(tmp_path / "mine.toml")
    assert TagClassifier(tmp_path / "mine.toml", overrides={"epochs": 1}).fit(*tables(1)).recipe_.widths == (16,)


def one_layer(input_shape: tuple[int, ...], labels: int) -> Any:
    """A net factory, as a user writes it."""
    from torch import nn

    return nn.Linear(input_shape[0], labels)


def test_a_net_of_ones_own_is_trained_searched_and_stored() -> None:
    X, Y = tables(2)
    model = clone(TagClassifier(QUICK, net=one_layer)).fit(X, Y)
    assert {name: value.shape for name, value in model.weights_.items()} == {"weight": (2, 3), "bias": (2,)}
    assert model.score(X, Y) > 0.9
    assert (pickle.loads(pickle.dumps(model)).predict_proba(X) == model.predict_proba(X)).all()
    search = GridSearchCV(TagClassifier(QUICK), {"net": [None, one_layer], "recipe__epochs": [1, 15]}, cv=2).fit(X, Y)
    assert search.best_params_["recipe__epochs"] == 15


class Frame:
    """As much of a DataFrame as is looked at."""

    def __init__(self, values: NDArray[Any], columns: list[str]) -> None:
        self.values, self.columns, self.shape, self.ndim = values, columns, values.shape, values.ndim

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype)


def test_labels_have_the_names_of_the_columns_and_keep_their_order() -> None:
    X, Y = tables(2)
    model = TagClassifier(QUICK).fit(X, Frame(Y, ["sea", "beach"]))
    assert model.labels_ == ("sea", "beach")
    assert model.score(X, Y) == model.score(X, Frame(Y, ["sea", "beach"])) > 0.9
    with pytest.raises(InputError, match="columns in another order"):
        model.score(X, Frame(Y[:, ::-1], ["beach", "sea"]))


def test_sparse_truth_is_truth() -> None:
    X, Y = tables(2)
    dense, thin = TagClassifier(QUICK).fit(X, Y), TagClassifier(QUICK).fit(X, sparse.csr_array(Y))
    assert (dense.predict_proba(X) == thin.predict_proba(X)).all()
    assert thin.labels_ == ("label_0", "label_1")


X, Y = tables(2, rows=30)


@pytest.mark.parametrize(
    ("options", "data", "message"),
    [
        ({"recipe": "dense"}, (X, Y), "there is no recipe 'dense'"),
        ({"recipe": 3}, (X, Y), "recipe = 3"),
        ({"overrides": {"epoch": 3}}, (X, Y), "did you mean epochs"),
        ({"overrides": [3]}, (X, Y), r"overrides = \[3\]"),
        ({"recipe": "plain-conv"}, (X, Y), "a conv net needs pictures"),
        ({"validation_share": 1.0}, (X, Y), "validation_share = 1.0"),
        ({"threshold": 1.5}, (X, Y), "the threshold is 1.5"),
        ({"threshold": [0.5, 0.5, 0.5]}, (X, Y), "for 2 labels"),
        ({"random_state": -1}, (X, Y), "random_state = -1"),
        ({"device": "abacus"}, (X, Y), "no device 'abacus'"),
        ({}, (X, Y[1:]), "inconsistent numbers of samples"),
        ({}, (X, Y + 1), "Y holds 2"),
        ({}, (X, np.full(Y.shape, np.nan)), "no known entry"),
        ({}, (X, np.full(len(X), np.nan)), "no known entry"),
        ({}, (X, Y[:, :0]), "no known entry"),
        ({}, (X, np.ones(len(X))), "one class only"),
        ({}, (X, np.where(Y[:, 0] == 1, np.inf, 0.0)), "infinity"),
        ({}, (X[:, :, None], Y), r"X has shape \(30, 3, 1\)"),
        ({}, (np.full((30, 8, 8, 3), 300), Y), "pictures are int64 with values from 300 to 300"),
        ({}, (np.zeros((30, 8, 8, 4)), Y), "4 channels"),
        ({}, (X, Y, (X, Y[:, :1])), "Y has 1 columns"),
        ({}, (X, Y[:, 0], (X, np.full(30, 2))), r"y holds 2 .*one of \[0, 1\]"),
        ({}, (X, Y[:, 0], (X, Y[:, :1])), r"y has shape \(30, 1\)"),
        ({}, (X, Y, (X[1:], Y)), "inconsistent numbers of samples"),
        ({}, (X, Y, (X[:, 1:], Y)), "X has 2 features, but TagClassifier is expecting 3"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(
    options: dict[str, Any], data: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TagClassifier(**options).fit(*data)


def test_pictures_of_another_size_are_refused() -> None:
    X, Y = pictures(20)
    model = TagClassifier(QUICK.changed(epochs=1)).fit(X, Y)
    with pytest.raises(InputError, match=r"rows of shape \(8, 4, 3\) \(\(8, 8, 3\), as was fitted\)"):
        model.predict(X[:, :, :4])


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(MissingExtraError, match=r"TagClassifier needs .*tagfit\[train\]"), torch_for("TagClassifier"):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")
    with pytest.raises(ModuleNotFoundError, match="numpi"), torch_for("TagClassifier"):
        raise ModuleNotFoundError("No module named 'numpi'", name="numpi")


def test_the_document_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) >= 3
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(DOCUMENT), "exec"), names)


def test_it_learns_what_scikit_learn_generates() -> None:
    X, Y = make_multilabel_classification(400, n_features=20, n_classes=4, random_state=0)
    model = tagfit.TagClassifier().fit(X[:200], Y[:200])
    nothing = max((Y[200:] == row).all(axis=1).mean() for row in np.unique(Y, axis=0))
    assert model.score(X[200:], Y[200:]) > nothing + 0.15
