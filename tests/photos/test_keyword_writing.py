"""Keywords written into photographs: every program's view, conflicts, kills, undo, and the marks."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from photo_files import iptc, jpeg, png, write, xmp

from commands import Command, killed_at
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.read import read
from tagfit.errors import InputError
from tagfit.photos import journal
from tagfit.photos.change import Change
from tagfit.photos.embedding import picture_data
from tagfit.photos.library import EMBEDDED, Photo, read_library
from tagfit.photos.marks import removal_plans
from tagfit.photos.planning import PhotoPlan, WriteOptions, check_labels, plans
from tagfit.photos.words import FLAT, path_of

State = dict[str, tuple[bytes, int, int]]


def photo_of(folder: Path) -> Photo:
    (photo,) = read_library(folder, SUFFIXES).photos
    return photo


def planned(folder: Path, *labels: str, **options: str) -> list[PhotoPlan]:
    library = read_library(folder, SUFFIXES, raw=True)
    return plans(library, {photo.name: dict.fromkeys(labels, 0.9) for photo in library.photos}, WriteOptions(**options))


def changes(given: Sequence[PhotoPlan]) -> list[Change]:
    return [change for plan in given for change in plan.changes]


def states(folder: Path) -> State:
    """Bytes, time and permissions of every file."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def view(photo: Photo, fields: Sequence[str], *, first: bool, sidecar: bool = True) -> set[str]:
    """The words that a program sees: of the first of its fields, or of all; a sidecar goes before the picture."""
    said: dict[str, list[str]] = dict(photo.said[EMBEDDED].fields)
    for place in reversed([place for place in photo.said if place != EMBEDDED] if sidecar else []):
        said |= photo.said[place].fields
    there = [name for name in fields if said.get(name)]
    return {part for name in (there[:1] if first else there) for value in said[name] for part in path_of(name, value)}


def views(photo: Photo) -> Mapping[str, set[str]]:
    hierarchies = ("digiKam:TagsList", "MicrosoftPhoto:LastKeywordXMP", "lr:hierarchicalSubject")
    return {
        "digikam": view(photo, (*hierarchies, *FLAT), first=True),
        "digikam, files only": view(photo, (*hierarchies, *FLAT), first=True, sidecar=False),
        "darktable": view(photo, ("lr:hierarchicalSubject", "dc:subject"), first=True),
        "immich": view(photo, ("digiKam:TagsList", "lr:hierarchicalSubject", "iptc:Keywords"), first=True),
        "apple": view(photo, ("dc:subject",), first=True),
        "windows": view(photo, FLAT, first=False, sidecar=False),
        "shotwell": view(photo, (*hierarchies, *FLAT), first=False),
    }


FIELDS = {
    "dc:subject": ["Rome", "cat", "Trip"],
    "lr:hierarchicalSubject": ["Places|Rome", "garden"],
    "digiKam:TagsList": ["Pets/cat"],
    "MicrosoftPhoto:LastKeywordXMP": ["Trip/Day"],
}
X, Y = xmp({"dc:subject": ["x"]}), xmp({"dc:subject": ["y"]})
SUBSETS = [names for size in range(5) for names in itertools.combinations(FIELDS, size)]
INSIDE: list[tuple[tuple[str, ...], bytes]] = [
    ((), b""),
    ((), iptc([b"sky", b"Animals"], utf8=True)),
    (("dc:subject",), iptc([b"sky"], utf8=True)),
    (("lr:hierarchicalSubject",), b""),
]


