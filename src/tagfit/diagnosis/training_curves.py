"""Fit, by epochs: what the curves of a training tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Plot, Remedy, Verdict, cannot_say, fired, passed
from tagfit.diagnosis.histories import Curves
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material
from tagfit.diagnosis.resampling import value

Floats = NDArray[np.float64]

NO_VALIDATION_CURVE = "needs a history with the validation loss of each epoch"
FEWEST_EPOCHS = 5
# A learning rate below this share of its highest has run out: the schedule has planned the end.
RUN_OUT = 0.02
SMOOTHED = 3
TINY = 1e-12


@check(
    "memorising",
    "issue",
    "Validation loss turned while training went on",
    family="fit",
    how="Both curves are smoothed by a running median of three epochs. It fires where the validation loss ends above "
    "its best, the train loss has fallen since, both by the shares in the table, and the weights kept are not those "
    "of the best epoch.",
    why="From that epoch on the model learns single pictures, not what they share; each further epoch makes it surer "
    "of what is wrong.",
    what_to_do="Stop at that epoch and keep its weights (`patience`, `restore_best`), or regularise so that it "
    "comes later and lower.",
)
def memorising(material: Material) -> Verdict:
    """Validation loss turns while training loss goes on falling."""
    curves = material.curves
    if curves is None or curves.validation_loss is None:
        return cannot_say(NO_VALIDATION_CURVE)
    if curves.fitted_loss is None:
        return cannot_say("needs a history with a train loss of each epoch")
    if len(curves) < FEWEST_EPOCHS:
        return cannot_say(f"{len(curves)} epochs are too few to see a turn")
    validation, train = _smoothed(curves.validation_loss), _smoothed(curves.fitted_loss)
    best = int(np.nanargmin(validation))
    end = _kept_epoch(material, curves, best + 1) - 1
    rise = float(validation[end] / max(float(validation[best]), TINY) - 1)
    fall = float(1 - train[end] / max(float(train[best]), TINY))
    evidence = {"best_epoch": best + 1, "kept_epoch": end + 1, "rise": rise, "fall": fall}
    if end <= best or rise <= limit("memorising", "rise") or fall <= limit("memorising", "fall"):
        return passed(f"validation loss is best at epoch {best + 1}; the weights are of epoch {end + 1}", evidence)
    says = (
        f"Validation loss was best at epoch {best + 1}; by epoch {end + 1} it is "
        f"{rise:.0%} higher while train loss fell by {fall:.0%}."
    )
    remedy = Remedy(
        f"stop near epoch {best + 1} and keep its weights", {"patience": 5, "restore_best": True, "monitor": "loss"}
    )
    return fired(says, evidence, remedy, _curves_plot(curves, best + 1))


@check(
    "stopped-too-early",
    "hint",
    "Training stopped while it was still getting better",
    family="fit",
    how="A line through the logarithm of the validation loss of the last quarter of the epochs (five at least). It "
    "fires where the line falls significantly, the last epochs are the best, and as many epochs again would gain "
    "the share in the table. Where the learning rate has run out by schedule it passes.",
    why="A model judged before it has learnt is judged wrongly; two recipes are then compared by their speed.",
    what_to_do="More epochs, or more patience.",
)
def stopped_too_early(material: Material) -> Verdict:
    """Validation loss still falls at the end."""
    curves = material.curves
    if curves is None or curves.validation_loss is None:
        return cannot_say(NO_VALIDATION_CURVE)
    loss = curves.validation_loss[~np.isnan(curves.validation_loss)]
    if len(loss) < FEWEST_EPOCHS:
        return cannot_say(f"{len(loss)} epochs are too few to see a trend")
    rate = curves.learning_rate
    if rate is not None and rate[-1] < RUN_OUT * np.nanmax(rate):
        return passed("the learning rate has run out as its schedule planned", {"learning_rate": float(rate[-1])})
    window = max(FEWEST_EPOCHS, len(loss) // 4)
    slope, t = _slope(np.log(np.maximum(loss[-window:], TINY)))
    gain = float(-np.expm1(slope * window))
    evidence = {"epochs": len(loss), "gain": gain, "t": t}
    still = len(loss) - 1 - int(np.argmin(loss)) <= 1
    if not (still and t < -limit("stopped-too-early", "t") and gain > limit("stopped-too-early", "gain")):
        return passed(f"validation loss has settled by epoch {len(loss)}", evidence)
    says = f"Over the last {window} epochs validation loss kept falling; as many again would gain about {gain:.0%}."
    epochs = 2 * (material.recipe.epochs if material.recipe is not None else len(loss))
    remedy = Remedy("train longer", {"epochs": epochs})
    return fired(says, evidence, remedy, _curves_plot(curves, len(loss)))


@check(
    "figure-of-another-epoch",
    "hint",
    "The best epoch is not the one whose weights were kept",
    family="fit",
    how="The loss of the validation scores is compared with the history: it tells which epoch's weights these are. It "
    "fires where they belong to another epoch than the best, whose loss is lower by the share in the table.",
    why="The best line of a log is what people report; if the weights on disk are of another epoch, nobody can get "
    "that figure from them again.",
    what_to_do="Keep the weights of the best epoch (`restore_best`; Keras: `restore_best_weights=True`), and report "
    "what the kept weights score.",
)
def figure_of_another_epoch(material: Material) -> Verdict:
    """The scores are of another epoch than the best of the history."""
    curves, side = material.curves, material.validation
    if curves is None or curves.validation_loss is None or side is None:
        return cannot_say("needs scores of validation and a history with its loss")
    loss = value(side, "loss")
    off = np.abs(curves.validation_loss / loss - 1) if loss > 0 else np.full(len(curves), np.nan)
    nearest = int(np.nanargmin(off)) if not np.isnan(off).all() else 0
    if not off[nearest] <= limit("figure-of-another-epoch", "match"):
        return cannot_say(f"the scores' loss, {loss:.3f}, is that of no epoch of the history")
    best = int(np.nanargmin(curves.validation_loss))
    lower = float(1 - curves.validation_loss[best] / loss)
    evidence = {"loss": loss, "nearest_epoch": nearest + 1, "best_epoch": best + 1, "lower": lower}
    if lower <= limit("figure-of-another-epoch", "loss"):
        return passed(f"the scores have the loss of the best epoch, {best + 1}, or come near it", evidence)
    says = (
        f"The best validation loss is {curves.validation_loss[best]:.3f} at epoch {best + 1}, but the scores have "
        f"{loss:.3f}, that of epoch {nearest + 1}."
    )
    return fired(says, evidence, Remedy("keep the weights of the best epoch", {"restore_best": True}))


@check(
    "unstable-curve",
    "hint",
    "The validation loss jumps from epoch to epoch",
    family="fit",
    how="How far the validation loss of an epoch typically (median over all but the first epochs) lies from the line "
    "between its neighbours, as a share of the loss.",
    why="Where the curve jumps, the weights that are kept are a matter of luck, and so is every comparison.",
    what_to_do="A lower learning rate, larger batches, a schedule that lets it fall, gradient clipping or averaged "
    "weights. A tiny validation split jumps, too.",
)
def unstable_curve(material: Material) -> Verdict:
    """Validation loss jumps."""
    curves = material.curves
    if curves is None or curves.validation_loss is None:
        return cannot_say(NO_VALIDATION_CURVE)
    loss = curves.validation_loss[~np.isnan(curves.validation_loss)]
    loss = loss[len(loss) // 4 :]  # the first epochs move fast
    if len(loss) < FEWEST_EPOCHS:
        return cannot_say(f"{len(loss)} epochs are too few to tell jumps from a trend")
    jump = float(np.median(np.abs(loss[1:-1] - (loss[:-2] + loss[2:]) / 2)) / max(float(np.median(loss)), TINY))
    told = f"validation loss typically lies {jump:.1%} off the line between its neighbours"
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
    "The train curve was measured while training, with dropout or augmentation on",
    family="fit",
    how="The history has only a running loss (Keras' `loss`). It fires where that is off the loss of the train scores "
    "by the share in the table, or, without train scores, where it lies above the validation loss in most epochs.",
    why="Such a curve makes a model look as if it did not overfit: train and validation were not measured alike. (A "
    "penalty on the weights that is part of the loss does the same.)",
    what_to_do="Score the train split with the final weights in inference mode (`model.predict`) and compare that.",
)
def train_figure_with_dropout(material: Material) -> Verdict:
    """The only train curve is a running loss that is not the loss of the weights."""
    curves = material.curves
    if curves is None or curves.fitted_loss is None:
        return cannot_say("needs a history with a train loss of each epoch")
    if curves.train_loss is not None:
        return passed("the history has a train loss in inference mode")
    assert curves.running_loss is not None
    at = min(len(curves), material.kept_epoch or len(curves)) - 1
    running = float(curves.running_loss[at])
    if material.train is not None:
        loss = value(material.train, "loss")
        off = abs(running - loss) / max(running, loss, TINY)
        told = f"the history says {running:.3f} for train at epoch {at + 1}, the train scores have {loss:.3f}"
        evidence = {"running_loss": running, "train_loss": loss, "difference": off}
        wrong = off > limit("train-figure-with-dropout", "difference")
    elif curves.validation_loss is not None:
        above = float(np.mean(curves.running_loss > curves.validation_loss))
        told = f"the running loss lies above the validation loss in {above:.0%} of the epochs"
        evidence = {"share_above": above}
        wrong = above > limit("train-figure-with-dropout", "epochs")
    else:
        return cannot_say("needs train scores, or the validation loss of each epoch")
    if not wrong:
        return passed(told, evidence)
    remedy = Remedy("measure train in inference mode with the final weights, and compare that with validation")
    return fired(f"{told[0].upper()}{told[1:]}.", evidence, remedy, _curves_plot(curves, None))


def _kept_epoch(material: Material, curves: Curves, best: int) -> int:
    """Whose weights were kept, counted from 1: as told; the best where the scores have its loss; else the last."""
    if material.kept_epoch is not None:
        return min(material.kept_epoch, len(curves))
    if material.validation is not None and curves.validation_loss is not None:
        loss = value(material.validation, "loss")
        if abs(float(np.nanmin(curves.validation_loss)) - loss) <= limit("figure-of-another-epoch", "match") * loss:
            return best
    return len(curves)


def _smoothed(curve: Floats) -> Floats:
    """The running median over SMOOTHED epochs; epochs that were not measured are filled in."""
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
