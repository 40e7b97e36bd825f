"""Target: the Y of a fit, multi-label or two classes, as multi-hot truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets

from tagfit import multihot
from tagfit.errors import InputError


@dataclass(frozen=True, eq=False)
class Target:
    """How Y is read.

    Attributes:
        labels: L names.
        classes: the two values of a 1-D y, the second of which is its one label; None for multi-hot Y.
    """

    labels: tuple[str, ...]
    classes: NDArray[Any] | None

    @classmethod
    def of(cls, Y: ArrayLike) -> Target:
        """Learn the labels of the Y of a fit.

        Raises:
            InputError: it is neither (N, L) of 0, 1 and NaN (or -1) nor N values of two classes and NaN.
        """
        values = _dense(Y)
        if dimensions(values) == 1:
            classes = _two_classes(np.asarray(values))
            return cls((str(classes[1]),), classes)
        truth, known = multihot.check(values, name="Y")
        if not known.any():
            raise InputError(f"Y of shape {truth.shape} has no known entry", instead=multihot.RIGHT_FORM)
        return cls(_columns(Y) or tuple(f"label_{index}" for index in range(truth.shape[1])), None)

    @property
    def classes_(self) -> NDArray[Any]:
        """The attribute of a classifier that scikit-learn looks at to tell how to read its predictions.

        For L labels it is (L, 2), each row [0, 1]: the classes of each label. With the obvious arange(L), scorers would
        take 2 labels for the two classes of one and score the second only, and would fail on 1 label; a list of L
        arrays, as scikit-learn's own multi-output classifiers have it, fails in ``cross_val_predict``.
        """
        return np.tile([0, 1], (len(self.labels), 1)) if self.classes is None else self.classes

    def encode(self, Y: ArrayLike) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Y of the same kind -> (truth (N, L) with 0 where unknown, known (N, L)).

        Raises:
            InputError: another number or order of columns, or a class that the fit did not see.
        """
        values = _dense(Y)
        if self.classes is not None:
            return self._encode_classes(np.asarray(values))
        truth, known = multihot.check(values, name="Y")
        if truth.shape[1] != len(self.labels):
            raise InputError(f"Y has {truth.shape[1]} columns", instead=f"{len(self.labels)}, as was fitted")
        columns = _columns(Y)
        if columns != self.labels and sorted(columns) == sorted(self.labels):
            raise InputError("Y has its columns in another order", instead=", ".join(self.labels))
        return truth, known

    def _encode_classes(self, y: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        assert self.classes is not None
        if y.ndim != 1:
            raise InputError(f"y has shape {y.shape}", instead="N values, as was fitted")
        known = ~_missing(y)
        strange = y[known & ~np.isin(y, self.classes)].tolist()
        if strange:
            raise InputError(f"y holds {strange[0]!r}", instead=f"one of {self.classes.tolist()}, as was fitted")
        return (known & (y == self.classes[1])).astype(np.uint8)[:, None], known[:, None]


def _two_classes(y: NDArray[Any]) -> NDArray[Any]:
    known = y[~_missing(y)]
    if not len(known):
        raise InputError("y has no known entry", instead="values of two classes, or Y of shape (N, L)")
    if known.dtype.kind == "f" and not np.isfinite(known).all():
        raise InputError("y holds infinity", instead="values of two classes")
    check_classification_targets(known)
    classes: NDArray[Any] = np.unique(known)
    if len(classes) > 2:
        some = ", ".join(map(str, classes[:4].tolist())) + (", ..." if len(classes) > 4 else "")
        raise InputError(
            "Only binary classification is supported. The type of the target is multiclass: "
            f"a 1-D y puts each row into one of {len(classes)} classes ({some}), but labels do not exclude each other",
            instead="one 0/1 column per label, shape (N, L); LabelBinarizer makes it, if each class shall be a label",
        )
    if len(classes) < 2:
        raise InputError(f"y has one class only, {classes.tolist()[0]!r}", instead="rows of two classes")
    return classes


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where ``values`` are NaN; they may be of any type."""
    return np.asarray(values != values, dtype=bool)


def _dense(Y: Any) -> Any:
    return Y.toarray() if sparse.issparse(Y) else Y


def _columns(Y: Any) -> tuple[str, ...]:
    """The column names of a DataFrame; none of anything else."""
    return tuple(str(name) for name in getattr(Y, "columns", ()))


def dimensions(values: Any) -> int:
    """How many axes ``values`` has, whatever holds it."""
    return int(values.ndim if hasattr(values, "ndim") else np.asarray(values).ndim)
