"""What other libraries call metrics and splits, to answer with the names that are used here."""

from __future__ import annotations

import re

# In lower case, without the name of a split. The first is what is most often meant.
METRICS: dict[str, tuple[str, ...]] = {
    "acc": ("label_accuracy", "subset_accuracy", "sample_f1"),
    "accuracy": ("label_accuracy", "subset_accuracy", "sample_f1"),
    "binary_accuracy": ("label_accuracy",),
    "hamming": ("hamming_loss", "label_accuracy"),
    "hamming_score": ("label_accuracy",),
    "exact_match": ("subset_accuracy",),
    "exact_match_ratio": ("subset_accuracy",),
    "emr": ("subset_accuracy",),
    "categorical_accuracy": ("argmax_accuracy",),
    "f1": ("macro_f1", "micro_f1", "sample_f1"),
    "f1_score": ("macro_f1", "micro_f1", "sample_f1"),
    "f1_macro": ("macro_f1",),
    "f1_micro": ("micro_f1",),
    "f1_samples": ("sample_f1",),
    "f1_weighted": ("weighted_f1",),
    "fscore": ("macro_f1", "micro_f1", "sample_f1"),
    "precision": ("macro_precision", "micro_precision", "sample_precision"),
    "recall": ("macro_recall", "micro_recall", "sample_recall"),
    "sensitivity": ("macro_recall",),
    "specificity": ("macro_specificity",),
    "jaccard": ("macro_jaccard", "sample_jaccard"),
    "iou": ("macro_jaccard", "sample_jaccard"),
    "auc": ("macro_auc",),
    "auroc": ("macro_auc",),
    "roc_auc": ("macro_auc",),
    "roc_auc_score": ("macro_auc",),
    "map": ("mAP",),
    "ap": ("mAP",),
    "average_precision": ("mAP",),
    "mean_average_precision": ("mAP",),
    "pr_auc": ("mAP",),
    "log_loss": ("loss",),
    "bce": ("loss",),
    "binary_crossentropy": ("loss",),
    "cross_entropy": ("loss",),
    "logloss": ("loss",),
    "ece": ("calibration_error",),
    "brier_score": ("brier",),
    "lrap_score": ("lrap",),
    "coverage": ("coverage_error",),
}
SPLITS = {
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation", "eval": "validation",
    "train": "train", "training": "train", "test": "test",
}  # fmt: skip

_WITH_SPLIT = re.compile(rf"({'|'.join(SPLITS)})[._/-](\w.*)", re.IGNORECASE)


def parted(name: str) -> tuple[str, str]:
    """The split and the metric of a name such as ``val_acc`` or ``train/loss``; an empty split where it has none."""
    found = _WITH_SPLIT.fullmatch(name)
    return (SPLITS[found[1].lower()], found[2]) if found else ("", name)


def likely(metric: str) -> tuple[str, ...]:
    """The metrics that a name of another library may mean, the likeliest first; empty if it is unknown."""
    return METRICS.get(metric.lower().replace("-", "_"), ())
