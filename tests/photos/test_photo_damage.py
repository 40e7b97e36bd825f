"""Kills at random moments, broken metadata, full disks, and names that differ by case or normal form."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from photo_files import jpeg, png, write, xmp
from test_keyword_writing import State, X, changes, library_of_all_kinds, planned, states

from commands import environment
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.photos import journal
from tagfit.photos.library import Library, read_library

KILLS = [pytest.param(3, id="short"), pytest.param(100, id="long", marks=pytest.mark.long)]
NOBODY = 65534
BROKEN = [pytest.param(150, id="short"), pytest.param(2000, id="long", marks=pytest.mark.long)]
# What is put into broken files.
PIECES = (
    b"<", b">", b'"', b"&#0;", b"]]>", b"<!--", b"\0", b"rdf:", b"</rdf:Bag>", b"\xff\xe1\xff\xff", b"<rdf:li>",
)  # fmt: skip
# Plans as the command does, says so, and writes; started anew for each kill.
WRITER = """
import sys
from pathlib import Path
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.photos.journal import execute
from tagfit.photos.library import read_library
from tagfit.photos.planning import WriteOptions, plans
library = read_library(Path(sys.argv[1]), SUFFIXES, raw=True)
wanted = {photo.name: {"new": 0.9, "Places|Oslo": 0.8} for photo in library.photos}
options = WriteOptions(where=sys.argv[2], on_conflict="union")
changes = [change for plan in plans(library, wanted, options) for change in plan.changes]
print("go", flush=True)
execute(changes)
print("done", flush=True)
"""


def many(folder: Path, count: int = 60) -> State:
    for number in range(count):
        words = xmp({"dc:subject": [f"word {number}"], "lr:hierarchicalSubject": [f"a|word {number}"]})
        write(folder / f"{number:03}.jpg", jpeg(words, number=number))
        if number % 3:
            write(folder / f"{number:03}.jpg.xmp", words).chmod(0o640 if number % 2 else 0o644)
        os.utime(folder / f"{number:03}.jpg", ns=(10**18 + number, 10**18 + number))
    return states(folder)


def killed_after(delay: float, folder: Path, where: str) -> bool:
    """Whether a writer was killed before it was done: so many seconds after it began."""
    words = [sys.executable, "-c", WRITER, str(folder), where]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment(), text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "go\n"
        with suppress(subprocess.TimeoutExpired):
            writer.wait(delay)
        writer.send_signal(signal.SIGKILL)
        return "done" not in writer.stdout.read()


@pytest.mark.parametrize("kills", KILLS)
def test_killed_at_random_moments_each_file_is_its_old_or_its_new_self(kills: int, folder: Path) -> None:
    generator = random.Random(0)
    old = many(folder)
    new: dict[str, State] = {}
    for where in ("sidecar", "both"):
        journal.execute(changes(planned_as_in_the_writer(folder, where)))
        new[where] = states(folder)
        journal.undo(journal.runs()[-1])
        assert states(folder) == old
    halves, longest = 0, 0.5
    for _ in range(kills):
        where = generator.choice(["sidecar", "both"])
        killed = killed_after(generator.uniform(0, longest), folder, where)
        longest *= 1.05 if killed else 0.9  # so that kills are spread over the whole of the writing
        now = {name: state for name, state in states(folder).items() if not Path(name).name.startswith(".")}
        assert set(old) <= set(now) <= set(new[where])
        for name, (data, _, mode) in now.items():
            assert data in (old.get(name, (None,))[0], new[where][name][0]), name
            assert mode == old.get(name, new[where][name])[2]
        changed = sum(now[name][0] != old.get(name, (b"",))[0] for name in now)
        halves += 0 < changed < sum(new[where][name][0] != old.get(name, (b"",))[0] for name in new[where])
        journal.clear_leftovers()
        if journal.runs():
            journal.undo(journal.runs()[-1])
        assert states(folder) == old
    assert kills < 50 or halves > kills / 4, "most kills fell between two files"


def planned_as_in_the_writer(folder: Path, where: str) -> list[object]:
    return [*planned(folder, "new", "Places|Oslo", where=where, on_conflict="union")]


def broken(data: bytes, generator: random.Random) -> bytes:
    """A file with a few faults: cut off, bits changed, parts lost, doubled or exchanged for others."""
    for _ in range(generator.randint(1, 3)):
        at = generator.randrange(len(data) + 1)
        end = min(len(data), at + generator.choice([1, 2, 8, 100, 1000]))
        kind = generator.randrange(6)
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data = data[:at] + bytes(one ^ (1 << generator.randrange(8)) for one in data[at:end]) + data[end:]
        elif kind == 2:
            data = data[:at] + data[end:]
        elif kind == 3:
            data = data[:end] + data[at:end] + data[end:]
        elif kind == 4:
            data = data[:at] + generator.randbytes(end - at) + data[end:]
        else:
            data = data[:at] + generator.choice(PIECES) + data[at:]
    return data


def words_of(library: Library) -> dict[str, dict[str, set[str]]]:
    """By photograph and place, all words that can be read there."""
    return {
        photo.name: {place: {part for path in said.paths() for part in path} for place, said in photo.said.items()}
        for photo in library.photos
    }


@pytest.mark.parametrize("count", BROKEN)
@pytest.mark.parametrize("where", ["sidecar", "embed"])
def test_broken_metadata_is_not_damaged_further_and_crashes_nothing(count: int, where: str, folder: Path) -> None:
    generator = random.Random(count)
    words = xmp({"dc:subject": ["x", "ü"], "digiKam:TagsList": ["A/x"], "lr:hierarchicalSubject": ["A|x"]})
    for number in range(count // 2):
        picture = (jpeg, png)[number % 2](words if number % 3 else b"", number=number)
        name = f"{number:04}.{('jpg', 'png')[number % 2]}"
        whole = where == "sidecar"
        write(folder / name, picture if whole else broken(picture, generator))
        if whole:
            write(folder / f"{name}.xmp", broken(words.replace(b"\n", b"\r\n") if number % 5 else words, generator))
    old, before = states(folder), words_of(read_library(folder, SUFFIXES, raw=True))
    given = planned(folder, "new", where=where, on_conflict="union")
    outcome = journal.execute(changes(given))
    assert outcome.skipped == {}
    after = words_of(read_library(folder, SUFFIXES, raw=True))
    written = {Path(path).name for path in outcome.done}
    assert written, "some are harmless"
    assert len(written) < count // 2, "some are not"
    for name, places in before.items():
        for place, said in places.items():
            assert said <= after[name][place]
            file = name if place == "embedded" else place
            assert after[name][place] - said <= {"new", *{word for one in places.values() for word in one}}, name
            assert file in written or after[name][place] == said
    for name, kept in old.items():
        assert name in written or states_of(folder / name) == kept
    journal.undo(outcome.run)
    assert states(folder) == old


def states_of(path: Path) -> tuple[bytes, int, int]:
    return path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode


def padded(size: int) -> bytes:
    """A sidecar with a comment of this length, outside of what is changed."""
    return xmp({"dc:subject": ["x"]}).replace(b"<?xpacket end", b"<!-- " + b"x" * size + b" -->\n<?xpacket end")


def test_a_limit_on_the_size_of_files_leaves_everything_whole(folder: Path) -> None:
    """As a full disk: the system cuts a write short, in a process of its own."""
    for name in ("a", "b"):
        write(folder / f"{name}.jpg", jpeg())
        write(folder / f"{name}.jpg.xmp", padded(20_000))
    write(folder / "small.jpg", jpeg())
    old = states(folder)
    limit = 60_000  # more than the journal, less than it and one sidecar of the first
    write(folder / "a.jpg.xmp", padded(80_000))
    large = states(folder)

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    words = [sys.executable, "-c", WRITER.replace("execute(changes)", "print(execute(changes).skipped)")]
    writer = subprocess.run(
        [*words, str(folder), "sidecar"],
        capture_output=True,
        text=True,
        env=environment(),
        preexec_fn=limited,
        check=False,
    )
    assert writer.returncode == 0, writer.stderr
    assert f"{folder / 'a.jpg.xmp'}': 'File too large'" in writer.stdout
    now = states(folder)
    assert now["a.jpg.xmp"] == large["a.jpg.xmp"]
    assert b"new" in now["b.jpg.xmp"][0]
    assert b"new" in now["small.jpg.xmp"][0]
    assert not [name for name in now if name.startswith(".")]
    journal.undo(journal.runs()[-1])
    assert states(folder) == {**old, "a.jpg.xmp": large["a.jpg.xmp"]}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts")
def test_a_full_disk_leaves_everything_whole(folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        old = library_of_all_kinds(disk / "Pictures")
        before = states(old)
        given = changes(planned(old, "new"))
        with (disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"x" * 512):
                pass
        outcome = journal.execute(given)
        assert set(outcome.skipped.values()) == {"No space left on device"}
        assert states(old) == before
        (disk / "filler").unlink()
        assert journal.execute(given).skipped == {}
        journal.undo(journal.runs()[-1])
        assert states(old) == before
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_of_either_normal_form_find_their_sidecars(form: str, folder: Path) -> None:
    other = "NFD" if form == "NFC" else "NFC"
    name = unicodedata.normalize(form, "Küste é.jpg")
    write(folder / name, jpeg())
    sidecar = write(folder / f"{unicodedata.normalize(other, 'Küste é.jpg')}.xmp", xmp({"dc:subject": ["x"]}))
    outcome = journal.execute(changes(planned(folder, "new")))
    assert outcome.done == [os.path.realpath(sidecar)]
    assert len([*folder.iterdir()]) == 2


def test_sidecars_that_differ_by_case_or_normal_form_are_left_alone(folder: Path) -> None:
    write(folder / "ü.jpg", jpeg())
    for name in ("ü.jpg.xmp", unicodedata.normalize("NFD", "ü.jpg.xmp"), "Ü.JPG.xmp"):
        write(folder / name, xmp({"dc:subject": ["x"]}))
    if len([*folder.iterdir()]) < 4:
        pytest.skip("the file system takes these names for one")
    old = states(folder)
    (plan,) = planned(folder, "new")
    assert "differ only by case" in plan.skipped
    assert (plan.changes, states(folder)) == ([], old)


def test_pictures_that_differ_by_case_keep_their_own_sidecars(folder: Path) -> None:
    for number, name in enumerate(("a.jpg", "A.jpg")):
        write(folder / name, jpeg(number=number))
    if len([*folder.iterdir()]) < 2:
        pytest.skip("the file system takes these names for one")
    write(folder / "a.jpg.xmp", xmp({"dc:subject": ["small"]}))
    journal.execute(changes(planned(folder, "new")))
    photos = {photo.name: {"|".join(path) for path in photo.paths()} for photo in read_library(folder, SUFFIXES).photos}
    assert photos == {"a.jpg": {"small", "new"}, "A.jpg": {"new"}}


@contextmanager
def without_privileges(folder: Path) -> Iterator[None]:
    """As a user whom permissions hold for, which they do not for root; the folder becomes that user's."""
    if os.geteuid():
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.setresgid(NOBODY, NOBODY, 0)
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="users cannot be changed here")
def test_read_only_folders_and_files_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        monkeypatch.setenv("TAGFIT_STATE_DIR", str(root / "state"))
        for part in ("locked", "open"):
            for number in range(2):
                write(root / part / f"{number}.jpg", jpeg(number=number))
            write(root / part / "0.jpg.xmp", X)
        write(root / "open" / "readable.jpg", jpeg(number=7))
        write(root / "open" / "readable.jpg.xmp", X).chmod(0o444)
        (root / "locked").chmod(0o555)
        given = planned(root / "open", "new")  # everything that is imported late is imported now
        assert len(changes(given)) == 3
        old = states(root)
        with without_privileges(root):
            found = {plan.name: plan.skipped for plan in planned(root, "new")}
            outcome = journal.execute(changes(planned(root, "new")))
            journal.undo(outcome.run)
            (root / "open").chmod(0o555)
            later = journal.execute(changes(given))
            (root / "open").chmod(0o755)
            (root / "locked").chmod(0o755)
        assert "read-only" in found["locked/0.jpg"]
        assert "read-only" in found["locked/1.jpg"]
        assert "read-only" in found["open/readable.jpg"]
        assert (found["open/0.jpg"], found["open/1.jpg"]) == ("", "")
        assert len(outcome.done) == 2
        assert (later.done, {*later.skipped.values()}) == ([], {"Permission denied"})
        assert {name: state[:2] for name, state in states(root).items() if not name.startswith("state")} == {
            name: state[:2] for name, state in old.items()
        }
