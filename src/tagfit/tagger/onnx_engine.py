"""ONNX engine: probabilities of rows by a graph in ONNX Runtime, without torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit import processors
from tagfit.errors import InputError, MissingExtraError
from tagfit.training.represented import Represented, of_scores

# Rows a call: the activations of more leave the processor's cache. Scores do not depend on it.
ROWS_AT_ONCE = 8
INPUT_OF_PICTURES, INPUT_OF_FEATURES, OUTPUT = "pixels", "features", "probabilities"
FEATURES = "last_features"  # the second output, of graphs that end in a linear layer


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
        options.intra_op_num_threads = threads or processors.for_computing()
        options.log_severity_level = 3
        # Threads that wait for work by spinning take the cores that decode the next pictures.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - its errors share no class but this one
            raise InputError(f"ONNX Runtime cannot read the graph: {str(error).splitlines()[0]}") from None
        self.input: str = self._session.get_inputs()[0].name
        self._shapes = {one.name: one.shape for one in self._session.get_outputs()}

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
        return self._run([OUTPUT], inputs, np.arange(len(inputs)) if rows is None else rows)[0]

    def represent(self, inputs: NDArray[Any]) -> Represented:
        """The probabilities of rows with the input of the last layer, or the logits where the graph does not give it.

        Args:
            inputs: as for a call.
        """
        if FEATURES not in self._shapes:
            return of_scores(self(inputs))
        return Represented(*self._run([OUTPUT, FEATURES], inputs, np.arange(len(inputs))))

    def _run(self, outputs: list[str], inputs: NDArray[Any], rows: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        """These outputs, each with a row for each of the rows."""
        parts: list[list[NDArray[np.float32]]] = [
            [np.empty((0, self._shapes[name][1]), dtype=np.float32)] for name in outputs
        ]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            batch = np.ascontiguousarray(inputs[rows[start : start + ROWS_AT_ONCE]])
            for part, values in zip(parts, self._session.run(outputs, {self.input: batch}), strict=True):
                part.append(values)
        return [part[0] if len(part) == 1 else np.concatenate(part[1:]) for part in parts]


def require() -> None:
    """Raise a MissingExtraError unless ONNX Runtime is installed."""
    try:
        import onnxruntime  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtraError("onnx", "an ONNX tagger") from None
