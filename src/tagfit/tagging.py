"""Tagging: pictures that nobody has tagged yet get tags and scores from a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit import multihot
from tagfit.data import pictures as decoding
from tagfit.data.picture_files import SUFFIXES
from tagfit.errors import Fault, InputError
from tagfit.evaluation.thresholds import Thresholds
from tagfit.runs.run import Run, open_run
from tagfit.scoring import preprocessing_of, probabilities

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

AT_ONCE = 512  # pictures in memory


@dataclass(frozen=True)
class Tagged:
    """What a run says of one picture.

    Attributes:
        picture: as it was named.
        tags: the labels whose score is above their threshold.
        scores: probability by label.
        problem: why it could not be read; then there are no tags and no scores.
    """

    picture: str
    tags: tuple[str, ...]
    scores: dict[str, float]
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        record: dict[str, Any] = {"picture": self.picture, "tags": list(self.tags), "scores": self.scores}
        return {**record, "problem": self.problem} if self.problem else record


def tag(
    run: Run | str | Path,
    pictures: Iterable[str | Path] | str | Path,
    *,
    thresholds: ArrayLike | Thresholds = 0.5,
    net: NetFactory | None = None,
    on_tagged: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Tags and scores of pictures, one record each: ``{"picture", "tags", "scores"}``.

    Args:
        run: a Run, or its folder.
        pictures: files, or folders whose pictures are taken.
        thresholds: one number, one a label, or Thresholds.
        net: the factory that the run was trained with, if it was.
        on_tagged: called with (pictures done, pictures in all).

    Raises:
        InputError: no picture at all. One that cannot be read has its reason under "problem".
    """
    opened = run if isinstance(run, Run) else open_run(run)
    if preprocessing_of(opened).size is None:
        raise InputError(
            f"{opened.folder} was trained on rows of features, not on pictures",
            instead="`tagfit evaluate RUN SOURCE` takes rows of features",
        )
    given = thresholds if isinstance(thresholds, Thresholds) else Thresholds.fixed(thresholds, opened.labels)
    given = given.in_order(opened.labels)
    files = list_pictures([pictures] if isinstance(pictures, str | Path) else pictures)
    records: list[dict[str, Any]] = []
    for start in range(0, len(files), AT_ONCE):
        records += [tagged.to_dict() for tagged in _tagged(opened, files[start : start + AT_ONCE], given, net)]
        if on_tagged is not None:
            on_tagged(len(records), len(files))
    return records


def list_pictures(places: Iterable[str | Path]) -> list[Path]:
    """Files as given, and the pictures of folders in the order of their names; each once.

    Raises:
        InputError: places that do not exist, or nothing at all.
    """
    files: list[Path] = []
    missing = []
    for place in (Path(place) for place in places):
        if place.is_dir():
            files += sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        elif place.exists():
            files.append(place)
        else:
            missing.append(Fault(f"there is no picture or folder {place}"))
    if missing:
        raise InputError(missing)
    if not files:
        raise InputError("there are no pictures to tag", instead="picture files, or folders that hold some")
    return list(dict.fromkeys(files))


def _tagged(run: Run, files: list[Path], thresholds: Thresholds, net: NetFactory | None) -> list[Tagged]:
    size = preprocessing_of(run).size
    assert size is not None

    def read(file: Path) -> NDArray[np.uint8] | str:
        try:
            return decoding.decode(file, size)
        except InputError as error:
            return error.faults[0].what

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(read, files))
    pixels = [one for one in found if not isinstance(one, str)]
    if not pixels:
        return [Tagged(str(file), (), {}, str(problem)) for file, problem in zip(files, found, strict=True)]
    scores = probabilities(run, np.stack(pixels), net)
    answers = zip(multihot.decode(thresholds.predict(scores), run.labels), scores.tolist(), strict=True)
    tagged = []
    for file, one in zip(files, found, strict=True):
        if isinstance(one, str):
            tagged.append(Tagged(str(file), (), {}, one))
        else:
            tags, values = next(answers)
            by_label = {label: round(value, 6) for label, value in zip(run.labels, values, strict=True)}
            tagged.append(Tagged(str(file), tags, by_label))
    return tagged
