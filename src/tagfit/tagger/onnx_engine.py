"""ONNX engine: probabilities of rows by a graph in ONNX Runtime, without torch."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError, MissingExtraError

# Rows a call: more make the activations leave the processor's cache and need memory, fewer leave cores idle.
ROWS_AT_ONCE = 64
INPUT_OF_PICTURES, INPUT_OF_FEATURES, OUTPUT = "pixels", "features", "probabilities"


class OnnxEngine:
    """A graph of :func:`tagfit.tagger.onnx_graph.graph_of`, ready to run.

    Args:
        graph: the bytes of a ``.onnx`` file.
        threads: of the processor; None for all that this process may use.

    Attributes:
        input: the name of its input.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        InputError: no graph that it can run.
    """

    def __init__(self, graph: bytes, threads: int | None = None) -> None:
        require()
        import onnxruntime

        onnxruntime.disable_telemetry_events()  # nothing leaves the machine
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or _processors()
        options.log_severity_level = 3
        # Threads that wait for work by spinning take the cores that decode the next pictures.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - its errors share no class but this one
            raise InputError(f"ONNX Runtime cannot read the graph: {str(error).splitlines()[0]}") from None
        self.input: str = self._session.get_inputs()[0].name

    @property
    def metadata(self) -> dict[str, str]:
        """What the graph says about itself."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, inputs: NDArray[Any], rows: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Probabilities of shape (n, L).

        Args:
            inputs: (N, size, size, 3) uint8 pixels, or (N, D) float32 features.
            rows: (n,) which of them; None for all.
        """
        chosen = np.arange(len(inputs)) if rows is None else rows
        parts = []
        for start in range(0, len(chosen), ROWS_AT_ONCE):
            batch = np.ascontiguousarray(inputs[chosen[start : start + ROWS_AT_ONCE]])
            parts += self._session.run([OUTPUT], {self.input: batch})
        if parts:
            return np.concatenate(parts)
        return np.empty((0, self._session.get_outputs()[0].shape[1]), dtype=np.float32)


def require() -> None:
    """Raise a MissingExtraError unless ONNX Runtime is installed."""
    try:
        import onnxruntime  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtraError("onnx", "an ONNX tagger") from None


def _processors() -> int:
    """The processors that this process may use, or OMP_NUM_THREADS if set."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
