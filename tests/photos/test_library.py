"""A folder of photographs: sidecars by name, precedence, and its keywords as the labels of a source."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from photo_files import iptc, jpeg, png, write, xmp

from commands import Command
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.read import read
from tagfit.errors import InputError
from tagfit.photos.library import Library, Photo, read_library
from tagfit.photos.sidecars import assigned


def words(*subjects: str, **more: str) -> bytes:
    inside = "".join(f"<{name.replace('_', ':')}>{value}</{name.replace('_', ':')}>" for name, value in more.items())
    return xmp({"dc:subject": subjects}, inside=inside)


def library(folder: Path, **options: bool) -> Library:
    return read_library(folder, SUFFIXES, **options)


def keywords(photo: Photo, prefer: str = "sidecar") -> list[str]:
    return ["|".join(path) for path in photo.keywords(prefer).paths]


@pytest.mark.parametrize(
    ("names", "picture", "expected"),
    [
        (["a.jpg", "a.jpg.xmp", "a.xmp"], "a.jpg", ("a.jpg.xmp", "a.xmp")),
        (["a.jpg", "A.JPG.XMP"], "a.jpg", ("A.JPG.XMP", "")),
        (["cafe\u0301.jpg", "café.jpg.xmp"], "cafe\u0301.jpg", ("café.jpg.xmp", "")),
        (["a.jpg", "a.nef", "a.xmp"], "a.jpg", ("", "")),
        (["a.jpg", "a.nef", "a.xmp"], "a.nef", ("", "a.xmp")),
        (["a.jpg", "a.png", "a.xmp"], "a.png", ("", "a.xmp")),
        (["a.jpg", "A.jpg", "A.jpg.xmp"], "a.jpg", ("", "")),
        (["a.b.jpg", "a.b.xmp"], "a.b.jpg", ("", "a.b.xmp")),
    ],
)
def test_sidecars_by_name(names: list[str], picture: str, expected: tuple[str, str]) -> None:
    found, _ = assigned(names, {".jpg", ".png", ".nef"})
    assert (found[picture].long, found[picture].short) == expected


def test_names_that_differ_by_case_are_noted() -> None:
    found, _ = assigned(["a.jpg", "a.jpg.xmp", "A.jpg.xmp"], {".jpg"})
    assert (found["a.jpg"].long, found["a.jpg"].ambiguous) == ("a.jpg.xmp", ["A.jpg.xmp"])


def test_files_that_are_no_sidecars_are_left_alone_with_a_reason() -> None:
    names = [
        "a.jpg",
        "a.sync-conflict-20260101-ABC.jpg.xmp",
        "a (conflicted copy).xmp",
        "a_01.jpg.xmp",
        "._a.jpg",
        "b.xmp",
    ]
    found, ignored = assigned(names, {".jpg"})
    assert (found["a.jpg"].long, found["a.jpg"].short) == ("", "")
    assert set(ignored) == set(names) - {"a.jpg"}


def test_the_long_sidecar_counts_before_the_short_one_and_the_picture(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", jpeg(words("embedded")))
    write(tmp_path / "a.jpg.xmp", words("long"))
    write(tmp_path / "a.xmp", words("short"))
    (photo,) = library(tmp_path).photos
    assert [keywords(photo, prefer) for prefer in ("sidecar", "embedded")] == [["long"], ["embedded"]]
    assert sorted(keywords(photo, "union")) == ["embedded", "long", "short"]
    assert photo.disagreement() == "a.jpg.xmp counts; other keywords in a.xmp, embedded"
    write(tmp_path / "a.jpg.xmp", xmp({}))  # edits only
    write(tmp_path / "a.xmp", words())  # explicitly none
    (photo,) = library(tmp_path).photos
    assert (keywords(photo), photo.is_tagged()) == ([], True)


def test_a_shared_sidecar_belongs_to_the_extension_that_it_names(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", jpeg())
    write(tmp_path / "a.png", png())
    write(tmp_path / "a.xmp", words("cat", photoshop_SidecarForExtension="PNG"))
    assert [keywords(photo) for photo in library(tmp_path).photos] == [[], ["cat"]]
    assert [keywords(photo) for photo in library(tmp_path, share=True).photos] == [["cat"], ["cat"]]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.jpg", jpeg())
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
    assert [photo.name for photo in library(tmp_path).photos] == ["in/a.jpg"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six photographs: hierarchies, IPTC, spellings, none, and a sidecar that cannot be read."""
    root = tmp_path / "Pictures"
    write(root / "2023" / "a.jpg", jpeg(number=1))
    write(root / "2023" / "a.jpg.xmp", xmp({"lr:hierarchicalSubject": ["Places|Italy|Rome", "Animals|Cat"]}))
    write(root / "2023" / "b.jpg", jpeg(record=iptc([b"cat", b"sky"], utf8=True), number=2))
    write(root / "2024" / "c.png", png(words("Cat", "kitty"), number=3))
    write(root / "2024" / "d.jpg", jpeg(number=4))
    write(root / "2024" / "e.jpg", jpeg(number=5))
    write(root / "2024" / "e.xmp", b"<broken")
    write(root / "2024" / "f.jpg", jpeg(words(), number=6))
    return root


