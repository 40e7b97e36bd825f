"""Backbones in folders: small models of transformers with random weights, their pixels, features, hashes and errors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tagfit import backbones, tagger
from tagfit.backbones import FolderBackbone, find, pinned
from tagfit.data.readers.arrays import from_arrays
from tagfit.data.splits.split import split
from tagfit.errors import InputError, MissingExtraError
from tagfit.recipe import NAMED, Recipe
from tagfit.training.backbones import extract, published
from tagfit.training.backbones.parts import Part
from tagfit.training.fit import fit, load_net

transformers = pytest.importorskip("transformers")

SIZE = 32
MEAN, STD = [0.5, 0.4, 0.3], [0.2, 0.25, 0.5]
PROCESSOR = {"image_mean": MEAN, "image_std": STD, "size": {"height": SIZE, "width": SIZE}, "rescale_factor": 1 / 255}
SMALL = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
MODELS: dict[str, tuple[Callable[[], Any], int]] = {
    "ViT": (lambda: transformers.ViTModel(transformers.ViTConfig(**SMALL, image_size=SIZE, patch_size=8)), 12),
    "DINOv2": (
        lambda: transformers.Dinov2Model(
            transformers.Dinov2Config(
                hidden_size=12, num_hidden_layers=1, num_attention_heads=2, image_size=SIZE, patch_size=8
            )
        ),
        12,
    ),
    "SigLIP": (
        lambda: transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**SMALL, image_size=SIZE, patch_size=8)),
        12,
    ),
    "Swin": (
        lambda: transformers.SwinModel(
            transformers.SwinConfig(
                image_size=SIZE, patch_size=4, embed_dim=6, depths=[1, 1], num_heads=[1, 2], window_size=4
            )
        ),
        12,
    ),
    "ConvNeXt V2": (
        lambda: transformers.ConvNextV2Model(
            transformers.ConvNextV2Config(hidden_sizes=[4, 6, 8, 10], depths=[1, 1, 1, 1])
        ),
        10,
    ),
    "ResNet": (
        lambda: transformers.ResNetModel(
            transformers.ResNetConfig(embedding_size=4, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
        ),
        12,
    ),
    "RegNet": (
        lambda: transformers.RegNetModel(
            transformers.RegNetConfig(embedding_size=4, hidden_sizes=[8, 12], depths=[1, 1], groups_width=4)
        ),
        12,
    ),
}


def saved(folder: Path, name: str = "ResNet", **processor: Any) -> Path:
    torch.manual_seed(0)
    MODELS[name][0]().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({**PROCESSOR, **processor}))
    return folder


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("models") / "resnet")


def pixels(n: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", MODELS)
def test_features_are_those_of_the_model_on_shifted_and_scaled_pixels(name: str, tmp_path: Path) -> None:
    backbone = find(pinned(str(saved(tmp_path / "model", name))))
    found = extract.extract(Part(backbone), pixels())
    assert found.shape == (3, MODELS[name][1])
    assert published.width(backbone) == MODELS[name][1]
    model = transformers.AutoModel.from_pretrained(tmp_path / "model").eval()
    given = (pixels().astype(np.float32) / 255 - np.float32(MEAN)) / np.float32(STD)
    with torch.inference_mode():
        output = getattr(model, "vision_model", model)(pixel_values=torch.from_numpy(given).permute(0, 3, 1, 2))
    np.testing.assert_allclose(found, output.pooler_output.flatten(1).numpy(), atol=1e-4)


def test_a_classifier_without_a_pooler_gives_its_class_token(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = transformers.ViTConfig(**SMALL, image_size=SIZE, patch_size=8)
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    backbone = FolderBackbone.of(tmp_path)
    first, again = (published.load(backbone) for _ in range(2))
    with torch.inference_mode():
        batch = torch.rand(2, 3, SIZE, SIZE) * 255
        np.testing.assert_array_equal(first(batch).numpy(), again(batch).numpy())


def test_a_run_records_the_hash_and_a_tagger_uses_the_folder(
    resnet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "cache"))
    own = Path(shutil.copytree(resnet, tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    recipe = NAMED["pretrained"].changed(backbone="own", widths=(8,), epochs=2)
    assert recipe.backbone == f"{own}@sha256:{FolderBackbone.of(own).sha256}"
    assert Recipe(**recipe.model_dump()) == recipe
    rng = np.random.default_rng(1)
    truth = (rng.random((40, 2)) < 0.5).astype(np.uint8)
    problem = split(from_arrays(pixels(40), truth), validation=0.3, test=0.0, method="random")
    run = fit(problem, recipe, out=tmp_path / "run", threads=1)
    assert run.recipe.backbone == recipe.backbone
    load_net(run, problem.inputs.shape[1:])
    tagger.save(run, tmp_path / "tagger")
    scores = tagger.load(tmp_path / "tagger").probabilities(pixels())

    shutil.move(own, tmp_path / "elsewhere" / "own")
    with pytest.raises(InputError, match="set TAGFIT_BACKBONES to the folder that contains own"):
        tagger.load(tmp_path / "tagger").probabilities(pixels())
    monkeypatch.setenv("TAGFIT_BACKBONES", str(tmp_path / "elsewhere"))
    np.testing.assert_allclose(tagger.load(tmp_path / "tagger").probabilities(pixels()), scores, atol=1e-6)
    weights = tmp_path / "elsewhere" / "own" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"abcd")
    with pytest.raises(InputError, match="not the one of the recipe: its SHA-256 starts with"):
        tagger.load(tmp_path / "tagger").probabilities(pixels())


def changed(file: str, **values: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / file
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    return change


def lacking_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "pickled weights": (pickled, "has no model.safetensors \\(pickled weights are not read\\)"),
    "no processor": (lambda folder: (folder / "preprocessor_config.json").unlink(), "has no preprocessor_config.json"),
    "no JSON": (lambda folder: (folder / "config.json").write_text("{"), "config.json cannot be read"),
    "code of its own": (changed("config.json", auto_map={"AutoModel": "x.Y"}), "needs code of its own"),
    "unknown architecture": (changed("config.json", model_type="nope"), "transformers cannot load"),
    "missing weights": (lacking_weights, "the weights in .* lack"),
    "weights of another width": (changed("config.json", hidden_sizes=[8, 16]), "transformers cannot load|lack"),
    "truncated": (lambda folder: (folder / "model.safetensors").write_bytes(b"\0" * 9), "transformers cannot load"),
    "no square": (changed("preprocessor_config.json", size={"height": 32, "width": 16}), "square pictures"),
    "no mean": (changed("preprocessor_config.json", image_mean=None), "square pictures"),
    "no deviation": (changed("preprocessor_config.json", image_std=[1, 0, 1]), "square pictures"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_folder_that_cannot_be_used_is_one_clear_error(fault: str, resnet: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(resnet, tmp_path / "model"))
    change, message = WRONG[fault]
    change(folder)
    with pytest.raises(InputError, match=message):
        published.load(find(pinned(str(folder))))


def test_the_pixels_are_described_in_all_ways_of_image_processors(resnet: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(resnet, tmp_path / "model"))
    change = changed("preprocessor_config.json", do_center_crop=True, crop_size=24, do_rescale=False)
    change(folder)
    found = FolderBackbone.of(folder)
    assert (found.size, found.mean, found.std) == (24, tuple(MEAN), tuple(STD))
    changed("preprocessor_config.json", do_normalize=False, crop_size={"shortest_edge": 28}, do_rescale=True)(folder)
    found = FolderBackbone.of(folder)
    assert (found.size, found.mean) == (28, (0.0, 0.0, 0.0))
    assert found.std == pytest.approx((255.0,) * 3)


def test_names_on_the_hub_need_a_revision_and_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"lacks a pinned revision.*40 hex digits"):
        pinned("facebook/dinov2-small")

    def unreachable(*_: object, **__: object) -> str:
        raise OSError("no connection\nmore")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    with pytest.raises(InputError, match=r"cannot be fetched from the hub: no connection .a network, or a folder"):
        pinned(f"facebook/dinov2-small@{'0' * 40}")
    fetched = saved(tmp_path / "fetched")
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(fetched))
    assert pinned(f"facebook/dinov2-small@{'0' * 40}") == FolderBackbone.of(fetched).name


def test_without_transformers_the_extra_is_named(resnet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = FolderBackbone.of(resnet)
    monkeypatch.setattr(backbones.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tagfit\[transformers\]'"):
        _ = backbone.path
