"""The calls of Ray that bulk tagging makes, in this process: tasks run when one is waited for, the last one first."""

from __future__ import annotations

import importlib.machinery
import pickle
import types
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any


class RayError(Exception):
    pass


class RayTaskError(RayError):
    pass


class WorkerCrashedError(RayError):
    pass


class OutOfMemoryError(RayError):
    pass


class Ref:
    """What stands for a value in the object store: here its bytes, so that what does not travel fails."""

    def __init__(self, compute: Callable[[], Any]) -> None:
        self.compute = compute
        self.done = b""

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self.value(),)

    def value(self) -> bytes:
        self.done = self.done or pickle.dumps(self.compute())
        return self.done


def _arrived(value: bytes) -> Ref:
    return Ref(lambda: pickle.loads(value))


class FakeRay(types.ModuleType):
    """A cluster of ``cpus`` processors.

    Attributes:
        free: processors that are free.
        most_waiting: how many tasks were in flight at a time.
        calls: names of what was called.
        on_a_worker: the context that each task runs in.
        dies: whether the workers of the task of such a number die.
    """

    __version__ = "2.99"

    def __init__(self, cpus: float = 2) -> None:
        super().__init__("ray")
        self.__spec__ = importlib.machinery.ModuleSpec("ray", None)
        self.exceptions = types.SimpleNamespace(
            RayError=RayError,
            RayTaskError=RayTaskError,
            WorkerCrashedError=WorkerCrashedError,
            OutOfMemoryError=OutOfMemoryError,
        )
        self.cpus = self.free = cpus
        self.most_waiting = 0
        self.calls: list[str] = []
        self.options: dict[str, Any] = {}
        self.on_a_worker: Callable[[], AbstractContextManager[object]] = nullcontext
        self.dies: Callable[[int], bool] = lambda _number: False
        self.raises: Exception | None = None
        self._tasks: list[Ref] = []

    def is_initialized(self) -> bool:
        return False

    def init(self, **options: Any) -> None:
        self.calls.append("init")
        self.options = options
        if self.raises is not None:
            raise self.raises

    def shutdown(self) -> None:
        self.calls.append("shutdown")
        self._tasks = []

    def available_resources(self) -> dict[str, float]:
        return {"memory": 1e9, **({"CPU": self.free} if self.free else {})}

    def cluster_resources(self) -> dict[str, float]:
        return {"memory": 1e9, **({"CPU": self.cpus} if self.cpus else {})}

    def put(self, value: object) -> Ref:
        return _arrived(pickle.dumps(value))

    def remote(self, **options: Any) -> Callable[[Callable[..., Any]], Any]:
        self.options |= options

        def decorated(function: Callable[..., Any]) -> Any:
            def send(*arguments: Any) -> Ref:
                sent, number = pickle.dumps((function, arguments)), self.calls.count("task")
                self.calls.append("task")
                task = Ref(lambda: self._run(sent, number))
                self._tasks.append(task)
                self.most_waiting = max(self.most_waiting, len(self._tasks))
                return task

            return types.SimpleNamespace(remote=send)

        return decorated

    def _run(self, sent: bytes, number: int) -> object:
        if self.dies(number):
            return WorkerCrashedError("The worker died unexpectedly while executing this task.")
        with self.on_a_worker():
            function, arguments = pickle.loads(sent)
            return function(*arguments)

    def wait(self, refs: list[Ref], timeout: float) -> tuple[list[Ref], list[Ref]]:
        assert timeout > 0
        if not self.cpus:
            return [], refs
        for task in reversed(self._tasks):
            task.value()
        return refs, []

    def get(self, ref: Ref) -> Any:
        if ref in self._tasks:
            self._tasks.remove(ref)
        value = pickle.loads(ref.value())
        if isinstance(value, Exception):
            raise value
        return value
