"""The picture cache: found again by content, whole or absent, whatever is killed, full, moved or changed."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tagfit.data.pictures import decode as pictures
from tagfit.data.pictures.cache import Decoded, decoded, default_dir, size_of
from tagfit.errors import InputError

SIZE = 8


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return painted(tmp_path / "photos", 40)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def painted(folder: Path, n: int) -> list[Path]:
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (n, 12, 16, 3), dtype=np.uint8)
    paths = [folder / f"{row}.png" for row in range(n)]
    for path, pixels in zip(paths, noise, strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def entries(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def check(result: Decoded, files: list[Path], rows: list[int] | None = None) -> None:
    rows = list(range(len(files))) if rows is None else rows
    assert result.rows.tolist() == rows
    assert len(result.digests) == len(result.pixels) == len(rows)
    for row, pixels, digest in zip(rows, result.pixels, result.digests, strict=True):
        assert (pixels == pictures.decode(files[row], SIZE)).all()
        assert digest == pictures.digest(files[row].read_bytes()).hex()


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every picture that is really decoded."""
    done: list[int] = []
    really = pictures.decode

    def counted(source: Any, size: int, fit: Any = "squash") -> Any:
        done.append(size)
        return really(source, size, fit)

    monkeypatch.setattr("tagfit.data.pictures.cache.decode", counted)
    return done


