"""Which photographs and words are written, and where: --top, --only-untagged, --limit, --where both, --for, --run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from photo_files import jpeg, png, write, xmp

from commands import Command
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.errors import InputError
from tagfit.photos import journal
from tagfit.photos.library import EMBEDDED, Library, read_library
from tagfit.photos.marks import removal_plans
from tagfit.photos.planning import PhotoPlan, WriteOptions, plans, programs_of
from tagfit.vocabulary import Vocabulary
from tagfit.workflow.keywording import Choice, keyword_plans

SCORES = {"cat": 0.9, "dog": 0.6, "owl": 0.8}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Pictures"
    for number, words in enumerate([None, ["tree"], None, []]):
        write(folder / f"{number}.jpg", jpeg(number=number))
        if words is not None:
            write(folder / f"{number}.jpg.xmp", xmp({"dc:subject": words}))
    return folder


def library(folder: Path) -> Library:
    return read_library(folder, SUFFIXES, raw=True)


def chosen(
    folder: Path, words: Vocabulary | None = None, options: WriteOptions | None = None, **choice: object
) -> tuple[list[PhotoPlan], int]:
    wanted = {photo.name: SCORES for photo in library(folder).photos}
    return keyword_plans(folder, wanted, options or WriteOptions(), words, Choice(**choice))  # type: ignore[arg-type]


def execute(found: list[PhotoPlan]) -> journal.Outcome:
    return journal.execute([change for plan in found for change in plan.changes])


def test_top_takes_the_highest_scores_in_the_order_of_the_labels(folder: Path) -> None:
    found, left = chosen(folder, top=2)
    assert ({tuple(plan.new) for plan in found}, left) == ({("cat", "owl")}, 0)


def test_only_untagged_leaves_out_what_has_a_keyword(folder: Path) -> None:
    assert [plan.name for plan in chosen(folder, only_untagged=True)[0]] == ["0.jpg", "2.jpg", "3.jpg"]


def test_limit_counts_photographs_that_change(folder: Path) -> None:
    write(folder / "0.jpg.xmp", xmp({"dc:subject": [*SCORES]}))
    found, left = chosen(folder, limit=2)
    assert ([plan.name for plan in found if plan.changes], left) == (["1.jpg", "2.jpg"], 1)
    execute(found)
    assert [plan.name for plan in chosen(folder, limit=2)[0] if plan.changes] == ["3.jpg"]


def test_a_vocabulary_adds_what_is_implied_and_leaves_out_what_is_excluded(folder: Path) -> None:
    words = Vocabulary.from_dict(
        {"synonyms": {"dog": ["tree"]}, "implies": {"owl": ["bird"]}, "exclusive": {"one": ["bird", "cat", "dog"]}}
    )
    found, _ = chosen(folder, words)
    assert [(plan.new, plan.excluded, plan.there) for plan in found] == [
        ({"cat": 0.9}, ["owl", "dog"], []),
        ({}, ["cat", "owl"], ["dog"]),
        ({"cat": 0.9}, ["owl", "dog"], []),
        ({"cat": 0.9}, ["owl", "dog"], []),
    ]
    assert chosen(folder, Vocabulary.from_dict({"implies": {"owl": ["bird"]}}), top=1)[0][0].new == {"cat": 0.9}
    implied = chosen(folder, Vocabulary.from_dict({"implies": {"cat": ["bird"]}}), top=1)[0][0].new
    assert implied == {"cat": 0.9, "bird": 0.9}


def test_both_writes_the_sidecar_and_the_picture(folder: Path) -> None:
    write(folder / "9.png", png())
    write(folder / "raw.nef", b"no picture")
    found, _ = chosen(folder, options=WriteOptions(where="both"))
    outcome = execute(found)
    assert outcome.skipped == {}
    assert {Path(path).name for path in outcome.done} >= {"0.jpg", "0.jpg.xmp", "9.png", "9.png.xmp", "1.jpg"}
    for photo in library(folder).photos:
        if photo.file.suffix != ".nef":
            assert {"cat", "dog", "owl"} <= {*photo.said[EMBEDDED].fields["dc:subject"]}
            assert {"cat", "dog", "owl"} <= {*photo.said[photo.sidecars[0].name].fields["dc:subject"]}
    assert all(
        not plan.changes for plan in chosen(folder, options=WriteOptions(where="both"))[0] if plan.name != "raw.nef"
    )
    execute(removal_plans(library(folder)))
    assert not [photo.name for photo in library(folder).photos if photo.own("union")]


def test_programs_decide_the_names_of_new_sidecars(folder: Path) -> None:
    raw = write(folder / "raw.nef", b"II*\0\x08\0\0\0\0\0\0\0\0\0")
    shutil.copy(raw, folder / "same.nef")
    write(folder / "same.jpg", jpeg())
    names = {}
    for programs in ("", "lightroom", "lightroom,digikam", "lightroom,windows"):
        options = WriteOptions(where="sidecar", programs=programs_of(programs))
        found = plans(library(folder), {"raw.nef": SCORES, "0.jpg": SCORES, "same.nef": SCORES}, options)
        names[programs] = [sorted(change.path.name for change in plan.changes) or plan.skipped for plan in found]
        assert any("Lightroom" in warning for warning in found[0].warnings) == ("lightroom" in programs)
    long, short = "raw.nef.xmp", "raw.xmp"
    both = "another picture has the same name before the dot: --sidecar-name long"
    assert names[""] == [["0.jpg.xmp"], [long], ["same.nef.xmp"]]
    assert names["lightroom"] == names["lightroom,windows"] == [["0.jpg.xmp"], [short], both]
    assert names["lightroom,digikam"] == [["0.jpg.xmp"], [long, short], both]
    with pytest.raises(InputError, match="there is no program 'gimp'"):
        programs_of("gimp,digikam")


def test_untag_and_accept_of_one_run_leave_what_other_runs_added(folder: Path) -> None:
    first = execute(plans(library(folder), {"0.jpg": {"cat": 1.0}, "1.jpg": {"cat": 1.0}}, WriteOptions()))
    second = execute(plans(library(folder), {"0.jpg": {"dog": 1.0}}, WriteOptions(parent="AI")))
    assert journal.words_of(second.run) == {Path(os.path.realpath(folder / "0.jpg.xmp")): ("AI|dog",)}
    found = removal_plans(library(folder), added=journal.words_of(second.run))
    assert [(plan.name, [*plan.new]) for plan in found] == [("0.jpg", ["AI|dog"])]
    execute(found)
    assert [path for photo in library(folder).photos for path in photo.own()] == [("cat",), ("cat",)]
    execute(removal_plans(library(folder), accept=True, added=journal.words_of(first.run)))
    assert [photo.own() for photo in library(folder).photos] == [[], [], [], []]
    assert library(folder).photos[0].said["0.jpg.xmp"].fields["dc:subject"] == ["cat"]


def test_pruned_runs_are_no_longer_undone(tagfit: Command, folder: Path) -> None:
    for label in ("cat", "dog"):
        execute(plans(library(folder), {"0.jpg": {label: 1.0}}, WriteOptions()))
    first, second = journal.runs()
    assert tagfit("undo", "--prune", "--dry-run", "--json").json == {"pruned": [first, second], "dry_run": True}
    assert tagfit("undo", first, "--prune").out == "removed 1 journals\n"
    assert journal.runs() == [second]
    assert "there is no run" in tagfit.refused("untag", folder, "--run", first)
    assert tagfit("untag", folder, "--run", second, "--json").json["photographs"][0]["new"] == {"dog": 1.0}
    assert tagfit("undo", "--prune", "--json").json["pruned"] == [second]
    assert journal.runs() == []


def test_programs_that_read_no_sidecars_need_the_picture(tagfit: Command, photo_run: Path, folder: Path) -> None:
    words = ("tag", photo_run, folder, "--write-keywords", "--for", "windows,digikam")
    assert "--for windows: reads no sidecars (--where embed or --where both)" in tagfit.refused(*words)
    assert tagfit(*words, "--where", "both", "--top", "1", "--json").code == 0
