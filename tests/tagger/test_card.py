"""The folder of a tagger is a model of the Hub: a card that its client reads, and a model that transformers loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from red_and_bright import LABELS

from tagfit import tagger, workflow
from tagfit.backbones import FolderBackbone
from tagfit.data.readers.arrays import from_arrays
from tagfit.data.splits.split import split
from tagfit.evaluation import calibration
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import Run

SIDE = 32
SMALL = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.fixture(scope="module")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tagger with its evaluation; its tests only read it."""
    made = tmp_path_factory.mktemp("card") / "red or bright"
    workflow.pack(run, made, thresholds=[0.4, 0.6])
    return made


def test_the_metadata_are_the_figures_of_the_evaluation(folder: Path, run: Run) -> None:
    _, front, text = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    said = yaml.safe_load(front)
    assert (said["pipeline_tag"], said["library_name"]) == ("image-classification", "tagfit")
    (model,) = said["model-index"]
    (result,) = model["results"]
    assert (model["name"], result["dataset"]["split"]) == ("red or bright", "validation")
    expected = workflow.evaluate(run, split="validation", thresholds=[0.4, 0.6], metrics=["macro_f1", "mAP"])
    values = {one["type"]: one["value"] for one in result["metrics"]}
    assert values["macro_f1"] == pytest.approx(expected["macro_f1"])
    assert values["mAP"] == pytest.approx(expected["mAP"])
    macro = expected.metrics["macro_f1"]  # type: ignore[union-attr]
    assert f"| {macro.value:.3f} | {macro.low:.3f} to {macro.high:.3f} | {macro.nothing:.3f} |" in text
    assert run.problem["fingerprint"]["data"] in text
    assert tagger.load(folder).fingerprint in text
    assert "    tagfit tag 'red or bright' PICTURES" in text


def test_the_client_of_the_hub_reads_it(folder: Path) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="transformers is not installed")
    card = hub.ModelCard.load(folder / "README.md")
    assert card.data.pipeline_tag == "image-classification"
    assert {one.metric_type for one in card.data.eval_results} >= {"macro_f1", "mAP"}


def test_names_of_labels_are_text_and_no_markup(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "<b>" not in text
    assert "&lt;b&gt;label&lt;/b&gt;" in text


def test_the_card_may_be_edited_and_no_other_file(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "README.md").write_text("mine", encoding="utf-8")
    tagger.load(copy)
    for name in ("config.json", "preprocessor_config.json"):
        kept = (copy / name).read_bytes()
        (copy / name).write_bytes(kept + b" ")
        with pytest.raises(ValueError, match=f"{name} changed since it was written"):
            tagger.load(copy)
        (copy / name).write_bytes(kept)


def test_the_hub_s_files_say_how_pixels_become_labels(folder: Path, run: Run) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["problem_type"] == "multi_label_classification"
    assert list(config["id2label"].values()) == list(LABELS)
    pixels = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    assert (pixels["size"], pixels["fit"]) == ({"height": 8, "width": 8}, "crop")
    mean = run.problem["preprocessing"]["mean"]
    assert [value * 255 for value in pixels["image_mean"]] == pytest.approx(mean)
    assert "its architecture is none of transformers" in (folder / "README.md").read_text(encoding="utf-8")


def models(transformers: Any) -> dict[str, Any]:
    return {
        "ResNet": lambda: transformers.ResNetModel(
            transformers.ResNetConfig(embedding_size=4, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
        ),
        "DINOv2": lambda: transformers.Dinov2Model(
            transformers.Dinov2Config(**SMALL, image_size=SIDE, patch_size=8)  # classifies by twice its features
        ),
        "ViT": lambda: transformers.ViTModel(  # with a pooler, which its classifier lacks
            transformers.ViTConfig(**SMALL, intermediate_size=16, image_size=SIDE, patch_size=8)
        ),
    }


def trained(name: str, tmp_path: Path, **changes: Any) -> Run:
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(0)
    models(transformers)[name]().save_pretrained(tmp_path / name)
    (tmp_path / name / "preprocessor_config.json").write_text(
        json.dumps({"image_mean": [0.5] * 3, "image_std": [0.2] * 3, "size": {"height": SIDE, "width": SIDE}})
    )
    pixels = np.random.default_rng(1).integers(0, 256, (80, SIDE, SIDE, 3), dtype=np.uint8)
    pixels[::2] //= 2
    problem = split(from_arrays(pixels, (pixels[:, :1, 0, :2].reshape(80, 2) > 99).astype(np.uint8)), test_share=0.0)
    values = {**NAMED["pretrained"].model_dump(), "epochs": 2, "backbone": str(tmp_path / name), **changes}
    return workflow.fit(problem, Recipe(**values), out=tmp_path / "run")


@pytest.mark.parametrize("name", ["ResNet", "DINOv2"])
def test_transformers_loads_what_is_one_of_its_own(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(calibration, "FEW", 1)
    run = trained(name, tmp_path, widths=(), dropout=(0.0,))
    made = workflow.pack(run, tmp_path / "tagger", calibrate=True)
    assert made.calibration is not None
    assert max(map(abs, made.calibration.offsets)) > 0.01
    model = transformers.AutoModelForImageClassification.from_pretrained(tmp_path / "tagger", local_files_only=True)
    assert list(model.config.id2label.values()) == list(made.labels)
    pixels = np.random.default_rng(2).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)
    values = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        found = torch.sigmoid(model.eval()(pixel_values=(values - 0.5) / 0.2).logits).numpy()
    assert found == pytest.approx(tagger.load(tmp_path / "tagger").probabilities(pixels), abs=1e-5)
    card = (tmp_path / "tagger" / "README.md").read_text(encoding="utf-8")
    assert "of transformers loads it" in card
    assert f"backbone {name} (SHA-256 {FolderBackbone.of(tmp_path / name).sha256})" in card
    assert "pip install 'tagfit[transformers]'" in card


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("ViT", {"widths": (), "dropout": (0.0,)}, "does not classify by the features"),
        ("ResNet", {"widths": (4,), "dropout": (0.0,)}, "has hidden layers"),
    ],
)
def test_a_model_that_transformers_would_get_wrong_is_not_written(
    name: str, changes: dict[str, Any], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "cache"))
    workflow.pack(trained(name, tmp_path, **changes), tmp_path / "tagger")
    assert not (tmp_path / "tagger" / "model.safetensors").exists()
    assert reason in (tmp_path / "tagger" / "README.md").read_text(encoding="utf-8")
