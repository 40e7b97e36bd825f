"""Remote sets, on a stand-in for S3 on the loopback: read as from a folder, resumed after a cut, no key in a run."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import fsspec
import pytest
from format_fixtures import PICTURES, WRITTEN, picture, png, text
from moto.server import ThreadedMotoServer
from test_every_format import states

import tagfit
from tagfit.data.inputs import read_inputs
from tagfit.data.pictures import cache, remote
from tagfit.data.pictures.cache import decoded
from tagfit.data.plan import Plan
from tagfit.data.read import read
from tagfit.errors import InputError

SECRET = "a-secret-that-no-file-may-hold"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of an empty bucket; s3fs finds server and keys in the environment."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "no_proxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    client = boto3.client("s3")
    client.create_bucket(Bucket="sets")
    fsspec.filesystem("s3").clear_instance_cache()
    yield "sets"
    for item in client.list_objects_v2(Bucket="sets").get("Contents", []):
        client.delete_object(Bucket="sets", Key=item["Key"])
    client.delete_bucket(Bucket="sets")
    client.close()
    fsspec.filesystem("s3").clear_instance_cache()


def upload(folder: Path, bucket: str, prefix: str) -> str:
    client = boto3.client("s3")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            client.put_object(Bucket=bucket, Key=f"{prefix}/{path.relative_to(folder)}", Body=path.read_bytes())
    client.close()
    return f"s3://{bucket}/{prefix}"


@pytest.mark.parametrize("name", ["voc", "yolo", "roboflow", "huggingface", "label-folders", "supervisely"])
def test_a_remote_folder_is_read_as_a_local_one(name: str, bucket: str, tmp_path: Path) -> None:
    write, truth = WRITTEN[name]
    write(tmp_path / "set")
    data = read(upload(tmp_path / "set", bucket, name), learnable=False)
    assert states(data) == truth
    here = read(tmp_path / "set", learnable=False)
    found = [read_inputs(one, 8, cache_dir=tmp_path / "cache").digests.tolist() for one in (data, here)]
    assert found[0] == found[1]


def test_a_remote_file_is_read_with_the_pictures_beside_it(bucket: str, tmp_path: Path) -> None:
    source = WRITTEN["coco"][0](tmp_path / "set")
    url = upload(tmp_path / "set", bucket, "coco")
    data = read(f"{url}/{source.name}", learnable=False)
    assert states(data) == WRITTEN["coco"][1]
    assert data.source is not None
    assert data.source["data"] == f"{url}/{source.name}"
    assert states(read(Path(f"{url}/{source.name}"), learnable=False)) == WRITTEN["coco"][1]  # s3:/sets/...


def test_remote_pictures_that_are_nearly_named_are_found_and_noted(bucket: str, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    source = WRITTEN["coco"][0](folder)
    source.write_text(source.read_text().replace('"a.png"', '"/content/drive/A.PNG"'))
    data = read(f"{upload(folder, bucket, 'near')}/set.json", learnable=False)
    assert len(data) == 4
    assert any("another case and another folder" in note for note in data.notes)


def test_a_run_on_a_remote_set_can_be_opened_again_and_holds_no_key(bucket: str, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for label in ("cat", "dog"):
        for number in range(12):
            (folder / label).mkdir(parents=True, exist_ok=True)
            (folder / label / f"{number}.png").write_bytes(png(number + 100 * (label == "dog")))
    plan = Plan(upload(folder, bucket, "set"), size=8, cache_dir=str(tmp_path / "cache"))
    run = tagfit.fit(plan.problem(), tagfit.Recipe(widths=(4,), epochs=1), out=tmp_path / "run", threads=1)
    assert json.loads((run.folder / "problem.json").read_text())["source"]["data"] == f"s3://{bucket}/set"
    assert set(tagfit.evaluate(run, splits=["train", "test"])) == {"train", "test"}
    for path in run.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/x", "https://host/x.csv?X-Amz-Signature=secret"])
def test_keys_in_a_url_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InputError) as error:
        read(url)
    assert "secret" not in str(error.value)
    assert "AWS_PROFILE" in str(error.value)


def test_what_is_not_there_is_said(bucket: str) -> None:
    with pytest.raises(InputError, match=r"there is no file or folder s3://sets/nothing"):
        read(f"s3://{bucket}/nothing")
    with pytest.raises(InputError, match="nosuch://x"):
        read("nosuch://x/y")


@pytest.mark.parametrize("scheme", ["http", "ftp"])
def test_a_server_that_does_not_answer_is_named(scheme: str) -> None:
    with socket.socket() as port:  # bound and not listening: every connection is refused
        port.bind(("127.0.0.1", 0))
        url = f"{scheme}://127.0.0.1:{port.getsockname()[1]}/tags.csv"
        with pytest.raises(InputError, match=rf"{url} cannot be reached"):
            read(url)


class Line:
    """Counts what is fetched, and goes dead after so many pictures."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fetched: list[str] = []
        self.dead_after: int | None = None
        whole = remote.RemoteStore.read

        def read_counted(store: remote.RemoteStore, name: str, limit: int | None = None) -> bytes:
            if self.dead_after is not None and len(self.fetched) >= self.dead_after:
                raise remote._unavailable(name, ConnectionResetError("cut"))
            self.fetched.append(name)
            return whole(store, name, limit)

        monkeypatch.setattr(remote.RemoteStore, "read", read_counted)


