"""Station 1, Tag: the learner's multi-hot rows, and what one class per picture would lose."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tagfit import multihot
from tagfit.data.scenes.scene import LABELS, Scene, truth_of
from tagfit.lesson.blocks import Pictures, Shown, table
from tagfit.lesson.labs.painted import painted, scenes
from tagfit.lesson.steps import Context, Lab, Outcome

PICTURES, SIZE, SEED = 8, 64, 23


@functools.cache
def drawn() -> tuple[Scene, ...]:
    """The eight scenes."""
    return tuple(scenes(PICTURES, SEED))


def _show_tags(context: Context) -> Shown:
    names = context.step.names
    labelled = [str(number) for number in range(1, PICTURES + 1)]
    descriptions = [_described(scene, names) for scene in drawn()]
    return Shown([Pictures(painted(list(drawn()), SIZE, SEED), tuple(labelled), tuple(descriptions))])


def _judge_tags(context: Context, answer: list[list[str]]) -> Outcome:
    truth = truth_of(list(drawn()))
    given, _ = multihot.check(multihot.encode(answer, LABELS))
    same = given == truth
    several = int((truth.sum(axis=1) > 1).sum())
    figures = {
        "entries": truth.size,
        "agreed": int(same.sum()),
        "pictures": PICTURES,
        "several": several,
        "lost": int(((truth == 1) & (given == 0)).sum()),
    }
    rows = table((context.step.names["picture"], *LABELS), _marked(given, same))
    if (given.sum(axis=1) <= 1).all():
        return Outcome("one_each", False, "one_each", done=True, figures=figures, blocks=[rows])
    key = "agreed" if same.all() else "differs"
    return Outcome(key, bool(same.all()) or None, figures=figures, blocks=[rows])


def _show_lost(_context: Context) -> Shown:
    truth = truth_of(list(drawn()))
    rows = table(("", *LABELS), _marked(truth, np.ones_like(truth, dtype=bool)))
    return Shown([rows], {"tags": int(truth.sum()), **_lost(truth)})


def _judge_lost(_context: Context, answer: float) -> Outcome:
    truth = truth_of(list(drawn()))
    figures = {"tags": int(truth.sum()), "given": f"{answer:g}", **_lost(truth)}
    if answer == figures["lost"]:
        return Outcome("right", True, figures=figures)
    mistakes = {
        int((truth.sum(axis=1) > 1).sum()): "per_picture",
        int(truth.sum()): "all",
        PICTURES: "kept",
        0: "none_loses",
    }
    key = mistakes.get(int(answer), "wrong")
    return Outcome(key, False, "" if key == "wrong" else key, done=False, figures=figures)


def _lost(truth: NDArray[np.uint8]) -> dict[str, int]:
    """The tags that one class per picture cannot keep."""
    return {"lost": int(np.clip(truth.sum(axis=1).astype(int) - 1, 0, None).sum())}


def _marked(rows: NDArray[np.uint8], same: NDArray[np.bool_]) -> list[list[str]]:
    return [
        [str(number), *(f"{value}{'' if equal else '*'}" for value, equal in zip(row, equals, strict=True))]
        for number, (row, equals) in enumerate(zip(rows, same, strict=True), start=1)
    ]


def _described(scene: Scene, names: Mapping[str, str]) -> str:
    """What is painted, factor by factor and object by object, in words that are not the labels."""
    seen = [
        names["shore" if scene.shore else "land"],
        names["low_sun" if scene.low_sun else "day"],
        names["near" if scene.near else "wide"],
        names["winter" if scene.winter else "summer"],
        *([names["peaks"]] if scene.mountains else []),
        *([names["firs"]] if scene.trees else []),
    ]
    return "; ".join(seen)


LABS: Mapping[str, Lab] = {
    "tags": Lab(_judge_tags, _show_tags),
    "lost": Lab(_judge_lost, _show_lost),
}
