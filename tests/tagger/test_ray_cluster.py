"""A Ray cluster gives the rows that this process gives, in their order, and says what is wrong with it before it hangs.

Ray is replaced by a fake of its few calls; ``test_ray_itself.py`` asks the real one.
"""

from __future__ import annotations

import pickle
import shutil
import socket
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fake_ray import FakeRay, RayTaskError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tagfit
from tagfit.errors import InputError, MissingExtraError
from tagfit.tagger import ray_cluster, ray_worker, stream
from tagfit.tagger.picture_paths import list_pictures

BATCH = 3


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PICTURES_AT_ONCE", BATCH)
    monkeypatch.setattr(ray_cluster, "SECONDS_FOR_A_CPU", 0.0)
    monkeypatch.setattr(ray_worker, "_taggers", {})


@pytest.mark.parametrize("name", ["tags.csv", "tags.jsonl", "tags.parquet"])
def test_the_file_is_the_same_byte_for_byte(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")  # paths as they are named here, read from another folder by the workers
    shutil.copytree(photos, "photos")
    Path("broken.png").write_bytes(b"<html>")
    with zipfile.ZipFile("photos.zip", "w") as archive:
        for file in sorted(photos.iterdir())[:7]:
            archive.write(file, f"deep/{file.name}")

    @contextmanager
    def elsewhere() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.chdir("/")
            yield

    ray.on_a_worker = elsewhere
    places = ["broken.png", "photos", "photos.zip"]
    plain = tagfit.tag_to_file(saved_once, places, f"plain-{name}")
    there = tagfit.tag_to_file(saved_once, places, f"there-{name}", workers="local")
    assert (there.pictures, there.unreadable) == (plain.pictures, plain.unreadable) == (48, 1)
    assert Path(f"there-{name}").read_bytes() == Path(f"plain-{name}").read_bytes()


def test_remote_pictures_are_read_by_the_workers_and_travel_without_their_listing(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay
) -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    memory = fsspec.filesystem("memory")
    for file in photos.iterdir():
        memory.pipe_file(f"/ray-pictures/{file.name}", file.read_bytes())
    try:
        tagfit.tag_to_file(saved_once, "memory://ray-pictures", tmp_path / "plain.csv")
        tagfit.tag_to_file(saved_once, "memory://ray-pictures", tmp_path / "there.csv", workers="auto")
        assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()
        place = list_pictures(["memory://ray-pictures"])[0]
        assert b"39.png" not in ray_worker.packed([place])
    finally:
        memory.rm("/ray-pictures", recursive=True)


@pytest.mark.parametrize("ending", ["zip", "tar"])
def test_an_archive_is_opened_once_in_each_worker(photos: Path, tmp_path: Path, ending: str) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "photos"), ending, photos))
    here = list_pictures([archive])
    some, others = (pickle.loads(ray_worker.packed(one)) for one in (here[:3], here[3:]))
    assert len({id(place.store) for place in [*some, *others]}) == 1
    assert [place.read_bytes() for place in [*some, *others]] == [place.read_bytes() for place in here]


def test_few_batches_are_in_flight_and_each_has_one_processor(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay
) -> None:
    ray.cpus = ray.free = 1
    seen: list[tuple[int, int]] = []
    tagfit.tag_to_file(
        saved_once, photos, tmp_path / "tags.csv", workers="local", on_tagged=lambda *one: seen.append(one)
    )
    assert ray.calls.count("task") == 14
    assert ray.most_waiting == ray_cluster.BATCHES_PER_CPU + 1
    assert (ray.options["num_cpus"], ray.options["max_retries"]) == (1, ray_cluster.RETRIES)
    assert seen == [(min(40, BATCH * (one + 1)), 40) for one in range(14)]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=4))
