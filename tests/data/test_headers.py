"""The size that is read without a decoder is the decoder's, or none is given."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tagfit.data.pictures.accepted import opened, size_of
from tagfit.data.pictures.headers import plain_size
from tagfit.errors import InputError

PLAIN: list[tuple[str, str, dict[str, Any]]] = [
    ("RGB", "PNG", {}),
    ("RGBA", "PNG", {}),
    ("L", "PNG", {}),
    ("LA", "PNG", {}),
    ("P", "PNG", {"optimize": True}),
    ("1", "PNG", {}),
    ("RGB", "JPEG", {}),
    ("RGB", "JPEG", {"progressive": True, "quality": 60}),
    ("RGB", "JPEG", {"comment": b"a comment " * 900, "icc_profile": bytes(70_000)}),
    ("L", "JPEG", {}),
    ("CMYK", "JPEG", {}),
]
LEFT: list[tuple[str, str, dict[str, Any]]] = [
    ("I;16", "PNG", {}),
    ("RGB", "WEBP", {}),
    ("RGB", "GIF", {}),
    ("RGB", "BMP", {}),
    ("F", "TIFF", {}),
]


def encoded(mode: str, kind: str, options: dict[str, Any], size: tuple[int, int] = (23, 17)) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    stream = io.BytesIO()
    (picture.convert("L").convert(mode) if mode == "I;16" else picture.convert(mode)).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize(("mode", "kind", "options"), PLAIN, ids=lambda one: str(one)[:24])
def test_the_size_of_a_plain_picture_needs_no_decoder(mode: str, kind: str, options: dict[str, Any]) -> None:
    assert plain_size(io.BytesIO(encoded(mode, kind, options))) == (23, 17)


@pytest.mark.parametrize(("mode", "kind", "options"), LEFT, ids=lambda one: str(one)[:24])
def test_other_pictures_are_left_to_the_decoder(mode: str, kind: str, options: dict[str, Any]) -> None:
    assert plain_size(io.BytesIO(encoded(mode, kind, options))) is None


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def broken() -> Iterator[tuple[str, bytes]]:
    png, jpeg = encoded("RGB", "PNG", {}), encoded("RGB", "JPEG", {})
    yield "nothing", b""
    yield "a PNG cut in its header", png[:20]
    yield "a PNG cut before its pixels", png[:40]
    yield "a PNG with a wrong checksum", png[:29] + b"\0\0\0\0" + png[33:]
    wide = chunk(b"IHDR", (0).to_bytes(4, "big") + png[20:29])
    yield "a PNG of no width", png[:8] + wide + png[33:]
    odd = chunk(b"IHDR", png[16:24] + b"\x08\x07\0\0\0")
    yield "a PNG of no known colours", png[:8] + odd + png[33:]
    yield "a PNG of many chunks", png[:33] + chunk(b"tEXt", b"a\0b") * 200 + png[33:]
    yield "a JPEG cut before its frame", jpeg[:100]
    yield "a JPEG that begins with its pixels", b"\xff\xd8\xff\xda\0\x08" + jpeg[-40:]
    frame = jpeg.index(b"\xff\xc0")
    yield "a JPEG of 12 bits", jpeg[: frame + 4] + b"\x0c" + jpeg[frame + 5 :]
    yield "a JPEG of no height", jpeg[: frame + 5] + b"\0\0" + jpeg[frame + 7 :]
    yield "a JPEG of another coding", jpeg[: frame + 1] + b"\xc9" + jpeg[frame + 2 :]


@pytest.mark.parametrize(("_what", "content"), list(broken()), ids=[name for name, _ in broken()])
def test_what_is_damaged_is_left_to_the_decoder(_what: str, content: bytes) -> None:
    assert plain_size(io.BytesIO(content)) is None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_size_is_never_another_than_the_decoder_gives(data: st.DataObject) -> None:
    """Whatever is done to the first bytes: the sizes agree, or one of the two says that it cannot tell."""
    content = bytearray(encoded(*data.draw(st.sampled_from(PLAIN))))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, min(700, len(content) - 1)))] = data.draw(st.integers(0, 255))
    size = plain_size(io.BytesIO(bytes(content)))
    try:
        with opened(bytes(content)) as image:
            assert size in (None, image.size)
    except InputError:
        pass


def test_a_picture_over_the_limit_is_refused_by_one_rule(tmp_path: Any) -> None:
    start = encoded("L", "PNG", {})
    huge = chunk(b"IHDR", (20_000).to_bytes(4, "big") * 2 + start[24:29])
    path = tmp_path / "huge.png"
    path.write_bytes(start[:8] + huge + start[33:])
    with pytest.raises(InputError, match="pixels"):
        size_of(path)
