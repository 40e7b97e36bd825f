"""Inference: the JSON documents of the Open Inference Protocol (version 2)."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tagfit
from tagfit.server.limits import Limits, RefusedError
from tagfit.server.uploads import too_many
from tagfit.tagger import Tagger
from tagfit.tagger.onnx_engine import INPUT_OF_PICTURES as INPUT
from tagfit.tagger.onnx_engine import OUTPUT

EXPECTED = 'a JSON object such as {"inputs": [{"name", "shape", "datatype", "data"}]}'


def server_metadata() -> dict[str, Any]:
    """Of ``GET /v2``."""
    return {"name": "tagfit", "version": tagfit.__version__, "extensions": []}


def model_metadata(model: Tagger, name: str) -> dict[str, Any]:
    """Of ``GET /v2/models/M``; the labels are a parameter of the output."""
    size = model.preprocessing.size
    labels = {"labels": json.dumps(model.labels, ensure_ascii=False)}
    return {
        "name": name,
        "versions": [model.fingerprint],
        "platform": f"tagfit_{model.engine}",
        "inputs": [{"name": INPUT, "datatype": "UINT8", "shape": [-1, size, size, 3]}],
        "outputs": [{"name": OUTPUT, "datatype": "FP32", "shape": [-1, len(model.labels)], "parameters": labels}],
    }


def read(body: bytes, size: int, limits: Limits) -> tuple[NDArray[np.uint8], str | None]:
    """The pixels of a request, of shape (n, size, size, 3), and its id.

    Args:
        body: JSON.
        size: of the model's pictures.
        limits: of the pictures of a request.

    Raises:
        RefusedError: the first thing that is wrong (400), or too many pictures (413).
    """
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"the request is not JSON: {error}") from None
    inputs = _part(request, "inputs", list)
    if len(inputs) != 1:
        raise RefusedError(400, f"{len(inputs)} inputs; the model has one, {INPUT!r}")
    said = inputs[0]
    if (name := _part(said, "name", str)) != INPUT:
        raise RefusedError(400, f"there is no input {name!r}; the model has {INPUT!r}")
    if (datatype := _part(said, "datatype", str)) != "UINT8":
        raise RefusedError(400, f"datatype {datatype}; {INPUT!r} is UINT8")
    shape = _part(said, "shape", list)
    if not _is_shape(shape, size):
        raise RefusedError(400, f"shape {shape}; {INPUT!r} is [n, {size}, {size}, 3], n at least 1")
    if shape[0] > limits.pictures:
        raise too_many(limits)
    _check_outputs(request.get("outputs"))
    identity = request.get("id")
    if not isinstance(identity, str | None):
        raise RefusedError(400, '"id" is not a text')
    return _tensor(_part(said, "data", list), shape), identity


def answer(model: Tagger, name: str, scores: NDArray[np.float32], identity: str | None) -> dict[str, Any]:
    """The document with the probabilities of a request."""
    output = {"name": OUTPUT, "datatype": "FP32", "shape": list(scores.shape), "data": scores.ravel().tolist()}
    about = {} if identity is None else {"id": identity}
    return {"model_name": name, "model_version": model.fingerprint, **about, "outputs": [output]}


def _part(document: Any, name: str, kind: type) -> Any:
    if not isinstance(document, dict):
        raise RefusedError(400, f"expected {EXPECTED}")
    if not isinstance(document.get(name), kind):
        problem = "is missing" if name not in document else "is of another type"
        raise RefusedError(400, f'"{name}" {problem}; expected {EXPECTED}')
    return document[name]


def _is_shape(shape: list[Any], size: int) -> bool:
    numbers = all(isinstance(one, int) and not isinstance(one, bool) for one in shape)
    return numbers and len(shape) == 4 and shape[0] >= 1 and shape[1:] == [size, size, 3]


def _check_outputs(outputs: Any) -> None:
    if outputs is None:
        return
    for one in outputs if isinstance(outputs, list) else [outputs]:
        if not isinstance(one, dict) or one.get("name") != OUTPUT:
            raise RefusedError(400, f'"outputs" names what there is not; the model has {OUTPUT!r}')


def _tensor(data: list[Any], shape: list[int]) -> NDArray[np.uint8]:
    """Flat or nested lists of whole numbers from 0 to 255 as an array."""
    wanted = math.prod(shape)
    try:
        values = np.asarray(data)
    except (ValueError, OverflowError):  # ragged lists, numbers of no size
        values = np.empty(0, object)
    if values.dtype.kind not in "iu":
        raise RefusedError(400, '"data" is not a flat or regular nested list of whole numbers')
    if values.size != wanted or values.shape not in ((wanted,), tuple(shape)):
        raise RefusedError(400, f'"data" has shape {list(values.shape)}; expected {shape}, or flat [{wanted}]')
    if values.min() < 0 or values.max() > 255:
        raise RefusedError(400, '"data" has numbers outside 0 to 255')
    return values.reshape(shape).astype(np.uint8)
