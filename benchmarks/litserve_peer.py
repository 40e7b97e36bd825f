"""LitServe with the net of an ONNX tagger, for ``serving.py``: ``litserve_peer.py MODEL.onnx SIZE PORT``.

In an environment of its own: ``pip install litserve==0.2.19 onnxruntime==1.32.0 pillow==13.0.0 python-multipart``.
Pictures arrive as a form, as in LitServe's own examples, and are decoded by Pillow at a reduced scale, as tagfit does.
Batches have the size and the wait of ``tagfit serve``.
"""

import json
import sys
from typing import Any

import litserve
import numpy as np
import onnxruntime
from fastapi import Request
from PIL import Image

AT_ONCE, WAIT = 32, 0.003


class Tags(litserve.LitAPI):
    """One picture in, the scores of its labels out."""

    def __init__(self, graph: str, size: int) -> None:
        super().__init__(max_batch_size=AT_ONCE, batch_timeout=WAIT, api_path="/tag")
        self.graph = graph
        self.size = size

    def setup(self, device: str) -> None:
        """Load the net."""
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(self.graph, options, providers=["CPUExecutionProvider"])
        about = self.session.get_modelmeta().custom_metadata_map
        self.labels = json.loads(about["labels"]) if "labels" in about else None

    def decode_request(self, request: Request) -> np.ndarray:
        """The pixels of a picture."""
        form: Any = request  # LitServe has parsed it
        with Image.open(form["picture"].file) as picture:
            picture.draft(None, (2 * self.size, 2 * self.size))
            return np.asarray(picture.convert("RGB").resize((self.size, self.size)))

    def batch(self, inputs: list[np.ndarray]) -> np.ndarray:
        """Pictures that are scored together."""
        return np.stack(inputs)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Their probabilities."""
        return np.asarray(self.session.run(None, {self.session.get_inputs()[0].name: x})[0])

    def unbatch(self, output: np.ndarray) -> list[np.ndarray]:
        """One answer for each."""
        return list(output)

    def encode_response(self, output: np.ndarray) -> dict[str, Any]:
        """As JSON."""
        scores = output.tolist()
        return {"scores": dict(zip(self.labels or map(str, range(len(scores))), scores, strict=True))}


if __name__ == "__main__":
    api = Tags(sys.argv[1], int(sys.argv[2]))
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, timeout=60)
    server.run(host="127.0.0.1", port=int(sys.argv[3]), generate_client_file=False, log_level="warning")
