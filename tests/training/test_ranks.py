"""Several processes that train one net: the curve of one process, and equal weights each time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from problems import features
from ranked import DENSE, cases, train_all
from torch import nn

import tagfit
from commands import environment
from tagfit import launch
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import open_run
from tagfit.training import loop, together
from tagfit.training.fit import fit, resume
from tagfit.training.ranks import ALONE, Ranks
from tagfit.training.shared_layers import SharedBatch, shared

SECOND = Path(__file__).with_name("ranked.py")
LAUNCHED = {"WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
# Sums of floats in another order: the weights of batch norm divide by small numbers.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def together_and_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The runs of two processes, of which this is the first, and the same of one process."""
    folder, alone = (tmp_path_factory.mktemp(name) for name in ("together", "alone"))
    store = folder / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tagfit.training.machine._bfloat16_is_fast", lambda _device: False)
        for name, (problem, recipe) in cases().items():
            fit(problem, recipe, seed=5, out=alone / name, threads=1)
        for name, value in {**LAUNCHED, "RANK": "0"}.items():
            patch.setenv(name, value)
        program = [sys.executable, str(SECOND), str(folder), str(store)]
        with subprocess.Popen(program, env=environment(**LAUNCHED, RANK="1", OMP_NUM_THREADS="1")) as second:
            try:
                train_all(folder, store, rank=0)
                assert second.wait() == 0
            finally:
                second.kill()
        yield folder, alone


@pytest.mark.parametrize("name", ["dense", "conv"])
def test_two_processes_train_as_one_does(together_and_alone: tuple[Path, Path], name: str) -> None:
    two, one = (open_run(folder / name) for folder in together_and_alone)
    assert (two.info["machine"]["processes"], one.info["machine"]["processes"]) == (2, 1)
    for ours, theirs in zip(two.history, one.history, strict=True):
        for figure in ("running_loss", "train_loss", "validation_loss"):
            assert getattr(ours, figure) == pytest.approx(getattr(theirs, figure), rel=TOLERANCE), figure
    for split in ("train", "validation"):
        np.testing.assert_allclose(two.scores(split).scores, one.scores(split).scores, atol=10 * TOLERANCE)
        assert list(two.scores(split).ids) == list(one.scores(split).ids)


def test_equal_processes_give_equal_weights(together_and_alone: tuple[Path, Path]) -> None:
    folder, _ = together_and_alone
    once, again = ((folder / name / "weights.safetensors").read_bytes() for name in ("dense", "again"))
    assert once == again


def test_what_the_processes_cannot_train_is_refused(
    together_and_alone: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    two = Ranks(0, 2)
    with pytest.raises(InputError, match="--out DIR"):
        together.refuse_unfit(two, DENSE, features(), None)
    with pytest.raises(InputError, match="200 processes share a batch of 24 rows"):
        together.refuse_unfit(Ranks(0, 200), DENSE, features(), "out")
    together.refuse_unfit(ALONE, Recipe(batch_size=1), features(), None)
    for name in ("RANK", *LAUNCHED):
        monkeypatch.delenv(name, raising=False)
    folder, _ = together_and_alone
    with pytest.raises(InputError, match="begun by 2 processes, and is resumed by 1"):
        resume(open_run(folder / "dense"), features(161))


def test_no_share_is_empty_and_together_they_are_all() -> None:
    for size in range(3, 40):
        shares = [list(range(size))[Ranks(rank, 3).share(size)] for rank in range(3)]
        assert [row for share in shares for row in share] == list(range(size))
        assert all(shares)
    order = torch.arange(101)
    assert [len(batch) for batch in loop._split(order, 20, 3)] == [20, 20, 20, 20, 21]
    assert torch.cat(loop._split(order, 7, 4)).tolist() == order.tolist()


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("width", [2, 4])
def test_shared_layers_of_one_process_are_those_of_torch(width: int, affine: bool) -> None:
    """Forward, gradients, running statistics and the masks of dropout, from the same seed."""
    shape = (6, 5, 4, 4) if width == 4 else (6, 5)
    kind = nn.BatchNorm2d if width == 4 else nn.BatchNorm1d
    norm = kind(5, momentum=0.1, affine=affine)
    theirs = nn.Sequential(nn.Sequential(norm), nn.Dropout(0.3))
    ours = shared(
        nn.Sequential(nn.Sequential(kind(5, momentum=0.1, affine=affine)), nn.Dropout(0.3)), SharedBatch(ALONE, 6)
    )
    found = []
    for net in (theirs, ours):
        torch.manual_seed(3)
        values = torch.randn(shape, requires_grad=True)
        out = net(values)
        (out * torch.arange(out.numel()).view(shape)).sum().backward()
        found.append([out, values.grad, *(weight.grad for weight in net.parameters()), *net.state_dict().values()])
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.eval()(values), theirs.eval()(values), rtol=1e-4, atol=1e-4)


def test_the_launch_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT", *LAUNCHED):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "8")  # as a cluster's own environment may have it
    assert (launch.count(), launch.rank(), launch.is_restart()) == (1, 0, False)
    for name, value in {**LAUNCHED, "RANK": "1", "TORCHELASTIC_RESTART_COUNT": "0"}.items():
        monkeypatch.setenv(name, value)
    assert (launch.count(), launch.rank(), launch.local_rank(), launch.is_restart()) == (2, 1, 1, False)
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    assert launch.is_restart()


@pytest.mark.long
@pytest.mark.parametrize("killed", [False, True])
def test_torchrun_starts_again_what_was_killed(tmp_path: Path, killed: bool) -> None:
    problem = features(161)
    np.savez(tmp_path / "rows.npz", X=problem.inputs, Y=problem.data.truth, labels=problem.labels, split=problem.split)
    DENSE.changed(epochs=5).save(tmp_path / "recipe.toml")
    words = ["train", "rows.npz", "--recipe", "recipe.toml", "--out", "run", "--device", "cpu"]
    program = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--max-restarts=1"]
    program += [str(SECOND)] if killed else ["-m", "tagfit"]
    done = subprocess.run(
        [*program, *words], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("run: run") == 1, "only the first process reports"
    assert "Traceback" not in done.stderr
    run = open_run(tmp_path / "run")
    assert (run.state, [epoch.epoch for epoch in run.history]) == ("done", [1, 2, 3, 4, 5])
    one = tagfit.fit(tagfit.split(tagfit.read(tmp_path / "rows.npz")), DENSE.changed(epochs=5), out=tmp_path / "one")
    for ours, theirs in zip(run.history, one.history, strict=True):
        assert ours.running_loss == pytest.approx(theirs.running_loss, rel=TOLERANCE)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["machine"]["processes"] == 2
