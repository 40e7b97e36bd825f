"""Station 9, Bonus: conv and dense nets with pixels in place and shuffled."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tagfit.data.problem import Problem
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
    epochs=10,
    weight_decay=0.1,
)
# A change of label accuracy that counts.
CHANGE = 0.015


@functools.cache
def shuffled() -> Problem:
    """The Problem of the lesson with the pixels of every picture in one other order."""
    problem = painted.problem()
    count, height, width, channels = problem.inputs.shape
    order = np.random.default_rng(0).permutation(height * width)
    pixels = problem.inputs.reshape(count, -1, channels)[:, order]
    return replace(problem, inputs=np.ascontiguousarray(pixels.reshape(problem.inputs.shape)))


def _judge(context: Context, answer: str) -> Outcome:
    names = context.step.names
    found: dict[str, float] = {}
    for kind, recipe in (("conv", CONV), ("dense", nets.CURED)):
        for place, problem in (("in_place", None), ("shuffled", shuffled())):
            trained = nets.train(recipe, problem=problem, seconds=None, on_epoch=context.on_epoch)
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
