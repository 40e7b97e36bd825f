"""Formats under fire: whatever is done to a file of a set, the right result or an error with its place."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from format_fixtures import WRITTEN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagfit.data.read import read
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

SAMPLE, LONG_IN_ALL = 8, 10_000
PIECES = st.sampled_from(
    [
        b"", b",", b'"', b"\n", b"\0", b"{", b"}", b"[", b"]", b":", b"null", b"-1", b"1e999", b"NaN", b"true", b"0",
        b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"../", b"/", b"a.png", b"<", b"</", b">", b"&a;", b"\x1b[31m",
        b"9" * 5000, b"[" * 3000, b"<a>" * 3000, b"<!DOCTYPE a [<!ENTITY a 'b'>]>", b"&x *x", b"!!python/name:os",
        b"\\u0000", b"\\ud800", b"images", b"cat", b"\xe2\x80\xae",
    ]
) | st.binary(max_size=6)  # fmt: skip


def damaged_files(name: str) -> list[str]:
    """The files of a format that hold what its reader parses."""
    with TemporaryDirectory() as folder:
        WRITTEN[name][0](Path(folder, "set"))
        paths = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        return [str(path.relative_to(folder)) for path in paths if path.suffix != ".png"][:4]


TARGETS = [(name, file) for name in sorted(WRITTEN) for file in damaged_files(name)]
LONG = LONG_IN_ALL // len(TARGETS) + 1


@st.composite
def damage(draw: st.DrawFn) -> list[tuple[float, int, bytes]]:
    """Up to three cuts or insertions: where (a share of the file), how much goes, what comes in its place."""
    lengths = st.sampled_from([0, 1, 2, 5, 20, 10**6])
    return draw(st.lists(st.tuples(st.floats(0, 1), lengths, PIECES), min_size=1, max_size=3))


def right_or_refused(source: Path, name: str | None) -> None:
    try:
        data = read(source, format=name, learnable=False)
    except InputError as error:
        message = str(error)
        assert message
        assert all(line.isprintable() for line in message.split("\n"))
        message.encode("utf-8")
        return
    assert isinstance(data, TaggedSet)
    assert len(data) > 0
    assert len(data.labels) == len(set(data.labels)) > 0
    assert len(set(data.ids.tolist())) == len(data)
    assert not (data.truth.astype(bool) & ~data.known).any()


@pytest.mark.parametrize(
    "examples", [pytest.param(SAMPLE, id="sample"), pytest.param(LONG, id="long", marks=pytest.mark.long)]
)
@pytest.mark.parametrize(("name", "file"), TARGETS)
def test_a_damaged_file_is_read_right_or_refused(name: str, file: str, examples: int, tmp_path: Path) -> None:
    source = WRITTEN[name][0](tmp_path / "set")
    whole = (tmp_path / file).read_bytes()

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(damage())
    def run(changes: list[tuple[float, int, bytes]]) -> None:
        content = whole
        for share, length, piece in changes:
            at = int(share * len(content))
            content = content[:at] + piece + content[at + length :]
        (tmp_path / file).write_bytes(content)
        right_or_refused(source, name)

    run()
