"""OpenAPI: the document that describes the server to programs."""

from __future__ import annotations

from typing import Any

import tagfit
from tagfit.server.limits import Limits
from tagfit.server.served import Served

JSON, TEXT = "application/json", "text/plain"
ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
RECORD = {
    "type": "object",
    "required": ["picture", "tags", "scores"],
    "properties": {
        "picture": {"type": "string", "description": 'The file name of the part; "picture" for a body.'},
        "tags": {"type": "array", "items": {"type": "string"}},
        "scores": {"type": "object", "additionalProperties": {"type": "number"}, "description": "By label."},
        "problem": {"type": "string", "description": "Why it could not be read; it has no tags and no scores."},
    },
}


def document(served: Served, limits: Limits) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a server."""
    model, name = served.model, served.name
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"tagfit serve {name}",
            "version": tagfit.__version__,
            "description": f"Tags pictures with {len(model.labels)} labels: {', '.join(model.labels)}.",
        },
        "paths": {
            "/tag": {"post": _tag(limits)},
            "/v2": {"get": _get("Name and version of the server")},
            "/v2/health/live": {"get": _get("Whether the server runs")},
            "/v2/health/ready": {"get": _get("Whether the server takes requests", {"503": "it is about to end"})},
            "/v2/models/{name}": {"parameters": [NAME], "get": _get("Inputs, outputs and labels", NOT_THERE)},
            "/v2/models/{name}/ready": {"parameters": [NAME], "get": _get("Whether the model is ready", NOT_THERE)},
            "/v2/models/{name}/infer": {"parameters": [NAME], "post": _infer(served, limits)},
            "/metrics": {"get": _get("Metrics in the format of Prometheus", kind=TEXT)},
            "/openapi.json": {"get": _get("This document")},
        },
        "components": {
            "schemas": {"Error": ERROR, "Tagged": RECORD},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


NOT_THERE = {"404": "there is no such model"}


def _refusals(limits: Limits) -> dict[str, str]:
    return {
        "408": f"the request did not arrive within {limits.body_seconds:g} s",
        "413": f"more than {limits.request_bytes:,} bytes or {limits.pictures} pictures",
        "503": f"the queue of {limits.queue} pictures is full; Retry-After says when to try again",
        "504": f"no answer within {limits.answer_seconds:g} s",
    }


def _tag(limits: Limits) -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    files = {"type": "array", "items": {"type": "string", "format": "binary"}}
    form = {"schema": {"type": "object", "properties": {"picture": files}}}
    answer = {"type": "object", "properties": {"pictures": {"type": "array", "items": _ref("Tagged")}}}
    refused = {"400": "a form that cannot be read", "422": "no picture can be read", **_refusals(limits)}
    return {
        "summary": "Tags and scores of one picture, or of many",
        "description": "The body is one picture; a form (multipart/form-data) has one or many, each with a file name.",
        "requestBody": {"required": True, "content": {"application/octet-stream": binary, "multipart/form-data": form}},
        "responses": {"200": _response("Tags and scores", answer), **_errors(refused)},
    }


def _infer(served: Served, limits: Limits) -> dict[str, Any]:
    size, labels = served.model.preprocessing.size, len(served.model.labels)
    tensor = {"type": "object", "required": ["name", "shape", "datatype", "data"]}
    properties = {"id": {"type": "string"}, "inputs": {"type": "array", "items": tensor}}
    body = {"schema": {"type": "object", "required": ["inputs"], "properties": properties}}
    refused = {"400": "another input than the model has", **NOT_THERE, **_refusals(limits)}
    pixels, scores = f"UINT8 [n, {size}, {size}, 3]", f"FP32 [n, {labels}]"
    return {
        "summary": "Probabilities of pixels, by the Open Inference Protocol",
        "description": f'One input "pixels", {pixels}; one output "probabilities", {scores}.',
        "requestBody": {"required": True, "content": {JSON: body}},
        "responses": {"200": _response("Probabilities", {"type": "object"}), **_errors(refused)},
    }


def _get(summary: str, refused: dict[str, str] | None = None, kind: str = JSON) -> dict[str, Any]:
    schema = {"type": "object" if kind == JSON else "string"}
    return {"summary": summary, "responses": {"200": _response(summary, schema, kind), **_errors(refused or {})}}


def _errors(refused: dict[str, str]) -> dict[str, Any]:
    return {status: _response(meaning, _ref("Error")) for status, meaning in sorted(refused.items())}


def _response(description: str, schema: dict[str, Any], kind: str = JSON) -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
