"""A server on loopback: what it can do, one picture at a time, and what it does with twice as many as it can.

    python benchmarks/serving.py TAGGER PICTURES --seconds 600
    python benchmarks/serving.py TAGGER PICTURES --peer-python PEER/bin/python

With ``--peer-python``, LitServe (``litserve_peer.py``) serves the same ONNX graph, and both take turns.

Every request is one JPEG file of PICTURES. Capacity is what 32 clients get that ask again as soon as they are answered.
Then requests come at twice that rate, at equal intervals, whether or not those before were answered. Clients and server
share the processors.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

CLIENTS = 32
BOUNDARY = "a-boundary-that-no-picture-holds"
SAMPLE = 3.0  # seconds between two looks at memory; the server closes a connection that is idle for 5


class Client:
    """Requests over connections that are kept and used again."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, bytes, float]:
        """Status, body and seconds of one request; status 0 where the connection failed."""
        begun = time.perf_counter()
        try:
            while self.idle and self.idle[-1][0].at_eof():  # idle for longer than the server keeps it
                self.idle.pop()[1].close()
            reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: {len(body)}\r\n"
            head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
            writer.write(head.encode() + body)
            said = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = re.search(r"content-length: (\d+)", said)
            assert length is not None
            content = await reader.readexactly(int(length[1]))
        except (OSError, EOFError):
            return 0, b"", time.perf_counter() - begun
        if "connection: close" in said:
            writer.close()
        else:
            self.idle.append((reader, writer))
        return int(said.split()[1]), content, time.perf_counter() - begun

    async def figures(self) -> tuple[float, float, float, float]:
        """Memory in MB, processor seconds, and the sum and number of batches."""
        text = (await self.ask("GET", "/metrics"))[1].decode()
        names = ("process_resident_memory_bytes", "process_cpu_seconds_total", "tagfit_batch_pictures_sum",
                 "tagfit_batch_pictures_count")  # fmt: skip
        found = dict(line.split() for line in text.splitlines() if line.startswith(names))
        memory, *others = (float(found[name]) for name in names)
        return memory / 1e6, *others


async def one_at_a_time(client: Client, pictures: Iterator[bytes], seconds: float) -> list[float]:
    """Seconds of requests that do not overlap."""
    until, took = time.perf_counter() + seconds, []
    while time.perf_counter() < until:
        took.append((await client.ask("POST", "/tag", next(pictures)))[2])
    return took


async def capacity(client: Client, pictures: Iterator[bytes], seconds: float) -> float:
    """Pictures a second."""
    begun = time.perf_counter()
    got = await asyncio.gather(*(one_at_a_time(client, pictures, seconds) for _ in range(CLIENTS)))
    return sum(map(len, got)) / (time.perf_counter() - begun)


