"""An ONNX tagger gives the probabilities of torch without torch, and a file that was changed is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from red_and_bright import LABELS

from commands import WITHOUT_TORCH
from tagfit import tagger, workflow
from tagfit.data.problem import Problem
from tagfit.data.readers.arrays import from_arrays
from tagfit.data.splits.split import split
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.evaluation import calibration
from tagfit.evaluation.thresholds import Thresholds
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import Run
from tagfit.tagger import int8, onnx_graph
from tagfit.workflow.quantising import TooMuchLostError

pytest.importorskip("onnxscript", reason="onnxscript is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

CLOSE = 2e-6


def without_torch(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_TORCH, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def calibrated(run: Run, folder: Path, kind: Literal["safetensors", "onnx"]) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "FEW", 1)  # validation is small
        made = workflow.pack(run, folder, thresholds=[0.4, 0.6], format=kind, calibrate=True)
    assert made.calibration is not None
    assert min(abs(offset) for offset in made.calibration.offsets) > 0.01
    return folder


@pytest.fixture(scope="module")
def packed(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a calibrated ONNX tagger; its tests only read it."""
    return calibrated(run, tmp_path_factory.mktemp("onnx") / "tagger", "onnx")


@pytest.fixture(scope="module")
def plain(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in the default format."""
    return calibrated(run, tmp_path_factory.mktemp("plain") / "tagger", "safetensors")


def test_both_formats_give_the_same_probabilities_and_tags(packed: Path, plain: Path, photos: Path) -> None:
    onnx, torch = tagger.load(packed), tagger.load(plain)
    for n in (1, 2, 7, 64):
        pixels = np.random.default_rng(n).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
        assert onnx.probabilities(pixels) == pytest.approx(torch.probabilities(pixels), abs=CLOSE)
    assert onnx.probabilities(pixels, np.array([5, 3])) == pytest.approx(torch.probabilities(pixels[[5, 3]]), abs=CLOSE)
    assert onnx.probabilities(pixels[:0]).shape == (0, 2)
    expected = torch.tag([photos])
    found = onnx.tag([photos])
    assert [one["tags"] for one in found] == [one["tags"] for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one["scores"] == pytest.approx(other["scores"], abs=CLOSE)


def test_the_difference_from_torch_is_kept_and_the_graph_says_what_it_is(packed: Path) -> None:
    about = json.loads((packed / "tagger.json").read_text(encoding="utf-8"))
    assert 0 <= about["measured"]["onnx"]["largest_difference"] < CLOSE
    assert about["measured"]["onnx"]["batches"] == [1, 2, 7, 64]
    session = onnxruntime.InferenceSession(packed / "model.onnx")
    (pixels,), (found, features) = session.get_inputs(), session.get_outputs()
    assert (pixels.name, pixels.type, pixels.shape[1:]) == ("pixels", "tensor(uint8)", [8, 8, 3])
    assert (found.name, found.shape[1]) == ("probabilities", 2)
    assert (features.name, features.shape[1]) == ("last_features", 4)
    said = {name: json.loads(value) for name, value in session.get_modelmeta().custom_metadata_map.items()}
    assert said["labels"] == list(LABELS)
    assert said["thresholds"] == list(tagger.load(packed).thresholds.values)
    assert (said["size"], said["fit"]) == (8, "crop")


def test_it_tags_without_torch(packed: Path, plain: Path, photos: Path) -> None:
    done = without_torch("tag", packed, photos, "--json")
    assert done.returncode == 0, done.stderr
    expected = tagger.load(plain).tag([photos])
    for one, other in zip(json.loads(done.stdout)["pictures"], expected, strict=True):
        assert (one["picture"], one["tags"]) == (other["picture"], other["tags"])
        assert one["scores"] == pytest.approx(other["scores"], abs=CLOSE)
    refused = without_torch("tag", plain, photos)
    assert refused.returncode == 2
    assert "pip install 'tagfit[train]'" in refused.stderr


def test_it_cannot_be_explained(packed: Path, photos: Path) -> None:
    with pytest.raises(InputError, match="an ONNX tagger gives no gradients"):
        workflow.explain(packed, photos / "01.png")


def test_calibration_moves_scores_and_leaves_tags(run: Run, plain: Path, photos: Path) -> None:
    raw, loaded = tagger.of_run(run, [0.4, 0.6]), tagger.load(plain)
    scaling = loaded.calibration
    assert scaling is not None
    pixels = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3), dtype=np.uint8)
    before, after = raw.probabilities(pixels), loaded.probabilities(pixels)
    assert after == pytest.approx(scaling.apply(before), abs=1e-5)
    assert (raw.thresholds.predict(before) == loaded.thresholds.predict(after)).all()
    assert [one["tags"] for one in loaded.tag([photos])] == [one["tags"] for one in raw.tag([photos])]


def test_ranked_thresholds_are_not_calibrated(run: Run, tmp_path: Path) -> None:
    ranked = Thresholds(np.array([1.0, 1.0]), LABELS, at_least=1)
    with pytest.raises(InputError, match="calibration changes ranks"):
        workflow.pack(run, tmp_path / "tagger", thresholds=ranked, calibrate=True)
    assert not (tmp_path / "tagger").exists()


def cut(folder: Path) -> None:
    data = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(data[:-100])


def flipped(folder: Path) -> None:
    data = bytearray((folder / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.onnx").write_bytes(data)


def changed_json(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        about = json.loads((folder / "tagger.json").read_text(encoding="utf-8"))
        change(about)
        (folder / "tagger.json").write_text(json.dumps(about), encoding="utf-8")

    return apply


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (cut, "model.onnx changed since it was written, or was not copied whole"),
        (flipped, "model.onnx changed since it was written"),
        (lambda folder: (folder / "model.onnx").unlink(), "cannot read .*model.onnx"),
        (changed_json(lambda about: about["thresholds"]["thresholds"].update(red=0.1)), "changed since it was written"),
        (changed_json(lambda about: about["calibration"]["labels"]["red"].update(slope=9)), "changed since it was"),
        (changed_json(lambda about: about["measured"]["onnx"].update(largest_difference=0)), "changed since it was"),
        (changed_json(lambda about: about["files"].clear()), "changed since it was written"),
        (changed_json(lambda about: about.update(files={"../model.onnx": ""})), "outside of its folder"),
        (changed_json(lambda about: about.update(engine="torch")), "changed since it was written"),
    ],
)
def test_a_folder_that_was_changed_is_refused(
    packed: Path, tmp_path: Path, harm: Callable[[Path], None], message: str
) -> None:
    folder = Path(shutil.copytree(packed, tmp_path / "copy"))
    harm(folder)
    with pytest.raises(InputError, match=message) as refused:
        tagger.load(folder)
    assert len(refused.value.faults) == 1


def test_a_graph_that_computes_something_else_is_not_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: Path
) -> None:
    from tagfit.training import whole

    monkeypatch.setattr(whole, "graph", lambda *_: (packed / "model.onnx").read_bytes())  # the calibrated one
    with pytest.raises(InputError, match="differs from torch by"):
        workflow.pack(run, tmp_path / "tagger", format="onnx")
    assert not (tmp_path / "tagger").exists()


def test_other_thresholds_and_a_second_save(packed: Path, photos: Path, tmp_path: Path) -> None:
    loaded = tagger.load(packed)
    loaded.save(tmp_path / "all", thresholds=0.0)
    again = tagger.load(tmp_path / "all")
    assert all(record["tags"] == list(LABELS) for record in again.tag([photos]))
    session = onnxruntime.InferenceSession(tmp_path / "all" / "model.onnx")
    assert json.loads(session.get_modelmeta().custom_metadata_map["thresholds"]) == [0.0, 0.0]
    assert again.fingerprint != loaded.fingerprint


@pytest.mark.parametrize("n", [0, 1, 70])
def test_it_gives_the_features_of_torch(packed: Path, plain: Path, n: int) -> None:
    pixels = np.random.default_rng(n).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)
    found, expected = (tagger.load(folder).represent(pixels) for folder in (packed, plain))
    assert found.features.shape == (n, 4)
    assert found.features == pytest.approx(expected.features, abs=1e-4)
    assert found.scores == pytest.approx(expected.scores, abs=CLOSE)


def test_the_features_of_a_net_without_a_last_linear_layer_are_its_logits(plain: Path, packed: Path) -> None:
    onnx = pytest.importorskip("onnx")
    loaded = tagger.load(packed)
    assert loaded.graph is not None
    model = onnx.load_from_string(loaded.graph)
    del model.graph.output[1:]
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    found = replace(loaded, graph=model.SerializeToString()).represent(pixels)
    assert 1 / (1 + np.exp(-found.features)) == pytest.approx(found.scores, abs=1e-5)


def test_rows_of_features_and_a_net_of_ones_own(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    problem = split(from_arrays(X, (X[:, :2] > 0).astype(np.uint8)), test_share=0.0)
    own = workflow.fit(problem, Recipe(epochs=2), out=tmp_path / "run", net=flat_net)
    made = workflow.pack(own, tmp_path / "tagger", format="onnx", net=flat_net)
    loaded = tagger.load(tmp_path / "tagger")  # the graph has the net
    assert loaded.fingerprint == made.fingerprint
    assert loaded.probabilities(X) == pytest.approx(tagger.of_run(own, net=flat_net).probabilities(X), abs=CLOSE)


def flat_net(input_shape: tuple[int, ...], labels: int) -> Any:
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(input_shape)), labels))


def test_a_frozen_backbone_is_in_the_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transformers = pytest.importorskip("transformers")
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "resnet"
    config = transformers.ResNetConfig(embedding_size=4, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
    transformers.ResNetModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"image_mean": [0.5] * 3, "image_std": [0.2] * 3, "size": {"height": 32, "width": 32}})
    )
    pixels = np.random.default_rng(1).integers(0, 256, (40, 20, 20, 3), dtype=np.uint8)
    problem = split(from_arrays(pixels, (pixels[:, :1, 0, 0] > 99).astype(np.uint8)), test_share=0.0)
    recipe = Recipe(**{**NAMED["pretrained"].model_dump(), "epochs": 2, "backbone": str(folder)})
    run = workflow.fit(problem, recipe, out=tmp_path / "run")
    expected = tagger.of_run(run).probabilities(pixels)
    workflow.pack(run, tmp_path / "tagger", format="onnx")
    shutil.rmtree(folder)
    assert tagger.load(tmp_path / "tagger").probabilities(pixels) == pytest.approx(expected, abs=1e-5)
    assert (
        json.loads((tmp_path / "tagger" / "tagger.json").read_text())["measured"]["onnx"]["largest_difference"]
        < onnx_graph.TOLERANCE / 10
    )


@pytest.fixture(scope="module")
def rounded(run: Run, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a calibrated 8-bit tagger; its tests only read it."""
    folder = tmp_path_factory.mktemp("int8") / "tagger"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "FEW", 1)
        chosen = workflow.choose_thresholds(run)
        workflow.pack(
            run, folder, thresholds=chosen, format="onnx", int8=True, int8_loss=1, calibrate=True,
            problem=problem_of(run, photos),
        )  # fmt: skip
    return folder


