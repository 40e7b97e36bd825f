"""tagfit train, runs and resume: every source, every fault at once, nothing lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from commands import Command, killed_at
from small_sets import features, write_features, write_photos
from tagfit.recipe import FOR_FEATURES, FOR_PICTURES, NAMED
from tagfit.runs.run import Run, open_run
from tagfit.runs.writing import LOCK

QUICK = ("--recipe", "plain-dense", "--set", "epochs=2", "--threads", "1", "--device", "cpu")


def trained(tagfit: Command, source: object, out: str, *words: object) -> dict[str, object]:
    done = tagfit("train", source, "--out", out, *QUICK, "--json", *words)
    assert done.code == 0, done.err
    return dict(done.json)


def counts(run: str) -> dict[str, int]:
    return {split: len(ids) for split, ids in Run(Path(run)).problem["ids"].items()}


def test_a_folder_of_pictures_becomes_a_run(tagfit: Command, photos: Path) -> None:
    shown = tagfit("train", photos, *QUICK, "--size", 8, "--out", "r")
    assert shown.code == 0
    for said in ("separator of the tags: '|'", "rows: train 28, validation 6, test 6"):
        assert said in shown.err
    for said in ("train: 28 pictures, 3 labels", "validation: 6 pictures", "labels of validation", "run: r"):
        assert said in shown.out
    assert "predict nothing" in shown.out
    assert "test:" not in shown.out
    run = open_run("r")
    assert run.state == "done"
    assert run.problem["preprocessing"]["size"] == 8
    assert run.scored_splits == ("train", "validation")


def test_without_a_recipe_pictures_get_a_conv_net_and_features_a_dense_one(
    tagfit: Command, photos: Path, rows: Path
) -> None:
    quick = ("--set", "epochs=1", "--set", "batch_size=8", "--threads", 1, "--device", "cpu", "--json")
    for source, size, name in ((photos, 16, "regularised-conv"), (photos, 8, "regularised-dense"), (rows, None, "")):
        words = () if size is None else ("--size", size)
        done = tagfit("train", source, *words, "--out", f"{name}{size}", *quick)
        assert done.code == 0, done.err
        assert done.json["recipe"] == (name or "regularised-dense")
        assert open_run(f"{name}{size}").recipe == NAMED[name or "regularised-dense"].changed(epochs=1, batch_size=8)


def test_the_help_names_the_defaults(tagfit: Command) -> None:
    shown = tagfit("train", "--help").out
    assert FOR_PICTURES in shown
    assert FOR_FEATURES in shown


def test_settings_without_a_recipe_must_suit_one_of_the_defaults(tagfit: Command, photos: Path, rows: Path) -> None:
    assert "epochs = 0" in tagfit.refused("train", photos, "--set", "epochs=0")
    assert "dropout has 3 values" in tagfit.refused("train", photos, "--set", "dropout=0.1,0.1,0.1")
    assert "architecture = 'conv'" in tagfit.refused("train", rows, "--set", "augment=true")


def test_with_json_it_is_one_document_and_silence(tagfit: Command, rows: Path) -> None:
    done = tagfit("train", rows, *QUICK, "--out", "r", "--json")
    assert done.err == ""
    assert done.json["folder"] == "r"
    assert done.json["notes"]
    assert set(done.json["splits"]) == {"train", "validation"}
    accuracy = done.json["splits"]["validation"]["metrics"]["label_accuracy"]
    assert {"value", "nothing", "prevalence"} <= set(accuracy)


def test_runs_without_out_go_to_runs_by_name_and_seed(tagfit: Command, rows: Path) -> None:
    for _ in range(2):
        assert tagfit("train", rows, *QUICK, "--seed", 7).code == 0
    names = sorted(path.name for path in Path("runs").iterdir())
    assert [name.partition("-plain-dense-")[2] for name in names] == ["7", "7-2"]
    listed = tagfit("runs").out
    assert all(f"runs/{name}" in listed for name in names)


def test_the_lesson_s_arrays(tagfit: Command) -> None:
    X, Y = features()
    np.savez("lesson.npz", X_train=X[:40], y_train=Y[:40], X_val=X[40:], y_val=Y[40:])
    trained(tagfit, "lesson.npz", "r")
    assert counts("r") == {"train": 40, "validation": 20}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--test-share", 0), {"train": 51, "validation": 9}),
        (("--validation-share", 0.5, "--test-share", 0.25), {"train": 15, "validation": 30, "test": 15}),
        (("--split", "random", "--split-seed", 3), {"train": 42, "validation": 9, "test": 9}),
        (("--limit", 20), {"train": 14, "validation": 3, "test": 3}),
    ],
)
def test_how_it_is_split(tagfit: Command, rows: Path, words: tuple[object, ...], expected: dict[str, int]) -> None:
    trained(tagfit, rows, "r", *words)
    assert counts("r") == expected


def test_sources_of_their_own_for_validation_and_test(tagfit: Command, rows: Path) -> None:
    X, Y = features(20, seed=8)
    np.savez("validation.npz", X=X, Y=Y[:, ::-1], labels=np.array(["c", "b", "a"]))
    trained(tagfit, rows, "r", "--validation", "validation.npz", "--test-share", 0)
    assert counts("r") == {"train": 60, "validation": 20}
    np.testing.assert_array_equal(open_run("r").scores("validation").truth, Y)


def test_folds_that_were_written_are_trained_on(tagfit: Command, photos: Path) -> None:
    assert tagfit("data", "split", photos, "--out", "folds.csv", "--folds", 4).code == 0
    words = ("--validation-fold", 0, "--test-fold", 1, "--size", 8, "--allow-outside")
    trained(tagfit, "folds.csv", "r", *words)
    assert counts("r") == {"train": 20, "validation": 10, "test": 10}


def test_which_labels(tagfit: Command, rows: Path) -> None:
    Path("labels.txt").write_text("c\na\n")
    trained(tagfit, rows, "file", "--labels", "labels.txt")
    assert open_run("file").labels == ("c", "a")
    trained(tagfit, rows, "given", "--labels", "b,a")
    assert open_run("given").labels == ("b", "a")
    document = trained(tagfit, rows, "without", "--exclude-labels", "[ab]")
    assert open_run("without").labels == ("c",)
    assert any("'a', 'b'" in str(note) for note in document["notes"])  # type: ignore[attr-defined]


def test_a_broken_picture_is_left_out_and_told_or_refused(tagfit: Command, tmp_path: Path) -> None:
    source = write_photos(tmp_path / "photos", 20)
    (source / "images" / "03.jpg").write_bytes(b"no picture")
    shown = tagfit("train", source, *QUICK, "--size", 8, "--out", "r")
    assert shown.code == 0
    assert shown.err.count("03.jpg") >= 1
    assert sum(counts("r").values()) == 19
    assert "03.jpg" in tagfit.refused("train", source, *QUICK, "--size", 8, "--out", "s", "--strict")
    assert not Path("s").exists()


def test_all_that_is_wrong_is_said_before_anything_is_read(tagfit: Command, photo_run: Path) -> None:
    said = tagfit.refused(
        *("train", "nowhere.csv", "--validation", "elsewhere", "--recipe", "nope", "--set", "epochs=x"),
        *("--set", "wrong=1", "--out", photo_run, "--device", "tpu"),
    )
    for expected in (
        "folder nowhere.csv",
        "folder elsewhere",
        "no device 'tpu'",
        "no recipe 'nope'",
        "epochs = 'x'",
        "'wrong' is not a field",
        "--resume",
    ):
        assert expected in said


def test_a_recipe_file_with_faults_names_them_all(tagfit: Command, rows: Path) -> None:
    Path("mine.toml").write_text('widths = 3\nwrong = 1\nepochs = "x"\n')
    said = tagfit.refused("train", rows, "--recipe", "mine.toml")
    assert said.startswith("error: 3 problems:")
    assert said.count("mine.toml:") == 3
    Path("mine.toml").write_text("widths = [")
    assert "is not valid TOML" in tagfit.refused("train", rows, "--recipe", "mine.toml")


def test_a_recipe_goes_out_and_comes_back(tagfit: Command, rows: Path) -> None:
    Path("mine.toml").write_text(tagfit("recipes", "show", "plain-dense").out)
    trained(tagfit, rows, "r", "--recipe", "mine.toml")
    assert open_run("r").recipe.widths == (64, 32)
    assert open_run("r").info["recipe"] == "mine"
    assert 'architecture = "dense"' in tagfit("recipes", "show", "r").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "needs a SOURCE, or --resume RUN"),
        (("--resume", "nowhere"), "nowhere is not a run: it does not exist"),
        (("--resume", ".", "--seed", 5, "--set", "epochs=3"), "--set, --seed cannot be changed"),
        (("rows.npz", "--resume", "."), "SOURCE cannot be changed"),
    ],
)
def test_resume_takes_a_run_and_nothing_else(tagfit: Command, words: tuple[object, ...], said: str) -> None:
    assert said in tagfit.refused("train", *words)


def test_a_run_that_is_done_is_resumed_to_itself(tagfit: Command, row_run: Path) -> None:
    before = (row_run / "weights.safetensors").read_bytes()
    shown = tagfit("train", "--resume", row_run)
    assert shown.code == 0
    assert f"run: {row_run}" in shown.out
    assert (row_run / "weights.safetensors").read_bytes() == before


def test_a_source_that_changed_is_not_trained_on_further(tagfit: Command) -> None:
    write_features(Path("rows.npz"))
    trained(tagfit, "rows.npz", "r")
    Run(Path("r")).save_info(state="interrupted")
    write_features(Path("rows.npz"), n=50)
    assert "the data of r changed since the run began" in tagfit.refused("train", "--resume", "r")


def test_runs_tells_what_was_killed_what_runs_and_what_is_damaged(tagfit: Command, row_run: Path) -> None:
    for name in ("killed", "running", "damaged"):
        shutil.copytree(row_run, Path("all") / name)
        Run(Path("all") / name).save_info(state="running")
    Path("all/damaged/run.json").write_text("{")
    with FileLock(Path("all/running") / LOCK):
        shown = tagfit("runs", "all")
        states = {Path(run["run"]).name: run["state"] for run in tagfit("runs", "all", "--json").json["runs"]}
    assert states == {"killed": "killed", "running": "running"}
    assert "all/damaged is damaged" in shown.out
    assert "train --resume RUN" in shown.out
    assert "all/killed" in tagfit("runs", "all/killed").out
    assert "no runs in runs" in tagfit("runs").out


@pytest.mark.parametrize("missing", ["run.json", "problem.json", "recipe.toml", "weights.safetensors", "scores"])
def test_a_run_folder_that_lacks_a_file_says_which(
    tagfit: Command, photo_run: Path, photos: Path, missing: str
) -> None:
    shutil.copytree(photo_run, "r")
    place = Path("r") / missing
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
    command = ("tag", "r", photos) if missing in ("weights.safetensors", "recipe.toml") else ("evaluate", "r")
    assert missing.partition(".")[0] in tagfit.refused(*command)


@pytest.mark.parametrize("broken", ["run.json", "problem.json", "recipe.toml", "weights.safetensors", "history.jsonl"])
def test_a_run_folder_with_a_damaged_file_says_which(
    tagfit: Command, photo_run: Path, photos: Path, broken: str
) -> None:
    shutil.copytree(photo_run, "r")
    (Path("r") / broken).write_bytes(b"\x00[}\n\xff\n")
    command = {"weights.safetensors": ("tag", "r", photos), "history.jsonl": ("runs", "r")}
    done = tagfit(*command.get(broken, ("tag", "r", photos)))
    assert broken in done.err + done.out
    assert done.code == (0 if broken == "history.jsonl" else 2)


KILLED_IN_EPOCH_40 = """
from tagfit.training import fit
fit.SECONDS_BETWEEN_CHECKPOINTS = 0
appended = fit.history.append
fit.history.append = lambda path, epoch: die() if epoch.epoch == 40 else appended(path, epoch)
"""
KILLED_AT_PICTURE_40 = """
from tagfit.cli import train
train.on_decoded = lambda *_: lambda done, total: die() if done == 40 else None
"""


def test_killed_while_training_and_resumed_it_ends_with_the_weights_of_an_undisturbed_run(
    tagfit: Command, tmp_path: Path
) -> None:
    write_features(tmp_path / "rows.npz", n=200)
    words = ("--set", "epochs=60", "--set", "patience=0", "--threads", "1", "--device", "cpu")
    killed_at(KILLED_IN_EPOCH_40, ("train", "rows.npz", "--out", "r", *words), tmp_path)
    assert tagfit("runs", "r", "--json").json["runs"][0]["state"] == "killed"
    assert len(open_run("r").history) == 39
    assert tagfit("train", "--resume", "r", "--json").json["state"] == "done"
    assert tagfit("train", "rows.npz", "--out", "whole", *words, "--json").code == 0
    weights = [(tmp_path / run / "weights.safetensors").read_bytes() for run in ("r", "whole")]
    assert weights[0] == weights[1]
    assert len(open_run("r").history) == 60


def test_killed_while_decoding_and_started_again_it_ends_the_same(tagfit: Command, tmp_path: Path) -> None:
    source = write_photos(tmp_path / "photos", 100)
    words = ("train", source, *QUICK, "--size", "32")
    cache = tmp_path / "cache"
    killed_at(KILLED_AT_PICTURE_40, (*words, "--out", "r"), tmp_path, TAGFIT_CACHE_DIR=str(cache))
    assert list(cache.rglob(".*.part")), "it was killed in the middle of decoding"
    assert not (tmp_path / "r").exists(), "a run begins when its pictures are there"
    for run, used in (("r", cache), ("whole", tmp_path / "fresh")):
        assert tagfit(*words, "--out", run, "--cache-dir", used).code == 0
    resumed, whole = open_run("r"), open_run("whole")
    assert resumed.weights.read_bytes() == whole.weights.read_bytes()
    assert resumed.problem["fingerprint"] == whole.problem["fingerprint"]
