"""Accepted pictures: check, training and tagging take the same files and refuse the same ones in the same words."""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import Command
from tagfit.data.pictures import accepted
from tagfit.data.pictures.decode import decode
from tagfit.data.read import read
from tagfit.data.source_report import check
from tagfit.data.splits.split import split
from tagfit.errors import InputError


def gradient(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8))


def huge_png(path: Path, side: int = 11_750) -> None:
    """A whole and valid grey PNG of 138 megapixels."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">2I5B", side, side, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def float_tiff(path: Path, channels: int) -> None:
    """An uncompressed TIFF of 4 x 4 pixels of 32-bit floats; Pillow does not write more than one channel."""
    tags = [(256, 4, 4), (257, 4, 4), (258, 3, 32), (259, 3, 1), (262, 3, 2), (273, 4, 300), (277, 3, channels),
            (278, 4, 4), (279, 4, 64 * channels), (339, 3, 3)]  # fmt: skip
    entries = b"".join(
        struct.pack("<HHI", tag, kind, 1) + struct.pack("<I", value)
        if tag not in (258, 339) or channels < 3
        else struct.pack("<HHII", tag, kind, channels, 200 if tag == 258 else 220)
        for tag, kind, value in tags
    )
    data = bytearray(300 + 64 * channels)
    head = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(tags)) + entries
    data[: len(head)] = head
    data[200:206], data[220:226] = struct.pack("<3H", 32, 32, 32), struct.pack("<3H", 3, 3, 3)
    path.write_bytes(bytes(data))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    gradient(1).save(tmp_path / "a.avif")
    gradient(2).save(tmp_path / "browser.jpg", format="AVIF")
    gradient(3).save(tmp_path / "c.jp2")
    gradient(4).save(tmp_path / "d.heic", format="HEIF")
    gradient(5).save(tmp_path / "e.jpg")
    Image.new("F", (8, 8), 0.5).save(tmp_path / "float.tif")
    Image.new("I", (8, 8), 5).save(tmp_path / "integer.tif")
    float_tiff(tmp_path / "floats.tif", 3)
    huge_png(tmp_path / "huge.png")
    names = sorted(path.name for path in tmp_path.iterdir())
    rows = "".join(f"{name},{'x' if number % 2 else 'y'}\n" for number, name in enumerate(names))
    (tmp_path / "tags.csv").write_text("image,tags\n" + rows)
    return tmp_path


@pytest.fixture(autouse=True)
def _heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


REFUSED = {
    "float.tif": "TIFF of floating-point grey values, whose range is not known",
    "floats.tif": "TIFF of 3 channels of 32-bit floating-point values, whose range is not known",
    "huge.png": "11750 x 11750 pixels",
    "integer.tif": "TIFF of 32-bit integer grey values",
}


def test_reading_checking_training_and_tagging_agree(folder: Path, tmp_path: Path) -> None:
    data = read(folder)
    problem = split(data, validation_share=0.3, test_share=0, size=8, cache_dir=tmp_path / "cache")
    report = check(folder, cache_dir=tmp_path / "cache")
    for quarantined in (data.quarantined, problem.data.quarantined, report.quarantined):
        assert len(quarantined) == len(REFUSED)
        for fault, (name, reason) in zip(quarantined, REFUSED.items(), strict=True):
            assert f"{name!r} is a" in str(fault) or name == "huge.png"
            assert reason in str(fault)
    assert report.rows == len(data) == len(problem.data) == 5
    assert not any(note.startswith("quarantined") for note in problem.notes)
    for name, reason in REFUSED.items():
        with pytest.raises(InputError) as raised:
            decode(folder / name, 8)
        assert reason in str(raised.value)


def test_what_check_calls_whole_is_what_training_keeps(tmp_path: Path) -> None:
    """Every kind of damage that only decoding finds is found by the check."""
    for number in range(6):
        gradient(number).save(tmp_path / f"{number}.jpg")
        gradient(number).save(tmp_path / f"{number}.png")
    for name in ("3.jpg", "4.png"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    names = [path.name for path in sorted(tmp_path.glob("*.*g"))]
    (tmp_path / "tags.csv").write_text(
        "image,tags\n" + "".join(f"{name},{'x' if index % 2 else 'y'}\n" for index, name in enumerate(names))
    )
    report = check(tmp_path, cache_dir=tmp_path / "cache")
    problem = split(read(tmp_path), size=8, cache_dir=tmp_path / "cache")
    assert [str(fault).split("'")[1] for fault in report.quarantined] == ["3.jpg", "4.png"]
    assert report.rows == len(problem.data) == 10


def test_heic_without_the_extra_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr(accepted, "heif_version", lambda: "")
    accepted._heif_is_registered.cache_clear()
    try:
        assert r"pip install 'tagfit[heic]'" in str(accepted.refusal(folder / "d.heic"))
    finally:
        accepted._heif_is_registered.cache_clear()
    monkeypatch.undo()
    assert accepted.refusal(folder / "d.heic") is None


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.jpg")
    assert "is not a file" in str(accepted.refusal(tmp_path / "pipe.jpg"))


def test_a_float_tiff_is_named_by_the_command(tagfit: Command) -> None:
    Path("photos").mkdir()
    for number in range(3):
        gradient(number).save(f"photos/{number}.jpg")
    Image.new("F", (8, 8), 0.5).save("photos/3.tif")
    Path("photos/tags.csv").write_text("image,tags\n0.jpg,x\n1.jpg,y\n2.jpg,x|y\n3.tif,x\n")
    shown = tagfit("data", "check", "photos")
    assert "floating-point" in shown.out
    assert "range is not known" in shown.out
