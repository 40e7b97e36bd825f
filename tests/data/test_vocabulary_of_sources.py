"""A vocabulary applied to sources: labels, what is unknown, contradictions, fingerprints, runs and taggers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import Command
from tagfit.data.plan import Plan
from tagfit.data.read import read
from tagfit.data.row_record import RowRecord
from tagfit.data.source_report import check
from tagfit.errors import InputError
from tagfit.vocabulary import FILE, Vocabulary

WORDS = """
[synonyms]
cat = ["kitty"]
[implies]
beach = ["nature"]
[exclusive]
season = ["spring", "summer"]
"""


def table(folder: Path, cells: Sequence[str], words: str = WORDS, header: str = "image,tags") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(cells)):
        Image.new("RGB", (8, 8), (number * 7 % 256, number * 91 % 256, 9)).save(folder / f"{number}.png")
    rows = [f"{number}.png,{cell}" for number, cell in enumerate(cells)]
    (folder / "tags.csv").write_text("\n".join([header, *rows]) + "\n")
    if words:
        (folder / FILE).write_text(words)
    return folder


def entries(source: Path, **options: object) -> dict[str, str]:
    """By label, + present, - absent and ? unknown on each row."""
    data = read(source, learnable=False, **options)  # type: ignore[arg-type]
    signs = np.where(data.truth == 1, "+", np.where(data.known, "-", "?"))
    return {label: "".join(signs[:, column]) for column, label in enumerate(data.labels)}


def test_listed_tags_become_labels_with_what_they_imply(tmp_path: Path) -> None:
    folder = table(tmp_path / "a", ['"kitty,beach"', "cat", '"!beach,tree"', '"?beach,tree"', "spring"])
    assert entries(folder) == {
        "cat": "++---", "beach": "+--?-", "nature": "+--?-", "tree": "--++-", "spring": "----+",
    }  # fmt: skip
    assert "vocabulary: no tag is, or becomes, 'summer'" in read(folder, learnable=False).notes
    assert list(entries(folder, vocabulary="none")) == ["beach", "cat", "kitty", "spring", "tree"]
    assert list(entries(folder, labels=["nature", "cat"])) == ["nature", "cat"]
    assert "nature" not in entries(folder, min_positives=2)
    (folder / FILE).rename(tmp_path / "words.toml")
    assert "nature" not in entries(folder)
    assert "nature" in entries(folder, vocabulary=tmp_path / "words.toml")
    assert "nature" in entries(folder / "tags.csv", vocabulary=Vocabulary.parse(WORDS, "x"))


def test_columns_of_their_own_say_what_is_absent(tmp_path: Path) -> None:
    rows = ["1,,,", ",0,,", "1,0,,", ",,1,", ",,0,", ",,1,1"]
    folder = table(tmp_path / "a", rows, header="image,beach,nature,spring,summer")
    assert entries(folder, blank="unknown") == {
        "beach": "+-+???", "nature": "+-+???", "spring": "???+-+", "summer": "???-?+",
    }  # fmt: skip
    said = [str(fault) for fault in read(folder, blank="unknown", learnable=False).warnings]
    assert said == [
        "1 rows that have 'beach' lack 'nature', which it implies: '2.png'",
        "1 rows have both 'spring' and 'summer', which exclude each other (season): '5.png'",
    ]
    assert said == [str(one) for one in check(folder, blank="unknown").warnings][:2]


def test_data_check_and_train_refuse_a_file_that_contradicts_itself(tagfit: Command, tmp_path: Path) -> None:
    words = '[implies]\na = ["b"]\nb = ["a"]\nx = ["y"]\n[exclusive]\nk = ["x", "y"]\n'
    folder = table(tmp_path / "a", ["a", "b", "x", "y"] * 3, words)
    for command in (("data", "check"), ("train",)):
        said = tagfit.refused(*command, folder)
        assert "'a' implies 'b' implies 'a'" in said
        assert "'x' implies 'y' and excludes it (k)" in said
    assert tagfit("data", "check", folder, "--vocabulary", "none").code == 0


CELLS = ["kitty", "cat", "beach", "tree", '"tree,beach"', "tree"] * 5


def test_the_vocabulary_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    plain = table(tmp_path / "plain", CELLS, words="")
    print_of = {}
    files = {"none": "", "one": WORDS, "comment": "# x\n" + WORDS, "more": WORDS + 'y = ["a", "b"]\n'}
    for name, words in files.items():
        if words:
            (plain / FILE).write_text(words)
        print_of[name] = Plan(str(plain), size=8).problem().fingerprint["data"]
    assert print_of["one"] == print_of["comment"]
    assert len(set(print_of.values())) == 3
    assert print_of["none"] == Plan(str(plain), size=8, read={"vocabulary": "none"}).problem().fingerprint["data"]


def test_a_run_and_its_tagger_follow_the_vocabulary(tagfit: Command, tmp_path: Path) -> None:
    folder = table(tmp_path / "a", CELLS)
    run = tmp_path / "run"
    assert tagfit("train", folder, "--size", 8, "--out", run, "--set", "epochs=1").code == 0
    about = json.loads((run / "problem.json").read_text())
    assert about["vocabulary"]["implies"] == {"beach": ["nature"]}
    plan, record = Plan.from_dict(about["source"]), RowRecord.load(run / "rows.npz")
    assert record is not None
    assert record.problem(plan, about) is not None
    other = table(tmp_path / "b", ["kitty", "beach", "tree"], words="")
    found = tagfit("evaluate", run, other, "--json", "--intervals", "none")
    assert (found.code, "left out" in found.out) == (0, False)
    assert tagfit("pack", run, "tagger").code == 0
    from tagfit.tagger import load

    model = load(tmp_path / "tagger").at({label: 0.0 if label == "beach" else 1.0 for label in about["labels"]})
    assert model.tag([folder / "0.png"])[0]["tags"] == ["beach", "nature"]
    (folder / FILE).write_text(WORDS + 'y = ["a", "b"]\n')
    assert record.problem(plan, about) is None
    assert "changed since the run began" in tagfit.refused("evaluate", run, "--split", "test")


def test_sources_of_their_own_use_the_vocabulary_and_the_spelling_of_train(tmp_path: Path) -> None:
    words = "ignore_case = true\n" + WORDS
    folder = table(tmp_path / "a", [cell.replace("tree", "Tree") for cell in CELLS], words)
    other = table(tmp_path / "b", ["kitty", "tree", "tree", "beach"], words="")
    problem = Plan(str(folder), validation=str(other), size=8).problem()
    part = problem.part("validation")
    assert part.truth[:, problem.labels.index("Tree")].tolist() == [0, 1, 1, 0]
    assert part.truth[:, problem.labels.index("nature")].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("form", ["coco", "webdataset", "parquet"])
def test_every_format_follows_it(tagfit: Command, tmp_path: Path, form: str) -> None:
    folder = table(tmp_path / "a", CELLS, words="")
    assert tagfit("data", "convert", folder, tmp_path / form, "--to", form).code == 0
    (tmp_path / form / FILE).write_text(WORDS)
    assert {"cat", "nature"} <= {*entries(tmp_path / form)}
    assert "kitty" not in entries(tmp_path / form)
    shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    assert "nature" in entries(tmp_path / "packed.zip", vocabulary=tmp_path / form / FILE)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    folder = table(tmp_path / "a", CELLS, words="")
    with pytest.raises(InputError, match=r"nowhere\.toml cannot be read as a vocabulary"):
        read(folder, vocabulary="nowhere.toml")
    (folder / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="cannot be read as a vocabulary"):
        read(folder)
