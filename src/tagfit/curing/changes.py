"""Changes: what differs between two recipes, in groups of fields that mean something together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tagfit.errors import InputError
from tagfit.recipe import Recipe

# Fields that are undone together, since one of them means little without the others.
GROUPS: dict[str, tuple[str, ...]] = {
    "net": ("architecture", "widths", "depth", "activation"),
    "batch norm": ("norm",),
    "dropout": ("dropout",),
    "weight decay": ("weight_decay", "optimiser"),
    "learning rate": ("learning_rate", "schedule", "warmup"),
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
    "augmentation": ("augment",),
}


@dataclass(frozen=True)
class Change:
    """One group of fields in which two recipes differ.

    Attributes:
        name: of the group.
        before, after: the differing fields and their values.
    """

    name: str
    before: dict[str, Any]
    after: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"name": self.name, "before": self.before, "after": self.after}

    def words(self) -> str:
        """Such as ``dropout 0 -> 0.4, 0.3``."""
        return "; ".join(f"{field} {said(self.before[field])} -> {said(self.after[field])}" for field in self.after)


def changes(before: Recipe, after: Recipe) -> tuple[Change, ...]:
    """What ``after`` has that ``before`` has not, a group each."""
    one, other = before.model_dump(mode="json"), after.model_dump(mode="json")
    found = []
    for name, fields in GROUPS.items():
        differing = [field for field in fields if one[field] != other[field]]
        if differing:
            found.append(Change(name, {f: one[f] for f in differing}, {f: other[f] for f in differing}))
    return tuple(found)


def undone(recipe: Recipe, change: Change) -> Recipe | None:
    """``recipe`` without one change; None where what is left is no recipe."""
    fields = dict(change.before)
    dropout = tuple(fields.get("dropout", recipe.dropout))
    layers = (
        len(fields.get("widths", recipe.widths)) if fields.get("architecture", recipe.architecture) == "dense" else 1
    )
    # The share before the head alone, where the net has other layers than those that the dropout was given for.
    fields["dropout"] = dropout if len(dropout) in (1, layers) else dropout[-1:]
    try:
        return recipe.changed(**fields)
    except InputError:
        return None


def said(value: Any) -> str:
    """A field's value for a reader."""
    if isinstance(value, list | tuple):
        return ", ".join(said(one) for one in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
