"""What a server answers: tags as `tagfit tag` gives them, probabilities by the protocol, and one reason otherwise."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tagfit import tagger
from tagfit.server.limits import Limits

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("prometheus_client", reason="prometheus_client is not installed")

from starlette.testclient import TestClient

from tagfit.server.app import Server

Serving = Callable[..., tuple[Server, TestClient]]
SIZE = 8
FIELD = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'


@pytest.fixture
def files(photos: Path) -> list[Path]:
    return sorted((photos / "images").iterdir())[:5]


def picture(width: int = 20, height: int = 10) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (200, 90, 30)).save(stream, "PNG")
    return stream.getvalue()


def tensor(pixels: np.ndarray, **changed: Any) -> dict[str, Any]:
    said = {"name": "pixels", "shape": list(pixels.shape), "datatype": "UINT8", "data": pixels.ravel().tolist()}
    return {"inputs": [{**said, **changed}]}


def parts(files: list[Path]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("picture", (file.name, file.read_bytes())) for file in files]


# --- tags -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["packed", "packed_onnx"])
def test_pictures_get_the_tags_of_the_tagger_one_at_a_time_and_many(
    serving: Serving, engine: str, files: list[Path], request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(engine)
    server, client = serving(folder)
    assert server.served.model.engine == (engine.partition("_")[2] or "torch")
    expected = tagger.load(folder).tag(files)
    assert any(one["tags"] for one in expected)
    many = client.post("/tag", files=parts(files)).json()["pictures"]
    assert [one["picture"] for one in many] == [file.name for file in files]
    for said, wanted, file in zip(many, expected, files, strict=True):
        (alone,) = client.post("/tag", content=file.read_bytes()).json()["pictures"]
        assert alone["picture"] == "picture"
        assert said["tags"] == alone["tags"] == wanted["tags"]
        for scores in (said["scores"], alone["scores"]):
            assert scores == pytest.approx(wanted["scores"], abs=2e-6)


def test_a_picture_that_cannot_be_read_is_a_record_among_others_and_422_alone(client: TestClient) -> None:
    some = client.post("/tag", files=[("a", ("good.png", picture())), ("a", ("bad.png", b"GIF89a"))])
    good, bad = some.json()["pictures"]
    assert (some.status_code, good.get("problem"), bad["tags"], bad["scores"]) == (200, None, [], {})
    assert "damaged" in bad["problem"]
    for body, reason in ((b"<html>", "an HTML page"), (b"", "empty (0 bytes)"), (picture()[:45], "truncated")):
        alone = client.post("/tag", content=body)
        assert alone.status_code == 422
        assert reason in alone.json()["error"] == alone.json()["pictures"][0]["problem"]


@pytest.mark.parametrize(
    ("content", "kind", "status", "said"),
    [
        (b"--x", "multipart/form-data", 400, "boundary"),
        (b"nonsense", "multipart/form-data; boundary=x", 400, "form cannot be read"),
        (FIELD, "multipart/form-data; boundary=x", 422, "no picture"),
    ],
)
def test_a_form_without_a_picture_is_refused(
    client: TestClient, content: bytes, kind: str, status: int, said: str
) -> None:
    answer = client.post("/tag", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert said in answer.json()["error"]


# --- limits ---------------------------------------------------------------------------------------------------------


def test_what_is_larger_than_a_limit_is_refused_with_the_limit(serving: Serving) -> None:
    _, client = serving(limits=Limits(request_bytes=1000, pixels=150, pictures=2))

    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 500

    for content in (b"x" * 1001, chunks()):  # the second has no Content-Length
        answer = client.post("/tag", content=content)
        assert (answer.status_code, answer.json()["error"]) == (413, "the request is larger than 1,000 bytes")
    answer = client.post("/tag", content=picture())
    assert (answer.status_code, answer.json()["error"]) == (422, "is 20 x 10 pixels; at most 150 are decoded")
    answer = client.post("/tag", files=[("a", (f"{n}.png", b"")) for n in range(3)])
    assert (answer.status_code, answer.json()["error"]) == (413, "at most 2 pictures a request")
    answer = client.post("/v2/models/beach/infer", json=tensor(PIXELS, shape=[3, 8, 8, 3], data=[]))
    assert (answer.status_code, answer.json()["error"]) == (413, "at most 2 pictures a request")


def test_a_full_queue_is_503_with_a_time_to_wait_and_a_slow_net_504(serving: Serving) -> None:
    server, client = serving(limits=Limits(queue=2, answer_seconds=0.2))
    go = threading.Event()
    computed = []
    net = server.served.model.probabilities

    def slow(pixels: np.ndarray) -> np.ndarray:
        assert go.wait(30)
        computed.append(len(pixels))
        return net(pixels)

    object.__setattr__(server.served.model, "probabilities", slow)
    with server.batcher.admitted(2):
        full = client.post("/tag", content=picture())
    assert (full.status_code, full.headers["retry-after"]) == (503, "1")
    assert "queue is full (2 pictures)" in full.json()["error"]
    late = client.post("/tag", content=picture())
    waiting = client.post("/tag", content=picture())
    assert (late.status_code, waiting.status_code, server.batcher.length) == (504, 504, 0)
    go.set()
    assert client.post("/tag", content=picture()).status_code == 200
    assert computed == [1, 1], "a picture that nobody waits for any more is not scored"


def test_requests_at_once_are_limited_before_their_bodies_are_read(client: TestClient) -> None:
    gate = client.app.app
    gate.posted = gate.most - 1
    assert client.post("/tag", content=picture()).status_code == 200
    gate.posted = gate.most
    full = client.post("/tag", content=picture())
    assert (full.status_code, full.headers["retry-after"]) == (503, "1")
    assert client.get("/v2/health/ready").status_code == 200
    assert gate.posted == gate.most


def test_bytes_of_all_requests_are_limited_and_given_back(serving: Serving) -> None:
    server, client = serving(limits=Limits(held_bytes=200))
    assert client.post("/tag", content=b"x" * 201).status_code == 503
    assert server.held.bytes == 0
    assert client.post("/tag", content=b"x" * 199).status_code == 422
    assert server.held.bytes == 0


# --- the Open Inference Protocol ------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["packed", "packed_onnx"])
@pytest.mark.parametrize("n", [1, 7, 64])
def test_inference_gives_the_probabilities_of_the_tagger(
    serving: Serving, engine: str, n: int, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(engine)
    _, client = serving(folder)
    model = tagger.load(folder)
    pixels = np.random.default_rng(n).integers(0, 256, (n, SIZE, SIZE, 3), dtype=np.uint8)
    nested = tensor(pixels, data=pixels.tolist())
    for document in (tensor(pixels), {**nested, "id": "mine"}):
        answer = client.post("/v2/models/beach/infer", json=document).json()
        (output,) = answer["outputs"]
        assert (output["name"], output["datatype"], output["shape"]) == ("probabilities", "FP32", [n, 3])
        assert np.reshape(output["data"], (n, 3)) == pytest.approx(model.probabilities(pixels), abs=2e-6)
        assert answer.get("id") == document.get("id")
        assert (answer["model_name"], answer["model_version"]) == ("beach", model.fingerprint)


PIXELS = np.zeros((2, SIZE, SIZE, 3), np.uint8)
FLAT = [0] * PIXELS.size


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "expected a JSON object"),
        ("{}", '"inputs" is missing'),
        ({"inputs": {}}, '"inputs" is of another type'),
        ({"inputs": []}, "0 inputs"),
        ({"inputs": [1]}, "expected a JSON object"),
        (tensor(PIXELS, name="image"), "no input 'image'; the model has 'pixels'"),
        (tensor(PIXELS, datatype="FP32"), "datatype FP32; 'pixels' is UINT8"),
        (tensor(PIXELS, shape=[2, 9, 8, 3]), "'pixels' is [n, 8, 8, 3]"),
        (tensor(PIXELS, shape=[0, 8, 8, 3]), "n at least 1"),
        (tensor(PIXELS, shape=[2.0, 8, 8, 3]), "'pixels' is [n, 8, 8, 3]"),
        (tensor(PIXELS, shape=[-2, 8, 8, 3]), "n at least 1"),
        (tensor(PIXELS, data=FLAT[1:]), "expected [2, 8, 8, 3], or flat [384]"),
        (tensor(PIXELS, data=[FLAT]), "has shape [1, 384]"),
        (tensor(PIXELS, data=[*FLAT[1:], 256]), "outside 0 to 255"),
        (tensor(PIXELS, data=[*FLAT[1:], -1]), "outside 0 to 255"),
        (tensor(PIXELS, data=[*FLAT[1:], 0.5]), "whole numbers"),
        (tensor(PIXELS, data=[*FLAT[1:], 10**30]), "whole numbers"),
        (tensor(PIXELS, data=[*FLAT[1:], [0]]), "whole numbers"),
        (tensor(PIXELS, data=[*FLAT[1:], None]), "whole numbers"),
        ({**tensor(PIXELS), "outputs": [{"name": "logits"}]}, "the model has 'probabilities'"),
        ({**tensor(PIXELS), "id": 7}, '"id" is not a text'),
    ],
)  # fmt: skip
def test_another_input_than_the_model_has_is_one_clear_error(client: TestClient, document: Any, said: str) -> None:
    content = document if isinstance(document, str) else json.dumps(document)
    answer = client.post("/v2/models/beach/infer", content=content)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_metadata_and_health(serving: Serving) -> None:
    server, client = serving()
    about = client.get("/v2/models/beach").json()
    assert about["inputs"] == [{"name": "pixels", "datatype": "UINT8", "shape": [-1, 8, 8, 3]}]
    assert json.loads(about["outputs"][0]["parameters"]["labels"]) == ["people", "sea", "sun"]
    assert client.get("/v2").json()["name"] == "tagfit"
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/beach/ready"):
        assert client.get(path).status_code == 200
    for method, path in (("GET", ""), ("GET", "/ready"), ("POST", "/infer")):
        answer = client.request(method, f"/v2/models/other{path}")
        assert (answer.status_code, "'beach'" in answer.json()["error"]) == (404, True)
    server.draining = True
    assert client.get("/v2/health/ready").status_code == client.get("/v2/models/beach/ready").status_code == 503
    assert client.get("/v2/health/live").status_code == 200


# --- pages, metrics, who may ask ------------------------------------------------------------------------------------


def test_the_openapi_document_is_valid_and_the_page_shows_all_of_it_without_a_network(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    pytest.importorskip("openapi_spec_validator").validate(document)
    page, start = client.get("/docs").text, client.get("/").text
    routed = {route.path for route in client.app.app.app.routes}
    assert routed - {"/", "/docs"} == set(document["paths"])
    assert all(path in page for path in document["paths"])
    for text in (page, start):
        assert not re.search(r"(src|href)=\"(?!/)", text)
        assert "<script" not in text


def test_metrics_count_what_was_answered(serving: Serving) -> None:
    _, client = serving()
    for content in (picture(), picture(), b"nothing"):
        client.post("/tag", content=content)
    for path in ("/nowhere", "/elsewhere", "/v2/models/x/infer/y"):
        assert client.get(path).status_code == 404
    assert client.get("/tag").status_code == 405
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for line in (
        'tagfit_requests_total{path="/tag",status="200"} 2.0',
        'tagfit_requests_total{path="/tag",status="422"} 1.0',
        'tagfit_requests_total{path="other",status="404"} 3.0',
        'tagfit_request_seconds_count{path="/tag"} 4.0',
        "tagfit_pictures_total 2.0",
        "tagfit_unreadable_pictures_total 1.0",
        "tagfit_batch_pictures_sum 2.0",
        "tagfit_queue_pictures 0.0",
    ):
        assert line in answer.text.splitlines()


def test_other_names_and_other_sites_are_refused(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 421
    assert client.post("/tag", content=picture(), headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/tag", content=picture(), headers={"origin": "http://127.0.0.1:4242"}).status_code == 200


def test_a_token_opens_everything_and_nothing_but_health_opens_without(serving: Serving) -> None:
    _, client = serving(token="0123456789abcdef")
    paths = ("/", "/docs", "/openapi.json", "/metrics", "/v2", "/v2/models/beach", "/v2/health/other")
    for path in paths:
        for given in ({}, {"authorization": "Bearer 0123456789abcdeF"}, {"authorization": "Basic 0123456789abcdef"}):
            answer = client.get(path, headers=given)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert client.post("/tag", content=picture()).status_code == 401
    assert client.get("/v2/health/live").status_code == client.get("/v2/health/ready").status_code == 200
    right = {"authorization": "Bearer 0123456789abcdef"}
    assert [client.get(path, headers=right).status_code for path in paths[:-1]] == [200] * 6
    assert client.post("/tag", content=picture(), headers=right).status_code == 200
