"""Limits: the single table of thresholds at which checks fire, printed in the manual and set by a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Limit:
    """One threshold.

    Attributes:
        code: the check it belongs to.
        name: what it limits.
        value: the threshold.
        meaning: its meaning in words, with the unit.
    """

    code: str
    name: str
    value: float
    meaning: str


_ROWS = (
    Limit("rows-mismatched", "slope", 0.40, "the interval of the slope contains 0 and ends below this"),
    Limit("rows-mismatched", "errors", 3.0, "standard errors on each side of the slope"),
    Limit("rows-partly-mismatched", "share", 0.20, "estimated share of rows with the scores of other pictures"),
    Limit("rows-partly-mismatched", "errors", 2.33, "the slope f / (1 - f) in standard errors, at least"),
    Limit("rows-partly-mismatched", "error", 0.50, "standard error of that slope, at most, to say anything"),
    Limit("labels-permuted", "gain", 0.15, "gain in the correlation of a label with another column, at least"),
    Limit("labels-permuted", "errors", 4.0, "the same gain in standard errors, at least"),
    Limit("scores-inverted", "slope", 0.10, "the whole interval of a label's slope is below minus this"),
    Limit("overfitting", "margin", 0.05, "the whole interval of train minus validation is above this"),
    Limit("memorising", "rise", 0.10, "validation loss at the end is this share above its minimum"),
    Limit("memorising", "fall", 0.05, "train loss falls by this share after that best epoch"),
    Limit("underfitting", "macro_auc", 0.70, "the whole interval of macro AUC on train is below this"),
    Limit("stopped-too-early", "gain", 0.05, "share of the validation loss that as many epochs again would gain"),
    Limit("stopped-too-early", "t", 4.0, "slope over the last epochs divided by its standard error, at least"),
    Limit("figure-of-another-epoch", "loss", 0.12, "the best epoch's loss is this share below that of the weights"),
    Limit("figure-of-another-epoch", "match", 0.02, "losses within this share belong to the same epoch"),
    Limit("unstable-curve", "jump", 0.15, "typical jump of the validation loss off its trend, as a share of the loss"),
    Limit("validation-too-small", "difference", 0.05, "half the width of the interval of label accuracy is above this"),
    Limit(
        "train-figure-with-dropout",
        "difference",
        0.15,
        "running loss differs from the loss of the weights by this share",
    ),
    Limit(
        "train-figure-with-dropout", "epochs", 0.8, "share of epochs with the running loss above the validation loss"
    ),
    Limit("softmax-head", "spread", 2.0, "spread of the row sums, as a multiple of what rounding alone gives"),
    Limit("one-label-per-picture", "predicted", 0.99, "share of pictures with exactly one predicted label, at least"),
    Limit("one-label-per-picture", "true", 0.90, "share of pictures with exactly one true label, at most"),
    Limit("label-never-predicted", "positives", 10, "known positives of a label that is never predicted, at least"),
    Limit("label-always-predicted", "negatives", 10, "known negatives of a label that is always predicted, at least"),
    Limit("constant-outputs", "range", 0.02, "highest minus lowest score of a label, at most"),
    Limit("threshold-costs-f1", "cost", 0.03, "the whole interval of the macro F1 lost at 0.5 is above this"),
    Limit("miscalibration", "error", 0.05, "the whole interval of the root mean square error is above this"),
    Limit("rare-labels", "prevalence", 0.06, "share of train pictures with a rare label, at most"),
    Limit("rare-labels", "recall", 0.20, "the recall interval of a rare label ends this far below the other labels"),
    Limit("suspect-tags", "rate", 0.03, "the whole interval of the noise rate is above this"),
    Limit(
        "suspect-tags",
        "floor",
        0.6,
        "disagreement in the more confident half of the confident entries over that in all of them",
    ),
    Limit(
        "suspect-tags",
        "separation",
        0.5,
        "share of tags among confident positives minus that among confident negatives",
    ),
    Limit("missing-tags", "rate", 0.10, "the whole interval of the share of a label's missing tags is above this"),
    Limit(
        "missing-tags", "ratio", 3.0, "missing tags are at least this many times as frequent as wrongly present ones"
    ),
    Limit(
        "missing-tags",
        "floor",
        0.6,
        "share in the more confident half of the confident entries over that in all of them",
    ),
    Limit(
        "missing-tags",
        "separation",
        0.35,
        "share of tags among confident positives minus that among confident negatives",
    ),
    Limit("copied-labels", "correlation", 0.98, "absolute correlation of two labels, at least"),
    Limit("labels-never-together", "expected", 40, "pictures with both labels expected by chance, at least"),
    Limit(
        "labels-always-together",
        "positives",
        25,
        "pictures with the first label, all of which have the second, at least",
    ),
    Limit("labels-always-together", "share", 0.75, "share of pictures with the second label, at most"),
    Limit("label-shares-differ", "difference", 0.04, "the whole interval of the difference of shares is beyond this"),
    Limit("splits-told-apart", "auc", 0.60, "the whole interval of the classifier's AUC is above this"),
    Limit("argmax-accuracy", "match", 0.01, "accuracies within this are the same figure"),
)
LIMITS = MappingProxyType({(row.code, row.name): row for row in _ROWS})


def limit(code: str, name: str) -> float:
    """The value of a limit."""
    return LIMITS[code, name].value
