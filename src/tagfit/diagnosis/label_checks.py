"""Labels: whether the tags themselves are at fault."""

from __future__ import annotations

import numpy as np

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Estimate, Plot, Remedy, Verdict, cannot_say, fired, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material
from tagfit.diagnosis.noise import FEWEST_CONFIDENT, Noise, noise_of
from tagfit.diagnosis.resampling import corrected_z, wilson

LISTED = 200
SHOWN = 12
FEWEST_OF_A_LABEL = 10
IN_SAMPLE = "needs out-of-sample scores: validation, or --cross-fit for train"
UNSURE = f"the scores are sure of fewer than {FEWEST_CONFIDENT} entries"


@check(
    "label-without-positives",
    "issue",
    "A label has no positives in a split",
    family="labels",
    how="The known positives of each label are counted in train and in validation.",
    why="Without positives in train it cannot be learnt; without positives in validation its recall, AP and AUC do "
    "not exist, and nobody knows whether it was.",
    what_to_do="A stratified split (tagfit's default), more pictures of it, or leave it out (`--min-positives`).",
)
def label_without_positives(material: Material) -> Verdict:
    """A label without known positives."""
    if not material.sides:
        return cannot_say("needs scores")
    empty = {side.name: [side.labels[int(at)] for at in np.flatnonzero(side.positives == 0)] for side in material.sides}
    if not any(empty.values()):
        return passed("every label has positives in " + " and ".join(empty), {"labels": empty})
    told = "; ".join(f"{', '.join(names[:8])} in {split}" for split, names in empty.items() if names)
    return fired(f"No positives: {told}.", {"labels": empty}, Remedy("split by stratification, or leave the label out"))


@check(
    "rare-labels",
    "hint",
    "Rare labels are missed",
    family="labels",
    how="Labels on few pictures of train, whose recall on validation at 0.5 has an interval (Wilson) that ends far "
    "below the median recall of the other labels.",
    why="The loss hardly notices a label that is seldom on; averages over entries hide that it is never found.",
    what_to_do="Balanced positive weights, thresholds by F1, more pictures of these labels.",
)
def rare_labels(material: Material) -> Verdict:
    """Rare labels with a recall far below that of the others."""
    if material.train is None or material.validation is None:
        return cannot_say("needs scores of train and of validation")
    train, side = material.train, material.validation
    share = train.positives / np.maximum(train.positives + train.negatives, 1)
    rare = (share <= limit("rare-labels", "prevalence")) & (side.positives > 0)
    others = ~rare & (side.positives > 0)
    if not rare.any():
        return passed("no label is rare", {"labels": {}})
    if not others.any():
        return cannot_say("all labels are rare: there is nothing to compare them with")
    found = (side.predicted & (side.truth == 1)).sum(axis=0)
    usual = float(np.median(found[others] / side.positives[others]))
    recalls = {side.labels[at]: wilson(found[at], side.positives[at]) for at in map(int, np.flatnonzero(rare))}
    missed = {label: one for label, one in recalls.items() if one.high < usual - limit("rare-labels", "recall")}
    evidence = {"labels": missed or recalls, "recall_of_the_others": usual}
    if not missed:
        return passed(f"{len(recalls)} rare labels are found about as often as the others", evidence)
    told = ", ".join(f"{label} {one}" for label, one in list(missed.items())[:4])
    says = f"Recall of rare labels: {told}; the other labels' is {usual:.2f}."
    return fired(says, evidence, Remedy("balanced positive weights", {"positive_weights": "balanced"}))


