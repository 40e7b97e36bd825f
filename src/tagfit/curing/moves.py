"""Moves: named changes of a recipe: the regularised recipe, standard remedies one by one, remedies of findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tagfit.curing.changes import GROUPS
from tagfit.diagnosis.finding import Finding
from tagfit.errors import InputError
from tagfit.recipe import FOR_PICTURES, NAMED, Recipe

Fields = dict[str, Any]
# Tried first where a finding asks for any part of them: if one meets the goal, that takes one or two trainings.
SMALL_FIRST = "the regularised recipe, small"
AT_ONCE = "the regularised recipe"
# Why a move without a finding is tried.
ALWAYS = "always tried"
# A cure augments only where that is allowed, and trains several nets in the time that the default takes for one.
CONV_NET = NAMED[FOR_PICTURES].changed(widths=(32, 64, 128, 256), epochs=20, augment=False, monitor="loss")
REGULARISED = {
    "dense": NAMED["regularised-dense"],
    "conv": CONV_NET,
    "pretrained": NAMED["pretrained"],
    "tuned": NAMED["fine-tuned"],
}
# On pictures the two take a third and two thirds of the time. Fewer units need less dropout and tolerate larger steps.
SMALL = {
    "dense": NAMED["regularised-dense"].changed(widths=(32, 16), dropout=(0.2, 0.15), learning_rate=3e-3),
    "conv": CONV_NET.changed(widths=(24, 48, 96, 192)),
    "pretrained": NAMED["pretrained"].changed(widths=(64,), epochs=10),
}
# The groups of fields that they change.
_OF_ANY_NET = ("net", "batch norm", "dropout", "learning rate", "batch size", "epochs and early stopping")
_OF_AVERAGED_NETS = (*_OF_ANY_NET, "weight decay", "averaged weights")
ANSWER = {
    "dense": _OF_ANY_NET,
    "conv": _OF_AVERAGED_NETS,
    "pretrained": _OF_AVERAGED_NETS,
    "tuned": (*_OF_AVERAGED_NETS, "augmentation"),
}
# A run keeps its own backbone.
KEPT = ("backbone", "backbone_size", "tune", "frozen_branch")
# Metrics other than the loss that a training can watch.
MONITORED = ("label_accuracy", "macro_f1", "mAP")


@dataclass(frozen=True)
class Move:
    """One named change.

    Attributes:
        name: what it does, in a few words.
        fields: the changed fields for a recipe at hand; empty where it does not apply to it.
        because: the findings that it answers, or ALWAYS.
        origin: of its trial: ``move``, or ``lesson`` where it changes the starting run to the regularised recipe.
        waits: is tried last while only bounds for quality are missed, because it only limits the net.
    """

    name: str
    fields: Callable[[Recipe], Fields]
    because: str = ALWAYS
    origin: str = "move"
    waits: bool = False

    def applied(self, recipe: Recipe) -> Recipe | None:
        """The recipe with this change; None where it has it already, or cannot have it."""
        fields = self.fields(recipe)
        try:
            changed = recipe.changed(**fields) if fields else recipe
        except InputError:
            return None
        return None if changed == recipe else changed


def moves(
    findings: Iterable[Finding],
    problem_size: int | None,
    *,
    augment: bool,
    metric: str = "loss",
    backbone: str | None = None,
) -> tuple[Move, ...]:
    """All moves in the order in which they are tried.

    Args:
        findings: that fired on the starting run; each of their remedies is a move, or the reason for one.
        problem_size: pixels per side of the pictures; None for feature rows, which conv nets cannot take.
        augment: whether augmentation is allowed.
        metric: of the goal; early stopping on it is tried after early stopping on the loss.
        backbone: whose heads may be tried on pictures; None for none.
    """
    heads = (
        [Move(name, partial(fields, backbone), "allowed") for name, fields in HEADS]
        if problem_size and backbone
        else []
    )
    fired = [finding for finding in findings if finding.remedy is not None and finding.remedy.recipe]
    asked = _asked(fired)

    def because(group: str) -> str:
        return ", ".join(asked.get(group, (ALWAYS,)))

    pictures = problem_size is not None and problem_size >= 2 ** len(CONV_NET.widths)
    known = [Move(name, fields, because(group)) for name, group, fields in STANDARD]
    if metric in MONITORED:
        known.insert(1, Move(f"early stopping on {metric}", lambda recipe: _watching(recipe, metric)))
    if pictures:
        known.append(Move("dense to conv", _to_conv))
    if pictures and augment:
        known.append(Move("augmentation", AUGMENTED, ", ".join(asked.get("augmentation", ("allowed",)))))
    if pictures:
        known += [Move(name, fields) for name, fields in CONV]
    known += [Move(name, fields, because(group)) for name, group, fields in FURTHER]
    known = [replace(move, waits=pictures and move.name in HOLD_BACK) for move in known]
    own = _own(fired, {group for _, group, _ in (*STANDARD, *FURTHER)} | {"augmentation", "net"})
    if any(finding.code == "underfitting" for finding in fired):
        return (*heads, *own, *known)
    answered = {group for groups in ANSWER.values() for group in groups}
    codes = dict.fromkeys(code for group, codes in asked.items() if group in answered for code in codes)
    sizes = [(SMALL_FIRST, _small), (AT_ONCE, _at_once)] if pictures else [(AT_ONCE, _at_once)]
    at_once = [Move(name, fields, ", ".join(codes), origin="lesson") for name, fields in sizes if codes]
    return (*heads, *at_once, *known, *own)


def _asked(fired: Sequence[Finding]) -> dict[str, list[str]]:
    """The codes of the findings whose remedy changes a group of fields, by group."""
    asked: dict[str, list[str]] = {}
    for finding in fired:
        assert finding.remedy is not None
        for group, fields in GROUPS.items():
            if any(field in finding.remedy.recipe for field in fields):
                asked.setdefault(group, []).append(finding.code)
    return asked


def _own(fired: Sequence[Finding], covered: set[str]) -> list[Move]:
    """Moves from remedies in groups of fields that no standard move changes; for underfitting from all of them."""
    found = []
    for finding in fired:
        assert finding.remedy is not None
        asked = finding.remedy.recipe
        for group, fields in GROUPS.items():
            wanted = {field: asked[field] for field in fields if field in asked}
            if wanted and (group not in covered or finding.code == "underfitting"):
                found.append(Move(f"{group} ({finding.code})", lambda _recipe, wanted=wanted: wanted, finding.code))  # type: ignore[misc]
    return found


def kind_of(recipe: Recipe) -> str:
    """Which regularised recipe suits: that of its architecture, or that of a backbone that is tuned."""
    return "tuned" if recipe.tuned else recipe.architecture


def _answer(regularised: Recipe) -> Fields:
    groups = ANSWER[kind_of(regularised)]
    kept = KEPT if regularised.architecture == "pretrained" else ()
    return {field: getattr(regularised, field) for group in groups for field in GROUPS[group] if field not in kept}


def _small(recipe: Recipe) -> Fields:
    small = SMALL.get(kind_of(recipe))
    return _answer(small) if small is not None and recipe.widths[:1] > small.widths[:1] else {}


def _at_once(recipe: Recipe) -> Fields:
    regularised = REGULARISED[kind_of(recipe)]
    fields = _answer(regularised)
    if recipe.architecture == "dense" and recipe.widths[:1] <= regularised.widths[:1]:  # narrow already
        fields |= {"widths": recipe.widths, **_dropout(recipe)}
    return fields


def _early_stopping(recipe: Recipe, monitor: str = "loss") -> Fields:
    if recipe.restore_best and (recipe.patience or _runs_its_course(recipe)):
        return {}
    regularised = NAMED["regularised-dense"]
    return {"patience": regularised.patience, "restore_best": True, "monitor": monitor}


def _watching(recipe: Recipe, metric: str) -> Fields:
    """The weights of the best epoch by the goal's metric; with patience, training also stops by it."""
    if not recipe.restore_best:
        return _early_stopping(recipe, metric)
    return {"monitor": metric}


