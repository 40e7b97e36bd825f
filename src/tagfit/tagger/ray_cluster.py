"""Ray cluster: pictures are tagged by the processes of a Ray cluster, batch by batch, and their rows come in order."""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
import time
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tagfit
from tagfit.data.pictures.sources import Place
from tagfit.errors import Fault, InputError, MissingExtraError
from tagfit.tagger.ray_worker import Answer, packed, tag_batch
from tagfit.tagger.stream import TagEach, Tagged, batches
from tagfit.tagger.tagger import Tagger

LOCAL, AUTO, SCHEME = "local", "auto", "ray"
FORMS = "ray://HOST:PORT, auto or local"
SECONDS_TO_REACH = 5.0
# What held a processor a moment ago, such as an interrupted call, gives it back within seconds.
SECONDS_FOR_A_CPU = 10.0
SECONDS_WITHOUT_NEWS = 30.0
# Batches in flight for each processor: the first of them may have to be done again while the others go on.
BATCHES_PER_CPU = 4
# How often a batch is given to another worker when its own dies.
RETRIES = 5
SHOWN_LETTERS = 300
# A Ray client server starts a process for each client, and gives up on it within 30 seconds, also on a busy machine.
SLOW_SERVER, ATTEMPTS = "Initialization failure from server", 3
INSTEAD = {
    AUTO: "ray start --head on this machine, or ray://HOST:PORT",
    LOCAL: "the same command without --workers needs no cluster",
    SCHEME: "a Ray client server of Ray {}, and RAY_AUTH_MODE=token if it asks for a token",
}
CONTINUE = "the same command continues where it was"


def check(workers: str) -> None:
    """Raise an InputError unless ``workers`` names a cluster by its form, and Ray is installed."""
    if workers not in (LOCAL, AUTO):
        _address(workers)
    if any(importlib.util.find_spec(name) is None for name in ("ray", "grpc")):
        raise MissingExtraError("ray", "tagging on a Ray cluster")


@contextmanager
def connected(workers: str) -> Iterator[TagEach]:
    """Connect to a cluster, or start one on this machine, for as long as the block runs.

    Args:
        workers: ``ray://HOST:PORT`` of a Ray client server, ``auto`` for the cluster that this machine is a part of, or
            ``local`` for one on this machine alone.

    Returns:
        what tags pictures there, as ``stream.tag_each`` does here.

    Raises:
        InputError: no such form, nothing that answers, another version of Ray or Python, or no free processor.
    """
    check(workers)
    if workers not in (LOCAL, AUTO):
        _refuse_unreachable(workers)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine
    import ray

    if ray.is_initialized():
        raise InputError("this process is connected to a Ray cluster already", instead="ray.shutdown() before")
    _connect(ray, workers)
    try:
        _refuse_without_cpu(ray, workers)
        yield partial(_tag_each, workers)
    finally:
        ray.shutdown()


def _address(workers: str) -> tuple[str, int]:
    try:
        parts = urlsplit(workers)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or workers != f"{SCHEME}://{parts.netloc}" or "@" in parts.netloc:
        raise InputError(f"{workers!r} names no Ray cluster", instead=FORMS)
    return host, port


def _refuse_unreachable(workers: str) -> None:
    try:
        socket.create_connection(_address(workers), SECONDS_TO_REACH).close()
    except OSError as error:
        raise InputError(
            f"nothing answers at {workers}: {error.strerror or error}",
            instead="the host and the port of the Ray client server, by default 10001",
        ) from None


def _connect(ray: Any, workers: str) -> None:
    of_this_machine = {"include_dashboard": False} if workers == LOCAL else {}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ray.init(address=workers, logging_level=logging.ERROR, log_to_driver=False, **of_this_machine)
        except (ConnectionError, RuntimeError, ValueError) as error:
            if SLOW_SERVER in str(error) and attempt < ATTEMPTS:
                continue
            raise InputError(
                f"no connection to the Ray cluster {workers}: {_said(error)}",
                instead=INSTEAD.get(workers, INSTEAD[SCHEME]).format(ray.__version__),
            ) from None
        return