def test_an_interrupted_call_is_continued_here_or_there_and_repeats_and_loses_nothing(
    saved_once: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory, ray: FakeRay,
    stops: list[tuple[int, bool]],
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("cut")
    tagfit.tag_to_file(saved_once, photos, folder / "whole.jsonl")
    out = folder / "tags.jsonl"
    for stop, there in stops:
        calls = iter(range(100))

        def killed(_done: int, _of: int, calls: object = calls, stop: int = stop) -> None:
            if next(calls) == stop:  # type: ignore[call-overload]
                raise KeyboardInterrupt

        try:
            tagfit.tag_to_file(saved_once, photos, out, workers="local" if there else None, on_tagged=killed)
        except KeyboardInterrupt:
            assert not out.exists()
            continue
        break
    else:
        before = ray.calls.count("task")
        left = tagfit.tag_to_file(saved_once, photos, out, workers="local")
        assert ray.calls.count("task") - before == -(-(40 - left.resumed) // BATCH)
    assert out.read_bytes() == (folder / "whole.jsonl").read_bytes()


def refused(saved: Path, photos: Path, out: Path, workers: str = "local") -> str:
    with pytest.raises(InputError) as caught:
        tagfit.tag_to_file(saved, photos, out, workers=workers)
    assert not out.exists()
    return str(caught.value)


def test_a_cluster_without_a_free_processor_is_refused(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay
) -> None:
    ray.cpus, ray.free = 8, 0.5
    assert "has no free CPU: 0.5 of 8 are free" in refused(saved_once, photos, tmp_path / "tags.csv")
    assert "task" not in ray.calls
    assert list(tmp_path.iterdir()) == []


def test_machines_that_leave_end_the_wait(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "put", lambda _model: setattr(ray, "cpus", 0))
    assert "has no machine with a CPU any more (the same command continues" in refused(
        saved_once, photos, tmp_path / "tags.csv"
    )


def test_what_does_not_answer_is_refused_within_a_time(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"ray://127.0.0.1:{closed.getsockname()[1]}"
        assert f"nothing answers at {address}: " in refused(saved_once, photos, tmp_path / "tags.csv", address)
    assert ray.calls == []
    with socket.create_server(("127.0.0.1", 0)) as other:
        ray.raises = ConnectionError("ray client connection timeout")
        address = f"ray://127.0.0.1:{other.getsockname()[1]}"
        said = refused(saved_once, photos, tmp_path / "tags.csv", address)
    assert f"no connection to the Ray cluster {address}: ray client connection timeout" in said
    assert "Ray 2.99, and RAY_AUTH_MODE=token if it asks for a token" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "workers",
    ["", "ray", "Local", "host:10001", "ray://", "ray://host", "ray://host:0", "ray://host:70000", "ray://host:x",
     "ray://:10001", "http://host:10001", "ray://me@host:10001", "ray://host:10001/path", "ray://[::1:10001"],
)  # fmt: skip
def test_what_names_no_cluster_is_refused(workers: str, ray: FakeRay) -> None:
    with pytest.raises(InputError, match=r"ray://HOST:PORT, auto or local"):
        ray_cluster.check(workers)


@pytest.mark.parametrize("workers", ["local", "auto", "ray://host:10001", "ray://[::1]:10001"])
def test_what_names_one_needs_the_extra(workers: str, ray: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    ray_cluster.check(workers)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tagfit\[ray\]'"):
        ray_cluster.check(workers)


def test_pictures_that_the_workers_do_not_see_stop_it_and_one_that_was_removed_is_a_row(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay
) -> None:
    here, away = shutil.copytree(photos, tmp_path / "here"), tmp_path / "away"

    @contextmanager
    def on_another_machine() -> Iterator[None]:
        here.rename(away)
        yield
        away.rename(here)

    ray.on_a_worker = on_another_machine
    said = refused(saved_once, here, tmp_path / "tags.csv")
    assert f"cannot see {here / '00.png'} (a path that all machines share, or a URL)" in said
    assert socket.gethostname() in said

    @contextmanager
    def removed() -> Iterator[None]:
        (here / "00.png").unlink(missing_ok=True)
        yield

    ray.on_a_worker = removed
    assert tagfit.tag_to_file(saved_once, here, tmp_path / "tags.csv", workers="local").unreadable == 1


def test_another_version_on_a_worker_is_refused(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def older() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(tagfit, "__version__", "0.0.1")
            yield

    ray.on_a_worker = older
    said = refused(saved_once, photos, tmp_path / "tags.csv")
    assert f"tagfit 0.0.1 is installed there, and {tagfit.__version__} here" in said


def test_a_worker_without_tagfit_and_a_cluster_that_is_lost_say_so(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay
) -> None:
    raised: list[Exception] = [
        RayTaskError("ray::tag_batch()\nModuleNotFoundError: No module named 'tagfit.tagger'"),
        ConnectionError("Client is shutting down."),
        RayTaskError("ZeroDivisionError"),
    ]

    @contextmanager
    def failing() -> Iterator[None]:
        raise raised[0]
        yield

    ray.on_a_worker = failing
    assert f"pip install tagfit=={tagfit.__version__}" in refused(saved_once, photos, tmp_path / "tags.csv")
    raised.pop(0)
    assert "was lost: Client is shutting down. (the same command continues" in refused(
        saved_once, photos, tmp_path / "tags.csv"
    )
    raised.pop(0)
    with pytest.raises(RayTaskError):  # a fault of the code stays one
        tagfit.tag_to_file(saved_once, photos, tmp_path / "tags.csv", workers="local")


def test_a_batch_whose_workers_all_die_is_named_and_those_before_it_are_kept(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay
) -> None:
    ray.dies = lambda number: number == 4
    said = refused(saved_once, photos, tmp_path / "tags.jsonl")
    assert f"that tagged {photos / '12.png'} to {photos / '14.png'} died 6 times" in said
    ray.dies = lambda _number: False
    assert tagfit.tag_to_file(saved_once, photos, tmp_path / "tags.jsonl", workers="local").resumed == 12
    tagfit.tag_to_file(saved_once, photos, tmp_path / "plain.jsonl")
    assert (tmp_path / "tags.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()


def test_a_process_that_is_connected_already_is_refused(
    saved_once: Path, photos: Path, tmp_path: Path, ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    assert "connected to a Ray cluster already (ray.shutdown() before)" in refused(
        saved_once, photos, tmp_path / "tags.csv"
    )
