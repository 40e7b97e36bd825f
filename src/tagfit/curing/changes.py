"""Changes: what differs between two recipes, in groups of fields that belong together."""

from __future__ import annotations

from typing import Any

from tagfit.curing.section import Section
from tagfit.errors import InputError
from tagfit.recipe import Recipe

# Fields that are undone together, because one of them means little without the others.
GROUPS: dict[str, tuple[str, ...]] = {
    "net": (
        "architecture",
        "backbone",
        "backbone_size",
        "tune",
        "frozen_branch",
        "drop_path",
        "widths",
        "depth",
        "activation",
    ),
    "batch norm": ("norm", "batch_statistics"),
    "dropout": ("dropout",),
    "weight decay": ("weight_decay", "optimiser"),
    "learning rate": ("learning_rate", "backbone_learning_rate", "layer_decay", "schedule", "warmup"),
    "batch size": ("batch_size",),
    "epochs and early stopping": ("epochs", "patience", "restore_best", "monitor"),
    "label smoothing": ("label_smoothing",),
    "loss": (
        "loss",
        "focal_gamma",
        "focal_alpha",
        "asymmetric_gamma_positive",
        "asymmetric_gamma_negative",
        "asymmetric_clip",
    ),
    "positive weights": ("positive_weights",),
    "gradient clipping": ("gradient_clip",),
    "averaged weights": ("ema",),
    "augmentation": ("augment", "views"),
}


class Change(Section):
    """One group of fields in which two recipes differ.

    Attributes:
        name: of the group.
        before, after: the differing fields and their values.
        words: such as ``dropout 0 -> 0.4, 0.3``.
    """

    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    words: str


def changes(before: Recipe, after: Recipe) -> tuple[Change, ...]:
    """The fields of ``after`` that differ from ``before``, one Change per group."""
    one, other = before.model_dump(mode="json"), after.model_dump(mode="json")
    found = []
    for name, fields in GROUPS.items():
        differing = [field for field in fields if one[field] != other[field]]
        if differing:
            was, now = ({field: recipe[field] for field in differing} for recipe in (one, other))
            found.append(Change(name=name, before=was, after=now, words=in_words(was, now)))
    return tuple(found)


def in_words(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Changed fields, such as ``dropout 0 -> 0.4, 0.3``."""
    return "; ".join(f"{field} {text_of(before[field])} -> {text_of(after[field])}" for field in after)


def undone(recipe: Recipe, change: Change) -> Recipe | None:
    """``recipe`` without one change; None where the rest is not a valid recipe."""
    fields = dict(change.before)
    dropout = tuple(fields.get("dropout", recipe.dropout))
    architecture = fields.get("architecture", recipe.architecture)
    layers = 1 if architecture == "conv" else len(fields.get("widths", recipe.widths))
    # Where the number of layers differs from what the dropout was given for, only the share before the head is kept.
    fields["dropout"] = dropout if len(dropout) in (1, layers) else dropout[-1:]
    try:
        return recipe.changed(**fields)
    except InputError:
        return None


def text_of(value: Any) -> str:
    """The value of a field as text for a reader."""
    if isinstance(value, list | tuple):
        return ", ".join(text_of(one) for one in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
