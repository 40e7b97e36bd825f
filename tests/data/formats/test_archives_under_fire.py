"""Archives under fire: whatever is done to the bytes of a zip, tar or gzip, a right result or an error with a place."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from pathlib import Path

import pytest
from format_fixtures import WRITTEN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_formats_under_fire import damage, right_or_refused

from tagfit.data.inputs import read_inputs
from tagfit.data.read import read
from tagfit.errors import InputError

SAMPLE, LONG = 25, 1_500
FOLDERS = ("imagefolder", "roboflow", "voc", "yolo", "label-folders", "supervisely")
KINDS = ("stored.zip", "deflated.zip", "tar", "gz")


def archive(folder: Path, name: str, kind: str) -> Path:
    """A set of a format in an archive; as ``gz`` its largest text by itself."""
    WRITTEN[name][0](folder / "set")
    files = [path for path in sorted((folder / "set").rglob("*")) if path.is_file()]
    out = folder / f"packed.{kind}"
    if kind == "gz":
        text = max((path for path in files if path.suffix != ".png"), key=lambda path: path.stat().st_size)
        out = text.with_name(f"{text.name}.gz")
        out.write_bytes(gzip.compress(text.read_bytes()))
    elif kind == "tar":
        with tarfile.open(out, "w") as tar:
            for path in files:
                tar.add(path, path.relative_to(folder))
    else:
        method = zipfile.ZIP_STORED if kind.startswith("stored") else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(out, "w", method) as packed:
            for path in files:
                packed.write(path, path.relative_to(folder))
    return out


CHANGES = st.one_of(
    damage(),
    st.lists(st.tuples(st.floats(0, 1), st.just(1), st.binary(min_size=1, max_size=1)), min_size=1, max_size=8),
)


@pytest.mark.parametrize(
    "examples", [pytest.param(SAMPLE, id="sample"), pytest.param(LONG, id="long", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_archive_is_read_right_or_refused(kind: str, examples: int, tmp_path: Path) -> None:
    sources = [archive(tmp_path / name, name, kind) for name in FOLDERS if kind != "gz" or name in ("roboflow", "coco")]
    whole = {source: source.read_bytes() for source in sources}

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.sampled_from(sources), CHANGES)
    def run(source: Path, changes: list[tuple[float, int, bytes]]) -> None:
        content = whole[source]
        for share, length, piece in changes:
            at = int(share * len(content))
            content = content[:at] + piece + content[at + length :]
        source.write_bytes(content)
        right_or_refused(source, None)
        try:
            data = read(source, learnable=False)
            inputs = read_inputs(data, 8, cache_dir=tmp_path / "cache")
        except InputError:
            return
        assert len(inputs.rows) + len(inputs.faults) == len(data)

    run()


def test_a_zip_of_a_version_to_come_is_refused(tmp_path: Path) -> None:
    source = archive(tmp_path, "voc", "stored.zip")
    content = source.read_bytes()
    source.write_bytes(content[1:].replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\x40"))
    assert source.read_bytes() != content[1:]
    right_or_refused(source, None)
