"""Reference: scores and features of validation pictures, kept with a Tagger, so that today's can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as tensors

from tagfit.errors import InputError
from tagfit.evaluation.shares import expit, logit

# Pictures: drawn at random from validation. Numbers of 16 bits: a reference has a few hundred kB up to 3 MB.
MOST_ROWS = 1000
SEED = 0
LOGITS, FEATURES = "logits", "features"
LARGEST = 60_000.0  # that float16 can hold, rounded down


@dataclass(frozen=True, eq=False)
class Reference:
    """What a model gives for pictures of validation.

    Attributes:
        scores: (N, L) probabilities.
        features: (N, D), the input of the net's last layer.
    """

    scores: NDArray[np.float64]
    features: NDArray[np.float32]

    @classmethod
    def of(cls, scores: NDArray[Any], features: NDArray[Any]) -> Reference:
        """Rounded as it is kept: what comes later is rounded in the same way before it is compared."""
        return cls(rounded_scores(scores), _half(features))

    def to_bytes(self) -> bytes:
        """As a safetensors file."""
        found = {LOGITS: logit(self.scores).astype(np.float16), FEATURES: self.features.astype(np.float16)}
        return bytes(tensors.save(found))

    @classmethod
    def from_bytes(cls, data: bytes, labels: int, where: str) -> Reference:
        """Read what :meth:`to_bytes` gave.

        Args:
            data: of the file.
            labels: how many the Tagger has.
            where: the file, for messages.

        Raises:
            InputError: another kind of file, or one whose arrays cannot be those of a reference.
        """
        try:
            found = tensors.load(data)
        except (SafetensorError, KeyError, ValueError) as error:
            raise InputError(f"{where} cannot be read as safetensors: {error}") from None
        logits, features = found.get(LOGITS), found.get(FEATURES)
        if logits is None or logits.shape[1:] != (labels,) or not _sound(logits):
            raise InputError(f"{where} holds no scores of {labels} labels", instead="pack the run again")
        if features is None or not _sound(features) or len(features) != len(logits):
            raise InputError(f"{where} holds no features of {len(logits)} pictures", instead="pack the run again")
        return cls(expit(logits), features.astype(np.float32))


def rounded_scores(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Scores as a reference keeps them."""
    return expit(_half(logit(scores)))


def sampled(rows: int) -> NDArray[np.int64]:
    """Which of so many rows a reference keeps, in their order."""
    return np.sort(np.random.default_rng(SEED).permutation(rows)[:MOST_ROWS])


def _half(values: NDArray[Any]) -> NDArray[np.float32]:
    """Rounded to float16."""
    return np.asarray(np.clip(values, -LARGEST, LARGEST).astype(np.float16), dtype=np.float32)


def _sound(values: NDArray[Any]) -> bool:
    return values.dtype == np.float16 and values.ndim == 2 and bool(np.isfinite(values).all())