def test_pixels_are_those_of_each_picture_mapped_and_read_only(files: list[Path], cache: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = decoded(files, SIZE, cache_dir=cache, progress=lambda done, total: seen.append((done, total)))
    check(result, files)
    assert isinstance(result.pixels, np.memmap)
    assert not result.pixels.flags.writeable
    assert result.faults == ()
    assert seen == [(done, len(files)) for done in range(len(files) + 1)]


def test_moved_reordered_repeated_and_fewer_pictures_are_not_decoded_again(
    files: list[Path], cache: Path, tmp_path: Path, decodings: list[int]
) -> None:
    decoded(files, SIZE, cache_dir=cache)
    assert len(decodings) == len(files)
    moved = Path(shutil.move(files[0].parent, tmp_path / "elsewhere"))
    files = [moved / path.name for path in files]
    for some in (files, files[::-1], files[3:9], [*files, *files]):
        decodings.clear()
        result = decoded(some, SIZE, cache_dir=cache)
        assert not decodings
        check(result, some)


def test_what_is_there_is_not_written_again(files: list[Path], cache: Path) -> None:
    first = decoded(files, SIZE, cache_dir=cache)
    before = first.path.stat()
    assert decoded(files, SIZE, cache_dir=cache).path == first.path
    assert first.path.stat().st_ino == before.st_ino


def test_only_what_is_new_is_decoded(files: list[Path], cache: Path, decodings: list[int]) -> None:
    decoded(files[:30], SIZE, cache_dir=cache)
    decodings.clear()
    result = decoded(files[10:], SIZE, cache_dir=cache)
    assert len(decodings) == 10
    check(result, files[10:])


def test_a_changed_picture_is_decoded_anew(files: list[Path], cache: Path) -> None:
    old = decoded(files, SIZE, cache_dir=cache)
    stamp = files[7].stat()
    Image.new("RGB", (16, 12), (1, 2, 3)).save(files[7])
    os.utime(files[7], ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    new = decoded(files, SIZE, cache_dir=cache)
    check(new, files)
    assert np.flatnonzero(old.digests != new.digests).tolist() == [7]


def test_size_and_decoder_are_part_of_the_key(
    files: list[Path], cache: Path, decodings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded(files, SIZE, cache_dir=cache)
    assert decoded(files, SIZE + 1, cache_dir=cache).pixels.shape[1:] == (SIZE + 1, SIZE + 1, 3)
    monkeypatch.setattr(pictures, "DECODER", pictures.DECODER + 1)
    decoded(files, SIZE, cache_dir=cache)
    assert len(decodings) == 3 * len(files)


def test_unreadable_pictures_are_left_out_with_their_reason(files: list[Path], cache: Path) -> None:
    files[3].write_bytes(b"<html>")
    files[5].write_bytes(files[5].read_bytes()[:100])
    files[39].unlink()
    good = [row for row in range(40) if row not in (3, 5, 39)]
    for _ in range(2):
        result = decoded(files, SIZE, cache_dir=cache)
        check(result, files, good)
        assert [(row, fault.where) for row, fault in result.faults] == [(row, str(files[row])) for row in (3, 5, 39)]
        assert ["HTML" in str(result.faults[0][1]), "truncated" in str(result.faults[1][1])] == [True, True]


def test_nothing_to_decode_gives_no_rows(files: list[Path], cache: Path) -> None:
    assert decoded([], SIZE, cache_dir=cache).pixels.shape == (0, SIZE, SIZE, 3)
    result = decoded([cache / "gone.jpg"], SIZE, cache_dir=cache)
    assert (result.pixels.shape, len(result.faults)) == ((0, SIZE, SIZE, 3), 1)


def test_the_size_told_is_the_size_taken(files: list[Path], cache: Path) -> None:
    decoded(files, SIZE, cache_dir=cache)
    taken = sum(path.stat().st_size for path in cache.rglob("*.npy"))
    headers = 2 * 128
    assert taken == size_of(len(files), SIZE) + headers


def test_a_full_disk_is_told_before_a_picture_is_decoded_to_it(
    files: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, size_of(len(files), SIZE) - 1))
    with pytest.raises(InputError, match="no space for the picture cache"):
        decoded(files, SIZE, cache_dir=cache)
    assert entries(cache) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(
    files: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="no space for the picture cache"):
            decoded(files, SIZE, cache_dir=cache)
    assert entries(cache) == []
    check(decoded(files, SIZE, cache_dir=cache), files)


def test_a_folder_that_cannot_be_written_is_named(files: list[Path], tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written") as caught:
        decoded(files, SIZE, cache_dir=blocked)
    assert "--cache-dir" in str(caught.value)


@pytest.mark.parametrize("name", ["pixels", "digests"])
@pytest.mark.parametrize("length", [0, 50, 300])
def test_a_damaged_entry_is_made_again(files: list[Path], cache: Path, name: str, length: int) -> None:
    path = decoded(files, SIZE, cache_dir=cache).path
    hurt = path if name == "pixels" else path.with_suffix(".digests.npy")
    data = hurt.read_bytes()
    hurt.unlink()  # a new file, for the old one is still mapped
    hurt.write_bytes(data[:length])
    check(decoded(files, SIZE, cache_dir=cache), files)


def test_pixels_and_digests_that_disagree_are_no_entry(files: list[Path], cache: Path) -> None:
    whole, part = (decoded(some, SIZE, cache_dir=cache).path for some in (files, files[:5]))
    os.replace(part, whole)
    check(decoded(files, SIZE, cache_dir=cache), files)


def test_an_interruption_leaves_nothing_behind(files: list[Path], cache: Path) -> None:
    def interrupt(done: int, _: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decoded(files, SIZE, cache_dir=cache, progress=interrupt)
    assert entries(cache) == []


CHILD = """
import sys
from pathlib import Path
from tagfit.data.pictures.cache import decoded
photos, cache, stop = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
def progress(done, total):
    if done == stop:
        print("reached", flush=True)
        sys.stdin.read()
files = [photos / f"{row}.png" for row in range(40)]
print(decoded(files, 8, cache_dir=cache, progress=progress).path.name, flush=True)
"""


def child(files: list[Path], cache: Path, stop: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(files[0].parent), str(cache), str(stop)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("stop", [1, 25, 40])
def test_a_kill_leaves_nothing_that_is_read_and_the_next_call_ends_right(
    files: list[Path], cache: Path, stop: int
) -> None:
    with child(files, cache, stop) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "reached\n"
        killed.kill()
    assert [name for name in entries(cache) if not name.endswith(".part")] == []
    check(decoded(files, SIZE, cache_dir=cache), files)


def test_two_processes_on_one_cache_both_end_right(files: list[Path], cache: Path) -> None:
    with child(files, cache, 20) as one, child(files, cache, 30) as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "reached\n"
        names = [process.communicate("")[0].strip() for process in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0]
    result = decoded(files, SIZE, cache_dir=cache)
    check(result, files)
    assert set(names) == {result.path.name}
    assert len(entries(cache)) == 2


def test_what_a_killed_writer_left_is_swept_once_it_is_old(files: list[Path], cache: Path) -> None:
    folder = decoded(files[:1], SIZE, cache_dir=cache).path.parent
    old, young = folder / ".old.part", folder / ".young.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    decoded(files, SIZE, cache_dir=cache)
    assert (old.exists(), young.exists()) == (False, True)


def test_the_cache_stands_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAGFIT_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_dir() == tmp_path / ".cache" / "tagfit"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_dir() == tmp_path / "xdg" / "tagfit"
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "own"))
    assert default_dir() == tmp_path / "own"
