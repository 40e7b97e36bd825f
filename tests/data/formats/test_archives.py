"""Sources inside archives: read without unpacking, found by nearly their names, and refused where they are harmful."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from format_fixtures import (
    PICTURES,
    PLAIN,
    WRITTEN,
    add_to_tar,
    picture,
    png,
    text,
)
from test_every_format import states

from tagfit.data.inputs import read_inputs
from tagfit.data.read import read
from tagfit.errors import InputError

IN_FOLDERS = sorted(set(WRITTEN) - {"webdataset", "huggingface"})


def packed(folder: Path, kind: str) -> Path:
    """A folder as a zip, or as a tar."""
    out = folder.parent / f"packed.{kind}"
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files:
                archive.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(out, "w") as archive:
            for path in files:
                archive.add(path, path.relative_to(folder.parent))
    return out


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", IN_FOLDERS)
def test_an_archive_is_read_as_the_folder_in_it(name: str, kind: str, tmp_path: Path, cache_dir: Path) -> None:
    write, truth = WRITTEN[name]
    source = write(tmp_path / "set")
    if source.is_file() and name not in ("coco",):
        pytest.skip("one file is named, and not a folder")
    if source.is_file():
        source = source.rename(source.parent / "annotations.json").parent
    from_folder = read(source, learnable=False)
    data = read(packed(tmp_path / "set", kind), learnable=False)
    assert states(data) == truth
    inputs = read_inputs(data, 8, cache_dir=cache_dir)
    before = read_inputs(from_folder, 8, cache_dir=cache_dir)
    assert inputs.digests.tolist() == before.digests.tolist()
    assert np.array_equal(inputs.values, before.values)


def zip_with(path: Path, write: Callable[[zipfile.ZipFile], None]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("set/labels.csv", "image,tags\na.png,sea\n")
        write(archive)
    return path


def link_in_zip(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("set/link.png")
    info.external_attr = 0o120777 << 16
    archive.writestr(info, "/etc/passwd")


HARMFUL_ZIPS: list[tuple[Callable[[zipfile.ZipFile], None], str]] = [
    (lambda archive: archive.writestr("../../evil.png", b"x"), r"\.\./\.\./evil.png: its path leaves the archive"),
    (lambda archive: archive.writestr("/etc/evil.png", b"x"), "leaves the archive"),
    (lambda archive: archive.writestr("C:/evil.png", b"x"), "leaves the archive"),
    (link_in_zip, "set/link.png: it is a link"),
    (lambda archive: archive.writestr("bomb.png", bytes(80_000_000)), "decompression bomb"),
]


@pytest.mark.parametrize(("write", "said"), HARMFUL_ZIPS)
def test_a_harmful_zip_is_refused(write: Callable[[zipfile.ZipFile], None], said: str, tmp_path: Path) -> None:
    source = zip_with(tmp_path / "set.zip", write)
    with pytest.raises(InputError, match=said):
        read(source)


def tar_member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (tar_member("../evil.png", tarfile.REGTYPE), r"\.\./evil.png: its path leaves the archive"),
        (tar_member("/evil.png", tarfile.REGTYPE), "leaves the archive"),
        (tar_member("a.png", tarfile.SYMTYPE, "/etc/passwd"), "a.png: it is a link"),
        (tar_member("b.png", tarfile.LNKTYPE, "x.png"), "b.png: it is a link"),
        (tar_member("c.png", tarfile.FIFOTYPE), "c.png: it is not a regular file"),
        (tar_member("d.png", tarfile.CHRTYPE), "d.png: it is not a regular file"),
    ],
)
def test_a_harmful_tar_is_refused(member: tarfile.TarInfo, said: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar", "w") as tar:
        add_to_tar(tar, "x.png", png(1))
        tar.addfile(member)
        add_to_tar(tar, "x.json", b'{"tags": ["sea"]}')
    for source in (tmp_path / "set.tar", tmp_path):
        with pytest.raises(InputError, match=said):
            read(source, format="webdataset")


def test_a_member_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    source = WRITTEN["webdataset"][0](tmp_path / "set") / "train-0000.tar"
    content = source.read_bytes()
    source.write_bytes(content[:700])
    with pytest.raises(InputError, match="not read as tar"):
        read(source)


def test_a_gzip_bomb_and_a_compressed_tar_are_refused(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "bomb.json.gz", "wb", compresslevel=1) as file:
        file.write(b'{"images": [], "annotations": [], "categories": [], "x": "')
        for _ in range(70):
            file.write(bytes(1 << 20))
    with pytest.raises(InputError, match="decompression bomb"):
        read(tmp_path / "bomb.json.gz")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        add_to_tar(tar, "a.png", png(0))
    (tmp_path / "set.tar.gz").write_bytes(gzip.compress(buffer.getvalue()))
    with pytest.raises(InputError, match="compressed tar"):
        read(tmp_path / "set.tar.gz")


def test_all_pictures_of_the_small_set_are_different() -> None:
    assert len({png(number) for number in range(len(PICTURES))}) == len(PICTURES)


def table_set(folder: Path) -> Path:
    for name in PICTURES:
        picture(folder / "images" / f"{name}.png")
    text(folder / "labels.txt", "sun\ndog\ncat\n")
    return text(folder / "tags.csv", "image,tags\na.png,cat|dog\nb.png,dog\nc.png,\nd,sun\n")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_table_in_an_archive_is_read_with_its_pictures(kind: str, tmp_path: Path) -> None:
    table_set(tmp_path / "set")
    data = read(packed(tmp_path / "set", kind), learnable=False)
    assert data.labels == ("sun", "dog", "cat")
    assert states(data) == PLAIN
    assert {str(file).rpartition(f"packed.{kind}")[2] for file in data.files or ()} == {
        f"/set/images/{name}.png" for name in PICTURES
    }


class Unflagged(zipfile.ZipInfo):
    """A member whose name is stored without the flag that says that it is UTF-8."""

    encoding = "utf-8"

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - of the base class
        return self.filename.encode(self.encoding), self.flag_bits


class OfWindows(Unflagged):
    encoding = "cp437"


@pytest.mark.parametrize(("kind", "name"), [(Unflagged, "café"), (Unflagged, "日本"), (OfWindows, "café")])
def test_names_of_a_zip_without_the_flag_are_utf8_where_they_can_be(
    kind: type[Unflagged], name: str, tmp_path: Path
) -> None:
    """macOS and Info-ZIP write UTF-8 without the flag, older programs the code page 437."""
    picture(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("tags.csv", f"image,tags\n{name}.png,cat\nb.png,\n")
        archive.writestr(kind(f"{name}.png"), content)
        archive.writestr("b.png", content + b"\0")
    assert len(read(tmp_path / "set.zip", learnable=False)) == 2


def test_a_compressed_table_and_pictures_in_an_archive(tmp_path: Path, cache_dir: Path) -> None:
    table = table_set(tmp_path / "set")
    (tmp_path / "tags.csv.gz").write_bytes(gzip.compress(table.read_bytes()))
    images = packed(tmp_path / "set" / "images", "zip")
    for source in (tmp_path / "tags.csv.gz", table):
        data = read(source, images=f"{images}", learnable=False)
        assert states(data) == PLAIN
        assert data.source is not None
        assert data.source["read"]["images"] == str(images)
        assert len(read_inputs(data, 8, cache_dir=cache_dir).rows) == 4


def test_a_missing_or_outer_picture_of_a_stored_table_has_its_row(tmp_path: Path) -> None:
    table = table_set(tmp_path / "set")
    table.write_text("image,tags\na.png,cat\nnone.png,dog\n")
    (fault,) = read(packed(tmp_path / "set", "zip"), learnable=False).quarantined
    assert (fault.where, "none.png" in fault.what) == ("tags.csv, row 3", True)
    table.write_text("image,tags\na.png,cat\n../../x.png,dog\n")
    with pytest.raises(InputError, match=r"tags.csv, row 3: .*leaves"):
        read(packed(tmp_path / "set", "zip"), learnable=False)


def test_annotations_with_pictures_elsewhere(tmp_path: Path) -> None:
    source = WRITTEN["coco"][0](tmp_path / "set")
    images = packed(tmp_path / "set" / "images", "tar")
    for path in (tmp_path / "set" / "images").iterdir():
        path.unlink()
    assert states(read(source, images=images, learnable=False)) == WRITTEN["coco"][1]


NEARLY = [
    ("A.PNG", "another case"),
    ("a.jpg", "another ending"),
    ("/content/drive/set/a.png", "another folder"),
    ("set/images/a.png", "another folder"),
    (r"C:\data\a.png", "/ for \\"),
    ("../input/a.png", "another folder"),
]


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
@pytest.mark.parametrize("name", ["roboflow", "table"])
@pytest.mark.parametrize(("given", "note"), NEARLY)
def test_pictures_that_are_nearly_named_are_found_and_noted(
    given: str, note: str, name: str, kind: str, tmp_path: Path
) -> None:
    folder = tmp_path / "set"
    source = table_set(folder) if name == "table" else WRITTEN["roboflow"][0](folder)
    for file in folder.rglob("*.csv"):
        file.write_text(file.read_text().replace("a.png,", f"{given},").replace("\nd,", "\nd.png,"))
    data = read(source if kind == "folder" else packed(folder, kind), learnable=False)
    assert len(data) == 4
    assert sorted(str(file).rpartition("/")[2] for file in data.files or ()) == [f"{one}.png" for one in PICTURES]
    (said,) = [text for text in data.notes if "found with" in text]
    assert note in said
    assert "a.png'" in said


def test_pictures_that_may_be_several_are_left_out_with_their_names(tmp_path: Path) -> None:
    source = table_set(tmp_path / "set")
    source.write_text(source.read_text().replace("a.png", "A.PNG").replace("b.png", "BB.png"))
    picture(tmp_path / "set" / "images" / "a.bmp")
    (first, second) = read(packed(tmp_path / "set", "zip"), learnable=False).quarantined
    assert "may be" in first.what
    assert "a.bmp" in first.what
    assert "there is no file 'BB.png'" in second.what


def test_one_file_is_not_given_to_two_names(tmp_path: Path) -> None:
    source = WRITTEN["coco"][0](tmp_path / "set")
    source.write_text(source.read_text().replace('"b.png"', '"A.PNG"'))
    data = read(source, learnable=False)
    assert len(data) == 3
    assert "several names nearly name the one file" in data.quarantined[0].what


def test_a_picture_that_the_metadata_nearly_name_is_not_left_out_as_unnamed(tmp_path: Path) -> None:
    source = WRITTEN["imagefolder"][0](tmp_path / "set")
    metadata = source / "train" / "metadata.jsonl"
    metadata.write_text(metadata.read_text().replace('"a.png"', '"A.png"'))
    data = read(source, learnable=False)
    assert len(data) == 4
    assert not data.quarantined
    metadata.unlink()
    text(source / "train" / "metadata.csv", "file_name,tags\nA.png,cat\nb.png,dog\nc.png,\nd.png,cat\n")
    data = read(source, learnable=False)
    assert len(data) == 4
    assert not data.quarantined


@pytest.mark.parametrize("ending", ["zip", "gz"])
def test_pictures_next_to_a_table_that_is_alone_in_an_archive(tmp_path: Path, ending: str) -> None:
    for name in PICTURES[:2]:
        picture(tmp_path / f"{name}.png")
    table = b"image,tags\na.png,sea\nb.png,sun\n"
    source = tmp_path / f"train.csv.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr("train.csv", table)
    else:
        source.write_bytes(gzip.compress(table))
    assert [Path(str(file)).name for file in read(source).files or ()] == ["a.png", "b.png"]


@pytest.mark.parametrize(("name", "said"), [("a.png", "is a picture, and nothing says"), ("b.tar", "of no format")])
def test_what_is_no_table_is_not_read_as_one(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_bytes(png(0) if name == "a.png" else bytes(2048))
    with pytest.raises(InputError, match=said):
        read(tmp_path / name)
    with pytest.raises(InputError, match=said):
        read(tmp_path)