def many(folder: Path, bucket: str, count: int = 40) -> str:
    for number in range(count):
        label = folder / ("cat" if number % 2 else "dog")
        label.mkdir(parents=True, exist_ok=True)
        (label / f"{number}.png").write_bytes(png(number))
    return upload(folder, bucket, "many")


def test_a_cut_costs_one_piece_and_no_picture(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = many(tmp_path / "set", bucket)
    files = read(url, learnable=False).files
    assert files is not None
    monkeypatch.setattr(cache, "REMOTE_PIECE", 8)
    line = Line(monkeypatch)
    line.dead_after = 20
    with pytest.raises(InputError, match=r"cannot be reached: cut \(run it again"):
        decoded(files, 8, cache_dir=tmp_path / "cache")
    line.dead_after, line.fetched = None, []
    again = read(url, learnable=False).files
    assert again is not None
    line.fetched = []
    seen: list[tuple[int, int]] = []
    pictures = decoded(again, 8, cache_dir=tmp_path / "cache", progress=lambda done, of: seen.append((done, of)))
    assert len(pictures) == 40
    assert len(line.fetched) == 24  # two pieces of eight were whole
    assert seen == [(done, 40) for done in range(41)]
    line.fetched = []
    once_more = decoded(again, 8, cache_dir=tmp_path / "cache")
    assert line.fetched == []
    assert once_more.digests.tolist() == pictures.digests.tolist()
    local = sorted((tmp_path / "set").rglob("*.png"))
    assert sorted(decoded(local, 8, cache_dir=tmp_path / "other").digests.tolist()) == sorted(pictures.digests.tolist())
    entries = [path for path in (tmp_path / "cache").rglob("*.npy") if ".digests" not in path.name]
    assert len(entries) == 1


def test_a_changed_picture_is_fetched_again(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = many(tmp_path / "set", bucket, 6)
    first = read(url, learnable=False).files
    assert first is not None
    before = decoded(first, 8, cache_dir=tmp_path / "cache")
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key="many/cat/1.png", Body=png(200))
    client.close()
    fsspec.filesystem("s3").invalidate_cache()
    line = Line(monkeypatch)
    second = read(url, learnable=False).files
    assert second is not None
    line.fetched = []
    after = decoded(second, 8, cache_dir=tmp_path / "cache")
    assert line.fetched == ["cat/1.png"]
    assert (after.digests != before.digests).sum() == 1


def test_a_torn_record_of_contents_is_ignored(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = many(tmp_path / "set", bucket, 6)
    files = read(url, learnable=False).files
    assert files is not None
    decoded(files, 8, cache_dir=tmp_path / "cache")
    known = tmp_path / "cache" / cache.CONTENTS_FILE
    known.write_bytes(known.read_bytes()[:-10])
    line = Line(monkeypatch)
    decoded(files, 8, cache_dir=tmp_path / "cache")
    assert len(line.fetched) == 1
    line.fetched = []
    decoded(files, 8, cache_dir=tmp_path / "cache")
    assert line.fetched == []


def test_a_file_over_http_is_read_without_listing(endpoint: str, bucket: str, tmp_path: Path) -> None:
    source = WRITTEN["coco"][0](tmp_path / "set")
    client = boto3.client("s3")
    for path in (source, *sorted((tmp_path / "set" / "images").iterdir())):
        client.put_object(Bucket=bucket, Key=f"open/{path.name}", Body=path.read_bytes(), ACL="public-read")
    client.close()
    data = read(f"{endpoint}/{bucket}/open/{source.name}", learnable=False)
    assert len(data) == len(PICTURES)
    assert len(read_inputs(data, 8, cache_dir=tmp_path / "cache").rows) == len(PICTURES)


def test_a_remote_table_and_remote_pictures(bucket: str, tmp_path: Path) -> None:
    for number in range(3):
        picture(tmp_path / "set" / "images" / f"{number}.png", number)
    table = text(tmp_path / "set" / "tags.csv", "image,tags\n0.png,cat\n1.png,dog\n2.png,\n")
    url = upload(tmp_path / "set", bucket, "table")
    for source, images in ((url, None), (f"{url}/tags.csv", None), (table, f"{url}/images")):
        data = read(source, images=images, learnable=False)
        assert [data.tags(row) for row in range(3)] == [("cat",), ("dog",), ()]
        assert all(str(file).startswith(f"{url}/images/") for file in data.files or ())
