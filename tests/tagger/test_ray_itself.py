"""Ray itself, asked by the command line: a cluster of two nodes with one processor each, both on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import in_a_process

pytest.importorskip("ray", reason="Ray is not installed")

SETTINGS = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
MARK = "TAGFIT_TEST_CLUSTER"
PICTURES = 600  # five batches
# A program that takes both processors until its input ends.
HOLDER = """
import ray, sys

@ray.remote(num_cpus=1)
class Held:
    def ready(self):
        return True

ray.init(sys.argv[1])
held = [Held.remote() for _ in range(2)]
ray.get([one.ready.remote() for one in held])
print("held", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Cluster:
    """Processes of a cluster, known by a variable of their environment.

    Attributes:
        address: of its client server.
        head: of the cluster itself.
        mark: the value of that variable.
    """

    address: str
    head: str
    mark: str

    def processes(self, name: str = "") -> list[int]:
        """The processes whose title begins with ``name``."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                ours = f"{MARK}={self.mark}".encode() in (folder / "environ").read_bytes().split(b"\0")
                if ours and (folder / "cmdline").read_bytes().startswith(name.encode()):
                    found.append(int(folder.name))
            except (OSError, ValueError):  # not a process, not ours, or gone
                continue
        return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes of one processor each."""
    client, made = free_port(), uuid.uuid4().hex
    head = f"127.0.0.1:{free_port()}"
    ours = Cluster(f"ray://127.0.0.1:{client}", head, made)
    environment = {**os.environ, **SETTINGS, MARK: made, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-m", "ray.scripts.scripts", "start", "--num-cpus=1"]

    def start(*more: str) -> None:
        done = subprocess.run([*words, *more], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        port = head.partition(":")[2]
        start("--head", f"--port={port}", "--include-dashboard=false", f"--ray-client-server-port={client}")
        start(f"--address={head}")
        yield ours
    finally:
        for process in ours.processes():
            os.kill(process, signal.SIGKILL)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More pictures than a batch, one of them broken."""
    folder = tmp_path_factory.mktemp("many")
    generator = np.random.default_rng(1)
    for number in range(PICTURES):
        Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(folder / f"{number:04}.png")
    (folder / "0300.png").write_bytes(b"<html>")
    return folder


def test_a_cluster_on_this_machine_writes_the_same_file(saved_once: Path, many: Path, tmp_path: Path) -> None:
    plain = in_a_process("tag", saved_once, many, "--out", tmp_path / "plain.jsonl")
    assert plain.returncode == 0, plain.stderr
    there = in_a_process("tag", saved_once, many, "--out", tmp_path / "there.jsonl", "--workers", "local", **SETTINGS)
    assert (there.returncode, there.stderr) == (0, b"")
    assert there.stdout.splitlines()[0].endswith(b"there.jsonl: 600 pictures; 1 could not be read")
    assert (tmp_path / "there.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()


@pytest.mark.long
def test_killed_workers_and_a_killed_command_lose_and_repeat_nothing(
    saved_once: Path, many: Path, tmp_path: Path, cluster: Cluster
) -> None:
    assert in_a_process("tag", saved_once, many, "--out", tmp_path / "plain.jsonl").returncode == 0
    out, journal = tmp_path / "there.jsonl", tmp_path / "there.jsonl.part"
    words = ["-m", "tagfit", "tag", str(saved_once), str(many), "--out", str(out), "--workers", "auto"]
    environment = {**os.environ, **SETTINGS, "RAY_ADDRESS": cluster.head, "PYTHONPATH": os.pathsep.join(sys.path)}
    kills = 0
    for is_driver_killed in (True, False):
        command = subprocess.Popen([sys.executable, *words], env=environment, stderr=subprocess.PIPE)
        while command.poll() is None:
            if is_driver_killed and journal.exists() and journal.read_bytes().count(b"\n") > 1:
                command.kill()
                break
            if not is_driver_killed and kills < 4 and (busy := cluster.processes("ray::tag_batch")):
                os.kill(busy[0], signal.SIGKILL)
                kills += 1
            time.sleep(0.005)
        _, said = command.communicate()
        assert command.returncode == (-signal.SIGKILL if is_driver_killed else 0), said.decode()
    assert kills == 4
    assert out.read_bytes() == (tmp_path / "plain.jsonl").read_bytes()


@pytest.mark.long
def test_a_busy_cluster_is_refused_and_nothing_is_written(
    saved_once: Path, many: Path, tmp_path: Path, cluster: Cluster
) -> None:
    words, environment = [sys.executable, "-c", HOLDER, cluster.head], {**os.environ, **SETTINGS}
    with subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        out = tmp_path / "tags.csv"
        done = in_a_process("tag", saved_once, many, "--out", out, "--workers", cluster.address, **SETTINGS)
    assert done.returncode == 2
    assert b"has no free CPU: 0 of 2 are free" in done.stderr
    assert list(tmp_path.iterdir()) == []
