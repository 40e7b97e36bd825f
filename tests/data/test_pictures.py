"""One picture: every mode and orientation comes out as meant, every broken file is refused with its reason."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tagfit.data.pictures import decode as pictures
from tagfit.data.pictures.square import FITS, GREY, Fit, squared, without_bars
from tagfit.errors import InputError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def smooth(width: int = 96, height: int = 64) -> Image.Image:
    """Three gradients: no two corners look alike."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, (x + 255 - y) / 2], axis=2).astype(np.uint8))


def painted(image: Image.Image, size: int = 8, kind: str = "PNG", **options: Any) -> NDArray[np.uint8]:
    return pictures.decode(encoded(image, kind, **options), size)


def off_by(pixels: NDArray[np.uint8], other: Any) -> int:
    return int(np.abs(pixels.astype(int) - np.asarray(other).astype(int)).max())


def test_a_picture_becomes_square_rgb_of_the_size_asked_for() -> None:
    pixels = painted(smooth(200, 50), size=16)
    assert (pixels.shape, pixels.dtype) == ((16, 16, 3), np.uint8)
    whole = smooth(200, 50).resize((16, 16), Image.Resampling.BICUBIC)
    assert off_by(pixels, whole) <= 4, "squashed, not cropped"


@pytest.mark.parametrize("turned", [False, True])
def test_a_picture_is_cropped_to_its_middle_or_padded_with_grey(turned: bool) -> None:
    wide = np.zeros((32, 64, 3), dtype=np.uint8)
    wide[:, :16], wide[:, 16:48], wide[:, 48:] = RED, GREEN, BLUE
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
    data = encoded(Image.fromarray(wide), exif=exif)
    crop, pad = (pictures.decode(data, 16, fit) for fit in ("crop", "pad"))
    assert off_by(crop[2:-2, 2:-2], GREEN) == 0
    across = pad.transpose(1, 0, 2)[::-1] if turned else pad
    assert off_by(across[:4], GREY) == off_by(across[12:], GREY) == 0
    assert off_by(across[5:11, 1], RED) <= 4
    assert off_by(across[5:11, -2], BLUE) <= 4


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 24), st.sampled_from(FITS))
@settings(max_examples=60, deadline=None)
def test_every_shape_becomes_a_square(width: int, height: int, size: int, fit: Fit) -> None:
    image = smooth(width, height)
    assert squared(image, size, fit).size == (size, size)
    if width == height:
        assert squared(image, size, fit).tobytes() == squared(image, size, "squash").tobytes()


def test_bars_of_padding_are_taken_off() -> None:
    padded = np.asarray(squared(smooth(96, 48), 64, "pad"))
    squashed = np.asarray(squared(smooth(96, 48), 32, "squash"))
    assert off_by(without_bars(padded[None], 32)[0], squashed) <= 12
    grey = np.full((1, 8, 8, 3), GREY, dtype=np.uint8)
    np.testing.assert_array_equal(without_bars(grey, 8), grey)


def test_another_fit_is_refused() -> None:
    with pytest.raises(InputError, match="'stretch'") as caught:
        pictures.decode(encoded(smooth()), 8, "stretch")  # type: ignore[arg-type]
    assert "'squash' or 'crop' or 'pad'" in str(caught.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    data = encoded(smooth(), kind, exif=exif, **options)
    upright = ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB")
    assert off_by(pictures.decode(data, 16), upright.resize((16, 16), Image.Resampling.BICUBIC)) <= 4


@pytest.mark.parametrize("exif", [b"Exif\0\0not tiff at all", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b""])
def test_damaged_exif_is_no_reason_to_refuse_a_picture(exif: bytes) -> None:
    data = encoded(smooth(), "JPEG", exif=exif, quality=95)
    assert off_by(pictures.decode(data, 16), pictures.decode(encoded(smooth(), "JPEG", quality=95), 16)) == 0


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "YCbCr", "RGBA", "LA", "PA", "1"])
def test_every_mode_becomes_its_rgb(mode: str) -> None:
    grey = mode in ("L", "LA", "1")
    colour = WHITE if mode == "1" else (80, 80, 80) if grey else (200, 40, 90)
    image = Image.new("RGB", (40, 30), colour).convert(mode)
    kind = {"CMYK": "TIFF", "YCbCr": "TIFF", "PA": "TIFF"}.get(mode, "PNG")
    if mode == "YCbCr" and int(PIL.__version__.partition(".")[0]) < 13:
        pytest.skip("an older Pillow cannot read the YCbCr TIFF that it writes")
    if mode == "PA":
        image = Image.new("RGB", (40, 30), colour).convert("P").convert("PA")
    assert off_by(painted(image, kind=kind), np.full((8, 8, 3), colour)) <= 3


