"""Limits: the one table of all numbers at which a check fires; the manual prints it, a benchmark set it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Limit:
    """One number.

    Attributes:
        code: the check that it belongs to.
        name: what it limits.
        value: where it lies.
        meaning: in words, with the unit.
    """

    code: str
    name: str
    value: float
    meaning: str


_ROWS = (
    Limit("overfitting", "margin", 0.05, "the whole interval of train minus validation lies above this"),
    Limit("memorising", "rise", 0.10, "validation loss at the end is this share above its best"),
    Limit("memorising", "fall", 0.05, "train loss falls by this share after that best epoch"),
    Limit("underfitting", "macro_auc", 0.70, "the whole interval of macro AUC on train lies below this"),
    Limit("stopped-too-early", "gain", 0.05, "share of the validation loss that as many epochs again would still gain"),
    Limit("stopped-too-early", "t", 4.0, "slope of the last epochs over its standard error, at least"),
    Limit("figure-of-another-epoch", "loss", 0.12, "the best epoch's loss lies this share below that of the weights"),
    Limit("figure-of-another-epoch", "match", 0.02, "losses within this share are those of the same epoch"),
    Limit("unstable-curve", "jump", 0.15, "typical jump of the validation loss against its trend, as a share of it"),
    Limit("validation-too-small", "difference", 0.05, "the interval of label accuracy reaches this far to each side"),
    Limit("train-figure-with-dropout", "difference", 0.15, "running loss is this share off the loss of the weights"),
    Limit("train-figure-with-dropout", "epochs", 0.8, "share of epochs with the running loss above validation"),
    Limit("softmax-head", "spread", 2.0, "spread of the row sums, in that which rounding alone would give"),
    Limit("one-label-per-picture", "predicted", 0.99, "share of pictures with exactly one predicted label, at least"),
    Limit("one-label-per-picture", "true", 0.90, "share of pictures with exactly one true label, at most"),
    Limit("label-never-predicted", "positives", 10, "known positives of a label that is never predicted, at least"),
    Limit("label-always-predicted", "negatives", 10, "known negatives of a label that is always predicted, at least"),
    Limit("constant-outputs", "range", 0.02, "highest less lowest score of a label, at most"),
    Limit("threshold-costs-f1", "cost", 0.03, "the whole interval of the macro F1 that 0.5 costs lies above this"),
    Limit("miscalibration", "error", 0.05, "the whole interval of the root mean squared error lies above this"),
    Limit("rare-labels", "prevalence", 0.06, "share of train on which a rare label is, at most"),
    Limit("rare-labels", "recall", 0.20, "a rare label's interval of recall ends this far below the other labels"),
    Limit("suspect-tags", "rate", 0.03, "the whole interval of the noise rate lies above this"),
    Limit("suspect-tags", "floor", 0.6, "disagreement of the surest half of the sure entries over that of them all"),
    Limit("suspect-tags", "separation", 0.5, "tags among the surely present less those among the surely absent"),
    Limit("missing-tags", "rate", 0.10, "the whole interval of the share of a label's missing tags lies above this"),
    Limit("missing-tags", "ratio", 3.0, "missing is at least this many times as frequent as wrongly present"),
    Limit("missing-tags", "floor", 0.6, "the share among the surest half of the sure entries over that among them all"),
    Limit("missing-tags", "separation", 0.35, "tags among the surely present less those among the surely absent"),
    Limit("copied-labels", "correlation", 0.98, "correlation of two labels, without its sign, at least"),
    Limit("labels-never-together", "expected", 40, "pictures with both that chance would give, at least"),
    Limit("labels-always-together", "positives", 25, "pictures with the one label, all of which have the other"),
    Limit("labels-always-together", "share", 0.75, "share of pictures that have the other label, at most"),
    Limit("label-shares-differ", "difference", 0.04, "the interval of the difference of shares lies beyond this"),
    Limit("splits-told-apart", "auc", 0.60, "the whole interval of the classifier's AUC lies above this"),
    Limit("argmax-accuracy", "match", 0.01, "accuracies within this are the same figure"),
)
LIMITS = MappingProxyType({(row.code, row.name): row for row in _ROWS})


def limit(code: str, name: str) -> float:
    """The limit of this name."""
    return LIMITS[code, name].value
