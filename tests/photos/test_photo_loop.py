"""The whole loop by its commands, from keywords to keywords; ExifTool says what changed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from photo_programs import FIELDS, LABELS, NEEDS_EXIFTOOL, listed, make_library, seen
from test_keyword_writing import states

from commands import Command
from tagfit.runs.run import open_run
from tagfit.scoring import reopen
from tagfit.studio.corrections import Corrections
from tagfit.studio.export import export

SIZES = [pytest.param(60, id="short"), pytest.param(500, id="long", marks=pytest.mark.long)]


def only_words_were_added(before: dict[str, Any], after: dict[str, Any], new: dict[str, list[str]]) -> None:
    """Every tag of every file is as it was, but for words at the ends of the fields of keywords.

    Args:
        before, after: as ExifTool sees the folder.
        new: words that were written, by file.
    """
    for name, tags in before.items():
        for tag, value in tags.items():
            was, now = listed(value), listed(after[name][tag])
            assert now[: len(was)] == was, (name, tag)
            assert tag in FIELDS or now == was, (name, tag)
        assert set(after[name]) - set(tags) <= {*FIELDS}, name
    for name, words in new.items():
        assert {*words} <= {*listed(after[name]["XMP-dc:Subject"])}, name
        assert {*words} <= {*listed(after[name]["XMP-tagfit:Added"])}, name


@NEEDS_EXIFTOOL
@pytest.mark.parametrize("count", SIZES)
def test_the_loop(tagfit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    folder = tmp_path / "Pictures"
    truth = make_library(folder, count)
    make_library(tmp_path / "Checked", max(30, count // 5), seed=1)
    old, before = states(folder), seen(folder)

    def keywords() -> dict[str, Any]:
        found: dict[str, Any] = tagfit("keywords", folder, "--json").json
        return found

    first = keywords()
    assert first["photographs"] == count
    assert first["disagreements"] == first["unreadable"] == {}
    tagged = {name: words for number, (name, words) in enumerate(truth.items()) if number % 5}
    assert first["labels"] == {
        label: sum(label in words for words in tagged.values())
        for label in sorted(LABELS, key=lambda one: -sum(one in words for words in tagged.values()))
    }
    train = ("train", folder, "--validation", "Checked", "--recipe", "plain-dense", "--size", 8, "--set", "epochs=40")
    assert tagfit(*train, "--out", "runs/first").code == 0
    proposed = tagfit("suggest", "runs/first", folder, "--count", 5, "--json").json
    assert len(proposed["pictures"]) == 5

    words = ("tag", "runs/first", folder, "--write-keywords", "--only-untagged")
    plan = tagfit(*words, "--json").json
    assert states(folder) == old
    untagged = {name for number, name in enumerate(truth) if number % 5 == 0}
    new = {one["photograph"]: [*one["new"]] for one in plan["photographs"] if one["new"]}
    assert untagged >= {*new}
    right = sum(label in truth[name] for name, labels in new.items() for label in labels)
    assert right >= 0.9 * sum(map(len, new.values())) > 0
    done = tagfit(*words, "--apply", "--json").json
    assert (sorted(done["written"]), done["skipped"]) == (sorted(plan["files"]), {})
    assert {name: state for name, state in states(folder).items() if name in old} == old, "new sidecars only"
    only_words_were_added(before, seen(folder), {f"{name}.xmp": labels for name, labels in new.items()})
    assert keywords()["labels"] == first["labels"], "what tagfit wrote is no truth yet"

    everything = tagfit("tag", "runs/first", folder, "--write-keywords", "--apply", "--json").json
    after = seen(folder)
    added = {
        Path(path).relative_to(folder).as_posix(): one["new"]
        for one in everything["photographs"]
        for path in one["files"]
    }
    only_words_were_added(before, after, {name: [*labels] for name, labels in added.items()})
    assert all((folder / name).read_bytes() == old[name][0] for name in old if name.endswith(".jpg"))
    if everything["run"]:
        assert tagfit("undo", everything["run"]).code == 0

    assert tagfit("untag", folder, "--label", "sea", "--apply").code == 0
    assert tagfit("accept", folder, "--run", done["run"], "--apply").code == 0
    accepted = keywords()
    for label in LABELS:
        more = 0 if label == "sea" else sum(label in labels for labels in new.values())
        assert accepted["labels"][label] == first["labels"][label] + more
    assert accepted["guesses"] == 0
    assert tagfit(*train, "--out", "runs/second").code == 0
    assert tagfit("compare", "runs/first", "runs/second").code == 0

    for run in reversed(tagfit("undo", "--list", "--json").json["runs"]):
        assert tagfit("undo", run).code == 0
    assert states(folder) == old


@NEEDS_EXIFTOOL
def test_the_commands_of_the_document_walk_the_loop(
    tagfit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line of it is run, with a small net in place of the pretrained one; the review is made by hand."""
    make_library(tmp_path / "Pictures", 60)
    make_library(tmp_path / "Checked", 30, seed=1)
    old = states(tmp_path / "Pictures")
    page = (Path(__file__).parents[2] / "docs" / "photo-library.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (tagfit .*)$", page.partition("## The loop")[2], re.MULTILINE)
    assert len(lines) >= 13
    for line in lines:
        words = shlex.split(line.partition(" # ")[0].replace("~/", "").replace("--recipe pretrained", SMALL))[1:]
        if words == ["studio"]:
            review(Path("runs/first"), Path("studio/exports"))
            continue
        words = [next(map(str, Path(word).parent.glob("*.csv"))) if word.endswith(".csv") else word for word in words]
        done = tagfit(*words)
        assert (done.code, line) == (0, line), done.err
    for run in reversed(tagfit("undo", "--list", "--json").json["runs"]):
        assert tagfit("undo", run).code == 0
    now = states(tmp_path / "Pictures")
    assert now.pop("vocabulary.toml")
    assert now == old


SMALL = "--recipe plain-dense --size 8 --set epochs=20"


def review(folder: Path, exports: Path) -> None:
    """Correct a few tags of a run and export them, as the pages of the studio do."""
    run = open_run(folder)
    corrections = Corrections.of_data(exports.parent, run.problem["fingerprint"]["data"])
    for number, label in enumerate(LABELS):
        corrections.add(run.problem["ids"]["train"][number], label, "unknown", ("present", "absent")[number % 2])

    export(reopen(run), corrections, exports / "tags.csv")