@check(
    "suspect-tags",
    "issue",
    "A part of the tags is wrong",
    family="labels",
    how="Confident learning on out-of-sample scores (validation, or cross-fitted train scores; never train scores as "
    "they are). Among the entries that the scores are surest of, the share whose tag says otherwise is the estimated "
    "noise rate, resampled by rows. It fires where the whole interval lies above the limit and the disagreement does "
    "not fall as confidence grows (else the pictures are hard rather than the tags wrong).",
    why="No model can agree with wrong tags except by learning them by heart: one less the noise rate is the ceiling "
    "of label accuracy on such tags, on validation as well.",
    what_to_do="Look through the ranked list and mend the tags, validation first. Meanwhile regularise and stop early: "
    "wrong tags are what is memorised last.",
)
def suspect_tags(material: Material) -> Verdict:
    """The noise rate lies above the limit."""
    noise, reason = _noise(material, "suspect-tags")
    if noise is None:
        return cannot_say(reason)
    rate, floor = noise.rate, noise.floor
    entries = int(noise.counts[5].sum())
    ceiling = Estimate(1 - rate.value, 1 - rate.high, 1 - rate.low)
    evidence = {"noise_rate": rate, "ceiling": ceiling, "entries": entries, "floor": floor}
    told = f"the estimated share of wrong tags is {rate}"
    if not rate.low > limit("suspect-tags", "rate"):
        return passed(told, evidence)
    if floor < limit("suspect-tags", "floor"):
        return passed("disagreement falls as confidence grows: hard pictures rather than wrong tags", evidence)
    suspects = noise.suspects(LISTED)
    evidence["suspects"] = suspects
    says = (
        f"About {rate.value:.1%} of {entries} tag entries look wrong ({rate.low:.1%} to {rate.high:.1%}); label "
        f"accuracy on such tags cannot pass {ceiling.value:.3f}."
    )
    words = "mend the most suspect tags; until then regularise and stop early"
    remedy = Remedy(words, {"patience": 5, "restore_best": True, "label_smoothing": 0.05})
    return fired(says, evidence, remedy, Plot("suspects", {"suspects": suspects[:SHOWN]}))


@check(
    "missing-tags",
    "issue",
    "A label seems forgotten on pictures that show it",
    family="labels",
    how="As for suspect tags, a label at a time: among the pictures that the scores are surest have the label, the "
    "share without the tag. It fires where that share's interval (Wilson, corrected for the number of labels) lies "
    "above the limit, is several times the share of the reverse, and does not fall as confidence grows.",
    why="A missing tag teaches the model that the label is absent where it is plain to see: scores and recall sink.",
    what_to_do="Add the tags in the list, or mark the label as unknown where nobody looked: unknown is not absent.",
)
def missing_tags(material: Material) -> Verdict:
    """A label is often absent where the scores are sure of it."""
    noise, reason = _noise(material, "missing-tags")
    if noise is None:
        return cannot_say(reason)
    labels = noise.sides[0].labels
    z = corrected_z(len(labels))
    forgotten: dict[str, dict[str, object]] = {}
    looked = False
    for at, label in enumerate(labels):
        on, untagged, off, tagged = noise.counts[:4, at]
        if on < FEWEST_OF_A_LABEL or off < FEWEST_OF_A_LABEL:
            continue
        looked = True
        share, added = wilson(untagged, on, z), tagged / off
        surest = noise.surest[1, at] / max(noise.surest[0, at], 1.0)
        if (
            share.low > limit("missing-tags", "rate")
            and share.value > limit("missing-tags", "ratio") * added
            and surest > limit("missing-tags", "floor") * share.value
        ):
            suspects = noise.suspects(LISTED, at, missing_only=True)
            forgotten[label] = {"missing": share, "pictures": _untagged(noise, at), "suspects": suspects}
    if not looked:
        return cannot_say(f"the scores are sure of fewer than {FEWEST_OF_A_LABEL} entries of each label")
    if not forgotten:
        return passed("no label is missing more often than it is wrongly present", {"labels": {}})
    told = ", ".join(f"{label} seems forgotten on {one['pictures']} pictures" for label, one in forgotten.items())
    suspects = [record for one in forgotten.values() for record in one["suspects"][:SHOWN]]  # type: ignore[index]
    remedy = Remedy("add the tags in the list, or mark them as unknown")
    return fired(f"{told}.", {"labels": forgotten}, remedy, Plot("suspects", {"suspects": suspects[:SHOWN]}))


def _noise(material: Material, code: str) -> tuple[Noise | None, str]:
    sides = [material.cross_fit, material.validation]
    if not any(side is not None for side in sides):
        return None, IN_SAMPLE
    noise = noise_of(sides)
    if noise is not None and noise.separation < limit(code, "separation"):
        return None, "the scores follow the tags too weakly to tell wrong tags from hard pictures"
    return noise, UNSURE


def _untagged(noise: Noise, label: int) -> int:
    """How many pictures are confidently of the label without its tag."""
    pairs = zip(noise.sides, noise.zones, strict=True)
    return int(sum((zones.on[:, label] & (side.truth[:, label] == 0)).sum() for side, zones in pairs))


CHECKS = (label_without_positives, suspect_tags, missing_tags, rare_labels)
