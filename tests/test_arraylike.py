"""Array-likes of other libraries: read as what they mean, aligned by name, or refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier

from tagfit.arraylike import Array, aligned, read
from tagfit.errors import InputError
from tagfit.pairing import paired

VALUES = np.array([[0.1, 0.9], [0.4, 0.6], [1.0, 0.0]])


class Frame:
    """What pandas and polars frames have in common; pandas alone has an index."""

    def __init__(self, columns: dict[str, Any], index: list[Any] | None = None) -> None:
        self.columns = list(columns)
        self._columns = columns
        if index is not None:
            self.index = index

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))


class Tensor:
    """A torch tensor as far as NumPy sees it: it refuses while it has gradients, is elsewhere, or is bfloat16."""

    def __init__(self, values: np.ndarray, dtype: str = "torch.bfloat16", ready: bool = False) -> None:
        self.values, self.dtype, self.ready, self.shape = values, dtype, ready, values.shape

    def detach(self) -> Tensor:
        return Tensor(self.values, self.dtype, True)

    def cpu(self) -> Tensor:
        return self

    def float(self) -> Tensor:
        return Tensor(self.values, "torch.float32", self.ready)

    def __array__(self, *_args: Any, **_options: Any) -> np.ndarray:
        if not self.ready or self.dtype == "torch.bfloat16":
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.values


FORMS = {
    "array": VALUES,
    "lists": VALUES.tolist(),
    "tuples": tuple(map(tuple, VALUES.tolist())),
    "objects": VALUES.astype(object),
    "texts": VALUES.astype(str),
    "sparse": sparse.lil_matrix(VALUES),
    "masked": np.ma.masked_array(VALUES),
    "matrix": sparse.csr_array(VALUES).todense(),
    "tensor": Tensor(VALUES),
    "batches": [VALUES[:2], VALUES[2:]],
    "tensors in batches": [Tensor(VALUES[:1]), Tensor(VALUES[1:])],
    "rows": list(VALUES),
    "heads (N, 2)": [np.column_stack([1 - VALUES[:, label], VALUES[:, label]]) for label in range(2)],
    "heads (N, 1)": [VALUES[:, [label]] for label in range(2)],
    "frame": Frame({"a": VALUES[:, 0], "b": VALUES[:, 1]}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_holds_the_same_numbers(form: str) -> None:
    found = read(FORMS[form], "scores", shape=VALUES.shape).values
    np.testing.assert_allclose(found, VALUES)
    assert found.dtype.kind == "f"


def test_what_a_forest_predicts() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.random((40, 3)), rng.integers(0, 2, (40, 2))
    forest = RandomForestClassifier(n_estimators=3, random_state=0).fit(X, Y)
    found = read(forest.predict_proba(X), "scores", shape=Y.shape).values
    np.testing.assert_array_equal(found, np.column_stack([one[:, 1] for one in forest.predict_proba(X)]))
    Y[:, 1] = 0
    with pytest.raises(InputError, match="labels '1' have one column only"):
        read(forest.fit(X, Y).predict_proba(X), "scores", shape=Y.shape)


def test_missing_values_are_nan_whatever_they_are_called() -> None:
    NA = type("NAType", (), {})()
    given = np.array([[1, None], [NA, float("nan")], ["yes", "<NA>"], [True, "no"]], dtype=object)
    np.testing.assert_array_equal(read(given, "truth").values, [[1, np.nan], [np.nan, np.nan], [1, np.nan], [1, 0]])
    masked = np.ma.masked_array([[1, 0]], mask=[[False, True]])
    np.testing.assert_array_equal(read(masked, "truth").values, [[1, np.nan]])


def test_names_of_rows_and_columns_are_kept_and_a_default_index_is_none() -> None:
    named = read(Frame({"sea": [1, 0], "beach": [0, 1]}, index=["x.jpg", "y.jpg"]), "truth")
    assert named.columns == ("sea", "beach")
    assert named.index is not None
    assert named.index.tolist() == ["x.jpg", "y.jpg"]
    default = type("RangeIndex", (list,), {})([0, 1])
    assert read(Frame({"sea": [1, 0]}, index=default), "truth").index is None


def test_rows_and_columns_are_aligned_by_name() -> None:
    truth = read(Frame({"sea": [1, 0], "beach": [0, 0]}, index=["x", "y"]), "truth")
    scores = read(Frame({"beach": [0.1, 0.2], "sea": [0.3, 0.4]}, index=["y", "x"]), "scores")
    found = aligned(scores, truth, "scores", "truth")
    assert found.columns == ("sea", "beach")
    np.testing.assert_array_equal(found.values, [[0.4, 0.2], [0.3, 0.1]])


@pytest.mark.parametrize(
    ("columns", "words"),
    [({"sea": [1]}, "lacks 'beach'"), ({"sea": [1], "beach": [1], "sky": [1]}, "has 'sky'")],
)
def test_other_names_are_refused(columns: dict[str, Any], words: str) -> None:
    truth = read(Frame({"sea": [1], "beach": [0]}), "truth")
    with pytest.raises(InputError, match=f"columns of scores are not those of truth: it {words}"):
        aligned(read(Frame(columns), "scores"), truth, "scores", "truth")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("abc", "a single str"),
        (3.5, "a single float"),
        ([[1, 0], [1]], "rows of unequal lengths"),
        ([["sea"], ["beach"]], "'sea', which are not numbers"),
        (np.array([1 + 2j]), "complex128"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], r"shapes \(2, 3\), \(2, 4\)"),
        (Frame({"sea": ["maybe"]}), "column 'sea' of scores has values such as 'maybe'"),
        (SimpleNamespace(), "namespace"),
    ],
)
def test_what_holds_no_numbers_is_refused_with_what_came(given: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        read(given, "scores", expected="probabilities of shape (N, L)")
    assert "probabilities of shape (N, L)" in str(raised.value)


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.floats(0, 1)), st.randoms())
def test_alignment_undoes_any_order(values: np.ndarray, random: Any) -> None:
    rows, columns = ([str(one) for one in range(size)] for size in values.shape)
    mixed_rows, mixed_columns = random.sample(rows, len(rows)), random.sample(columns, len(columns))
    mixed = values[np.ix_([int(one) for one in mixed_rows], [int(one) for one in mixed_columns])]
    found = aligned(
        Array(mixed, tuple(mixed_columns), np.array(mixed_rows)),
        Array(values, tuple(columns), np.array(rows)),
        "a",
        "b",
    )
    np.testing.assert_array_equal(found.values, values)


def test_row_numbers_in_another_order_are_refused_where_the_other_frame_counts_its_rows() -> None:
    pandas = pytest.importorskip("pandas")
    truth = pandas.DataFrame({"a": [1, 0, 1], "b": [0, 1, 1]})
    scores = pandas.DataFrame({"a": [0.9, 0.1, 0.8], "b": [0.2, 0.7, 0.9]})
    shuffled = scores.loc[[2, 0, 1]]
    for one, other in ((truth, shuffled), (truth.loc[[2, 0, 1]], scores)):
        with pytest.raises(InputError, match="the row numbers 0 to 2 in another order"):
            paired(one, other)
    assert paired(truth, shuffled.sort_index()).scores.tolist() == scores.to_numpy().tolist()
    assert paired(truth, shuffled.reset_index(drop=True)).scores.tolist() == shuffled.to_numpy().tolist()
    assert paired(truth.loc[[2, 0]], scores.iloc[:2]).scores.tolist() == scores.iloc[:2].to_numpy().tolist()
    assert paired(truth.to_numpy(), shuffled).scores.tolist() == shuffled.to_numpy().tolist()


def test_a_tensor_without_values_is_refused() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(InputError, match="holds no values"):
        paired([[1, 0]], torch.empty(1, 2, device="meta"))
