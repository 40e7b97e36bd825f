"""Bulk tagging killed at random moments and started again each time, against an uninterrupted one: the same rows?

    python benchmarks/tagging/kills.py TAGGER PICTURES --kills 30 --seed 0
    python benchmarks/tagging/kills.py TAGGER PICTURES --kills 30 --ray

With ``--ray``, two nodes of a Ray cluster with one processor each tag, and a kill hits one of its workers, or the
command.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "TAGFIT_KILLS_CLUSTER"
LONGEST_WAIT = 8.0  # seconds between two kills on a cluster
TAGFIT = [sys.executable, "-m", "tagfit"]


class Killed:
    """Bulk tagging into one file, killed and continued until enough kills were made.

    Attributes:
        words: of the command, without its output.
        reference: the bytes that an uninterrupted one wrote.
        out: the file.
        kills: how many are wanted.
        hits: how many were made, by what they hit.
        in_the_middle: how many came after the command had written new rows.
    """

    def __init__(self, words: list[str], reference: bytes, out: Path, kills: int) -> None:
        self.words = [*words, "--out", str(out)]
        self.reference = reference
        self.out = out
        self.kills = kills
        self.hits: Counter[str] = Counter()
        self.in_the_middle = 0

    def until_enough(self, next_victim: Callable[[subprocess.Popen[bytes]], tuple[str, int] | None]) -> None:
        """Start the command again and again, and kill what ``next_victim`` waits for (None: the command ended)."""
        while self.hits.total() < self.kills:
            before = self.written()
            process = subprocess.Popen(self.words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            while self.hits.total() < self.kills and (victim := next_victim(process)) is not None:
                what, pid = victim
                self.in_the_middle += self.written() > before
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.hits[what] += 1
                print(f"kill {self.hits.total()} hit {what}: {self.written()} bytes in the journal", flush=True)
                if what == "the command":
                    break
            said = process.communicate()[1].decode()
            if process.returncode not in (0, -signal.SIGKILL):
                sys.exit(f"the command FAILED: {said}")
            if self.out.exists():  # it came to its end: from the beginning again
                self.compare()
                self.out.unlink()
        subprocess.run(self.words, capture_output=True, check=True)
        self.compare()

    def written(self) -> int:
        """Bytes of the journal."""
        journal = Path(f"{self.out}.part")
        return journal.stat().st_size if journal.exists() else 0

    def compare(self) -> None:
        """End where the rows are not those of the uninterrupted command."""
        if self.out.read_bytes() != self.reference:
            sys.exit("the rows DIFFER")


@contextmanager
def two_nodes() -> Iterator[Callable[[], list[int]]]:
    """A Ray cluster that ``--workers auto`` finds; gives the processes of its workers that are busy."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as another:
        head, client = (f"127.0.0.1:{one.getsockname()[1]}" for one in (server, another))
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_ADDRESS": head}
    environment = {**os.environ, MARK: head}
    del environment["RAY_ADDRESS"]

    def processes(title: bytes) -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                ours = f"{MARK}={head}".encode() in (folder / "environ").read_bytes().split(b"\0")
                if ours and (folder / "cmdline").read_bytes().startswith(title):
                    found.append(int(folder.name))
        return found

    try:
        start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--num-cpus=1", "--disable-usage-stats"]
        ports = [f"--port={head.partition(':')[2]}", f"--ray-client-server-port={client.partition(':')[2]}"]
        first = ["--head", "--include-dashboard=false", *ports]
        for node in (first, [f"--address={head}"]):
            subprocess.run([*start, *node], env=environment, capture_output=True, check=True)
        yield lambda: processes(b"ray::tag_batch")
    finally:
        for process in processes(b""):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def main() -> None:
    """Print each kill, then whether the rows are the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tagger", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ray", action="store_true")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        uninterrupted = Path(scratch) / "uninterrupted.jsonl"
        words = [*TAGFIT, "tag", str(options.tagger), str(options.pictures)]
        began = time.perf_counter()
        subprocess.run([*words, "--out", str(uninterrupted)], capture_output=True, check=True)
        took = time.perf_counter() - began
        print(f"uninterrupted: {took:.1f} s", flush=True)

        def the_command(process: subprocess.Popen[bytes]) -> tuple[str, int] | None:
            try:
                process.wait(draw.uniform(0.2, 1.0) * took * 0.7)
            except subprocess.TimeoutExpired:
                return "the command", process.pid
            return None

        if not options.ray:
            killed = Killed(words, uninterrupted.read_bytes(), Path(scratch) / "killed.jsonl", options.kills)
            killed.until_enough(the_command)
        else:
            words += ["--workers", "auto"]
            killed = Killed(words, uninterrupted.read_bytes(), Path(scratch) / "killed.jsonl", options.kills)
            with two_nodes() as busy:

                def one_of_them(process: subprocess.Popen[bytes]) -> tuple[str, int] | None:
                    time.sleep(draw.uniform(0.1, 1.0) * min(took, LONGEST_WAIT))
                    is_worker = draw.random() < 0.6
                    while process.poll() is None:
                        if not is_worker:
                            return "the command", process.pid
                        if workers := busy():
                            return "a worker", draw.choice(workers)
                        time.sleep(0.01)
                    return None

                killed.until_enough(one_of_them)
        print(f"{dict(killed.hits)}, {killed.in_the_middle} after new rows were written; rows the same")


if __name__ == "__main__":
    main()
