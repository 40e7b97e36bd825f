"""A Tagger tags as its run does, wherever its folder goes, and notices when the folder was changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from red_and_bright import LABELS

from tagfit import scoring, tagger, workflow
from tagfit.data.pictures.decode import decode
from tagfit.data.splits.split import split
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.evaluation.thresholds import Thresholds
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.tagger import stream
from tagfit.tagger.tagger import fingerprint


def test_it_tags_as_its_run_does_without_the_run(run: Run, photos: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(run.folder, moved)
    chosen = workflow.choose_thresholds(run)
    tagger.save(moved, tmp_path / "tagger", thresholds=chosen)
    shutil.rmtree(moved)
    loaded = tagger.load(tmp_path / "tagger")
    expected = workflow.tag(run, [photos], thresholds=chosen)
    assert [record["picture"] for record in expected] == [str(file) for file in sorted(photos.iterdir())]
    assert loaded.tag([photos]) == workflow.tag(tmp_path / "tagger", [photos]) == expected
    assert loaded.labels == LABELS
    assert loaded.fingerprint == tagger.of_run(run, chosen).fingerprint
    stored = run.scores("validation")
    scores = {record["picture"]: list(record["scores"].values()) for record in expected}
    files = sorted(photos.iterdir())
    for row, values in zip(stored.ids, stored.scores, strict=True):
        assert scores[str(files[int(row)])] == pytest.approx(values, abs=1e-5)


def test_its_folder_has_a_card_json_and_safetensors_only(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == [
        "README.md",
        "config.json",
        "preprocessor_config.json",
        "tagger.json",
        "weights.safetensors",
    ]
    about = json.loads((saved / "tagger.json").read_text(encoding="utf-8"))
    assert about["labels"] == list(LABELS)
    assert about["thresholds"]["thresholds"] == dict(zip(LABELS, [0.4, 0.6], strict=True))


def test_thresholds_decide_and_may_be_replaced(run: Run, photos: Path, saved: Path) -> None:
    loaded = tagger.load(saved)
    records = loaded.tag([photos])
    for record in records:
        limits = dict(zip(LABELS, [0.4, 0.6], strict=True))
        assert record["tags"] == [label for label in LABELS if record["scores"][label] > limits[label]]
    assert all(record["tags"] == list(LABELS) for record in loaded.at(0.0).tag([photos]))
    assert workflow.tag(saved, [photos], thresholds=0.0) == loaded.at(0.0).tag([photos])
    ranked = Thresholds(np.array([1.0, 1.0]), LABELS[::-1], at_least=1)
    tagger.save(run, saved.parent / "ranked", thresholds=ranked)
    assert all(len(record["tags"]) == 1 for record in tagger.load(saved.parent / "ranked").tag([photos]))
    with pytest.raises(InputError, match="no threshold for"):
        loaded.at(Thresholds.fixed(0.5, ["red", "blue"]))


def test_a_picture_that_cannot_be_read_says_why(saved: Path, photos: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"<html>")
    whole = photos / "00.png"
    records = tagger.load(saved).tag([broken, whole, broken, whole])
    assert [bool(record.get("problem")) for record in records] == [True, False, True, False]
    assert records[0] == {**records[2], "tags": [], "scores": {}}
    assert records[1] == records[3]
    assert tagger.load(saved).tag([broken])[0]["problem"]
    with pytest.raises(InputError, match="no picture or folder"):
        tagger.load(saved).tag([tmp_path / "absent.png"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures to tag"):
        tagger.load(saved).tag([tmp_path / "empty"])


def test_many_pictures_go_through_in_portions(saved: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = tagger.load(saved)
    at_once = loaded.tag([photos])
    monkeypatch.setattr(stream, "PICTURES_AT_ONCE", 7)
    portions = loaded.tag([photos])
    assert [record["picture"] for record in portions] == [record["picture"] for record in at_once]
    for record, expected in zip(portions, at_once, strict=True):
        assert record["scores"] == pytest.approx(expected["scores"], abs=1e-5)


def changed_json(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        about = json.loads((folder / "tagger.json").read_text(encoding="utf-8"))
        change(about)
        (folder / "tagger.json").write_text(json.dumps(about), encoding="utf-8")

    return apply


def last_weight(folder: Path) -> None:
    data = bytearray((folder / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (last_weight, "changed since it was written"),
        (changed_json(lambda about: about["labels"].reverse()), "changed since it was written"),
        (changed_json(lambda about: about["preprocessing"]["mean"].reverse()), "changed since it was written"),
        (changed_json(lambda about: about["thresholds"]["thresholds"].update(red=0.1)), "changed since it was"),
        (changed_json(lambda about: about["recipe"].update(activation="tanh")), "changed since it was written"),
        (changed_json(lambda about: about.update(format=3)), "tagger format 3 .*reads 1 and 2"),
        (changed_json(lambda about: about.pop("recipe")), "is damaged: KeyError.'recipe'"),
        (changed_json(lambda about: about.clear()), "tagger format None"),
        (lambda folder: (folder / "tagger.json").write_text("[]"), "holds no JSON object"),
        (lambda folder: (folder / "tagger.json").write_bytes(b"\xff{}"), "is not JSON"),
        (lambda folder: (folder / "tagger.json").unlink(), "is not a tagger: it holds no tagger.json"),
        (shutil.rmtree, "is not a tagger: it does not exist"),
        (lambda folder: (folder / "weights.safetensors").unlink(), "cannot read .*weights.safetensors"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(b"\x80\x04."), "was not copied whole"),
    ],
)
def test_a_folder_that_was_changed_is_refused(saved: Path, harm: Callable[[Path], Any], message: str) -> None:
    harm(saved)
    with pytest.raises(InputError, match=message):
        tagger.load(saved)


def test_another_order_of_its_json_changes_nothing(saved: Path, photos: Path) -> None:
    before = tagger.load(saved).tag([photos])
    about = json.loads((saved / "tagger.json").read_text(encoding="utf-8"))
    (saved / "tagger.json").write_text(json.dumps(about, sort_keys=True), encoding="utf-8")
    assert tagger.load(saved).tag([photos]) == before
    assert tagger.load(saved).thresholds.values.tolist() == [0.4, 0.6]


def test_pictures_are_decoded_as_in_training(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = json.loads((saved / "tagger.json").read_text(encoding="utf-8"))
    loaded = tagger.load(saved)
    for module in ("folder", "tagger"):
        monkeypatch.setattr(f"tagfit.tagger.{module}.DECODER", about["preprocessing"]["decoder"] + 1)
    with pytest.raises(InputError, match=f"not of this tagfit's .tagfit {about['tagfit']}"):
        tagger.load(saved)
    assert loaded.fingerprint != about["fingerprint"]


def test_a_tagger_of_the_first_format_is_read(saved: Path, photos: Path) -> None:
    expected = tagger.load(saved)
    about = json.loads((saved / "tagger.json").read_text(encoding="utf-8"))
    first = ("labels", "preprocessing", "recipe", "net", "thresholds")
    about = {name: about[name] for name in (*first, "origin", "tagfit")}
    about |= {"format": 1, "fingerprint": fingerprint({name: about[name] for name in first}, expected.weights)}
    (saved / "tagger.json").write_text(json.dumps(about), encoding="utf-8")
    for name in ("README.md", "config.json", "preprocessor_config.json"):
        (saved / name).unlink()
    assert tagger.load(saved).tag([photos]) == expected.tag([photos])
    last_weight(saved)
    with pytest.raises(InputError, match="changed since it was written"):
        tagger.load(saved)


def test_nothing_is_overwritten(run: Run, saved: Path) -> None:
    with pytest.raises(InputError, match="exists and is not empty"):
        tagger.save(run, saved)
    with pytest.raises(InputError, match="exists and is not empty"):
        tagger.save(tagger.load(saved), saved / "tagger.json")


def test_a_run_without_weights_is_refused(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "copy")
    (tmp_path / "copy" / "weights.safetensors").unlink()
    with pytest.raises(InputError, match=r"has no weights yet .*--resume"):
        tagger.save(tmp_path / "copy", tmp_path / "tagger")
    assert not (tmp_path / "tagger").exists()


def test_rows_of_another_shape_are_refused(saved: Path) -> None:
    with pytest.raises(InputError, match=r"rows of shape \(9, 9, 3\) \(\(8, 8, 3\), as was trained on\)"):
        tagger.load(saved).probabilities(np.zeros((2, 9, 9, 3), dtype=np.uint8))


def test_a_tagger_of_features_scores_them_and_tags_no_pictures(photos: Path, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    truth = (X[:, :2] > 0).astype(np.uint8)
    data = TaggedSet(np.arange(60).astype(np.str_), truth, np.ones_like(truth, dtype=bool), LABELS, arrays=X)
    run = workflow.fit(split(data, test_share=0.0), Recipe(widths=(8,), epochs=2), out=tmp_path / "run")
    tagger.save(open_run(tmp_path / "run"), tmp_path / "tagger")
    loaded = tagger.load(tmp_path / "tagger")
    stored = run.scores("train")
    rows = stored.ids.astype(int)
    assert loaded.probabilities(X)[rows] == pytest.approx(stored.scores, abs=1e-6)
    with pytest.raises(InputError, match="rows of features, not on pictures"):
        loaded.tag([photos])


def test_new_data_is_prepared_as_the_pictures_of_training_were(run: Run, tmp_path: Path, photos: Path) -> None:
    pixels = np.stack([np.asarray(Image.open(file)) for file in sorted(photos.iterdir())])
    rows = np.arange(40)
    truth = np.stack([rows % 2, rows // 2 % 2], axis=1)
    expected = tagger.of_run(run).probabilities(
        np.stack([decode(file, 8, "crop") for file in sorted(photos.iterdir())])
    )
    for name, arrays in {"bytes": pixels, "floats": pixels / 255}.items():
        np.savez(tmp_path / f"{name}.npz", X=arrays, Y=truth, labels=np.array(LABELS))
        found, _ = scoring.score_source(run, tmp_path / f"{name}.npz")
        assert found.scores == pytest.approx(expected, abs=1e-6), name
    np.savez(tmp_path / "rows.npz", X=pixels.reshape(40, -1) / 255, Y=truth, labels=np.array(LABELS))
    with pytest.raises(InputError, match="rows of 288 features"):
        scoring.score_source(run, tmp_path / "rows.npz")


def flat_net(input_shape: tuple[int, ...], labels: int) -> Any:
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(input_shape)), labels))


def other_net(input_shape: tuple[int, ...], labels: int) -> Any:
    return flat_net(input_shape, labels)


def test_a_net_of_ones_own_is_named_and_asked_for(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    truth = (X[:, :2] > 0).astype(np.uint8)
    data = TaggedSet(np.arange(60).astype(np.str_), truth, np.ones_like(truth, dtype=bool), LABELS, arrays=X)
    own = workflow.fit(split(data, test_share=0.0), Recipe(epochs=2), out=tmp_path / "run", net=flat_net)
    with pytest.raises(InputError, match="pass the same factory as net"):
        tagger.save(own, tmp_path / "tagger")
    made = tagger.save(own, tmp_path / "tagger", net=flat_net)
    loaded = tagger.load(tmp_path / "tagger", net=flat_net)
    assert loaded.fingerprint == made.fingerprint
    rows = own.scores("train").ids.astype(int)
    assert loaded.probabilities(X)[rows] == pytest.approx(own.scores("train").scores, abs=1e-6)
    with pytest.raises(InputError, match="pass the same factory as net"):
        tagger.load(tmp_path / "tagger")
    with pytest.raises(InputError, match=r"but net is .*other_net"):
        tagger.load(tmp_path / "tagger", net=other_net)


def test_a_run_folder_is_no_tagger_and_the_way_to_one_is_named(run: Run) -> None:
    with pytest.raises(InputError, match=r"is not a tagger.*Tagger\.of_run.*tagfit pack"):
        tagger.load(run.folder)
