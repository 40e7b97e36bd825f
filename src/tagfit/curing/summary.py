"""Summary: what a certificate says in plain words, written from its numbers alone."""

from __future__ import annotations

from tagfit.curing.document import Document, SearchSection
from tagfit.curing.section import number
from tagfit.evaluation.metrics import find

# Phrases of earlier releases and what stands for them now, so that their certificates can still be compared.
EARLIER = (
    (
        "they show what was altered by accident or in passing, not who made it",
        "they reveal careless changes, and do not prove who made the certificate",
    ),
    ("on validation with", "on validation and"),
    ("(the mean of", "(mean of"),
    ("), and test holds the bounds as well.", "); the test split meets the bounds too."),
    ("Met, but not confirmed:", "Met but not confirmed:"),
    ("), while test does not hold the bounds.", "); the test split misses at least one bound."),
    ("the best that was found has", "the best trial has"),
    ("the best result found is", "the best trial has"),
    ("The diagnosis fired:", "The diagnosis found:"),
    ("the lesson's answer", "the regularised recipe"),
    (" single move", " single change"),
    (". There: ", ". On validation: "),
    ("One change more at a time, validation", "Changes added one at a time, validation"),
    (
        "What each change brought, undone alone, in validation",
        "Effect of each change, measured by undoing it alone, on validation",
    ),
    ("Optimism of choosing on validation", "Optimism from selecting on validation"),
    ("choosing on validation flattered", "selecting on validation was optimistic"),
    ("the resamples say nothing about it", "no interval could be made"),
    ("are what they were (fingerprint", "are unchanged (fingerprint"),
    (
        "lies beyond what the tags allow: with the estimated share of wrong ones, label accuracy cannot pass",
        "is above what the tags allow: at the estimated share of wrong tags, label accuracy cannot exceed",
    ),
    ("the bounds pull against each other:", "the bounds conflict:"),
    ("kept train and gap where they were asked to be", "met the bounds on train and gap"),
    ("reached what is asked of validation", "met the bounds on validation"),
)


def in_present_words(text: str) -> str:
    """A sentence of this or an earlier release, as this one writes it."""
    for was, now in EARLIER:
        text = text.replace(was, now)
    return text


def sentence(document: Document) -> str:
    """The verdict in one sentence."""
    train, validation = (number(document.means[f"{split}.{document.metric}"]) for split in ("train", "validation"))
    seeds = len(document.seeds)
    over = f"mean of {seeds} fresh seeds" if seeds > 1 else "one fresh seed"
    figures = f"{document.metric} {validation:.3f} on validation and {train:.3f} on train ({over})"
    return {
        "confirmed": f"Met and confirmed: {figures}; the test split meets the bounds too.",
        "met": f"Met: {figures}; there is no test split to confirm it.",
        "met, not confirmed": f"Met but not confirmed: {figures}; the test split misses at least one bound.",
        "out of reach": f"Out of reach: the best trial has {figures}.",
    }[document.verdict]


def paragraph(document: Document) -> tuple[str, ...]:
    """What happened, in a few sentences."""
    lines = [_before(document), _after(document)]
    if document.changes:
        lines.append("What changed in the recipe: " + "; ".join(one.words for one in document.changes) + ".")
    lines += [*_steps(document), *_effects(document), *_test(document)]
    if document.limits is not None:
        lines += [f"What limits it ({one.what}): {one.says}." for one in document.limits.says]
    return (*lines, _unchanged(document))


def _before(document: Document) -> str:
    metric, side = document.metric, document.before
    codes = [one.code for one in document.findings]
    found = f" The diagnosis found: {', '.join(codes)}." if codes else ""
    return (
        f"The starting run ({side.recipe_name}) has {metric} {number(side.value('train', metric)):.3f} on train and "
        f"{number(side.value('validation', metric)):.3f} on validation.{found}"
    )


def _after(document: Document) -> str:
    metric, side = document.metric, document.after
    others = ", ".join(
        f"{name} {number(document.before.value('validation', name)):.3f} -> "
        f"{number(side.value('validation', name)):.3f}"
        for name in ("loss", "macro_f1", "mAP", "label_accuracy")
        if name != metric
    )
    return (
        f"After {tried(document.search)} trial {document.search.winner} was retrained with fresh seeds; the median "
        f"seed has {metric} {number(side.value('train', metric)):.3f} on train and "
        f"{number(side.value('validation', metric)):.3f} on validation. On validation: {others}."
    )


def tried(search: SearchSection) -> str:
    """Such as ``5 trials (the regularised recipe, 3 single changes, 1 proposal of the sampler)``."""
    proposals = search.trials - search.at_once - search.moves
    answer = "the regularised recipe in two sizes" if search.at_once > 1 else "the regularised recipe"
    kinds = [answer] if search.at_once else []
    kinds += [counted(search.moves, "single change")] if search.moves else []
    kinds += [f"{counted(proposals, 'proposal')} of the sampler"] if proposals else []
    kinds += [f"{search.stopped} of them stopped early"] if search.stopped else []
    return f"{counted(search.trials, 'trial')} ({', '.join(kinds)})"


def counted(count: int, what: str) -> str:
    """Such as ``1 trial`` or ``2 trials``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _steps(document: Document) -> list[str]:
    steps = [one for one in document.steps if one.validation is not None]
    if len(steps) < 2:
        return []
    values = ", ".join(f"{one.name} {one.validation:.3f}" for one in steps)
    return [f"Changes added one at a time, validation {document.metric}: {values}."]


def _effects(document: Document) -> list[str]:
    sign = 1 if find(document.metric).better == "higher" else -1
    measured = [one for one in document.ablation if one.brought is not None]
    if not measured:
        return []
    ordered = sorted(measured, key=lambda one: -sign * number(one.brought))
    effects = ", ".join(f"{one.name} {one.brought:+.3f} (gap {number(one.gap):+.3f})" for one in ordered)
    return [f"Effect of each change, measured by undoing it alone, on validation {document.metric}: {effects}."]


def _test(document: Document) -> list[str]:
    optimism, looks = document.optimism, document.search.looks.test
    if optimism is None:
        return []
    value = number(document.after.value("test", document.metric))
    interval = "" if optimism.low is None else f" ({optimism.low:+.3f} to {number(optimism.high):+.3f})"
    return [
        f"On test, looked at {'once' if looks == 1 else f'{looks} times'} in all, the kept run has {document.metric} "
        f"{value:.3f}. Optimism from selecting on validation: {number(optimism.value):+.3f}{interval}: {optimism.says}."
    ]


def _unchanged(document: Document) -> str:
    used = bool(document.after.recipe.get("augment"))
    if document.before.recipe.get("augment"):
        augmentation = f"The starting run augments its pictures; the cured run does {'too' if used else 'not'}"
    elif document.asked.augment:
        augmentation = f"Augmentation was allowed and is {'' if used else 'not '}used"
    else:
        augmentation = "Augmentation was not allowed"
    data = document.problem.fingerprint_after["data"]
    return (
        f"Pictures, tags, splits, labels and preprocessing are unchanged (fingerprint {data[:12]}); thresholds "
        f"stayed at 0.5. {augmentation}.{_outside(document)}"
    )


def _outside(document: Document) -> str:
    """Whether weights that others trained are in it; nothing where they were neither allowed nor used."""
    after = [one for one in document.outside if "after" in one.used_by]
    if after:
        named = ", ".join(f"{one.name} (package {one.package}, trained on {one.data})" for one in after)
        return f" The cured run uses weights that others trained: {named}."
    return " Pretrained backbones were allowed and are not used." if document.asked.pretrained else ""
