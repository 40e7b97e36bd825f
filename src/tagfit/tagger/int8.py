"""Int8: an ONNX graph whose layers compute with whole numbers of 8 bits, their ranges taken from real rows."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError
from tagfit.tagger import onnx_engine

# Rows that the ranges are taken from, and how many at once.
ROWS, ROWS_AT_ONCE = 256, 16
ROWS_TO_TIME, TIMES = 64, 3


def quantised(graph: bytes, rows: NDArray[Any]) -> bytes:
    """The graph in 8 bits.

    Weights are rounded a channel at a time and use 7 bits, so that sums never overflow and every processor computes
    the same; activations have the ranges that they have for ``rows``. The last layer stays exact.

    Args:
        graph: of float32.
        rows: of train, as the graph takes them.

    Raises:
        InputError: a graph with nothing in it that can be rounded.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    name = onnx_engine.OnnxEngine(graph).input
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact, prepared, rounded = (Path(folder) / f"{step}.onnx" for step in ("exact", "prepared", "rounded"))
        exact.write_bytes(graph)
        try:
            quant_pre_process(exact, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                rounded,
                _reader(name, rows),
                quant_format=QuantFormat.QDQ,
                nodes_to_exclude=_last_nodes(prepared),
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
                activation_type=QuantType.QUInt8,
            )
        except Exception as error:  # noqa: BLE001 - what it raises depends on the operations of the net
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise InputError(f"ONNX Runtime cannot quantise this net: {reason}", instead="no --int8") from None
        return rounded.read_bytes()


def _last_nodes(path: Path) -> list[str]:
    """The names of the last layer and its sigmoid, which stay exact: 256 steps are too few for scores."""
    import onnx

    made_by = {output: node for node in onnx.load(path).graph.node for output in node.output}
    sigmoid = made_by[onnx_engine.OUTPUT]
    return [node.name for node in (sigmoid, made_by.get(sigmoid.input[0])) if node is not None]


def times(graphs: dict[str, bytes], rows: NDArray[Any]) -> dict[str, float]:
    """Milliseconds of one processor for a row, the best of some turns; the graphs take turns."""
    engines = {name: onnx_engine.OnnxEngine(graph, threads=1) for name, graph in graphs.items()}
    some = rows[:ROWS_TO_TIME]
    best = dict.fromkeys(graphs, np.inf)
    for _ in range(TIMES):
        for name, engine in engines.items():
            began = time.process_time()
            engine(some)
            best[name] = min(best[name], (time.process_time() - began) / max(1, len(some)) * 1000)
    return {name: float(value) for name, value in best.items()}


def _reader(name: str, rows: NDArray[Any]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.batches = _batches(name, rows)

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            return next(self.batches, None)

    return Reader()


def _batches(name: str, rows: NDArray[Any]) -> Iterator[dict[str, NDArray[Any]]]:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield {name: np.ascontiguousarray(rows[start : start + ROWS_AT_ONCE])}