def problem_of(run: Run, photos: Path) -> Problem:
    rows = np.arange(40)
    truth = np.stack([rows % 2, rows // 2 % 2], axis=1).astype(np.uint8)
    files = tuple(sorted(photos.iterdir()))
    data = TaggedSet(rows.astype(np.str_), truth, np.ones_like(truth, dtype=bool), LABELS, files=files)
    return split(data, size=8, fit="crop", test_share=0.0, cache_dir=run.folder.parent / "cache")


def test_8_bits_give_nearly_the_same_and_are_judged_as_they_are(
    rounded: Path, packed: Path, run: Run, photos: Path
) -> None:
    small, exact = tagger.load(rounded), tagger.load(packed)
    problem = problem_of(run, photos)
    rows = problem.part("validation").rows
    found = small.probabilities(problem.inputs[rows])
    assert found == pytest.approx(exact.probabilities(problem.inputs[rows]), abs=0.1)
    assert not np.array_equal(found, exact.probabilities(problem.inputs[rows]))
    about = small.measured["int8"]
    assert (about["metric"], about["allowed_loss"], about["calibrated_on"]) == ("macro_f1", 1, 34)
    assert about["first"] == pytest.approx(
        workflow.evaluate(run, split="validation", thresholds=0.5)["macro_f1"], abs=1
    )
    assert set(about["bytes"]) == set(about["milliseconds"]) == {"float32", "int8"}
    scores = run.scores("validation")
    assert small.thresholds.strategy == "best-f1"
    f1 = workflow.evaluate(scores.truth, found, thresholds=small.thresholds.values, intervals=None)
    assert f1["macro_f1"] == pytest.approx(about["second"], abs=1e-9)  # type: ignore[union-attr]


def test_8_bits_that_lose_too_much_are_not_written(
    run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = int8.quantised

    def worse(graph: bytes, rows: np.ndarray[Any, Any]) -> bytes:
        return exact(graph, np.zeros_like(rows))  # ranges of black pictures fit no other

    monkeypatch.setattr(int8, "quantised", worse)
    with pytest.raises(TooMuchLostError, match=r"8 bits may lose .* of mAP on validation, more than 0\.01"):
        workflow.pack(
            run, tmp_path / "tagger", format="onnx", int8=True, int8_metric="mAP", problem=problem_of(run, photos)
        )
    assert not (tmp_path / "tagger").exists()