@pytest.mark.parametrize("where", ["sidecar", "embed"])
@pytest.mark.parametrize("in_sidecar", [None, *SUBSETS], ids=lambda names: "none" if names is None else "+".join(names))
@pytest.mark.parametrize("inside", range(len(INSIDE)))
def test_no_program_loses_a_word_and_each_sees_the_new_one(
    where: str, in_sidecar: tuple[str, ...] | None, inside: int, folder: Path
) -> None:
    names, record = INSIDE[inside]
    picture = jpeg(xmp({name: FIELDS[name] for name in names}) if names else b"", record=record)
    write(folder / "a.jpg", picture)
    if in_sidecar is not None:
        write(folder / "a.jpg.xmp", xmp({name: FIELDS[name] for name in in_sidecar}))
    before, old = views(photo_of(folder)), states(folder)
    (plan,) = planned(folder, "NEW", where=where, on_conflict="union", parent="AI")
    assert states(folder) == old
    if plan.skipped:
        assert where == "embed"
        assert in_sidecar
        return
    journal.execute(plan.changes)
    after = views(photo_of(folder))
    assert {name: before[name] - after[name] for name in before} == {name: set() for name in before}
    expected = {"digikam", "darktable", "immich", "shotwell", "apple"}
    expected |= {"windows", "digikam, files only"} if where == "embed" else set()
    assert {name for name in after if "NEW" in after[name]} == expected
    assert picture_data((folder / "a.jpg").read_bytes()) == picture_data(picture)
    assert changes(planned(folder, "NEW", where=where, on_conflict="union")) == []


def test_a_field_that_cannot_hold_a_word_is_not_created(folder: Path) -> None:
    write(folder / "a.jpg", jpeg())
    write(folder / "a.jpg.xmp", xmp({"dc:subject": ["A/B"]}))
    journal.execute(changes(planned(folder, "cat")))
    fields = photo_of(folder).said["a.jpg.xmp"].fields
    assert fields["lr:hierarchicalSubject"] == ["A/B", "cat"]
    assert "digiKam:TagsList" not in fields


@pytest.mark.parametrize("label", ["a/b", "a\nb", "", "a||b", " a"])
def test_labels_that_no_field_holds_are_refused(label: str) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        check_labels([label])
    check_labels(["Rome, Italy", "Places|Rome"], "AI")


def test_what_is_there_or_was_removed_is_not_added(folder: Path) -> None:
    write(folder / "a.jpg", jpeg())
    write(folder / "a.jpg.xmp", xmp({"lr:hierarchicalSubject": ["Animals|Cat"], "tagfit:Added": ["dog"]}))
    (plan,) = planned(folder, "cat", "dog")
    assert (plan.there, plan.rejected, plan.new, plan.changes) == (["cat"], ["dog"], {}, [])


@pytest.mark.parametrize(
    ("files", "options", "why"),
    [
        ({"a.jpg": jpeg(X), "a.jpg.xmp": Y}, {}, "sidecar lacks: x"),
        (
            {"a.jpg": jpeg(), "a.jpg.xmp": xmp({"dc:subject": ["x"]}), "a.xmp": xmp({"dc:subject": ["y"]})},
            {},
            "different",
        ),
        ({"a.jpg": jpeg(), "a.jpg.xmp": b"<x"}, {}, "cannot be read"),
        ({"a.jpg": jpeg(), "a.jpg.xmp": xmp({}), "A.jpg.xmp": xmp({})}, {}, "only by case"),
        ({"a.jpg": jpeg(), "a.png": png(), "a.xmp": xmp({})}, {}, "several pictures"),
        ({"a.jpg": jpeg(), "a.png": png()}, {"sidecar_name": "short"}, "same name before the dot"),
        (
            {"a.jpg": jpeg(), "a.jpg.xmp": xmp({"dc:subject": ["y"]})},
            {"where": "embed"},
            "instead of those in the picture",
        ),
        ({"a.jpg": jpeg(xmp({}, inside="<dc:subject>x</dc:subject>"))}, {"where": "embed"}, "not an rdf array"),
        ({"a.jpg": jpeg()[:40]}, {}, "cannot be read"),
    ],
)
def test_what_is_not_safe_is_skipped_with_the_reason(
    files: dict[str, bytes], options: dict[str, str], why: str, folder: Path
) -> None:
    for name, data in files.items():
        write(folder / name, data)
    plan = planned(folder, "new", **options)[0]
    assert why in plan.skipped
    assert plan.changes == []


def library_of_all_kinds(folder: Path) -> Path:
    write(folder / "a.jpg", jpeg(xmp({"dc:subject": ["x"]}), number=1))
    write(folder / "b.jpg", jpeg(number=2))
    write(folder / "b.jpg.xmp", xmp({"dc:subject": ["y"]}))
    write(folder / "sub" / "c.png", png(number=3))
    write(folder / "sub" / "c.xmp", xmp({"lr:hierarchicalSubject": ["A|B"]}, newline="\r\n"))
    for number, path in enumerate(sorted(folder.rglob("*.*"))):
        os.utime(path, ns=(10**18 + number, 10**18 + 10**9 * number + 123456789))
        path.chmod(0o640 + number % 2 * 4)
    return folder


