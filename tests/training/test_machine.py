"""Machine: the fastest way to train here, recorded, and put back after use."""

from __future__ import annotations

import pytest
import torch

from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.training import machine
from tagfit.training.machine import Machine, choose

CONV = Recipe(architecture="conv")


def test_dense_nets_take_one_thread_and_conv_nets_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert choose(Recipe(), "cpu").threads == 1
    assert choose(CONV, "cpu").threads == 3
    assert choose(CONV, "cpu", threads=2).threads == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert choose(CONV, "cpu").threads >= 1


@pytest.mark.parametrize("fast", [True, False])
def test_only_conv_nets_train_in_bfloat16_and_only_where_that_is_fast(
    fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_bfloat16_is_fast", lambda device: fast)
    assert choose(CONV, "cpu").number_format == ("bfloat16" if fast else "float32")
    assert choose(Recipe(), "cpu").number_format == "float32"


@pytest.mark.parametrize(("device", "threads"), [("tpu", None), ("cuda:99", None), ("cpu", 0), ("cpu", -1)])
def test_what_is_not_here_is_refused(device: str, threads: int | None) -> None:
    with pytest.raises(InputError):
        choose(Recipe(), device, threads)


def test_what_was_set_before_comes_back_even_after_a_failure() -> None:
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    before = (torch.get_num_threads(), torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark)

    def fail() -> None:
        with Machine("cpu", 2, "float32").in_use():
            assert torch.get_num_threads() == 2
            assert torch.backends.cudnn.deterministic
            torch.manual_seed(2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert before == (torch.get_num_threads(), torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(("number_format", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_the_number_format_is_that_of_the_forward_pass(number_format: str, dtype: torch.dtype) -> None:
    layer = torch.nn.Linear(2, 2)
    with Machine("cpu", 1, number_format).autocast():  # type: ignore[arg-type]
        assert layer(torch.ones(1, 2)).dtype == dtype