def tags(source: Path, **options: object) -> dict[str, tuple[str, ...]]:
    data = read(source, learnable=False, **options)  # type: ignore[arg-type]
    return {str(name): data.tags(row) for row, name in enumerate(data.ids)}


def test_a_folder_of_photographs_is_a_source(folder: Path) -> None:
    data = read(folder)
    assert dict(zip(data.ids.tolist(), map(data.tags, range(len(data))), strict=True)) == {
        "2023/a.jpg": ("Cat", "Rome"),
        "2023/b.jpg": ("Cat", "sky"),
        "2024/c.png": ("Cat", "kitty"),
        "2024/f.jpg": (),
    }
    assert data.known.all()
    (fault,) = data.quarantined
    assert (fault.where, "e.xmp: not well-formed" in fault.what) == ("2024/e.jpg", True)
    assert "left out since what is on them is unknown: 1" in " ".join(data.notes)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"keywords": "path"}, ("Animals|Cat", "Places|Italy|Rome")),
        ({"keywords": "ancestors"}, ("Animals", "Animals|Cat", "Places", "Places|Italy", "Places|Italy|Rome")),
        ({"keywords": "depth:2"}, ("Animals|Cat", "Places|Italy")),
        ({"include_keywords": "places|*"}, ("Rome",)),
        ({"exclude_keywords": ["Places|*"]}, ("Cat",)),
        ({"rename_keywords": "rome=Roma"}, ("Cat", "Roma")),
    ],
)
def test_keywords_become_labels_as_asked(folder: Path, options: dict[str, object], expected: tuple[str, ...]) -> None:
    assert tags(folder, **options)["2023/a.jpg"] == expected


def test_untagged_absent_keeps_photographs_without_keywords(folder: Path) -> None:
    assert tags(folder, untagged="absent")["2024/d.jpg"] == ()
    assert "2024/e.jpg" not in tags(folder, untagged="absent")