@pytest.mark.parametrize("where", ["sidecar", "embed"])
def test_undo_restores_bytes_times_and_permissions(where: str, folder: Path) -> None:
    old = states(library_of_all_kinds(folder))
    outcome = journal.execute(changes(planned(folder, "new", where=where)))
    assert outcome.done
    assert outcome.skipped == {}
    changed = states(folder)
    assert all(changed[name][2] == old[name][2] for name in old)
    assert journal.undo(outcome.run, apply=False).done[::-1] == outcome.done
    assert states(folder) == changed
    journal.undo(outcome.run)
    assert states(folder) == old
    assert journal.undo(outcome.run).done == []


class Killed(BaseException):
    """Stops a writer at a step."""


def test_killed_at_any_step_each_file_is_its_old_or_its_new_self(folder: Path) -> None:
    old = states(library_of_all_kinds(folder))
    whole = journal.execute(changes(planned(folder, "new")))
    new = states(folder)
    journal.undo(whole.run)
    steps = itertools.count()
    while True:
        fatal, count = next(steps), itertools.count()

        def stop(_: str, fatal: int = fatal, count: itertools.count[int] = count) -> None:
            if next(count) == fatal:
                raise Killed

        given = changes(planned(folder, "new"))
        try:
            journal.execute(given, step=stop)
        except Killed:
            pass
        else:
            break
        now = states(folder)
        for name in {*old, *new}:
            assert now.get(name, (None,))[0] in (old.get(name, (None,))[0], new[name][0])
        assert set(now) <= set(new)
        journal.undo(journal.runs()[-1])
        assert states(folder) == old
    assert fatal >= 3 * len(given)
    run = journal.runs()[-1]
    for fatal in range(4 * len(given)):
        count = itertools.count()

        def stop_undo(_: str, fatal: int = fatal, count: itertools.count[int] = count) -> None:
            if next(count) == fatal:
                raise Killed

        with suppress(Killed):
            journal.undo(run, step=stop_undo)
        now = states(folder)
        assert set(old) <= set(now) <= set(new)
        assert all(now[name][0] in (old.get(name, (None,))[0], new[name][0]) for name in now)
    journal.undo(run)
    assert states(folder) == old


@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "os.chmod"])
def test_killed_by_the_system_and_undone(call: str, folder: Path, tagfit: Command) -> None:
    """SIGKILL in a process of its own: nothing cleans up, and the command afterwards still can."""
    for name in ("a", "b", "c"):
        write(folder / f"{name}.jpg", jpeg())
        write(folder / f"{name}.jpg.xmp", xmp({"dc:subject": ["x", "mine"], "tagfit:Added": ["x"]}))
    old = states(folder)
    setup = f"real, calls = {call}, []\ndef fatal(*a, **k):\n calls.append(1)\n"
    setup += f" if len(calls) > 5: die()\n return real(*a, **k)\n{call} = fatal"
    setup = setup.replace("> 5", "> 2" if call != "os.fsync" else "> 4")
    killed_at(setup, ["untag", folder, "--apply"], folder, TAGFIT_STATE_DIR=os.environ["TAGFIT_STATE_DIR"])
    now = states(folder)
    kept = {name: state for name, state in now.items() if not name.startswith(".")}
    assert set(kept) == set(old)
    assert {state[0] for name, state in kept.items() if name.endswith("xmp")} <= {
        old["a.jpg.xmp"][0],
        xmp({"dc:subject": ["mine"]}),
    }
    assert tagfit("undo").code == 0
    assert states(folder) == old


