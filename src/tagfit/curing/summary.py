"""Story: what a certificate says in plain words, written from its numbers alone."""

from __future__ import annotations

from typing import Any

from tagfit.evaluation.metrics import find

Document = dict[str, Any]


def sentence(document: Document) -> str:
    """The verdict in one sentence."""
    metric = document["goal"]["metric"]
    train, validation = (document["means"][f"{split}.{metric}"] for split in ("train", "validation"))
    told = f"{metric} {validation:.3f} on validation with {train:.3f} on train"
    seeds = len(document["seeds"])
    over = f"the mean of {seeds} fresh seeds" if seeds > 1 else "one fresh seed"
    return {
        "confirmed": f"Met and confirmed: {told} ({over}), and test holds the bounds as well.",
        "met": f"Met: {told} ({over}); there is no test split to confirm it.",
        "met, not confirmed": f"Met, but not confirmed: {told} ({over}), while test does not hold the bounds.",
        "out of reach": f"Out of reach: the best that was found has {told} ({over}).",
    }[document["verdict"]]


def paragraph(document: Document) -> list[str]:
    """What happened, in a few sentences."""
    lines = [_before(document), _after(document)]
    if document["changes"]:
        lines.append("What changed in the recipe: " + "; ".join(one["words"] for one in document["changes"]) + ".")
    lines += _stepped(document)
    lines += _brought(document)
    lines += _test(document)
    if document["limits"] is not None:
        lines += [f"What limits it ({one['what']}): {one['says']}." for one in document["limits"]["says"]]
    lines.append(_untouched(document))
    return lines


def _values(document: Document, side: str, metric: str) -> tuple[float, float]:
    splits = document[side]["splits"]
    return splits["train"]["metrics"][metric]["value"], splits["validation"]["metrics"][metric]["value"]


def _before(document: Document) -> str:
    metric = document["goal"]["metric"]
    train, validation = _values(document, "before", metric)
    codes = [one["code"] for one in document["findings"]]
    found = f" The diagnosis fired: {', '.join(codes)}." if codes else ""
    return (
        f"The starting run ({document['before']['recipe_name']}) has {metric} {train:.3f} on train and "
        f"{validation:.3f} on validation.{found}"
    )


def _after(document: Document) -> str:
    metric, search = document["goal"]["metric"], document["search"]
    train, validation = _values(document, "after", metric)
    others = ", ".join(
        f"{name} {_values(document, 'before', name)[1]:.3f} -> {_values(document, 'after', name)[1]:.3f}"
        for name in ("loss", "macro_f1", "mAP", "label_accuracy")
        if name != metric
    )
    return (
        f"After {tried(search)} trial {search['winner']} was retrained with fresh seeds; the median seed has {metric} "
        f"{train:.3f} on train and {validation:.3f} on validation. There: {others}."
    )


def tried(search: Document) -> str:
    """Such as ``5 trials (the lesson's answer, 3 single moves, 1 proposal of the sampler)``."""
    proposals = search["trials"] - search["at_once"] - search["moves"]
    answer = "the lesson's answer in two sizes" if search["at_once"] > 1 else "the lesson's answer"
    kinds = [answer] if search["at_once"] else []
    kinds += [counted(search["moves"], "single move")] if search["moves"] else []
    kinds += [f"{counted(proposals, 'proposal')} of the sampler"] if proposals else []
    kinds += [f"{search['stopped']} of them stopped early"] if search["stopped"] else []
    return f"{counted(search['trials'], 'trial')} ({', '.join(kinds)})"


def counted(count: int, what: str) -> str:
    """Such as ``1 trial`` or ``2 trials``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _stepped(document: Document) -> list[str]:
    steps = [one for one in document["steps"] if one["validation"] is not None]
    if len(steps) < 2:
        return []
    told = ", ".join(f"{one['name']} {one['validation']:.3f}" for one in steps)
    return [f"One change more at a time, validation {document['goal']['metric']}: {told}."]


def _brought(document: Document) -> list[str]:
    metric = document["goal"]["metric"]
    sign = 1 if find(metric).better == "higher" else -1
    measured = [one for one in document["ablation"] if one["brought"] is not None]
    if not measured:
        return []
    ordered = sorted(measured, key=lambda one: -sign * one["brought"])
    told = ", ".join(f"{one['name']} {one['brought']:+.3f} (gap {one['gap']:+.3f})" for one in ordered)
    return [f"What each change brought, undone alone, in validation {metric}: {told}."]


def _test(document: Document) -> list[str]:
    optimism, metric = document["optimism"], document["goal"]["metric"]
    if optimism is None:
        return []
    value = document["after"]["splits"]["test"]["metrics"][metric]["value"]
    looks = document["search"]["looks"]["test"]
    interval = "" if optimism["low"] is None else f" ({optimism['low']:+.3f} to {optimism['high']:+.3f})"
    return [
        f"On test, looked at {'once' if looks == 1 else f'{looks} times'} in all, the kept run has {metric} "
        f"{value:.3f}. Optimism of choosing on validation: {optimism['value']:+.3f}{interval}: {optimism['says']}."
    ]


def _untouched(document: Document) -> str:
    moved = "Augmentation was allowed" if document["asked"]["augment"] else "Augmentation was not allowed"
    used = "and is used" if document["after"]["recipe"]["augment"] else "and is not used"
    data = document["problem"]["fingerprint_after"]["data"]
    return (
        f"Pictures, tags, splits, labels and preprocessing are what they were (fingerprint {data[:12]}); thresholds "
        f"stayed at 0.5. {moved}{f' {used}' if document['asked']['augment'] else ''}."
    )