def test_a_cmyk_jpeg_is_not_a_negative() -> None:
    pixels = painted(Image.new("RGB", (64, 64), (200, 40, 90)).convert("CMYK"), kind="JPEG", quality=95)
    assert off_by(pixels, np.full((8, 8, 3), (200, 40, 90))) <= 4


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    values = np.repeat(np.arange(0, 65536, 8192, dtype=np.uint16)[None], 8, axis=0)
    pixels = painted(Image.fromarray(values), kind=kind)
    assert pixels[0, :, 0].tolist() == [round(int(value) / 257) for value in values[0]]


def test_big_endian_16_bit_grey_is_scaled() -> None:
    values = np.full((8, 8), 25700, dtype=">u2")
    assert (painted(Image.frombytes("I;16B", (8, 8), values.tobytes()), kind="TIFF") == 100).all()


def test_16_bit_colour_keeps_its_range() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = b"\0" + struct.pack(">3H", 65535, 32896, 257) * 8
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 8, 8, 16, 2, 0, 0, 0))
    data += chunk(b"IDAT", zlib.compress(row * 8)) + chunk(b"IEND", b"")
    assert pictures.decode(data, 8)[0, 0].tolist() == [255, 128, 1]


@pytest.mark.parametrize("mode", ["I", "F"])
def test_grey_without_a_known_range_is_refused(mode: str) -> None:
    with pytest.raises(InputError, match="range is not known"):
        painted(Image.new(mode, (8, 8), 5), kind="TIFF")


def test_what_is_transparent_lies_on_white() -> None:
    half = Image.new("RGBA", (8, 8), (255, 0, 0, 128))
    assert off_by(painted(half), np.full((8, 8, 3), (255, 127, 127))) <= 1
    hidden = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert (painted(hidden) == 255).all()


def test_palette_and_grey_with_a_transparent_value_lie_on_white() -> None:
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    assert (painted(palette) == RED).all()
    assert (painted(palette, transparency=1) == WHITE).all()
    assert (painted(Image.new("L", (8, 8), 7), transparency=7) == WHITE).all()
    assert (painted(Image.new("RGB", (8, 8), BLUE), transparency=BLUE) == WHITE).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    assert (painted(frames[0], kind=kind, save_all=True, append_images=frames[1:], **options) == RED).all()


def test_draft_changes_a_large_jpeg_by_less_than_jpeg_itself() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((1600, 1200), Image.Resampling.BICUBIC)
    data = encoded(image, "JPEG", quality=90)
    whole = Image.open(BytesIO(data)).resize((64, 64), Image.Resampling.BICUBIC)
    difference = pictures.decode(data, 64).astype(float) - np.asarray(whole)
    assert np.sqrt((difference**2).mean()) < 2.0


def test_draft_never_decodes_below_the_target() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    pixels = pictures.decode(encoded(Image.fromarray(stripes), "JPEG", quality=95, subsampling=0), 64)
    assert off_by(pixels, stripes) < 40


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 48), st.sampled_from(["PNG", "JPEG", "GIF"]))
@settings(max_examples=30, deadline=None)
def test_the_same_bytes_give_the_same_bits(width: int, height: int, size: int, kind: str) -> None:
    data = encoded(smooth(width, height), kind)
    assert (pictures.decode(data, size) == pictures.decode(data, size)).all()