def test_a_file_that_changed_since_is_left_alone(folder: Path) -> None:
    write(folder / "a.jpg", jpeg())
    sidecar = write(folder / "a.jpg.xmp", xmp({"dc:subject": ["x"]}))
    given = changes(planned(folder, "new"))
    other = xmp({"dc:subject": ["another program"]})
    sidecar.write_bytes(other)
    outcome = journal.execute(given)
    assert outcome.skipped == {str(sidecar): "it has changed since"}
    assert sidecar.read_bytes() == other
    written = journal.execute(changes(planned(folder, "new")))
    later = xmp({"dc:subject": ["a third program"]})
    sidecar.write_bytes(later)
    assert journal.undo(written.run).skipped == {str(sidecar): "changed since"}
    assert sidecar.read_bytes() == later


def test_a_sidecar_that_appeared_meanwhile_is_not_overwritten(folder: Path) -> None:
    write(folder / "a.jpg", jpeg())
    given = changes(planned(folder, "new"))

    def appear(step: str) -> None:
        if step == "replace":
            write(folder / "a.jpg.xmp", b"theirs")

    outcome = journal.execute(given, step=appear)
    assert outcome.done == []
    assert (folder / "a.jpg.xmp").read_bytes() == b"theirs"
    assert sorted(path.name for path in folder.iterdir()) == ["a.jpg", "a.jpg.xmp"]


def test_a_change_at_the_last_moment_is_seen(folder: Path) -> None:
    write(folder / "a.jpg", jpeg())
    sidecar = write(folder / "a.jpg.xmp", X)
    given = changes(planned(folder, "new"))
    outcome = journal.execute(given, step=lambda step: step == "compare" and sidecar.write_bytes(Y) and None)
    assert outcome.skipped == {str(sidecar): "it has changed since"}
    assert sidecar.read_bytes() == Y
    given = changes(planned(folder, "new"))
    outcome = journal.execute(given, step=lambda step: (step == "compare" and damage(folder)) or None)
    assert (outcome.done, sidecar.read_bytes()) == ([], Y)


def damage(folder: Path) -> None:
    """The disk loses what was written beside a sidecar."""
    (part,) = folder.glob(".a.jpg.xmp.tagfit-*")
    part.write_bytes(b"")


def test_hard_links_are_refused_and_symbolic_links_followed(folder: Path, tmp_path: Path) -> None:
    write(folder / "a.jpg", jpeg())
    target = write(tmp_path / "elsewhere" / "real.xmp", xmp({"dc:subject": ["x"]}))
    (folder / "a.jpg.xmp").symlink_to(target)
    journal.execute(changes(planned(folder, "new")))
    assert (folder / "a.jpg.xmp").is_symlink()
    assert b"new" in target.read_bytes()
    os.link(target, tmp_path / "elsewhere" / "second.xmp")
    assert "hard links" in planned(folder, "more")[0].skipped


