"""Station 9, Bonus: conv and dense nets on grey pictures, with pixels in place and shuffled."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from tagfit.data.problem import Problem
from tagfit.data.readers.arrays import from_arrays
from tagfit.data.splits.split import split
from tagfit.lesson.blocks import table
from tagfit.lesson.labs import nets, painted
from tagfit.lesson.steps import Context, Lab, Outcome
from tagfit.recipe import Recipe

CONV = Recipe(
    architecture="conv",
    widths=(8, 16, 32),
    norm="batch",
    optimiser="adamw",
    learning_rate=5e-3,
    schedule="one-cycle",
    epochs=8,
    weight_decay=0.1,
)
# A change of label accuracy that counts.
CHANGE = 0.02
# Of the grey levels.
MIDDLE, CONTRAST = 128, 50


@functools.cache
def grey(in_order: bool = True) -> Problem:
    """The pictures of the course in grey of the same brightness and contrast, so that only their arrangement tells.

    Args:
        in_order: False for all pixels in one other order, the same for every picture.
    """
    problem = painted.problem()
    pixels = problem.inputs.mean(axis=-1).reshape(len(problem.inputs), -1)
    stretched = (pixels - pixels.mean(axis=1, keepdims=True)) / pixels.std(axis=1, keepdims=True)
    values = np.clip(MIDDLE + CONTRAST * stretched, 0, 255).astype(np.uint8)
    if not in_order:
        values = values[:, np.random.default_rng(0).permutation(values.shape[1])]
    inputs = np.repeat(values.reshape(*problem.inputs.shape[:-1], 1), 3, axis=-1)
    return split(from_arrays(inputs, problem.data.truth, labels=problem.labels, split=problem.split.tolist()))


def _judge(context: Context, answer: str) -> Outcome:
    names = context.step.names
    found: dict[str, float] = {}
    for kind, recipe in (("conv", CONV), ("dense", nets.CURED)):
        for place, problem in (("in_place", grey()), ("shuffled", grey(in_order=False))):
            trained = nets.known(recipe, problem=problem, on_epoch=context.on_epoch)
            found[f"{kind}_{place}"] = trained.value("validation")
    conv_falls = found["conv_in_place"] - found["conv_shuffled"] > CHANGE
    dense_falls = found["dense_in_place"] - found["dense_shuffled"] > CHANGE
    so = "both_fall" if conv_falls and dense_falls else "conv_falls" if conv_falls else "none_falls"
    rows = [
        [names[kind], *(f"{found[f'{kind}_{place}']:.3f}" for place in ("in_place", "shuffled"))]
        for kind in ("conv", "dense")
    ]
    shown = [table([names["net"], names["in_place"], names["shuffled"]], rows)]
    if so != "conv_falls":
        return Outcome("otherwise", answer == so or None, figures=found, blocks=shown)
    right = answer == so
    return Outcome(answer, right, "" if right else answer, figures=found, blocks=shown)


LABS: Mapping[str, Lab] = {"shuffled": Lab(_judge)}
