"""TagClassifier: a recipe, trained in memory, as a scikit-learn classifier."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from tagfit.arguments import ArgumentError, checked
from tagfit.data.inputs import fit_preprocessing, read_inputs
from tagfit.data.joining import joined
from tagfit.data.pictures.square import DEFAULT_FIT
from tagfit.data.problem import Problem
from tagfit.data.splits.stratify import assign
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.estimator.target import Target, dimensions
from tagfit.evaluation import metrics
from tagfit.evaluation.cases import Cases, check_thresholds, exceeding
from tagfit.evaluation.totals import Observed
from tagfit.recipe import AS_OVERRIDE, FOR_FEATURES, FOR_PICTURES, Recipe, find
from tagfit.scores import as_numbers
from tagfit.training.torch_import import torch_for

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

# On fewer held-out rows than this, the epoch at which training stops is a matter of luck.
FEWEST_HELD_OUT = 10
NESTED = "recipe__"


class TagClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A multi-label classifier of pictures or feature rows, for everything that takes a scikit-learn estimator.

    Args:
        recipe: the name of one, a Recipe or a recipe file; None takes ``regularised-dense`` for features and
            ``regularised-conv`` for pictures.
        overrides: fields of the recipe to change, ``{"epochs": 20}``. A search sets them one by one under the names
            ``recipe__epochs``, ``recipe__widths`` ...; None there means what the recipe says.
        validation_share: the share of the rows, stratified, that is held out of training where ``fit`` is given no
            validation and the recipe looks at one (``patience``, ``restore_best``); too few rows hold out none.
        threshold: one number in [0, 1], or one per label; predicted where probability > threshold.
        random_state: the seed: an int, a RandomState, or None for another one at each fit.
        device: "cpu", "cuda" or "mps"; None takes a GPU when there is one.
        threads: of the processor; None takes one for dense nets and all for conv nets.
        net: a function that makes a ``torch.nn.Module`` in place of the recipe's layers, as for ``tagfit.fit``.
            A pickle names it and does not hold it.

    Attributes:
        classes_: the two values of a 1-D y; for Y of shape (N, L) the array (L, 2) whose rows are [0, 1].
        labels_: L names: the columns of a DataFrame, else ``label_0`` ...
        recipe_: the Recipe that was trained.
        weights_: NumPy arrays by name. A pickle holds these and no torch object.
        preprocessing_: the shift and scale, fitted on the rows trained on.
        history_: one record an epoch; n_iter_ is how many, kept_epoch_ the one that the weights are of.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.
    """

    @checked(AS_OVERRIDE, only_names=True, seed="random_state=0", thresholds="threshold=0.5")
    def __init__(
        self,
        recipe: str | Path | Recipe | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        validation_share: float = 0.15,
        threshold: float | ArrayLike = 0.5,
        random_state: int | np.random.RandomState | None = 0,
        device: str | None = None,
        threads: int | None = None,
        net: NetFactory | None = None,
    ) -> None:
        self.recipe = recipe
        self.overrides = overrides
        self.validation_share = validation_share
        self.threshold = threshold
        self.random_state = random_state
        self.device = device
        self.threads = threads
        self.net = net

    @checked(
        AS_OVERRIDE,
        only_names=True,
        sample_weight="all rows weigh the same in training; score(X, y, sample_weight=...) weighs them",
        validation_data="validation=(X, Y)",
    )
    def fit(self, X: ArrayLike, y: ArrayLike, validation: tuple[ArrayLike, ArrayLike] | None = None) -> Self:
        """Train.

        Args:
            X: (N, D) features, or (N, H, W, 3) pictures: whole numbers in 0..255, or floats in 0..1.
            y: (N, L) of 0, 1 and NaN (or -1) where a label is unknown; or N values of two classes, which are one label.
            validation: (X, Y) of other rows, on which training is watched and stopped; None holds out some of these.

        Raises:
            InputError: data, parameters or a recipe that cannot be used. It is a ValueError.
        """
        with torch_for("TagClassifier"):
            from tagfit.training import memory
        if y is None:
            raise InputError("TagClassifier requires y to be passed, but the target y is None")
        values = self._checked(X, reset=True)
        with _as_input_errors():
            target = Target.of(y)
        check_thresholds(self.threshold, target.labels)
        recipe = self._recipe(pictures=values.ndim == 4)
        seed = _seed(self.random_state)
        rows = _rows(values, target, y)
        if validation is not None and not (isinstance(validation, tuple | list) and len(validation) == 2):
            raise InputError(f"validation is a {type(validation).__name__}", instead="(X, Y) of other rows")
        if validation is not None:
            rows, split = joined(
                {"train": rows, "validation": _rows(self._checked(validation[0], reset=False), target, validation[1])}
            )
        inputs = read_inputs(rows, None, fit=DEFAULT_FIT)
        if validation is None:
            split = self._split(rows, inputs.digests, recipe, seed)
        preprocessing = fit_preprocessing(inputs, split == "train")
        # It lives no longer than this call, so nobody will ask for its fingerprint or its source; under the digests the
        # features of a backbone are kept, which each part of a training asks for.
        problem = Problem(rows, split, preprocessing, inputs.values, {}, {}, digests=inputs.digests)
        fitted = memory.fit(problem, recipe, seed=seed, device=self.device, threads=self.threads, net=self.net)
        self.classes_ = target.classes_
        self.labels_ = target.labels
        self.recipe_ = recipe
        self.preprocessing_ = preprocessing
        self.weights_ = fitted.weights
        self.history_ = fitted.history
        self.n_iter_ = len(fitted.history)
        self.kept_epoch_ = fitted.kept_epoch
        self._target = target
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Probabilities of shape (N, L); after a 1-D y of shape (N, 2), as scikit-learn has it for two classes."""
        present = self._present(X)
        return present if self._target.classes is None else np.hstack([1 - present, present])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Multi-hot int64 of shape (N, L); after a 1-D y N of its classes."""
        present = self._present(X)
        cuts = check_thresholds(self.threshold, self.labels_)
        predicted = exceeding(present, cuts).astype(np.int64)
        classes: NDArray[Any] | None = self._target.classes
        return predicted if classes is None else classes[predicted[:, 0]]

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Subset accuracy: the share of rows of which every known label is right; rows with none known are left out.

        For a 1-D y that is plain accuracy.
        """
        present = self._present(X)
        truth, known = self._target.encode(y)
        weights = None
        if sample_weight is not None:
            weights = as_numbers(sample_weight, "sample_weight", "one number of 0 or more per row")
            if weights.shape != (len(present),) or not (weights >= 0).all() or not weights.sum() > 0:
                raise InputError(
                    f"sample_weight of shape {weights.shape}", instead="one number of 0 or more per row, not all 0"
                )
        with _as_input_errors():
            check_consistent_length(present, truth)
        cases = Cases(truth, known, present, check_thresholds(self.threshold, self.labels_), weights)
        return float(metrics.find("subset_accuracy").value(Observed(cases)))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters; ``deep`` adds each field of the recipe as ``recipe__field``, None where not overridden."""
        params: dict[str, Any] = super().get_params(deep=deep)
        if deep:
            changed = self.overrides if isinstance(self.overrides, Mapping) else {}
            params |= {NESTED + name: changed.get(name) for name in Recipe.model_fields}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``recipe__field`` goes into ``overrides``, or out of them if it is None."""
        fields = {name.removeprefix(NESTED): value for name, value in params.items() if name.startswith(NESTED)}
        unknown = [name for name in fields if name not in Recipe.model_fields]
        if unknown:
            raise InputError(
                f"{NESTED}{unknown[0]} is not a parameter: {unknown[0]!r} is not a field of a recipe",
                instead=f"the fields are {', '.join(Recipe.model_fields)}",
            )
        super().set_params(**{name: value for name, value in params.items() if not name.startswith(NESTED)})
        if fields:
            changed = {**(self.overrides or {}), **fields}
            self.overrides = {name: value for name, value in changed.items() if value is not None} or None
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        return tags

    def _recipe(self, *, pictures: bool) -> Recipe:
        chosen = self.recipe
        if chosen is None:
            chosen = FOR_PICTURES if pictures else FOR_FEATURES
        if not isinstance(chosen, str | Path | Recipe):
            raise InputError(f"recipe = {chosen!r}", instead="the name of one, a Recipe, a file, or None")
        found = chosen if isinstance(chosen, Recipe) else find(chosen)
        named = isinstance(self.overrides, Mapping) and all(isinstance(name, str) for name in self.overrides)
        if self.overrides is not None and not named:
            raise InputError(f"overrides = {self.overrides!r}", instead='fields of a recipe, such as {"epochs": 20}')
        return found.changed(**self.overrides) if self.overrides else found

    def _checked(self, X: ArrayLike, *, reset: bool) -> NDArray[Any]:
        """X as (N, D) float32 or (N, H, W, C) pictures, with rows of the shape that was fitted unless ``reset``."""
        with _as_input_errors():
            pictures = dimensions(X) == 4
        with _as_input_errors():
            values: NDArray[Any] = validate_data(
                self,
                X,
                reset=reset,
                dtype="numeric" if pictures else np.float32,
                allow_nd=True,
                ensure_min_samples=2 if reset else 1,
            )
        if values.ndim not in (2, 4):
            raise InputError(f"X has shape {values.shape}", instead="(N, D) features, or (N, H, W, 3) pictures")
        if reset:
            self.input_shape_ = values.shape[1:]
        elif values.shape[1:] != self.input_shape_:
            raise InputError(f"X has rows of shape {values.shape[1:]}", instead=f"{self.input_shape_}, as was fitted")
        return values

    def _split(self, rows: TaggedSet, digests: NDArray[np.str_], recipe: Recipe, seed: int) -> NDArray[np.str_]:
        """train or validation for each row: a stratified share, equal rows on one side; all train if that is no use."""
        share = self.validation_share
        if not isinstance(share, numbers.Real) or not 0 <= share < 1:
            raise InputError(f"validation_share = {share!r}", instead="a number from 0 to less than 1")
        part = np.zeros(len(rows), dtype=np.int64)
        if (recipe.patience or recipe.restore_best) and len(rows) * share >= FEWEST_HELD_OUT:
            shares = [1 - share, share]
            part = assign(rows.truth, rows.known, shares, keys=digests.tolist(), groups=digests, seed=seed)
        return np.where((part == 1) & ~part.all(), "validation", "train")

    def _present(self, X: ArrayLike) -> NDArray[np.float32]:
        """The probability that each label is present, (N, L)."""
        check_is_fitted(self, "weights_")
        with torch_for("TagClassifier"):
            from tagfit.training import memory
        rows = _rows(self._checked(X, reset=False), self._target)
        return memory.score(
            self.recipe_,
            self.weights_,
            self.preprocessing_,
            read_inputs(rows, self.preprocessing_.size, fit=self.preprocessing_.fit).values,
            len(self.labels_),
            device=self.device,
            threads=self.threads,
            net=self.net,
        )


def _rows(values: NDArray[Any], target: Target, y: ArrayLike | None = None) -> TaggedSet:
    """Arrays as a TaggedSet; without y nothing is known."""
    blank = np.zeros((len(values), len(target.labels)), dtype=np.uint8)
    truth, known = (blank, blank.astype(bool)) if y is None else target.encode(y)
    with _as_input_errors():
        check_consistent_length(values, truth)
    return TaggedSet(np.arange(len(values)).astype(np.str_), truth, known, target.labels, arrays=values)


@contextmanager
def _as_input_errors() -> Iterator[None]:
    """What scikit-learn's checks refuse is an InputError as well, with scikit-learn's own words."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, TypeError) as error:
        raise ArgumentError(str(error)) from error


def _seed(random_state: Any) -> int:
    if isinstance(random_state, numbers.Integral):
        if random_state < 0:
            raise InputError(f"random_state = {random_state}", instead="0 or more, a RandomState, or None")
        return int(random_state)
    with _as_input_errors():
        return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