def test_a_full_disk_leaves_everything_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = states(library_of_all_kinds(folder))
    given = changes(planned(folder, "new"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="No space left"):
            journal.execute(given)
        assert states(folder) == old

    def later(step: str) -> None:
        if step == "write":
            monkeypatch.setattr(os, "fsync", full)

    outcome = journal.execute(given, step=later)
    assert set(outcome.skipped.values()) == {"No space left on device"}
    assert states(folder) == old


def test_a_second_writer_waits_its_turn(folder: Path) -> None:
    write(folder / "a.jpg", jpeg())
    given = changes(planned(folder, "new"))

    def second(step: str) -> None:
        if step == "journal":
            with pytest.raises(InputError, match="another tagfit is writing"):
                journal.execute(given)

    assert journal.execute(given, step=second).done


@pytest.mark.parametrize("where", ["sidecar", "embed"])
@pytest.mark.parametrize("parent", ["", "AI"])
def test_untag_removes_what_was_added_and_nothing_else(where: str, parent: str, folder: Path) -> None:
    library_of_all_kinds(folder)
    keywords = {photo.name: photo.keywords("union").paths for photo in read_library(folder, SUFFIXES).photos}
    journal.execute(changes(planned(folder, "new", "Places|Oslo", where=where, parent=parent)))
    tagged = read_library(folder, SUFFIXES)
    assert all(photo.own("union") for photo in tagged.photos if where == "sidecar")
    journal.execute(changes(removal_plans(tagged)))
    after = read_library(folder, SUFFIXES)
    assert {photo.name: photo.keywords("union").paths for photo in after.photos} == keywords
    assert not any(photo.own("union") for photo in after.photos)


def test_accept_makes_truth_and_remembers_what_was_removed(folder: Path) -> None:
    write(folder / "a.jpg", jpeg(number=1))
    write(folder / "b.jpg", jpeg(xmp({"dc:subject": ["sky"]}), number=2))
    write(
        folder / "a.jpg.xmp",
        xmp({"dc:subject": ["sky", "cat"], "digiKam:TagsList": ["cat"], "tagfit:Added": ["cat", "dog"]}),
    )
    assert read(folder, learnable=False).labels == ("sky",)
    (plan,) = removal_plans(read_library(folder, SUFFIXES), accept=True)
    journal.execute(plan.changes)
    assert read(folder, learnable=False).labels == ("cat", "sky")
    (plan, _) = planned(folder, "dog")
    assert plan.rejected == ["dog"]


def listed(value: object) -> list[object]:
    """ExifTool gives a list of one item as the item."""
    return value if isinstance(value, list) else [value]


def seen(folder: Path) -> dict[str, dict[str, object]]:
    done = subprocess.run(
        ["exiftool", "-j", "-G1", "-a", "-struct", "-r", "-ext", "*", str(folder)], capture_output=True, check=False
    )
    skipped = ("System:", "ExifTool:", "File:")
    return {
        tags["SourceFile"]: {name: value for name, value in tags.items() if not name.startswith(skipped)}
        for tags in json.loads(done.stdout)
    }


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed (apt: libimage-exiftool-perl)")
def test_exiftool_sees_the_new_words_in_files_that_it_wrote(folder: Path) -> None:
    library_of_all_kinds(folder)
    write(folder / "d.jpg", jpeg(number=4))
    arguments = [
        "-XMP-dc:Subject=x",
        "-XMP-lr:HierarchicalSubject=A|x",
        "-XMP-digiKam:TagsList=A/x",
        "-XMP-xmp:Rating=3",
    ]
    subprocess.run(["exiftool", "-q", "-o", folder / "d.jpg.xmp", *arguments], check=True)
    before = seen(folder)
    journal.execute(changes(planned(folder, "new")))
    after = seen(folder)
    fields = ("XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList")
    for name, tags in before.items():
        for tag, value in tags.items():
            now = after[name][tag]
            assert listed(now)[: len(listed(value))] == listed(value)
            assert listed(now)[len(listed(value)) :] in ([], ["new"] if tag in fields else [])
        assert set(after[name]) - set(tags) <= {*fields, "XMP-tagfit:Added"}
    assert "new" in str(after[str(folder / "d.jpg.xmp")]["XMP-dc:Subject"])


def test_the_command_plans_writes_and_undoes(tagfit: Command, photo_run: Path, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Pictures"
    shutil.copytree(photos, folder)
    (folder / "tags.csv").unlink(missing_ok=True)
    old = states(folder)
    plan = tagfit("tag", photo_run, folder, "--write-keywords", "--json").json
    assert states(folder) == old
    new = {one["photograph"]: one["new"] for one in plan["photographs"] if one["new"]}
    assert new
    text = tagfit("tag", photo_run, folder, "--write-keywords", "--diff").out
    assert "--apply writes" in text
    assert "+  <rdf:Description" in text or "+<rdf" in text.replace(" ", "")
    done = tagfit("tag", photo_run, folder, "--write-keywords", "--apply", "--json").json
    assert sorted(done["written"]) == sorted(plan["files"])
    added = {photo.name: ["|".join(path) for path in photo.own()] for photo in read_library(folder, SUFFIXES).photos}
    assert {name: words for name, words in added.items() if words} == {name: [*words] for name, words in new.items()}
    assert tagfit("tag", photo_run, folder, "--write-keywords", "--apply", "--json").json["written"] == []
    assert tagfit("undo", "--list", "--json").json["runs"] == [done["run"]]
    assert tagfit("undo", done["run"]).code == 0
    assert states(folder) == old


def test_options_of_writing_need_writing(tagfit: Command, photo_run: Path, photos: Path) -> None:
    assert "--apply: no effect" in tagfit.refused("tag", photo_run, photos, "--apply")
    assert "takes one folder" in tagfit.refused("tag", photo_run, photos, photos, "--write-keywords")
