"""Divergence: whether the loss stayed a finite number."""

from __future__ import annotations

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.material import Material

LOWER = 10  # the usual factor for a learning rate at which training diverged


@check(
    "training-diverged",
    "issue",
    "The loss became NaN or infinite",
    family="fit",
    how="The first epoch of the history whose train or validation loss is infinite, or from which on it is NaN, or no "
    "loss is logged, to the end (pandas writes NaN as an empty cell). NaN between finite values is an epoch that was "
    "not measured.",
    why="From there on the weights hold no information. Weights of the last epoch are useless; the best before it may "
    "not be.",
    what_to_do="A lower learning rate and gradient clipping; look for inputs that are not finite or not scaled, and "
    "for a loss that takes the logarithm of 0 (use the one that takes logits).",
)
def training_diverged(material: Material) -> Verdict:
    """A loss that is not finite."""
    curves = material.curves
    if curves is None or (curves.fitted_loss is None and curves.validation_loss is None and curves.diverged_at is None):
        return inconclusive("needs a history with a loss of each epoch")
    epochs = len(curves)
    if curves.diverged_at is None:
        return passed(f"the loss is finite in all {epochs} epochs")
    says = f"The loss was no longer finite at epoch {curves.diverged_at} of {epochs}: training diverged."
    changes: dict[str, object] = {"gradient_clip": 1.0}
    if material.recipe is not None:
        changes["learning_rate"] = material.recipe.learning_rate / LOWER
    evidence = {"epoch": curves.diverged_at, "epochs": epochs}
    return fired(says, evidence, Remedy("a lower learning rate, gradient clipping, and finite inputs", changes))


CHECKS = (training_diverged,)
# What reads the course of the losses.
NEED_FINITE = frozenset({"memorising", "stopped-too-early", "unstable-curve", "train-figure-with-dropout"})
