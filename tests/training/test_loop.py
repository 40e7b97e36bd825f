"""The loop: whole batches, early stopping as in Keras, honest curves, and a training that diverges."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import features, pictures, problem_of

from tagfit.data.problem import Preprocessing
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.training import loop
from tagfit.training.batches import Batches
from tagfit.training.loop import Training
from tagfit.training.machine import Machine

CPU = Machine("cpu", 1, "float32")
SMALL = Recipe(widths=(4,), epochs=4)


def keras_early_stopping(values: list[float], patience: int, *, higher: bool, epochs: int) -> tuple[int, int]:
    """(epochs trained, best epoch) by the source of keras.callbacks.EarlyStopping, min_delta = 0, no baseline."""
    best, best_epoch, wait = -math.inf if higher else math.inf, 0, 0
    for epoch, current in enumerate(values[:epochs]):
        wait += 1
        if current > best if higher else current < best:
            best, best_epoch, wait = current, epoch, 0
            continue
        if wait >= patience and epoch > 0:
            return epoch + 1, best_epoch + 1
    return min(epochs, len(values)), best_epoch + 1


def scripted(recipe: Recipe, values: list[float], monkeypatch: pytest.MonkeyPatch) -> Training:
    """A training whose validation metric follows ``values`` and whose head's bias is the number of the epoch."""
    training = Training(features(n=20, width=2, labels=1), recipe, 0, CPU)

    def steps(epoch: int) -> tuple[float, float]:
        with torch.no_grad():
            for head in (training.net, training.scored_net):
                list(head.parameters())[-1].fill_(epoch)
        return 0.5, 0.1

    def metrics(net: torch.nn.Module, monitor: str) -> dict[str, float]:
        return {"loss": 0.5, "label_accuracy": 0.5, monitor: values[training.progress.epoch]}

    monkeypatch.setattr(training, "_steps", steps)
    monkeypatch.setattr(training.curve[1], "metrics", metrics)
    while not training.over:
        training.run_epoch()
    return training