async def overload(client: Client, pictures: Iterator[bytes], rate: float, seconds: float) -> dict[str, object]:
    """What becomes of requests that come at ``rate`` a second."""
    statuses: Counter[int] = Counter()
    accepted: list[float] = []
    running: set[asyncio.Task[None]] = set()
    memory: list[float] = []
    monitor = Client(client.port)  # with a connection of its own: new ones may be refused

    async def ask(body: bytes) -> None:
        status, _, took = await client.ask("POST", "/tag", body)
        statuses[status] += 1
        if status == 200:
            accepted.append(took)

    await monitor.figures()
    begun = time.perf_counter()
    for number in itertools.count():
        now = time.perf_counter() - begun
        if now > seconds:
            break
        if now > SAMPLE * (len(memory) + 1):
            memory.append((await monitor.figures())[0])
        await asyncio.sleep(max(0.0, number / rate - now))
        task = asyncio.create_task(ask(next(pictures)))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    took = time.perf_counter() - begun
    median, p99 = statistics.median(accepted), statistics.quantiles(accepted, n=100)[98]
    return {
        "seconds": took,
        "offered a second": number / took,
        "answered a second": len(accepted) / took,
        "statuses": dict(statuses),
        "median ms": 1000 * median,
        "p99 ms": 1000 * p99,
        "p99 / median": p99 / median,
        "memory MB, ten times": [round(memory[place * (len(memory) - 1) // 9]) for place in range(10)],
    }


async def measure(port: int, files: list[Path], seconds: float, warm: float) -> None:
    """Print what was measured."""
    client, pictures = Client(port), itertools.cycle([file.read_bytes() for file in files])
    await capacity(client, pictures, warm)
    took = await one_at_a_time(client, pictures, warm)
    print(f"one at a time: median {1000 * statistics.median(took):.1f} ms, {len(took)} requests")
    before = await client.figures()
    rate = await capacity(client, pictures, 2 * warm)
    after = await client.figures()
    asked = after[2] - before[2]
    print(
        f"capacity: {rate:.0f} pictures a second with {CLIENTS} clients, {asked / (after[3] - before[3]):.1f} a batch,"
    )
    print(f"  {1000 * (after[1] - before[1]) / asked:.2f} ms of the server's processor time a picture")
    for name, value in (await overload(client, pictures, 2 * rate, seconds)).items():
        print(f"  {name}: {value:.2f}" if isinstance(value, float) else f"  {name}: {value}")


def processor_seconds(group: int) -> float:
    """Of all processes of a process group."""
    ticks = 0
    for folder in Path("/proc").iterdir():
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # no process
            continue
        if folder.name.isdigit() and int(state[2]) == group:
            ticks += int(state[11]) + int(state[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def turn(name: str, port: int, group: int, forms: list[bytes], seconds: float) -> None:
    """Print what one server does with pictures in forms."""
    client, pictures = Form(port), itertools.cycle(forms)
    for _ in range(600):
        if (await client.ask("POST", "/tag", forms[0]))[0] == 200:
            break
        await asyncio.sleep(0.1)
    else:
        raise SystemExit(f"{name} does not answer")
    await capacity(client, pictures, seconds)
    took = await one_at_a_time(client, pictures, seconds)
    before, begun = processor_seconds(group), client.answered
    rate = await capacity(client, pictures, 2 * seconds)
    each = (processor_seconds(group) - before) / (client.answered - begun)
    p99 = statistics.quantiles(took, n=100)[98]
    print(
        f"{name:9} one at a time: median {1000 * statistics.median(took):.1f} ms, 99 % within {1000 * p99:.1f}; "
        f"{CLIENTS} clients: {rate:.0f} pictures a second, {1000 * each:.2f} ms of processor time each",
        flush=True,
    )


class Form(Client):
    """Requests whose pictures come as forms; an answer that is none ends the comparison."""

    answered = 0

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, bytes, float]:
        """As of any client, with the type of a form."""
        status, content, took = await super().ask(method, path, body, "multipart/form-data; boundary=" + BOUNDARY)
        if status == 0 and self.answered:  # a connection that the server closed because it was idle
            return await self.ask(method, path, body, kind)
        if status not in (0, 200):
            raise SystemExit(f"status {status}: {content!r}")
        self.answered += status == 200
        return status, content, took


def compare(tagger: Path, files: list[Path], peer_python: Path, seconds: float, rounds: int) -> None:
    """tagfit and LitServe in turns, each alone on the machine."""
    size = json.loads((tagger / "tagger.json").read_text())["preprocessing"]["size"]
    opening = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n'.encode()
    forms = [opening + file.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode() for file in files]
    for _ in range(rounds):
        for name in ("tagfit", "LitServe"):
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            ours = [sys.executable, "-m", "tagfit", "serve", str(tagger), "--port", str(port)]
            peer = [peer_python, Path(__file__).parent / "litserve_peer.py", tagger / "model.onnx", size, port]
            words = list(map(str, ours if name == "tagfit" else peer))
            quiet = subprocess.DEVNULL
            with subprocess.Popen(words, stdout=quiet, stderr=quiet, start_new_session=True) as server:
                try:
                    asyncio.run(turn(name, port, server.pid, forms, seconds))
                finally:
                    os.killpg(server.pid, signal.SIGKILL)
        print(f"load {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Start a server, measure, end it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tagger", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--seconds", type=float, default=600, help="of twice the capacity")
    parser.add_argument("--warm", type=float, default=5, help="seconds of warming up, and of each of the first figures")
    parser.add_argument("--peer-python", type=Path, help="of an environment with LitServe, to compare with")
    parser.add_argument("--rounds", type=int, default=3, help="of the comparison")
    options = parser.parse_args()
    files = sorted(options.pictures.rglob("*.jpg"))[:200]
    if options.peer_python:
        compare(options.tagger, files, options.peer_python, options.warm, options.rounds)
        return
    command = [sys.executable, "-m", "tagfit", "serve", str(options.tagger), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines = list(itertools.takewhile(lambda line: line != "}\n", server.stdout))
        port = int(json.loads("".join(lines) + "}")["address"].rpartition(":")[2])
        try:
            asyncio.run(measure(port, files, options.seconds, options.warm))
        finally:
            server.send_signal(signal.SIGTERM)
    print(f"exit code after SIGTERM: {server.returncode}")


if __name__ == "__main__":
    main()
