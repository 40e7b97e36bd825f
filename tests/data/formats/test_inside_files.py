"""Pictures inside zip, tar, Parquet and Arrow: read as from a folder, and refused where they could do harm."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from format_fixtures import (
    FEATURES,
    PICTURES,
    PLAIN,
    WRITTEN,
    add_to_tar,
    huggingface_table,
    picture,
    png,
    text,
    write_saved,
)
from test_every_format import states

from tagfit.data.inputs import read_inputs
from tagfit.data.read import read
from tagfit.data.readers.formats import recognised
from tagfit.data.source_report import check
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


def test_saved_to_disk_is_read_as_the_parquet_files(tmp_path: Path, cache_dir: Path) -> None:
    data = read(write_saved(tmp_path / "saved"), learnable=False)
    assert recognised(tmp_path / "saved")[1].name == "huggingface"
    assert states(data) == PLAIN
    parquet = read(WRITTEN["huggingface"][0](tmp_path / "parquet"), learnable=False)
    digests = [sorted(read_inputs(one, 8, cache_dir=cache_dir).digests.tolist()) for one in (data, parquet)]
    assert digests[0] == digests[1]
    text(tmp_path / "dict" / "dataset_dict.json", json.dumps({"splits": ["train", "test"]}))
    for split in ("train", "test"):
        write_saved(tmp_path / "dict" / split)
    both = read(tmp_path / "dict", learnable=False)
    assert both.split is not None
    assert both.split.tolist() == ["train"] * 4 + ["test"] * 4
    assert len(set(both.ids.tolist())) == 8


LISTS = [
    {"feature": {"names": ["cat", "dog", "sun"], "_type": "ClassLabel"}, "_type": kind}
    for kind in ("List", "Sequence", "LargeList")
] + [[{"names": ["cat", "dog", "sun"], "_type": "ClassLabel"}]]


@pytest.mark.parametrize("feature", LISTS, ids=lambda feature: str(feature)[-20:])
def test_lists_of_classes_in_all_spellings(feature: object, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(huggingface_table(features={**FEATURES, "labels": feature}), path)
    assert states(read(path, learnable=False)) == PLAIN


def parquet(tmp_path: Path, **columns: object) -> Path:
    table = huggingface_table().drop_columns(["labels"]).replace_schema_metadata({})
    for name, column in columns.items():
        table = table.append_column(name, column if isinstance(column, pa.Array) else pa.array(column))
    pq.write_table(table, tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


def test_without_metadata_the_picture_is_known_by_its_type(tmp_path: Path) -> None:
    data = read(parquet(tmp_path, tags=[["cat", "dog"], ["dog"], None, ["sun"]]), learnable=False)
    assert data.truth.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert data.known.tolist() == [[True] * 3, [True] * 3, [False] * 3, [True] * 3]


def test_columns_of_0_and_1_are_labels(tmp_path: Path) -> None:
    source = parquet(tmp_path, cat=[1, 0, None, -1], sun=[True, False, False, None], size=[5, 0, 1, 2])
    data = read(source, learnable=False)
    assert data.labels == ("cat", "sun")
    assert data.truth.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]
    assert data.known.tolist() == [[True, True], [True, True], [False, True], [False, False]]


def test_vectors_of_0_and_1_have_no_names(tmp_path: Path) -> None:
    vectors = pa.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]], pa.list_(pa.int64(), 3))
    source = parquet(tmp_path, labels=vectors)
    with pytest.raises(InputError, match="--labels FILE gives 3 names"):
        read(source)
    assert states(read(source, labels="cat,dog,sun", learnable=False)) == PLAIN


FAULTY: list[tuple[dict[str, object], str]] = [
    ({"tags": [["cat"], [None], [], ["sun"]]}, r"a.parquet, row 2: tags holds null"),
    ({"tags": [["cat"], [" "], [], ["sun"]]}, "empty name"),
    ({"tags": [["cat"], [], [], []], "extra": [["x"], [], [], []]}, "None"),
    ({"first": [["cat"], [], [], []], "second": [["x"], [], [], []]}, "several columns hold labels: 'first', 'second'"),
    ({"labels": [[0], [1], [], []]}, "class numbers without names"),
    ({"tags": [["cat"], [], [], []], "weight": [1.0, 2.0, -1.0, 0.0]}, "row 3: the weight is -1.0"),
    ({"tags": [["cat"], [], [], []], "split": ["train", "dev", "", "test"]}, "the split is 'dev'"),
    ({"text": ["a", "b", "c", "d"]}, "no column holds labels"),
]


@pytest.mark.parametrize(("columns", "said"), FAULTY)
def test_columns_that_cannot_be_read_are_named(columns: dict[str, object], said: str, tmp_path: Path) -> None:
    source = parquet(tmp_path, **columns)
    if said == "None":  # the usual name decides
        assert read(source, learnable=False).labels == ("cat",)
        return
    with pytest.raises(InputError, match=said):
        read(source)


def test_a_class_beyond_the_names_is_refused_with_its_row(tmp_path: Path) -> None:
    table = huggingface_table()
    table = table.set_column(1, table.schema.field(1), pa.array([[0], [7], [], [-1]], pa.list_(pa.int64())))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"row 2: labels holds the class 7(.|\n)*row 4: labels holds the class -1"):
        read(tmp_path / "a.parquet")


def with_paths(tmp_path: Path, paths: list[str | None], first: bytes | None = None) -> Path:
    table = huggingface_table()
    images = [{"bytes": first if not row else None, "path": path} for row, path in enumerate(paths)]
    table = table.set_column(0, table.schema.field(0), pa.array(images, table.schema.field(0).type))
    (tmp_path / "inner").mkdir(exist_ok=True)
    pq.write_table(table, tmp_path / "inner" / "a.parquet")
    return tmp_path / "inner" / "a.parquet"


@pytest.mark.parametrize("path", ["../secret.png", "/etc/hostname", "link.png"])
def test_a_path_that_leaves_the_folder_is_refused(path: str, tmp_path: Path) -> None:
    picture(tmp_path / "secret.png", 5)
    source = with_paths(tmp_path, ["a.png", path, "c.png", "d.png"], png(0))
    (tmp_path / "inner" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(InputError, match=r"a.parquet, row 2: .*leaves the folder"):
        read(source)


def test_rows_without_bytes_are_read_from_their_paths(tmp_path: Path, cache_dir: Path) -> None:
    source = with_paths(tmp_path, ["a.png", "b.png", "c.png", None], png(0))
    for name in "bc":
        picture(tmp_path / "inner" / f"{name}.png")
    (tmp_path / "inner" / "c.png").write_bytes(b"no picture")
    data = read(source, learnable=False)
    assert [str(file).rpartition("/")[2] for file in data.files or ()] == ["row 0", "b.png"]
    assert [fault.where for fault in data.quarantined] == ["a.parquet, row 3", "a.parquet, row 4"]
    assert len(read_inputs(data, 8, cache_dir=cache_dir).rows) == 2


def test_rows_are_read_in_any_order(tmp_path: Path) -> None:
    count = 400
    table = pa.table(
        {
            "image": pa.array([png(row) for row in range(count)], pa.binary()),
            "tags": [["a"] if row % 2 else ["b"] for row in range(count)],
        }
    )
    pq.write_table(table, tmp_path / "many.parquet", row_group_size=150)
    data = read(tmp_path / "many.parquet", learnable=False)
    assert data.files is not None
    order = np.random.default_rng(0).permutation(count)
    for row in [*range(count), *order[:60].tolist(), count - 1, 0]:
        assert data.files[row].read_bytes() == png(row), row


def test_a_broken_picture_in_a_file_is_left_out_when_it_is_decoded(tmp_path: Path, cache_dir: Path) -> None:
    source = with_paths(tmp_path, ["a.png"] * 4, b"<html>")
    report = check(source, cache_dir=cache_dir)
    assert report.rows == 0 or "HTML" in str(report.quarantined[-1])


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


def webdataset(path: Path, *members: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            add_to_tar(tar, name, content)
    return path


def test_webdataset_class_numbers_and_their_names(tmp_path: Path) -> None:
    shard = webdataset(
        tmp_path / "s.tar", ("a.png", png(0)), ("a.cls", b"1\n"), ("b.png", png(1)), ("b.json", b'{"labels": [0, 1]}')
    )
    assert read(tmp_path, learnable=False).labels == ("0", "1")
    text(tmp_path / "classes.txt", "cat\ndog\n")
    data = read(tmp_path, learnable=False)
    assert [data.tags(row) for row in range(2)] == [("dog",), ("cat", "dog")]
    assert read(shard, learnable=False).labels == ("0", "1")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("a.png", png(0)), ("a.json", b"{}"), ("a.jpg", png(1))], "several pictures"),
        ([("a.png", png(0)), ("a.cls", b"1"), ("b.png", png(1)), ("b.cls", b"1"), ("a.json", b"{}")], "do not follow"),
        ([("a.png", png(0)), ("a.cls", b"one")], "s.tar/a.cls: it holds 'one'"),
        ([("a.png", png(0)), ("a.json", b'{"tags": [')], "s.tar/a.json, line 1, column 11: it is not JSON"),
        ([("a.png", png(0)), ("a.json", b'{"tags": 3}')], "a number"),
    ],
)
def test_faults_of_a_shard_are_named(members: list[tuple[str, bytes]], said: str, tmp_path: Path) -> None:
    webdataset(tmp_path / "s.tar", *members)
    with pytest.raises(InputError, match=said):
        read(tmp_path, format="webdataset")


def test_samples_without_picture_or_label_are_quarantined(tmp_path: Path) -> None:
    webdataset(
        tmp_path / "s.tar",
        ("a.png", png(0)), ("a.cls", b"1"), ("b.json", b"{}"), ("c.png", png(2)), ("c.txt", b"a caption"),
    )  # fmt: skip
    data = read(tmp_path, learnable=False)
    assert len(data) == 1
    assert [fault.what for fault in data.quarantined] == ["it has no picture, but .json", "it has no .json and no .cls"]


def texts(path: Path, *contents: bytes) -> Path:
    members = [
        (f"{name}.{part}", content)
        for number, (name, label) in enumerate(zip("abcdefgh", contents, strict=False))
        for part, content in (("png", png(number)), ("txt", label))
    ]
    return webdataset(path, *members)


LINES = (b"cat\ndog\n", b"dog\n", b"", b"cat", b"dog\r\ncat", b"sun", b"sun\ncat")
EACH = [("cat", "dog"), ("dog",), (), ("cat",), ("cat", "dog"), ("sun",), ("cat", "sun")]


@pytest.mark.parametrize("separator", [b"\n", b", ", b";"])
def test_webdataset_texts_that_return_are_labels(separator: bytes, tmp_path: Path) -> None:
    lines = [line.replace(b"\r", b"").strip().replace(b"\n", separator) for line in LINES]
    data = read(texts(tmp_path / "s.tar", *lines), learnable=False)
    assert [data.tags(row) for row in range(7)] == EACH
    assert "labels are read from .txt" in data.notes


def test_webdataset_texts_of_named_classes_are_labels(tmp_path: Path) -> None:
    texts(tmp_path / "s.tar", b"0\n1", b"dog")
    text(tmp_path / "classes.txt", "cat\ndog\n")
    data = read(tmp_path, learnable=False)
    assert [data.tags(row) for row in range(2)] == [("cat", "dog"), ("dog",)]


@pytest.mark.parametrize(
    "captions",
    [
        [b"a cat on a mat", b"two dogs, running", b"the sun sets, over the sea"],
        [b"cat\nmat", b"dog", b"sun"],
        [b"a photo of a cat", b"a photo of a cat", b"a photo of a dog", b"a photo of a dog"],
    ],
)
def test_webdataset_texts_that_may_be_captions_are_read_when_asked_for(captions: list[bytes], tmp_path: Path) -> None:
    shard = texts(tmp_path / "s.tar", *captions)
    with pytest.raises(InputError, match=r"s.tar/a.txt: the texts may be captions(.|\n)*--tags-column txt"):
        read(shard)
    assert len(read(shard, tags_column="txt", learnable=False).labels) >= 2


def test_webdataset_texts_beside_other_labels_are_not_read_unless_asked_for(tmp_path: Path) -> None:
    shard = webdataset(
        tmp_path / "s.tar",
        ("a.png", png(0)), ("a.json", b'{"tags": ["x"]}'), ("a.txt", b"sun"),
        ("b.png", png(1)), ("b.json", b'{"tags": ["y"]}'), ("b.txt", b"sea"),
    )  # fmt: skip
    data = read(shard, learnable=False)
    assert data.labels == ("x", "y")
    assert any(".txt is not read" in note for note in data.notes)
    assert read(shard, tags_column="txt", learnable=False).labels == ("sea", "sun")
    with pytest.raises(InputError, match=r"there is no \.cls, which --tags-column names"):
        read(shard, tags_column="cls")


def test_the_boxes_of_yolo_in_a_tar_are_no_webdataset(tmp_path: Path) -> None:
    with tarfile.open(texts(tmp_path / "s.tar", b"0 0.5 0.5 0.1 0.1"), "a") as tar:
        add_to_tar(tar, "classes.txt", b"cat\ndog\n")
    with pytest.raises(InputError) as raised:
        read(tmp_path / "s.tar")
    assert "WebDataset" not in str(raised.value)


def test_a_text_that_is_no_text_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than 65,536 bytes"):
        read(texts(tmp_path / "s.tar", b"cat", b"dog " * 20_000))
    with pytest.raises(InputError, match=r"s.tar/b.txt: it is not UTF-8"):
        read(texts(tmp_path / "s.tar", b"cat", b"\xff\xfe\x00"))


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
