"""Fingerprints: hashes of the data and of the preprocessing of a Problem, independent of row order and location."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.square import SQUASH
from tagfit.data.problem import Preprocessing
from tagfit.data.tagged import TaggedSet

DIGEST_BYTES = 16


def row_digests(arrays: NDArray[Any]) -> NDArray[np.str_]:
    """(N,) hex digests of the rows of an array: of their shape, type and bytes, in one byte order on every machine."""
    form = f"{arrays.shape[1:]} {arrays.dtype.newbyteorder('<').str}\n".encode()
    little = arrays.dtype.newbyteorder("<")
    digests = [
        blake2b(form + np.ascontiguousarray(row, dtype=little).tobytes(), digest_size=DIGEST_BYTES).hexdigest()
        for row in arrays
    ]
    return np.array(digests, dtype=f"U{2 * DIGEST_BYTES}")


def data_fingerprint(data: TaggedSet, split: NDArray[np.str_], digests: NDArray[np.str_]) -> str:
    """The hash of what is trained and evaluated on: of the labels and of all rows, see :func:`row_hashes`, and
    of the vocabulary if there is one.

    Args:
        data: N rows.
        split: N names of splits.
        digests: N digests of the contents.
    """
    said = "" if data.vocabulary is None else data.vocabulary.digest
    return combined(data.labels, row_hashes(data, split, digests), said)


def row_hashes(data: TaggedSet, split: NDArray[np.str_], digests: NDArray[np.str_]) -> list[bytes]:
    """One hash per row: of the digest of its content (the bytes of the picture file, or the raw array row), truth,
    mask, weight, group and split; not of its id or file name.

    Args:
        data, split, digests: as in :func:`data_fingerprint`.
    """
    weights = np.ones(len(data)) if data.weights is None else data.weights
    groups = np.full(len(data), "") if data.groups is None else data.groups
    columns = (digests, groups, split, weights, data.truth, data.known)
    rows = []
    for digest, group, name, weight, truth, known in zip(*columns, strict=True):
        texts = _lengthened(str(digest), str(group), str(name))
        numbers = np.array(weight, dtype="<f8").tobytes() + truth.tobytes() + known.tobytes()
        rows.append(blake2b(texts + numbers, digest_size=DIGEST_BYTES).digest())
    return rows


def combined(labels: Sequence[str], rows: Iterable[bytes], vocabulary: str = "") -> str:
    """The fingerprint of labels in their order, of the hashes of rows in any order, and of a vocabulary's digest."""
    said = _lengthened(*labels) + b"".join(sorted(rows))
    if vocabulary:  # so that what has none keeps the fingerprint that it had before there were any
        said += _lengthened("vocabulary", vocabulary)
    return blake2b(said, digest_size=DIGEST_BYTES).hexdigest()


def preprocessing_fingerprint(preprocessing: Preprocessing, decoder: str) -> str:
    """The hash of decoded size, fit, means, standard deviations (every bit of them) and the version of the decoder.

    Args:
        preprocessing: as fitted on train.
        decoder: what turned files or arrays into inputs, with its version.
    """
    said = {
        "size": preprocessing.size,
        "mean": [value.hex() for value in preprocessing.mean],
        "std": [value.hex() for value in preprocessing.std],
        "decoder": decoder,
    }
    if preprocessing.fit != SQUASH:  # so that what was made before there was a choice keeps its fingerprint
        said["fit"] = preprocessing.fit
    return blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=DIGEST_BYTES).hexdigest()


def _lengthened(*texts: str) -> bytes:
    """Texts as bytes, each after its length, so that no two lists of texts look the same."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return b"".join(len(text).to_bytes(8, "little") + text for text in encoded) + b"\xff" * 8
