"""tagfit evaluate, thresholds, compare and tag: the numbers of the right pictures, and labels by name."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from commands import Command
from small_sets import features, write_photos, write_scores
from tagfit.data.plan import Plan
from tagfit.runs.run import open_run
from tagfit.scoring import LOOKS
from tagfit.workflow import fit

HOSTILE = ("=cmd()", "[red]x[/red]", "a\x1b[31mb\u202e")


@pytest.fixture(scope="module")
def other_run(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another recipe on the same split of ``rows``."""
    return fit(Plan(str(rows)).problem(), "plain-dense", out=tmp_path_factory.mktemp("o") / "run", threads=1).folder


def test_train_and_validation_unless_asked_and_looks_at_test_are_written_down(
    tagfit: Command, row_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(row_run, tmp_path / "r", ignore=shutil.ignore_patterns(LOOKS, "test.npz"))  # of other tests
    assert set(tagfit("evaluate", "r", "--json").json["splits"]) == {"train", "validation"}
    assert not (tmp_path / "r" / LOOKS).exists()
    for _ in range(2):
        assert set(tagfit("evaluate", "r", "--split", "test", "--json").json["splits"]) == {"test"}
    assert tagfit("compare", "r", row_run, "--split", "test").code == 0
    looks = [json.loads(line) for line in (tmp_path / "r" / LOOKS).read_text().splitlines()]
    assert [look["why"] for look in looks] == ["evaluate", "evaluate", "compare"]


def test_each_number_stands_beside_its_baselines_and_notes_are_written_once(tagfit: Command, row_run: Path) -> None:
    shown = tagfit("evaluate", row_run)
    assert shown.code == 0
    for word in ("predict nothing", "prevalence", "95 % interval", "label_accuracy", "labels of validation"):
        assert word in shown.out
    validation = shown.out.partition("validation:")[2].splitlines()
    notes = [line for line in validation if line.startswith("  (")]
    assert notes
    assert len(notes) == len(set(notes))
    assert not any("interval may be" in line and line not in notes for line in validation)


def test_new_data_is_judged_with_labels_by_name(tagfit: Command, row_run: Path) -> None:
    X, Y = features(30, seed=4)
    np.savez("same.npz", X=X, Y=Y, labels=np.array(["a", "b", "c"]))
    np.savez("turned.npz", X=X, Y=Y[:, ::-1], labels=np.array(["c", "b", "a"]))
    metrics = [
        tagfit("evaluate", row_run, source, "--json").json["splits"]["data"]["metrics"]
        for source in ("same.npz", "turned.npz")
    ]
    assert metrics[0] == metrics[1]


def test_labels_that_only_one_side_has_are_told(tagfit: Command, row_run: Path) -> None:
    X, Y = features(30, seed=4)
    np.savez("other.npz", X=X, Y=Y, labels=np.array(["a", "c", "zebra"]))
    shown = tagfit("evaluate", row_run, "other.npz")
    assert shown.code == 0
    assert "'b'" in shown.out
    assert "'zebra'" in shown.out
    np.savez("none.npz", X=X, Y=Y, labels=np.array(["x", "y", "z"]))
    assert "no label is shared" in tagfit.refused("evaluate", row_run, "none.npz")


def test_rows_of_another_kind_are_refused(tagfit: Command, row_run: Path, photo_run: Path, photos: Path) -> None:
    X, Y = features(20, width=9)
    np.savez("wide.npz", X=X, Y=Y, labels=np.array(["people", "sea", "a"]))
    assert "trained on rows of 5 features, and here are rows of 9" in tagfit.refused("evaluate", row_run, "wide.npz")
    assert "trained on pictures, and here are rows of 9" in tagfit.refused("evaluate", photo_run, "wide.npz")
    assert "no label is shared" in tagfit.refused("evaluate", row_run, photos)


def test_pictures_in_arrays_are_judged_like_files_of_any_size_and_type(tagfit: Command, photo_run: Path) -> None:
    on = np.random.default_rng(3).random((20, 3)) < 0.5
    pixels = np.broadcast_to((60 + 120 * on)[:, None, None, :], (20, 20, 20, 3)).astype(np.uint8)
    for name, X in (("whole", pixels), ("floats", (pixels / 255).astype(np.float32))):
        np.savez(f"{name}.npz", X=X, Y=on.astype(np.uint8), labels=np.array(["people", "sea", "sun"]))
        found = tagfit("evaluate", photo_run, f"{name}.npz", "--json").json["splits"]["data"]
        assert found["metrics"]["label_accuracy"]["value"] > 0.95


def test_pictures_that_cannot_be_read_are_told(tagfit: Command, photo_run: Path, tmp_path: Path) -> None:
    source = write_photos(tmp_path / "new", 10, seed=9)
    (source / "images" / "03.jpg").write_bytes((source / "images" / "03.jpg").read_bytes()[:200])
    shown = tagfit("evaluate", photo_run, source)
    assert shown.out.startswith("data: 9 pictures")
    assert "left out: " in shown.out
    assert "03.jpg" in shown.out


def test_a_source_of_its_own_separator(tagfit: Command, photo_run: Path, tmp_path: Path) -> None:
    source = write_photos(tmp_path / "new", 10, seed=9)
    table = source / "tags.csv"
    table.write_text(table.read_text().replace("|", " "))
    right = tagfit("evaluate", photo_run, source, "--separator", "space", "--json").json["splits"]["data"]
    assert right["metrics"]["label_accuracy"]["value"] > 0.8


def test_scores_of_any_model(tagfit: Command) -> None:
    write_scores(Path("npz.npz"))
    with Path("table.csv").open("w", newline="") as file:
        arrays = np.load("npz.npz")
        writer = csv.writer(file)
        writer.writerow(["id", "label_0_truth", "label_0_score"])
        writer.writerows(zip(range(60), arrays["truth"][:, 0], arrays["scores"][:, 0], strict=True))
    found = tagfit("evaluate", "--scores", "npz.npz", "--scores", "table.csv", "--json").json["splits"]
    assert list(found) == ["npz", "table"]
    first, second = found["npz"]["labels"][0], found["table"]["labels"][0]
    assert (first["f1"], first["support"]) == (second["f1"], second["support"])
    Path("deeper").mkdir()
    shutil.copy("npz.npz", "deeper/npz.npz")
    both = tagfit("evaluate", "--scores", "npz.npz", "--scores", "deeper/npz.npz", "--json").json["splits"]
    assert list(both) == ["npz.npz", "deeper/npz.npz"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "needs a RUN or --scores FILE"),
        (("RUN", "--scores", "x.npz"), "not both"),
        (("RUN", "new.npz", "--split", "test"), "--split names a split of the run"),
        (("--scores", "x.npz", "--split", "test"), "--scores needs none"),
        (("--scores", "x.npz", "--scores", "x.npz"), "given twice"),
        (("RUN", "--intervals", "x"), "--intervals x"),
        (("RUN", "--intervals", "3"), "100 resamples or more"),
        (("RUN", "--split", "nope"), "no split 'nope'"),
        (("RUN", "--metrics", "accuracy"), "label_accuracy, subset_accuracy"),
        (("RUN", "--thresholds", "nope"), "nope"),
    ],
)
def test_words_that_do_not_go_together(tagfit: Command, row_run: Path, words: tuple[str, ...], said: str) -> None:
    assert said in tagfit.refused("evaluate", *(row_run if word == "RUN" else word for word in words))