def _dropout(recipe: Recipe) -> Fields:
    if any(recipe.dropout):
        return {}
    if recipe.architecture == "conv":
        return {"dropout": CONV_NET.dropout}
    shares = NAMED["regularised-dense"].dropout
    return {"dropout": shares if len(recipe.widths) == len(shares) else shares[:1]}


def _stronger_dropout(recipe: Recipe) -> Fields:
    if recipe.architecture == "conv" or not any(recipe.dropout):
        return {}
    return {"dropout": tuple(max(share, round(min(share + 0.2, 0.7), 3)) for share in recipe.dropout)}


def _fewer_units(recipe: Recipe) -> Fields:
    return {} if recipe.architecture == "conv" else _halved(recipe, 16)


def _halved(recipe: Recipe, least: int) -> Fields:
    return {"widths": tuple(max(least, width // 2) for width in recipe.widths)}


def _slower(recipe: Recipe) -> Fields:
    wanted = NAMED["regularised-dense"].learning_rate
    return {"learning_rate": wanted} if recipe.architecture == "dense" and recipe.learning_rate > wanted else {}


def _weight_decay(recipe: Recipe) -> Fields:
    decay = CONV_NET.weight_decay if recipe.architecture == "conv" else 0.05
    return {"optimiser": "adamw", "weight_decay": decay} if not recipe.weight_decay else {}


def _averaged(recipe: Recipe) -> Fields:
    return {} if recipe.ema else {"ema": CONV_NET.ema}


def _smoothing(recipe: Recipe) -> Fields:
    return {} if recipe.label_smoothing else {"label_smoothing": 0.05}


def _to_conv(recipe: Recipe) -> Fields:
    return SMALL["conv"].model_dump() if recipe.architecture == "dense" else {}


def _of_conv(fields: Callable[[Recipe], Fields]) -> Callable[[Recipe], Fields]:
    """A change that conv nets alone can have."""
    return lambda recipe: fields(recipe) if recipe.architecture == "conv" else {}


def _to_pretrained(backbone: str, recipe: Recipe) -> Fields:
    if recipe.architecture == "pretrained":
        return {}
    return {**NAMED["pretrained"].model_dump(), "backbone": backbone}


def _dropped_head(_backbone: str, recipe: Recipe) -> Fields:
    return {"dropout": (0.8,), "epochs": 10} if recipe.architecture == "pretrained" and recipe.widths else {}


def _brief_head(_backbone: str, recipe: Recipe) -> Fields:
    return {"epochs": max(1, recipe.epochs // 2)} if recipe.architecture == "pretrained" else {}


def _fewer_epochs(recipe: Recipe) -> Fields:
    """For a schedule that ends with the training, what early stopping is for a constant rate."""
    return {"epochs": max(1, recipe.epochs * 2 // 3)} if _runs_its_course(recipe) else {}


def _more_epochs(recipe: Recipe) -> Fields:
    return {"epochs": recipe.epochs * 3 // 2} if _runs_its_course(recipe) else {}


def _runs_its_course(recipe: Recipe) -> bool:
    """Whether its learning rate falls until the end, so that patience would only cut it short."""
    return recipe.schedule != "constant"


# Name, the group of fields that it changes, the change; in the order of trying.
STANDARD: tuple[tuple[str, str, Callable[[Recipe], Fields]], ...] = (
    ("early stopping, best weights restored", "epochs and early stopping", _early_stopping),
    ("batch norm", "batch norm", lambda _recipe: {"norm": "batch"}),
    ("dropout", "dropout", _dropout),
    ("stronger dropout", "dropout", _stronger_dropout),
    ("fewer units", "net", _fewer_units),
    ("a lower learning rate", "learning rate", _slower),
)
# Further remedies that practitioners try next.
FURTHER: tuple[tuple[str, str, Callable[[Recipe], Fields]], ...] = (
    ("weight decay", "weight decay", _weight_decay),
    ("averaged weights", "averaged weights", _averaged),
    ("label smoothing", "label smoothing", _smoothing),
)
# Further remedies for conv nets.
CONV: tuple[tuple[str, Callable[[Recipe], Fields]], ...] = (
    (
        "one-cycle learning rate",
        _of_conv(
            lambda _: {name: getattr(CONV_NET, name) for name in ("learning_rate", "schedule", "epochs", "warmup")}
        ),
    ),
    ("fewer epochs", _fewer_epochs),
    ("wider stages", _of_conv(lambda recipe: {"widths": tuple(width * 4 // 3 for width in recipe.widths)})),
    ("more epochs", _more_epochs),
    ("narrower stages", _of_conv(lambda recipe: _halved(recipe, 8))),
    ("more dropout", _of_conv(lambda _: {"dropout": (0.5,)})),
)
# Augmented pictures are learned more slowly: half as many epochs more.
AUGMENTED = _of_conv(lambda recipe: {"augment": True, "epochs": recipe.epochs * 3 // 2})
# A pretrained backbone, then heads on it: features are extracted once, so each takes seconds.
HEADS: tuple[tuple[str, Callable[[str, Recipe], Fields]], ...] = (
    ("a pretrained backbone", _to_pretrained),
    ("a head with strong dropout", _dropped_head),
    ("a head trained half as long", _brief_head),
)
# Those that only lower the train figure and the gap.
HOLD_BACK = ("stronger dropout", "fewer units", "fewer epochs", "narrower stages", "more dropout", "weight decay")
