"""Fit: a usable run, the same bits for the same seed, and clear answers to what cannot be trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock
from problems import assert_same_runs, features, pictures, unfinished

from tagfit.errors import InputError
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import Run, open_run
from tagfit.runs.writing import LOCK
from tagfit.training import fit as fitting
from tagfit.training import machine
from tagfit.training.fit import fit, load_net, resume
from tagfit.training.loop import Training

SMALL = Recipe(widths=(8,), norm="batch", dropout=(0.2,), epochs=3)
CONV = Recipe(architecture="conv", widths=(4, 4), norm="batch", ema=0.9, augment=True, epochs=2, batch_size=16)


def test_a_fitted_run_is_complete(tmp_path: Path) -> None:
    problem = features()
    seen: list[int] = []
    run = fit(
        problem, SMALL, seed=7, out=tmp_path / "run", threads=1, on_epoch=lambda epoch, recipe: seen.append(epoch.epoch)
    )
    assert open_run(tmp_path / "run") == run
    assert seen == [epoch.epoch for epoch in run.history] == [1, 2, 3]
    assert run.recipe == SMALL
    assert run.scored_splits == ("train", "validation")  # test is looked at only when asked
    assert run.info["machine"] == {"device": "cpu", "threads": 1, "number_format": "float32", "processes": 1}
    assert (run.info["state"], run.info["seed"], run.info["epochs"], run.info["kept_epoch"]) == ("done", 7, 3, 3)
    assert run.info["seconds"] == pytest.approx(sum(epoch.seconds for epoch in run.history))
    assert not run.checkpoint.exists()
    assert unfinished(run.folder) == []


def test_the_last_epochs_losses_are_those_of_the_stored_scores(tmp_path: Path) -> None:
    run = fit(features(), SMALL, out=tmp_path / "run", threads=1)
    for split in ("train", "validation"):
        stored = run.scores(split)
        expected = -np.log(np.where(stored.truth == 1, stored.scores, 1 - stored.scores)).mean()
        assert getattr(run.history[-1], f"{split}_loss") == pytest.approx(expected, rel=1e-5)


def test_a_net_that_is_loaded_again_gives_the_stored_scores(tmp_path: Path) -> None:
    problem = pictures()
    run = fit(problem, CONV, out=tmp_path / "run", device="cpu", threads=1)
    chosen = machine.choose(CONV, "cpu", 1)
    with chosen.in_use():
        net = load_net(run, (8, 8, 3))
        again = fitting.score(Training(problem, CONV, 0, chosen), net, "validation")
    np.testing.assert_array_equal(again.scores, run.scores("validation").scores)


def test_it_learns_what_can_be_learnt(tmp_path: Path) -> None:
    run = fit(features(n=600), Recipe(widths=(16,), epochs=30, learning_rate=0.01), out=tmp_path / "run", threads=1)
    validation = run.scores("validation")
    accuracy = ((validation.scores > 0.5) == validation.truth).mean()
    trivial = max(validation.truth.mean(), 1 - validation.truth.mean())
    assert accuracy > trivial + 0.15


@pytest.mark.parametrize(("make", "recipe"), [(features, SMALL), (pictures, CONV)], ids=["dense", "conv"])
def test_one_seed_gives_the_same_bits_and_another_others(tmp_path: Path, make: Any, recipe: Recipe) -> None:
    one = fit(make(), recipe, seed=1, out=tmp_path / "one", threads=1)
    torch.manual_seed(99)  # what the caller does with torch's generator is no part of it
    same = fit(make(), recipe, seed=1, out=tmp_path / "same", threads=1)
    other = fit(make(), recipe, seed=2, out=tmp_path / "other", threads=1)
    assert_same_runs(one, same)
    assert one.weights.read_bytes() != other.weights.read_bytes()


def test_fitting_leaves_the_callers_torch_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(features(), SMALL, out=tmp_path / "run", threads=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == 1


def test_the_truth_where_it_is_unknown_changes_no_bit_of_the_weights(tmp_path: Path) -> None:
    shown = features()
    known = np.random.default_rng(3).random(shown.data.truth.shape) < 0.6
    hidden = features(known=known)
    flipped = np.where(known, shown.data.truth, 1 - shown.data.truth)
    other = replace(hidden, data=replace(hidden.data, truth=flipped))
    recipe = SMALL.changed(positive_weights="balanced", label_smoothing=0.1, patience=2, restore_best=True)
    one = fit(hidden, recipe, out=tmp_path / "one", threads=1)
    two = fit(other, recipe, out=tmp_path / "two", threads=1)
    plain = fit(shown, recipe, out=tmp_path / "plain", threads=1)
    assert one.weights.read_bytes() == two.weights.read_bytes() != plain.weights.read_bytes()
    assert [epoch.running_loss for epoch in one.history] == [epoch.running_loss for epoch in two.history]


def test_rows_of_weight_zero_teach_nothing(tmp_path: Path) -> None:
    weights = np.where(np.arange(160) % 2 == 0, 1.0, 0.0)
    linear = Recipe(widths=(), optimiser="sgd", learning_rate=0.1, batch_size=999, epochs=3)
    problem = features(weights=weights)
    other = features(weights=weights)
    other.data.truth[1::2] ^= 1
    one = fit(problem, linear, out=tmp_path / "one", threads=1)
    two = fit(other, linear, out=tmp_path / "two", threads=1)
    assert one.weights.read_bytes() == two.weights.read_bytes()


def test_a_recipe_may_be_named_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMED, "quick", SMALL)
    SMALL.save(tmp_path / "v1.2.toml")
    assert fit(features(), "quick", out=tmp_path / "a", threads=1).info["recipe"] == "quick"
    assert fit(features(), tmp_path / "v1.2.toml", out=tmp_path / "b", threads=1).info["recipe"] == "v1.2"
    assert fit(features(), SMALL, out=tmp_path / "c", threads=1, name="mine").info["recipe"] == "mine"
    assert fit(features(), SMALL, out=tmp_path / "d", threads=1).info["recipe"] == "recipe"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": -1}, "seed = -1"),
        ({"seed": 2**32}, "seed = 4294967296"),
        ({"threads": 0}, "threads = 0"),
        ({"device": "tpu"}, "no device 'tpu'.*cpu"),
        ({"recipe": "no-such"}, "no recipe 'no-such'"),
        ({"recipe": CONV}, "rows of 10 features"),
    ],
)
def test_what_cannot_be_trained_leaves_no_folder(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fit(features(), **{"recipe": SMALL, "out": tmp_path / "run", **options})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match=r"exists and is not empty.*a new one"):
        fit(features(), SMALL, out=tmp_path)
    with pytest.raises(InputError, match="exists and is not empty"):
        fit(features(), SMALL, out=tmp_path / "letter.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    fit(features(), SMALL, out=tmp_path / "run", threads=1)
    with pytest.raises(InputError, match="train --resume"):
        fit(features(), SMALL, out=tmp_path / "run")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot write .*file"):
        fit(features(), SMALL, out=tmp_path / "file" / "run")


def test_a_run_folder_has_one_writer_at_a_time(tmp_path: Path) -> None:
    problem = features()
    run = fit(problem, SMALL, out=tmp_path / "run", threads=1)
    run.save_info(state="interrupted")
    before = run.weights.read_bytes()
    with (
        FileLock(tmp_path / "run" / LOCK),
        pytest.raises(InputError, match="being written by another process"),
    ):
        resume(run, problem)
    assert run.weights.read_bytes() == before
    (tmp_path / "fresh").mkdir()
    with (
        FileLock(tmp_path / "fresh" / LOCK),
        pytest.raises(InputError, match="being written by another process"),
    ):
        fit(problem, SMALL, out=tmp_path / "fresh")


def test_two_fits_on_one_folder_do_not_meet(tmp_path: Path) -> None:
    problem, refused = features(), []

    def second(*_: object) -> None:
        with pytest.raises(InputError) as raised:
            fit(problem, SMALL, out=tmp_path / "run", threads=1)
        refused.append(str(raised.value))

    first = fit(problem, SMALL, out=tmp_path / "run", threads=1, on_epoch=second)
    assert len(refused) == 3
    assert first.info["state"] == "done"


def test_a_run_without_weights_or_with_those_of_another_net_is_refused(tmp_path: Path) -> None:
    run = fit(features(), SMALL, out=tmp_path / "run", threads=1)
    SMALL.changed(widths=(9,)).save(run.folder / "recipe.toml")
    with pytest.raises(InputError, match="weights of another net"):
        load_net(run, (10,))
    run.weights.write_bytes(run.weights.read_bytes()[:-5])
    with pytest.raises(InputError, match="cannot be read as safetensors"):
        load_net(run, (10,))
    run.weights.unlink()
    with pytest.raises(InputError, match=r"no weights yet.*train --resume"):
        load_net(run, (10,))


def test_a_training_that_diverges_is_a_failed_run(tmp_path: Path) -> None:
    problem = features()
    problem.inputs[:] = np.where(problem.inputs > 3, 3e38, -3e38)
    with pytest.raises(InputError, match="diverged"):
        fit(problem, SMALL, out=tmp_path / "run", threads=1)
    run = Run(tmp_path / "run")
    assert run.info["state"] == "failed"
    assert not run.weights.exists()
