"""Explain: which regions of a picture speak for its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from tagfit.arguments import checked
from tagfit.data.labels import no_such_label, requested
from tagfit.data.pictures import decode
from tagfit.data.pictures.square import content
from tagfit.errors import InputError
from tagfit.evaluation.thresholds import Thresholds
from tagfit.tagger import Tagger
from tagfit.tagger.explanation import Explanation, LabelMap
from tagfit.tagger.maps import maps_of, refuse_unexplained
from tagfit.workflow.tagging import Model, tagger_of

# Of the picture that maps are shown on.
SHOWN_SIDE = 448
MOSTLY_BARS = 0.5


@checked(pictures="picture=, one file", threshold="thresholds=", label="labels=")
def explain(
    model: Model,
    picture: str | Path,
    *,
    labels: str | Sequence[str] | None = None,
    thresholds: float | Mapping[str, float] | ArrayLike | Thresholds | None = None,
) -> Explanation:
    """Show which regions of a picture speak for its labels; a map says what the model reacts to, not what is right.

    Conv nets and heads on EfficientNet-Lite are explained, by Grad-CAM of two resolutions; other models are refused.

    Args:
        model: a Run, a Tagger, or the folder of either; on pictures.
        picture: a picture file.
        labels: which; None for those that are predicted, or the one with the highest score.
        thresholds: as for ``tagfit.tag``.

    Raises:
        InputError: a model that maps cannot explain, a label that it does not have, or a picture that cannot be read.
    """
    chosen = tagger_of(model, thresholds)
    _check(chosen, labels)
    return explain_bytes(chosen, decode.read(Path(picture)), str(picture), labels)


def explain_bytes(
    model: Tagger,
    data: bytes,
    name: str,
    labels: str | Sequence[str] | None = None,
) -> Explanation:
    """The same for the bytes of a picture file.

    Args:
        model: on pictures.
        data: the file.
        name: what the explanation calls it.
        labels: as for :func:`explain`.
    """
    _check(model, labels)
    size, fit = model.preprocessing.size, model.preprocessing.fit
    assert size is not None
    try:
        pixels, large = decode.decode(data, size, fit), decode.decode(data, SHOWN_SIDE, fit)
        shape = decode.shape(data)
    except InputError as error:
        raise InputError([replace(fault, where=fault.where or name) for fault in error.faults]) from None
    left, top, right, bottom = content(*shape, SHOWN_SIDE, fit)
    shown = large[top:bottom, left:right]
    if fit == "squash" and shape[0] != shape[1]:  # the picture is shown in its own shape
        shown = _in_shape(shown, shape)
    notes = (
        ("the model sees the square in the middle of the picture",) if fit == "crop" and shape[0] != shape[1] else ()
    )
    box = tuple(side / SHOWN_SIDE for side in (left, top, right, bottom))
    return explain_pixels(model, pixels, name, labels, shown=shown, box=box, notes=notes)


def explain_pixels(
    model: Tagger,
    pixels: NDArray[np.uint8],
    name: str,
    labels: str | Sequence[str] | None = None,
    *,
    shown: NDArray[np.uint8] | None = None,
    box: tuple[float, ...] = (0.0, 0.0, 1.0, 1.0),
    notes: tuple[str, ...] = (),
) -> Explanation:
    """The same for a picture as the model takes it.

    Args:
        model: on pictures.
        pixels: (size, size, 3) uint8.
        name, labels: as for :func:`explain_bytes`.
        shown: (H, W, 3) uint8, what of the picture is shown; None for ``pixels``.
        box: (left, top, right, bottom) of ``shown`` in ``pixels``, as shares of their side.
        notes: what should be known.
    """
    _check(model, labels)
    scores = model.probabilities(pixels[None])[0]
    predicted = model.thresholds.predict(scores[None])[0]
    columns = _columns(model, labels, scores, predicted)
    values = maps_of(model, pixels, columns)
    maps, cuts = [], model.thresholds.to_dict()["thresholds"]
    for column, whole in zip(columns, values, strict=True):
        label = model.labels[column]
        part = _inside(whole, box)
        strength, inside = np.clip(whole, 0, None).sum(), np.clip(part, 0, None).sum()
        if strength and inside < MOSTLY_BARS * strength:
            notes = (*notes, f"{label}: most of the map lies on the grey bars around the picture")
        maps.append(LabelMap.of(label, float(scores[column]), float(cuts[label]), bool(predicted[column]), part))
    return Explanation(name, tuple(maps), pixels if shown is None else shown, notes)


def _check(model: Tagger, labels: str | Sequence[str] | None) -> None:
    """Refuse a model that maps cannot explain, and labels that it does not have."""
    refuse_unexplained(model)
    if labels is not None:
        faults = [no_such_label(name, model.labels) for name in requested(labels) if name not in model.labels]
        if faults:
            raise InputError(faults)


def _columns(
    model: Tagger, labels: str | Sequence[str] | None, scores: NDArray[np.float32], predicted: NDArray[Any]
) -> list[int]:
    """The columns of the labels that were asked for; the highest scores first where none were."""
    if labels is not None:
        return [model.labels.index(name) for name in requested(labels)]
    order = np.argsort(-scores, kind="stable")
    return [int(column) for column in order if predicted[column]] or [int(order[0])]


def _inside(values: NDArray[np.float32], box: tuple[float, ...]) -> NDArray[np.float32]:
    """The part of a map (h, w) in a box."""
    high, wide = values.shape
    left, top, right, bottom = (round(share * side) for share, side in zip(box, (wide, high, wide, high), strict=True))
    return values[top : max(bottom, top + 1), left : max(right, left + 1)]


def _in_shape(pixels: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    longest = max(shape)
    size = tuple(max(1, round(side * SHOWN_SIDE / longest)) for side in shape)
    return np.asarray(Image.fromarray(pixels).resize((size[0], size[1]), Image.Resampling.BICUBIC))