def test_thresholds_are_chosen_saved_and_used(tagfit: Command, row_run: Path) -> None:
    chosen = tagfit("thresholds", row_run, "--out", "t.json", "--label", "a:recall=0.9", "--json").json
    assert Path("t.json").exists()
    used = tagfit("evaluate", row_run, "--thresholds", "t.json", "--json").json["splits"]["validation"]
    assert any("chosen on these rows" in note for note in used["notes"])
    wanted = {one["label"]: one["threshold"] for one in chosen["details"]}
    assert {one["label"]: one["threshold"] for one in used["labels"]} == pytest.approx(wanted)
    assert "evaluate on other pictures" in tagfit("thresholds", row_run).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("RUN", "--split", "test"), "not chosen on the test split"),
        (("RUN", "--for", "foo"), "no strategy 'foo'"),
        (("RUN", "--label", "a"), "--label LABEL:STRATEGY"),
        (("RUN", "--label", "zz:best-f1"), "no label 'zz'"),
        ((), "needs a RUN"),
        (("RUN", "--scores", "x"), "not both"),
    ],
)
def test_thresholds_that_cannot_be(tagfit: Command, row_run: Path, words: tuple[str, ...], said: str) -> None:
    assert said in tagfit.refused("thresholds", *(row_run if word == "RUN" else word for word in words))


