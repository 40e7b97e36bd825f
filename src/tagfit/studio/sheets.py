"""Sheets: JPEG files of a hundred thumbnails each, in the order of a view, and single pictures."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.responses import Response

from tagfit.data.pictures import decode
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.report.page import jpeg

FOREVER = "private, max-age=31536000, immutable"
ACROSS = 10
ON_A_SHEET = ACROSS * ACROSS
SIDE = 96  # pixels of a thumbnail
QUALITY = 80
LARGE = 448  # pixels of a single picture


def answer(data: bytes) -> Response:
    """A JPEG file as an answer; its address changes when it does."""
    return Response(data, media_type="image/jpeg", headers={"cache-control": FOREVER})


def sheet(pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> bytes:
    """At most a hundred rows of ``pixels`` (N, H, W, C) as one JPEG file, ten to a line."""
    lines = max(1, -(-len(rows) // ACROSS))
    whole = Image.new("RGB", (ACROSS * SIDE, lines * SIDE), (128, 128, 128))
    for place, row in enumerate(rows):
        picture = Image.fromarray(np.asarray(pixels[row]).squeeze()).convert("RGB")
        if picture.size != (SIDE, SIDE):
            picture = picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        whole.paste(picture, (place % ACROSS * SIDE, place // ACROSS * SIDE))
    file = io.BytesIO()
    whole.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def large(problem: Problem, row: int) -> bytes:
    """One row of a Problem as a JPEG file: from its own file where that can be read, else from the decoded pixels.

    What is sent was decoded and encoded again: no byte of a file that is not a picture ever leaves.
    """
    files = problem.data.files
    pixels: Any = problem.inputs[row]
    if files is not None:
        try:
            pixels = decode.decode(decode.read(files[row]), LARGE)
        except InputError:
            pixels = problem.inputs[row]
    return jpeg(pixels, LARGE, QUALITY)
