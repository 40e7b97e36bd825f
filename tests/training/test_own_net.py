"""Own nets: what a user's factory must hold to, and that its runs are like all others."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from problems import assert_same_runs, features, pictures
from torch import nn

from tagfit import workflow
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import open_run
from tagfit.training import fit as fitting
from tagfit.training import nets, own_net
from tagfit.training.fit import fit, load_net, resume

RECIPE = Recipe(epochs=3, ema=0.9, weight_decay=0.1, optimiser="adamw")
CONV = Recipe(architecture="conv", augment=True, epochs=2, batch_size=16)


def two_layers(input_shape: tuple[int, ...], labels: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, labels))


def small_conv(input_shape: tuple[int, ...], labels: int) -> nn.Module:
    colours, _, _ = input_shape
    return nn.Sequential(
        nn.Conv2d(colours, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, labels)
    )


class Tied(nn.Module):
    """Two layers that share one weight, and a matrix that is frozen, which weight decay would shrink."""

    def __init__(self, input_shape: tuple[int, ...], labels: int) -> None:
        super().__init__()
        self.one = nn.Linear(input_shape[0], input_shape[0])
        self.two = nn.Linear(input_shape[0], input_shape[0])
        self.two.weight = self.one.weight
        self.frozen = nn.Parameter(torch.ones(1, input_shape[0]), requires_grad=False)
        self.head = nn.Linear(input_shape[0], labels)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.two(torch.relu(self.one(rows))) * self.frozen)
        return logits


@pytest.mark.parametrize(
    ("make", "recipe", "net"), [(features, RECIPE, two_layers), (pictures, CONV, small_conv), (features, RECIPE, Tied)]
)
def test_a_run_of_an_own_net_is_like_any_other(
    tmp_path: Path, make: Any, recipe: Recipe, net: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    problem = make()
    whole = fit(problem, recipe, out=tmp_path / "whole", threads=1, net=net)
    assert whole.info["net"] == f"test_own_net:{net.__name__}"
    assert whole.info["state"] == "done"

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(problem, recipe, out=tmp_path / "cut", threads=1, net=net, on_epoch=interrupt)
    cut = open_run(tmp_path / "cut")
    with pytest.raises(InputError, match=rf"trained with a custom net, test_own_net:{net.__name__}"):
        resume(cut, problem)
    assert_same_runs(resume(cut, problem, net=net), whole)


def test_frozen_weights_stay_as_they_are_and_tied_ones_tied(tmp_path: Path) -> None:
    run = fit(features(), RECIPE.changed(ema=0.0), out=tmp_path / "run", threads=1, net=Tied)
    net = load_net(run, (10,), Tied)
    assert isinstance(net, Tied)
    assert torch.equal(net.frozen, torch.ones(1, 10))
    assert net.one.weight is net.two.weight


def test_scoring_needs_the_same_net_again(tmp_path: Path) -> None:
    run = fit(features(), RECIPE, out=tmp_path / "run", threads=1, net=two_layers)
    with pytest.raises(InputError, match="pass the same factory as net"):
        load_net(run, (10,))
    with pytest.raises(InputError, match=r"trained with the net test_own_net:two_layers, but net is .*:Tied"):
        load_net(run, (10,), Tied)
    plain = fit(features(), RECIPE, out=tmp_path / "plain", threads=1)
    with pytest.raises(InputError, match="an architecture of tagfit's own, but net is"):
        load_net(plain, (10,), two_layers)


def test_tagging_with_an_own_net(tmp_path: Path) -> None:
    problem = pictures()
    run = workflow.fit(problem, CONV, out=tmp_path / "run", threads=1, device="cpu", net=small_conv)
    row = problem.part("validation").rows[0]
    Image.fromarray(problem.inputs[row]).save(tmp_path / "one.png")
    (record,) = workflow.tag(run, [tmp_path / "one.png"], net=small_conv)
    np.testing.assert_allclose(list(record["scores"].values()), run.scores("validation").scores[0], atol=2e-6)
    with pytest.raises(InputError, match="pass the same factory as net"):
        workflow.tag(run, [tmp_path / "one.png"])


def test_what_the_factory_is_given() -> None:
    seen = []

    def recorded(input_shape: tuple[int, ...], labels: int) -> nn.Module:
        seen.append((input_shape, labels))
        return two_layers(input_shape, labels)

    nets.build(Recipe(), (7,), 3, recorded)
    nets.build(Recipe(), (8, 9, 3), 3, recorded)
    nets.build(CONV, (8, 9, 3), 3, recorded)
    nets.build(CONV, (2, 2, 3), 3, recorded)  # too small for the recipe's own stages, which are not used
    assert seen == [((7,), 3), ((8, 9, 3), 3), ((3, 8, 9), 3), ((3, 2, 2), 3)]


def test_a_net_keeps_what_follows_from_the_same_draw() -> None:
    torch.manual_seed(1)
    one = nets.build(Recipe(), (7,), 3, two_layers)
    torch.manual_seed(1)
    other = nets.build(Recipe(), (7,), 3, two_layers)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
    assert all(part.training for part in one.modules())


def no_module(input_shape: tuple[int, ...], labels: int) -> Any:
    return lambda rows: rows


def one_label(input_shape: tuple[int, ...], labels: int) -> nn.Module:
    return nn.Linear(input_shape[0], 1)


def wrong_input(input_shape: tuple[int, ...], labels: int) -> nn.Module:
    return nn.Linear(999, labels)


def not_finite(input_shape: tuple[int, ...], labels: int) -> nn.Module:
    net = nn.Linear(input_shape[0], labels)
    nn.init.constant_(net.bias, torch.inf)
    return net


def nothing_to_train(input_shape: tuple[int, ...], labels: int) -> nn.Module:
    return nn.Linear(input_shape[0], labels).requires_grad_(requires_grad=False)


class Pair(nn.Linear):
    def __init__(self, input_shape: tuple[int, ...], labels: int) -> None:
        super().__init__(input_shape[0], labels)

    def forward(self, rows: torch.Tensor) -> Any:  # type: ignore[override]
        return super().forward(rows), None


class Remembering(Pair):
    def forward(self, rows: torch.Tensor) -> Any:  # type: ignore[override]
        return super().forward(rows)[0]

    def get_extra_state(self) -> Any:
        return {"seen": 3}


@pytest.mark.parametrize(
    ("net", "said"),
    [
        ("resnet18", r"net is of type str \(a function of"),
        (no_module, "no_module returned function"),
        (one_label, r"gives shape \(2, 1\) for a batch of shape \(2, 10\).*\(2, 3\)"),
        (wrong_input, r"cannot take a batch of shape \(2, 10\)"),
        (not_finite, "not finite"),
        (nothing_to_train, "no weights to train"),
        (Pair, "gives tuple"),
        (Remembering, "keeps '_extra_state' in its state"),
    ],
)
def test_a_factory_that_does_not_hold_to_the_form_is_refused_before_there_is_a_folder(
    tmp_path: Path, net: Any, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        fit(features(), RECIPE, out=tmp_path / "run", net=net)
    assert list(tmp_path.iterdir()) == []


def test_a_conv_recipe_still_needs_pictures() -> None:
    with pytest.raises(InputError, match="a conv net needs pictures"):
        nets.build(CONV, (10,), 3, small_conv)


def test_factories_are_called_by_what_is_inside_them() -> None:
    class Maker:
        def __call__(self, input_shape: tuple[int, ...], labels: int) -> nn.Module:
            return two_layers(input_shape, labels)

    assert own_net.name(two_layers) == "test_own_net:two_layers"
    assert own_net.name(partial(partial(two_layers))) == "test_own_net:two_layers"
    assert own_net.name(Maker()).endswith("<locals>.Maker")


def test_the_example_of_the_documents_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = Path(__file__).parents[2] / "docs" / "own-net.md"
    example = document.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(document), "exec"), {"problem": features(), "__name__": "example"})
    assert open_run("runs/mine").info["net"] == "example:two_towers"