def test_compare_on_the_same_pictures_only(tagfit: Command, row_run: Path, other_run: Path, photo_run: Path) -> None:
    shown = tagfit("compare", row_run, other_run)
    assert shown.code == 0
    assert "label_accuracy" in shown.out
    assert tagfit("compare", row_run, other_run, "--json").json["overall"]
    assert "different labels" in tagfit.refused("compare", row_run, photo_run)
    assert "the same model twice" in tagfit.refused("compare", row_run, row_run)
    assert "two or more" in tagfit.refused("compare", row_run)
    arrays = open_run(row_run).scores("validation")
    np.savez("half.npz", truth=arrays.truth[:5], scores=arrays.scores[:5], labels=arrays.labels, ids=arrays.ids[:5])
    assert "different pictures" in tagfit.refused("compare", row_run, "half.npz")


def test_pictures_and_folders_are_tagged_and_broken_ones_told(tagfit: Command, photo_run: Path, photos: Path) -> None:
    Path("new").mkdir()
    shutil.copy(photos / "images" / "00.jpg", "new/00.jpg")
    Path("new/broken.jpg").write_bytes(b"nothing")
    shown = tagfit("tag", photo_run, "new", photos / "images" / "01.jpg")
    assert shown.code == 0
    assert [line.split()[0] for line in shown.out.splitlines()[1:3]] == ["new/00.jpg", "new/broken.jpg"]
    assert "cannot be read" in shown.out
    records = tagfit("tag", photo_run, "new", "--json").json["pictures"]
    assert [("problem" in record, record["tags"] == []) for record in records] == [(False, False), (True, True)]
    table = list(csv.DictReader(io.StringIO(tagfit("tag", photo_run, "new", "--csv").out)))
    assert [row["picture"] for row in table] == ["new/00.jpg", "new/broken.jpg"]
    assert table[0]["tags"].split("|") == records[0]["tags"]
    assert float(table[0]["sea"]) == records[0]["scores"]["sea"]
    assert table[1]["problem"]


def test_a_folder_is_tagged_into_a_file(tagfit: Command, photo_run: Path, photos: Path) -> None:
    done = tagfit("tag", photo_run, photos, "--out", "tags.csv")
    assert (done.code, done.out.splitlines()[0]) == (0, "tags.csv: 40 pictures")
    printed = tagfit("tag", photo_run, photos, "--csv").out
    assert Path("tags.csv").read_text(encoding="utf-8") == printed
    assert "tags.csv exists and is not overwritten" in tagfit.refused("tag", photo_run, photos, "--out", "tags.csv")
    assert "--out tags.csv" in tagfit.refused("tag", photo_run, photos, "--out", "more.csv", "--csv")
    found = tagfit("tag", photo_run, photos, "--out", "tags.jsonl", "--json").json
    assert (found["out"], found["pictures"], found["unreadable"]) == ("tags.jsonl", 40, 0)


def test_where_no_picture_can_be_read_tagging_failed(tagfit: Command, photo_run: Path) -> None:
    Path("broken.jpg").write_bytes(b"nothing")
    done = tagfit("tag", photo_run, "broken.jpg", "--json")
    assert done.code == 2
    assert "problem" in done.json["pictures"][0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("PHOTOS", "absent.jpg"), "absent.jpg"),
        (("PHOTOS", "."), "no pictures to tag"),
        (("ROWS", "x"), "not on pictures"),
        (("PHOTOS", "x", "--csv", "--json"), "cannot be combined"),
    ],
)
def test_what_cannot_be_tagged(
    tagfit: Command, photo_run: Path, row_run: Path, words: tuple[str, ...], said: str
) -> None:
    Path("x").touch()
    runs = {"PHOTOS": photo_run, "ROWS": row_run}
    done = tagfit("tag", *(runs.get(word, word) for word in words))
    assert done.code == 2
    assert said in done.err


def test_hostile_names_reach_neither_terminal_nor_spreadsheet(tagfit: Command, tmp_path: Path) -> None:
    source = write_photos(tmp_path / "hostile", 30, labels=HOSTILE)
    words = ("--recipe", "plain-dense", "--set", "epochs=2", "--size", 8, "--out", "r", "--threads", 1)
    shutil.copy(source / "images" / "00.jpg", "=2+3.jpg")
    for shown in (
        tagfit("data", "check", source),
        tagfit("train", source, *words),
        tagfit("evaluate", "r", "--all-labels"),
        tagfit("thresholds", "r"),
        tagfit("tag", "r", "=2+3.jpg"),
        tagfit("tag", "r", "=2+3.jpg", "--csv"),
    ):
        assert shown.code == 0, shown.err
        assert "\x1b" not in shown.out + shown.err
        assert "\u202e" not in shown.out + shown.err
    cells = [cell for row in csv.reader(io.StringIO(shown.out)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert "[red]x[/red]" in cells
    assert set(tagfit("tag", "r", "=2+3.jpg", "--json").json["pictures"][0]["scores"]) == set(HOSTILE)