def test_absent_labels_can_hang_on_a_review(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", jpeg(words("cat"), number=1))
    write(tmp_path / "b.jpg", jpeg(words("dog", "Seen"), number=2))
    write(tmp_path / "c.jpg", jpeg(words("dog", xmp_Label="Green"), number=3))
    by_word = read(tmp_path, reviewed="seen", learnable=False)
    assert by_word.labels == ("cat", "dog")
    assert by_word.known.tolist() == [[True, False], [True, True], [False, True]]
    by_colour = read(tmp_path, reviewed="xmp:Label=green", learnable=False)
    assert by_colour.known[2].all()


def test_what_tagfit_added_is_unknown_until_it_is_accepted(tmp_path: Path) -> None:
    own = xmp({"dc:subject": ["garden", "cat"], "tagfit:Added": ["cat"]})
    only = xmp({"dc:subject": ["cat"], "tagfit:Added": ["cat"]})
    write(tmp_path / "a.jpg", jpeg(own, number=1))
    write(tmp_path / "b.jpg", jpeg(words("cat"), number=2))
    write(tmp_path / "c.jpg", jpeg(only, number=3))
    data = read(tmp_path, learnable=False)
    assert data.ids.tolist() == ["a.jpg", "b.jpg"]
    assert data.labels == ("cat", "garden")
    assert data.known.tolist() == [[False, True], [True, True]]


def test_a_leaf_of_two_parents_is_reported(tmp_path: Path) -> None:
    for number, path in enumerate(("People|Georgia", "States|Georgia")):
        write(tmp_path / f"{number}.jpg", jpeg(xmp({"lr:hierarchicalSubject": [path]}), number=number))
    warned = " ".join(map(str, read(tmp_path, learnable=False).warnings))
    assert "'Georgia' stands for 'People|Georgia', 'States|Georgia'" in warned


def test_folders_named_after_labels_stay_labels_where_few_photographs_have_keywords(tmp_path: Path) -> None:
    for number in range(6):
        kind = "cat" if number % 2 else "dog"
        write(tmp_path / kind / f"{number}.jpg", jpeg(words("canon") if number == 0 else b"", number=number))
    assert read(tmp_path).labels == ("cat", "dog")
    assert read(tmp_path, format="photo-keywords", learnable=False).labels == ("canon",)


def test_a_folder_without_keywords_is_refused_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", jpeg())
    with pytest.raises(InputError, match="none of the 1 photographs"):
        read(tmp_path, format="photo-keywords")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_sidecar_without_permission_is_quarantined(folder: Path) -> None:
    sidecar = folder / "2023" / "a.jpg.xmp"
    sidecar.chmod(0)
    assert "Permission denied" in str(read(folder, learnable=False).quarantined)


def test_options_of_photographs_are_refused_for_other_sources(tagfit: Command, photos: Path) -> None:
    assert "--keywords: no effect" in tagfit.refused("data", "check", photos, "--keywords", "path")


def test_training_reads_photographs_again_by_its_plan(tagfit: Command, folder: Path, tmp_path: Path) -> None:
    for number in range(20):
        subject = ("cat", "sky") if number % 2 else ("sky",) if number % 3 else ("rome",)
        write(folder / "more" / f"{number}.jpg", jpeg(words(*subject), number=10 + number))
    done = tagfit(
        "train", folder, "--recipe", "plain-dense", "--set", "epochs=1", "--size", 8, "--min-positives", 3,
        "--exclude-keywords", "animals|*", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.code == 0, done.err
    from tagfit.runs.run import open_run

    plan = open_run(tmp_path / "run").problem["source"]
    assert plan["read"]["exclude_keywords"] == ["animals|*"]


@pytest.mark.parametrize(
    ("sidecar", "embedded", "agree"),
    [
        ({"dc:subject": ["Rome", "cat"]}, {"dc:subject": ["cat", "rome"]}, True),
        ({"lr:hierarchicalSubject": ["Places|Rome", "cat"]}, {"dc:subject": ["Rome", "cat"]}, True),
        ({"lr:hierarchicalSubject": ["Places|Rome"]}, {"dc:subject": ["Places", "Rome"]}, True),
        ({"lr:hierarchicalSubject": ["Places|Rome"]}, {"dc:subject": ["Places"]}, False),
        ({"lr:hierarchicalSubject": ["Places|Rome"]}, {"dc:subject": ["Rome", "cat"]}, False),
        ({"lr:hierarchicalSubject": ["People|Georgia"]}, {"lr:hierarchicalSubject": ["States|Georgia"]}, False),
        ({"dc:subject": []}, {"dc:subject": ["cat"]}, False),
    ],
)
def test_places_agree_where_one_says_less_of_the_hierarchy(
    sidecar: dict[str, list[str]], embedded: dict[str, list[str]], agree: bool, tmp_path: Path
) -> None:
    for number, (inside, beside) in enumerate([(embedded, sidecar), (sidecar, embedded)]):
        write(tmp_path / f"{number}.jpg", jpeg(xmp(inside)))
        write(tmp_path / f"{number}.jpg.xmp", xmp(beside))
    assert [photo.disagreement() == "" for photo in read_library(tmp_path, SUFFIXES).photos] == [agree, agree]