@given(
    st.lists(st.integers(0, 6).map(float), min_size=1, max_size=14),
    st.integers(1, 4),
    st.sampled_from(["loss", "macro_f1"]),
    st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_early_stopping_is_that_of_keras(values: list[float], patience: int, monitor: Any, restore: bool) -> None:
    recipe = Recipe(widths=(), epochs=len(values), patience=patience, monitor=monitor, restore_best=restore)
    with pytest.MonkeyPatch.context() as monkeypatch:
        training = scripted(recipe, values, monkeypatch)
    stopped, best = keras_early_stopping(values, patience, higher=monitor != "loss", epochs=len(values))
    assert (training.progress.epoch, training.progress.best_epoch) == (stopped, best)
    kept = list(training.final_weights().values())[-1]
    assert float(kept) == (best if restore else stopped)


def test_without_patience_every_epoch_is_trained_and_the_best_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [3.0, 1.0, 2.0, 2.0, 2.0, 2.0]
    training = scripted(Recipe(widths=(), epochs=6, restore_best=True), values, monkeypatch)
    assert (training.progress.epoch, training.progress.best_epoch) == (6, 2)


def test_an_undefined_metric_is_neither_better_nor_a_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [math.nan, math.nan, math.nan, 0.3, math.nan, math.nan, math.nan]
    recipe = Recipe(widths=(), epochs=7, patience=1, monitor="mAP", restore_best=True)
    training = scripted(recipe, values, monkeypatch)
    assert (training.progress.epoch, training.progress.best_epoch, training.kept_epoch) == (7, 4, 4)


def test_what_is_undefined_on_the_rows_of_validation_is_none() -> None:
    validation = np.resize(["train", "validation"], 20)
    known = np.broadcast_to((validation == "train")[:, None], (20, 3)).copy()
    epoch = Training(features(n=20, split=validation, known=known), SMALL, 0, CPU).run_epoch()
    assert epoch.train_loss is not None
    assert epoch.validation_loss is epoch.validation_label_accuracy is epoch.monitored is None


def test_without_validation_all_epochs_are_trained_and_the_last_kept() -> None:
    problem = features(n=30, split=np.full(30, "train"))
    training = Training(problem, Recipe(widths=(4,), epochs=3, patience=1, restore_best=True), 0, CPU)
    while not training.over:
        epoch = training.run_epoch()
        assert epoch.validation_loss is epoch.validation_label_accuracy is epoch.monitored is None
        assert epoch.train_loss is not None
    assert training.progress.epoch == 3
    assert training.final_weights().keys() == training.net.state_dict().keys()


@pytest.mark.parametrize(("rows", "sizes"), [(33, [8, 8, 8, 9]), (32, [8] * 4), (34, [8, 8, 8, 8, 2]), (2, [2])])
def test_every_row_is_in_one_batch_and_no_batch_is_one_row(
    rows: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(
        features(n=rows, split=np.full(rows, "train")), SMALL.changed(norm="batch", batch_size=8), 0, CPU
    )
    seen: list[list[int]] = []
    batch = Batches.batch

    def recorded(self: Batches, positions: torch.Tensor, **about: Any) -> torch.Tensor:
        if self is training.batches:
            seen.append(positions.tolist())
        return batch(self, positions, **about)

    monkeypatch.setattr(Batches, "batch", recorded)
    training.run_epoch()
    first, seen = seen, []
    training.run_epoch()
    assert [len(positions) for positions in first] == sizes
    assert sorted(itertools.chain(*first)) == list(range(rows))
    assert rows == 2 or first != seen  # each epoch has its own order


def test_the_curves_are_measured_in_inference_mode_with_the_weights_as_they_are_left() -> None:
    problem = features()
    training = Training(problem, Recipe(widths=(16,), norm="batch", dropout=(0.5,), epochs=3), 0, CPU)
    epoch = [training.run_epoch() for _ in range(3)][-1]
    net = training.net.eval()
    part = problem.part("validation")
    rows = (problem.inputs[part.rows] - problem.preprocessing.mean) / problem.preprocessing.std
    with torch.no_grad():
        scores = torch.sigmoid(net(torch.from_numpy(rows).float())).double().numpy()
    expected = -np.where(part.truth == 1, np.log(scores), np.log(1 - scores)).mean()
    assert epoch.validation_loss == pytest.approx(expected, rel=1e-4)
    assert epoch.validation_label_accuracy == ((scores > 0.5) == part.truth).mean()
    assert epoch.monitored == epoch.validation_loss


def test_the_running_average_is_what_is_measured_and_kept() -> None:
    training = Training(features(), Recipe(widths=(16,), ema=0.9, epochs=2), 0, CPU)
    training.run_epoch()
    assert training.scored_net is training.average
    kept, moving = training.final_weights(), training.net.state_dict()
    assert not all(torch.equal(kept[name], moving[name]) for name in kept)


def test_dropout_augmentation_and_order_each_hang_on_the_seed() -> None:
    def first_loss(seed: int, **fields: Any) -> float:
        recipe = Recipe(architecture="conv", widths=(4,), batch_size=64).changed(**fields)
        training = Training(pictures(), recipe, 0, CPU)  # the same weights to begin with
        training.seed = seed
        return training.run_epoch().running_loss

    for fields in ({"dropout": (0.5,)}, {"augment": True}):
        assert first_loss(1, **fields) == first_loss(1, **fields)
        assert first_loss(1, **fields) != first_loss(2, **fields)
        assert first_loss(1, **fields) != first_loss(1)


def test_a_larger_gradient_than_the_clip_is_cut_to_it() -> None:
    def moved_by(clip: float) -> float:
        training = Training(
            features(), Recipe(widths=(), optimiser="sgd", learning_rate=1, batch_size=999, gradient_clip=clip), 0, CPU
        )
        before = torch.cat([weight.detach().clone().ravel() for weight in training.net.parameters()])
        training.run_epoch()
        after = torch.cat([weight.detach().ravel() for weight in training.net.parameters()])
        return float((after - before).norm())

    free = moved_by(0)
    assert moved_by(free / 10) == pytest.approx(free / 10, rel=1e-3)
    assert moved_by(free * 10) == free


def test_a_training_that_diverges_says_so() -> None:
    inputs = np.full((20, 2), 1e30, dtype=np.float32)
    problem = problem_of(inputs, np.resize([[1], [0], [0]], (20, 1)).astype(np.uint8))
    problem = replace(problem, preprocessing=Preprocessing(None, (0.0, 0.0), (1.0, 1.0)))
    training = Training(problem, Recipe(widths=(8,), optimiser="sgd", learning_rate=10, batch_size=2), 0, CPU)
    with pytest.raises(InputError, match=r"diverged in epoch 1: .*smaller learning_rate than 10"):
        training.run_epoch()


def test_weights_that_only_the_last_step_broke_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(features(), SMALL, 0, CPU)

    def steps(epoch: int) -> tuple[float, float]:
        with torch.no_grad():
            next(training.net.parameters())[0, 0] = math.nan
        return 0.5, 0.1

    monkeypatch.setattr(training, "_steps", steps)
    with pytest.raises(InputError, match="weights are no longer finite"):
        training.run_epoch()


def test_a_train_split_that_teaches_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="train has 1 rows"):
        Training(features(n=3, split=np.array(["train", "validation", "test"])), SMALL, 0, CPU)
    with pytest.raises(InputError, match="no label of any row of train is known"):
        Training(features(n=20, known=np.zeros((20, 3), dtype=bool)), SMALL, 0, CPU)


def test_the_curve_of_train_is_measured_on_a_sample_of_a_large_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(loop.CURVE_ROWS, "features", 16)
    problem = features(n=100)
    training = Training(problem, SMALL, 0, CPU)
    assert len(training.curve[0].batches) == 16
    assert len(training.curve[1].batches) == len(problem.part("validation"))