def _refuse_without_cpu(ray: Any, workers: str) -> None:
    deadline = time.monotonic() + SECONDS_FOR_A_CPU
    while (free := ray.available_resources().get("CPU", 0.0)) < 1:
        if time.monotonic() > deadline:
            raise InputError(
                f"the Ray cluster {workers} has no free CPU: {free:g} of {_cpus(ray):g} are free",
                instead="wait until other jobs have ended, or add a machine",
            )
        time.sleep(0.2)


def _cpus(ray: Any) -> float:
    return float(ray.cluster_resources().get("CPU", 0.0))


def _tag_each(workers: str, model: Tagger, pictures: Sequence[Place]) -> Iterator[list[Tagged]]:
    """The rows of pictures in their order, as ``stream.tag_each`` gives them."""
    import ray

    task: Any = ray.remote(num_cpus=1, max_retries=RETRIES)(tag_batch)
    waiting: deque[tuple[Sequence[Place], Any]] = deque()
    with _faults_of(ray, workers, waiting):
        # A copy, since an engine that was used here does not travel.
        given = (tagfit.__version__, model.fingerprint, (ray.put(replace(model)),))
        for batch in batches(model, pictures):
            waiting.append((batch, task.remote(*given, packed(batch))))
            if len(waiting) > BATCHES_PER_CPU * max(1.0, _cpus(ray)):  # asked again, since a cluster may grow
                yield _first_rows(ray, workers, waiting)
        while waiting:
            yield _first_rows(ray, workers, waiting)


@contextmanager
def _faults_of(ray: Any, workers: str, waiting: deque[tuple[Sequence[Place], Any]]) -> Iterator[None]:
    """Turn what a cluster does to a user into InputErrors; a fault of the code stays what it is."""
    try:
        yield
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
        batch = waiting[0][0]
        raise InputError(
            f"the workers that tagged {batch[0]} to {batch[-1]} died {RETRIES + 1} times",
            instead=f"more memory for each of them, or without a picture that ends the process; {CONTINUE}",
        ) from None
    except (ray.exceptions.RayError, ConnectionError, ModuleNotFoundError) as error:
        if "No module named 'tagfit" in str(error):
            raise InputError(
                f"a machine of {workers} has no tagfit, or another version",
                instead=f"pip install tagfit=={tagfit.__version__}",
            ) from None
        if isinstance(error, ray.exceptions.RayTaskError | ModuleNotFoundError):
            raise
        raise InputError(f"the Ray cluster {workers} was lost: {_said(error)}", instead=CONTINUE) from None


def _said(error: Exception) -> str:
    """What Ray says, in one line: it prints a traceback of the server where there is one."""
    return " ".join(str(error).split())[:SHOWN_LETTERS]


def _first_rows(ray: Any, workers: str, waiting: deque[tuple[Sequence[Place], Any]]) -> list[Tagged]:
    """The rows of the batch that was sent first, under the names that its pictures have here.

    Raises:
        InputError: the machine that tagged it lacks something.
    """
    batch, task = waiting[0]
    while not ray.wait([task], timeout=SECONDS_WITHOUT_NEWS)[0]:
        if _cpus(ray) < 1:
            raise InputError(f"the Ray cluster {workers} has no machine with a CPU any more", instead=CONTINUE)
    answer: Answer = ray.get(task)
    waiting.popleft()
    where = f"the machine {answer.host} of {workers}"
    if answer.faults:
        raise InputError(
            [Fault(f"{fault.where}: {fault.what}" if fault.where else fault.what, where, fault.instead)
             for fault in answer.faults]
        )  # fmt: skip
    for picture in (batch[number] for number in answer.unseen):
        if isinstance(picture, Path) and picture.exists():  # else it was removed, and its row says so
            raise InputError(
                Fault(f"cannot see {picture.absolute()}", where, "a path that all machines share, or a URL")
            )
    return [replace(one, picture=str(picture)) for picture, one in zip(batch, answer.rows, strict=True)]
