"""ONNX graph of a Tagger: exported, compared with torch before it is kept, and given the Tagger's settings."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.problem import Preprocessing
from tagfit.errors import InputError, MissingExtraError
from tagfit.evaluation.scaling import Scaling
from tagfit.tagger import onnx_engine
from tagfit.tagger.tagger import Tagger
from tagfit.training.torch_import import torch_for

# What is compared: one picture alone, the batch that was exported, an odd one, and one as bulk tagging makes it.
BATCHES = (1, 2, 7, 64)
# Of probabilities. Engines sum in different orders; a graph that computes something else is further off.
TOLERANCE = 1e-4
MEASURED = "onnx"


def to_onnx(tagger: Tagger) -> Tagger:
    """The same Tagger with an ONNX graph in place of weights: rows as stored in, calibrated probabilities out.

    ``measured["onnx"]`` of the result has the largest difference from torch over random rows.

    Raises:
        MissingExtraError: torch, onnx, onnxscript or onnxruntime is not installed.
        InputError: a net that ONNX cannot express, or whose graph does not compute the same.
    """
    with torch_for("the ONNX format"):
        from tagfit.training import onnx_export, whole
    onnx_export.require()
    net = whole.build(tagger.recipe, tagger.weights, tagger.preprocessing, len(tagger.labels), net=tagger.net)
    of_features = tagger.preprocessing.size is None
    name = onnx_engine.INPUT_OF_FEATURES if of_features else onnx_engine.INPUT_OF_PICTURES
    graph = whole.graph(net, tagger.preprocessing, name, onnx_engine.OUTPUT)
    if not of_features:
        graph = with_features(graph)
    plain, engine = (onnx_engine.OnnxEngine(one) for one in (graph, calibrated(graph, tagger.calibration)))
    worst = 0.0
    for batch in BATCHES:
        rows = random_rows(tagger.preprocessing, batch)
        for found, expected in ((plain(rows), whole.run(net, rows)), (engine(rows), tagger.probabilities(rows))):
            worst = max(worst, float(np.abs(found - expected).max(initial=0.0)))
    if not worst <= TOLERANCE:
        raise InputError(
            f"the ONNX graph of this net differs from torch by {worst:.2g}, by more than {TOLERANCE:g}",
            instead="the default format",
        )
    about = {"largest_difference": worst, "batches": list(BATCHES), "versions": whole.versions()}
    measured = {**tagger.measured, MEASURED: about}
    return replace(tagger, weights={}, graph=calibrated(graph, tagger.calibration), net=None, measured=measured)


def calibrated(graph: bytes, scaling: Scaling | None) -> bytes:
    """The graph with slope and offset of a scaling before its last sigmoid.

    Raises:
        MissingExtraError: onnx is not installed.
    """
    if scaling is None:
        return graph
    onnx = _onnx()
    model = onnx.load_from_string(graph)
    nodes = model.graph.node
    at = next(number for number, node in enumerate(nodes) if onnx_engine.OUTPUT in node.output)
    logits, last = nodes[at].input[0], nodes[at]
    assert last.op_type == "Sigmoid"
    for name, values in (("slopes", scaling.slopes), ("offsets", scaling.offsets)):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(values, dtype=np.float32), name))
    last.input[0] = "calibrated_logits"
    nodes.insert(at, onnx.helper.make_node("Mul", [logits, "slopes"], ["scaled_logits"]))
    nodes.insert(at + 1, onnx.helper.make_node("Add", ["scaled_logits", "offsets"], ["calibrated_logits"]))
    found: bytes = model.SerializeToString()
    return found


def with_features(graph: bytes) -> bytes:
    """The graph with a second output: the rows (n, D) that its last linear layer takes; unchanged if it has none."""
    onnx = _onnx()
    model = onnx.load_from_string(graph)
    made_by = {output: node for node in model.graph.node for output in node.output}
    node = made_by.get(made_by[onnx_engine.OUTPUT].input[0])
    if node is not None and node.op_type == "Add":  # the bias of a layer without one of its own
        node = next((made_by[name] for name in node.input if name in made_by), None)
    weights = {one.name: one.dims for one in model.graph.initializer}
    if node is None or node.op_type not in ("Gemm", "MatMul") or node.input[1] not in weights:
        return graph
    turned = any(one.name == "transB" and one.i for one in node.attribute)
    width = weights[node.input[1]][1 if turned else 0]
    model.graph.node.append(onnx.helper.make_node("Identity", [node.input[0]], [onnx_engine.FEATURES], "last_features"))
    rows = model.graph.output[0].type.tensor_type.shape.dim[0].dim_param
    kind = onnx.TensorProto.FLOAT
    model.graph.output.append(onnx.helper.make_tensor_value_info(onnx_engine.FEATURES, kind, [rows, width]))
    found: bytes = model.SerializeToString()
    return found


def random_rows(preprocessing: Preprocessing, n: int) -> NDArray[Any]:
    """Rows as a net of this preprocessing takes them: noise, every second picture faint on one colour."""
    rng = np.random.default_rng(n)
    if preprocessing.size is None:
        mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
        return (mean + std * rng.normal(size=(n, len(mean)))).astype(np.float32)
    side = preprocessing.size
    noise = rng.integers(0, 256, size=(n, side, side, 3))
    colours = rng.integers(0, 256, size=(n, 1, 1, 3))
    even = (np.arange(n) % 2 == 1)[:, None, None, None]
    return np.where(even, np.clip(colours + noise // 16 - 8, 0, 255), noise).astype(np.uint8)


def with_settings(graph: bytes, settings: dict[str, Any]) -> bytes:
    """The graph with the settings of its Tagger in its metadata, for programs that read the ``.onnx`` file alone.

    Raises:
        MissingExtraError: onnx is not installed.
    """
    onnx = _onnx()
    model = onnx.load_from_string(graph)
    thresholds, preprocessing = settings["thresholds"], settings["preprocessing"]
    values = {
        "labels": settings["labels"],
        "thresholds": list(thresholds["thresholds"].values()),
        "at_least": thresholds["at_least"],
        "at_most": thresholds["at_most"],
        "size": preprocessing["size"],
        "fit": preprocessing.get("fit", "squash"),
    }
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {name: json.dumps(value) for name, value in values.items()})
    whole: bytes = model.SerializeToString()
    return whole


def _onnx() -> Any:
    try:
        import onnx
    except ModuleNotFoundError:
        raise MissingExtraError("onnx", "writing an ONNX tagger") from None
    return onnx