def bomb(side: int) -> bytes:
    """A PNG whose header claims side x side pixels."""
    header = b"IHDR" + struct.pack(">2I5B", side, side, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (header, body)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("side", [11_586, 50_000])
@pytest.mark.parametrize("action", ["error", "ignore"])
def test_a_decompression_bomb_is_refused_by_its_header(side: int, action: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        with pytest.raises(InputError, match="134,217,728"):
            pictures.decode(bomb(side), 8)


def test_a_picture_that_pillow_would_warn_of_is_decoded_without_a_word() -> None:
    data = encoded(Image.new("1", (10_000, 9_000), 1), "PNG")
    before = list(warnings.filters)
    assert (pictures.decode(data, 4) == 255).all()
    assert warnings.filters == before


def test_many_threads_leave_the_filters_of_warnings_as_they_were() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff"
    data = encoded(smooth(), "JPEG", exif=exif)
    with pytest.warns(UserWarning, match="EXIF"):
        Image.open(BytesIO(data)).getexif()
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: pictures.decode(data, 8), range(64)))
    assert all((pixels == results[0]).all() for pixels in results)
    assert warnings.filters == before


BROKEN = {
    b"": "empty",
    b"<!DOCTYPE html><html><body>404</body></html>": "HTML page",
    b"\xef\xbb\xbf\n  <HTML>": "HTML page",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n": "Git LFS pointer",
    b"\0\0\0\x18ftypheic\0\0\0\0": "HEIC",
    b"%PDF-1.7": "PDF",
    b"just some words": "holds no picture",
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n": "holds no picture",
}


@pytest.mark.parametrize(("data", "reason"), BROKEN.items())
def test_what_is_no_picture_is_named(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "beach.jpg"
    path.write_bytes(data)
    with pytest.raises(InputError, match=reason) as caught:
        pictures.decode(path, 8)
    assert [fault.where for fault in caught.value.faults] == [str(path)]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
def test_a_truncated_picture_is_refused(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(InputError, match=r"truncated or damaged|its header is damaged"):
        pictures.decode(data[: len(data) * 2 // 3], 8)


def test_the_name_of_a_file_does_not_decide_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "really-a-png.jpg"
    path.write_bytes(encoded(Image.new("RGB", (4, 4), RED)))
    assert (pictures.decode(path, 4) == RED).all()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_broken_bytes_are_decoded_or_refused_but_never_crash(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"]))
    broken = bytearray(encoded(smooth(24, 16), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(broken)))
    try:
        pixels = pictures.decode(bytes(broken[:cut]), 8)
    except InputError:
        return
    assert pixels.shape == (8, 8, 3)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    for path, reason in [(tmp_path / "gone.jpg", "No such file"), (tmp_path, "Is a directory"), (loop, "ymbolic link")]:
        with pytest.raises(InputError, match=reason):
            pictures.decode(path, 8)
    with pytest.raises(InputError, match="is not a file"):
        pictures.decode(pipe, 8)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "growing.png"
    path.write_bytes(encoded(smooth()))
    really, looks = os.fstat, []

    def fstat(handle: int) -> os.stat_result:
        looks.append(handle)
        if len(looks) == 2:
            with path.open("ab") as file:
                file.write(b"more")
        return really(handle)

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(InputError, match="changed while"):
        pictures.read(path)


def test_a_name_that_is_no_utf8_can_be_printed(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    with pytest.raises(InputError) as caught:
        pictures.decode(path, 8)
    assert str(caught.value).encode("utf-8")
    assert "caf" in str(caught.value)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "64"])
def test_a_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(InputError, match="size is"):
        pictures.decode(encoded(smooth()), size)
