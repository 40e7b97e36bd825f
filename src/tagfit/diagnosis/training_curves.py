"""Training curves: checks on the history of a training run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Plot, Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.histories import Curves
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material
from tagfit.diagnosis.resampling import value

Floats = NDArray[np.float64]

NO_VALIDATION_CURVE = "needs a history with the validation loss of each epoch"
FEWEST_EPOCHS = 5
# A learning rate below this share of its maximum has run out: the schedule ended as planned.
RUN_OUT = 0.02
SMOOTHED = 3
TINY = 1e-12


@check(
    "memorising",
    "issue",
    "Validation loss rises while train loss falls",
    family="fit",
    how="Both curves are smoothed by a running median of three epochs. The check fires if the validation loss ends "
    "above its minimum and the train loss has fallen since (both by the shares in the table), and the weights kept "
    "are not those of the best epoch.",
    why="From that epoch on the model memorises single pictures instead of what they have in common, and becomes more "
    "confident where it is wrong.",
    what_to_do="Stop at that epoch and keep its weights (`patience`, `restore_best`), or regularise so that the "
    "minimum comes later and lower.",
)
def memorising(material: Material) -> Verdict:
    """Validation loss rises while train loss keeps falling."""
    curves = material.curves
    if curves is None or curves.validation_loss is None:
        return inconclusive(NO_VALIDATION_CURVE)
    if curves.fitted_loss is None:
        return inconclusive("needs a history with the train loss of each epoch")
    if len(curves) < FEWEST_EPOCHS:
        return inconclusive(f"{len(curves)} epochs are too few to see a minimum")
    validation, train = _smoothed(curves.validation_loss), _smoothed(curves.fitted_loss)
    best = int(np.nanargmin(validation))
    end = _kept_epoch(material, curves, best + 1) - 1
    rise = float(validation[end]) / max(float(validation[best]), TINY) - 1
    fall = 1 - float(train[end]) / max(float(train[best]), TINY)
    evidence = {"best_epoch": best + 1, "kept_epoch": end + 1, "rise": rise, "fall": fall}
    if end <= best or rise <= limit("memorising", "rise") or fall <= limit("memorising", "fall"):
        return passed(f"validation loss is lowest at epoch {best + 1}; the weights are from epoch {end + 1}", evidence)
    says = (
        f"Validation loss was lowest at epoch {best + 1}; by epoch {end + 1} it is "
        f"{rise:.0%} higher, while train loss fell by {fall:.0%}."
    )
    remedy = Remedy(
        f"stop near epoch {best + 1} and keep its weights", {"patience": 5, "restore_best": True, "monitor": "loss"}
    )
    return fired(says, evidence, remedy, _curves_plot(curves, best + 1))


@check(
    "stopped-too-early",
    "hint",
    "Training stopped while validation loss was still falling",
    family="fit",
    how="A line is fitted to the logarithm of the validation loss over the last quarter of the epochs (at least "
    "five). The check fires if the slope is significantly negative, the last epochs are the best, and as many epochs "
    "again would gain the share in the table. It passes if the learning rate schedule has run out.",
    why="A model judged before it has converged is judged wrongly, and two recipes are then compared by their speed.",
    what_to_do="Train for more epochs, or use more patience.",
)
def stopped_too_early(material: Material) -> Verdict:
    """Validation loss is still falling at the end."""
    curves = material.curves
    if curves is None or curves.validation_loss is None:
        return inconclusive(NO_VALIDATION_CURVE)
    loss = curves.validation_loss[~np.isnan(curves.validation_loss)]
    if len(loss) < FEWEST_EPOCHS:
        return inconclusive(f"{len(loss)} epochs are too few to see a trend")
    rate = curves.learning_rate
    if rate is not None and rate[-1] < RUN_OUT * np.nanmax(rate):
        return passed("the learning rate schedule has run out", {"learning_rate": float(rate[-1])})
    window = max(FEWEST_EPOCHS, len(loss) // 4)
    slope, t = _slope(np.log(np.maximum(loss[-window:], TINY)))
    gain = float(-np.expm1(slope * window))
    evidence = {"epochs": len(loss), "gain": gain, "t": t}
    still = len(loss) - 1 - int(np.argmin(loss)) <= 1
    if not (still and t < -limit("stopped-too-early", "t") and gain > limit("stopped-too-early", "gain")):
        return passed(f"validation loss has levelled off by epoch {len(loss)}", evidence)
    says = (
        f"Validation loss was still falling over the last {window} epochs; as many again would gain about {gain:.0%}."
    )
    epochs = 2 * (material.recipe.epochs if material.recipe is not None else len(loss))
    remedy = Remedy("train longer", {"epochs": epochs})
    return fired(says, evidence, remedy, _curves_plot(curves, len(loss)))


@check(
    "figure-of-another-epoch",
    "hint",
    "The weights kept are not those of the best epoch",
    family="fit",
    how="The loss of the validation scores is compared with the history to find the epoch of these weights. The check "
    "fires if the best epoch is another one whose loss is lower by the share in the table.",
    why="People report the best line of a log. If the saved weights are from another epoch, nobody can reproduce that "
    "figure.",
    what_to_do="Keep the weights of the best epoch (`restore_best`; Keras: `restore_best_weights=True`), and report "
    "what the saved weights score.",
)
def figure_of_another_epoch(material: Material) -> Verdict:
    """The scores are not those of the best epoch of the history."""
    curves, side = material.curves, material.validation
    if curves is None or curves.validation_loss is None or side is None:
        return inconclusive("needs scores of validation and a history with its loss")
    loss = value(side, "loss")
    off = np.abs(curves.validation_loss / loss - 1) if loss > 0 else np.full(len(curves), np.nan)
    nearest = int(np.nanargmin(off)) if not np.isnan(off).all() else 0
    if not off[nearest] <= limit("figure-of-another-epoch", "match"):
        return inconclusive(f"the loss of the scores, {loss:.3f}, matches no epoch of the history")
    best = int(np.nanargmin(curves.validation_loss))
    lower = float(1 - curves.validation_loss[best] / loss)
    evidence = {"loss": loss, "nearest_epoch": nearest + 1, "best_epoch": best + 1, "lower": lower}
    if lower <= limit("figure-of-another-epoch", "loss"):
        return passed(f"the scores have the loss of the best epoch, {best + 1}, or close to it", evidence)
    says = (
        f"The best validation loss is {curves.validation_loss[best]:.3f} at epoch {best + 1}, but the loss of "
        f"the scores is {loss:.3f}, that of epoch {nearest + 1}."
    )
    return fired(says, evidence, Remedy("keep the weights of the best epoch", {"restore_best": True}))


@check(
    "unstable-curve",
    "hint",
    "The validation loss is unstable",
    family="fit",
    how="The typical distance (median over all but the first epochs) between the validation loss of an epoch and the "
    "line between its neighbours, as a share of the loss.",
    why="When the curve is unstable, it is a matter of luck which weights are kept, and every comparison is too.",
    what_to_do="Use a lower learning rate, larger batches, a decaying schedule, gradient clipping or averaged "
    "weights. A very small validation split causes this as well.",
)
def unstable_curve(material: Material) -> Verdict:
    """Validation loss is unstable."""
    curves = material.curves
    if curves is None or curves.validation_loss is None:
        return inconclusive(NO_VALIDATION_CURVE)
    loss = curves.validation_loss[~np.isnan(curves.validation_loss)]
    loss = loss[len(loss) // 4 :]  # the first epochs move fast
    if len(loss) < FEWEST_EPOCHS:
        return inconclusive(f"{len(loss)} epochs are too few to tell jumps from a trend")
    jump = float(np.median(np.abs(loss[1:-1] - (loss[:-2] + loss[2:]) / 2)) / max(float(np.median(loss)), TINY))
    told = f"validation loss typically deviates by {jump:.1%} from the line between its neighbours"
    if jump <= limit("unstable-curve", "jump"):
        return passed(told, {"jump": jump})
    changes: dict[str, object] = {"gradient_clip": 1.0, "ema": 0.98}
    if material.recipe is not None:
        changes["learning_rate"] = material.recipe.learning_rate / 3
    remedy = Remedy("a lower learning rate, gradient clipping, averaged weights", changes)
    return fired(f"{told[0].upper()}{told[1:]}.", {"jump": jump}, remedy, _curves_plot(curves, None))


@check(
    "train-figure-with-dropout",
    "hint",
    "The train curve was measured with dropout or augmentation on",
    family="fit",
    how="The history has only a running loss (Keras' `loss`). The check fires if it differs from the loss of the "
    "train scores by the share in the table or, without train scores, if it is above the validation loss in most "
    "epochs.",
    why="Such a curve hides overfitting, because train and validation were not measured the same way. (A weight "
    "penalty that is part of the loss has the same effect.)",
    what_to_do="Score the train split with the final weights in inference mode (`model.predict`) and compare that.",
)
def train_figure_with_dropout(material: Material) -> Verdict:
    """The only train curve is a running loss that differs from the loss of the weights."""
    curves = material.curves
    if curves is None or curves.fitted_loss is None:
        return inconclusive("needs a history with the train loss of each epoch")
    if curves.train_loss is not None:
        return passed("the history has a train loss in inference mode")
    assert curves.running_loss is not None
    at = min(len(curves), material.kept_epoch or len(curves)) - 1
    running = float(curves.running_loss[at])
    if material.train is not None:
        loss = value(material.train, "loss")
        off = abs(running - loss) / max(running, loss, TINY)
        told = (
            f"the train loss in the history is {running:.3f} at epoch {at + 1}, that of the train scores is {loss:.3f}"
        )
        evidence = {"running_loss": running, "train_loss": loss, "difference": off}
        wrong = off > limit("train-figure-with-dropout", "difference")
    elif curves.validation_loss is not None:
        above = float(np.mean(curves.running_loss > curves.validation_loss))
        told = f"the running loss is above the validation loss in {above:.0%} of the epochs"
        evidence = {"share_above": above}
        wrong = above > limit("train-figure-with-dropout", "epochs")
    else:
        return inconclusive("needs train scores, or the validation loss of each epoch")
    if not wrong:
        return passed(told, evidence)
    remedy = Remedy("measure train in inference mode with the final weights, and compare that with validation")
    return fired(f"{told[0].upper()}{told[1:]}.", evidence, remedy, _curves_plot(curves, None))


def _kept_epoch(material: Material, curves: Curves, best: int) -> int:
    """The epoch of the kept weights, counted from 1: as given; the best if the scores have its loss; else the last."""
    if material.kept_epoch is not None:
        return min(material.kept_epoch, len(curves))
    if material.validation is not None and curves.validation_loss is not None:
        loss = value(material.validation, "loss")
        if abs(float(np.nanmin(curves.validation_loss)) - loss) <= limit("figure-of-another-epoch", "match") * loss:
            return best
    return len(curves)


def _smoothed(curve: Floats) -> Floats:
    """The running median over SMOOTHED epochs; epochs that were not measured are interpolated."""
    there = ~np.isnan(curve)
    filled = np.interp(np.arange(len(curve)), np.flatnonzero(there), curve[there])
    reach = SMOOTHED // 2
    return np.array([np.median(filled[max(0, at - reach) : at + reach + 1]) for at in range(len(curve))])


def _slope(values: Floats) -> tuple[float, float]:
    """Slope of the least-squares line through equidistant values, and its t."""
    at = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float((at * values).sum() / (at**2).sum())
    rest = values - values.mean() - slope * at
    error = float(np.sqrt((rest**2).sum() / (len(values) - 2) / (at**2).sum()))
    return slope, slope / max(error, TINY)


def _curves_plot(curves: Curves, epoch: int | None) -> Plot:
    data = {
        "train": None if curves.fitted_loss is None else curves.fitted_loss.tolist(),
        "train_name": "train" if curves.train_loss is not None else "train (running)",
        "validation": None if curves.validation_loss is None else curves.validation_loss.tolist(),
        "epoch": epoch,
    }
    return Plot("curves", data)


CHECKS = (memorising, stopped_too_early, figure_of_another_epoch, unstable_curve, train_figure_with_dropout)
