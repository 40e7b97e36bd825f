"""Labels: checks whether the tags themselves are wrong."""

from __future__ import annotations

import numpy as np

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Estimate, Plot, Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material
from tagfit.diagnosis.noise import FEWEST_CONFIDENT, Noise, noise_of
from tagfit.diagnosis.partial_mismatch import RowErrors
from tagfit.diagnosis.resampling import corrected_z, wilson

LISTED = 200
SHOWN = 12
FEWEST_OF_A_LABEL = 10
IN_SAMPLE = "needs out-of-sample scores: validation, or --cross-fit for train"
ROWS_OR_TAGS = "so few rows and labels do not tell wrong tags from rows of scores that belong to other pictures"
UNSURE = f"fewer than {FEWEST_CONFIDENT} entries have confident scores"


@check(
    "label-without-positives",
    "issue",
    "A label has no positives in a split",
    family="labels",
    how="The known positives of each label are counted in train and in validation.",
    why="Without positives in train, the label cannot be learned. Without positives in validation, its recall, AP and "
    "AUC are undefined, so nobody knows whether it was learned.",
    what_to_do="Use a stratified split (the default of tagfit), add pictures of the label, or exclude it "
    "(`--min-positives`).",
)
def label_without_positives(material: Material) -> Verdict:
    """A label without known positives."""
    if not material.sides:
        return inconclusive("needs scores")
    empty = {side.name: [side.labels[int(at)] for at in np.flatnonzero(side.positives == 0)] for side in material.sides}
    if not any(empty.values()):
        return passed("every label has positives in " + " and ".join(empty), {"labels": empty})
    told = "; ".join(f"{', '.join(names[:8])} in {split}" for split, names in empty.items() if names)
    return fired(f"No positives: {told}.", {"labels": empty}, Remedy("use a stratified split, or exclude the label"))


@check(
    "rare-labels",
    "hint",
    "Rare labels are missed",
    family="labels",
    how="Labels on few pictures of train whose recall on validation at 0.5 has an interval (Wilson) that ends far "
    "below the median recall of the other labels.",
    why="A rare label hardly contributes to the loss, and averages over entries hide that it is never found.",
    what_to_do="Use balanced positive weights, thresholds chosen by F1, or more pictures of these labels.",
)
def rare_labels(material: Material) -> Verdict:
    """Rare labels have a recall far below that of the others."""
    if material.train is None or material.validation is None:
        return inconclusive("needs scores of train and of validation")
    train, side = material.train, material.validation
    share = train.positives / np.maximum(train.positives + train.negatives, 1)
    rare = (share <= limit("rare-labels", "prevalence")) & (side.positives > 0)
    others = ~rare & (side.positives > 0)
    if not rare.any():
        return passed("no label is rare", {"labels": {}})
    if not others.any():
        return inconclusive("all labels are rare, so there is nothing to compare them with")
    found = (side.predicted & (side.truth == 1)).sum(axis=0)
    usual = float(np.median(found[others] / side.positives[others]))
    recalls = {side.labels[at]: wilson(found[at], side.positives[at]) for at in map(int, np.flatnonzero(rare))}
    missed = {label: one for label, one in recalls.items() if one.high < usual - limit("rare-labels", "recall")}
    evidence = {"labels": missed or recalls, "recall_of_the_others": usual}
    if not missed:
        return passed(f"{len(recalls)} rare labels have about the same recall as the others", evidence)
    told = ", ".join(f"{label} {one}" for label, one in list(missed.items())[:4])
    says = f"Recall of rare labels: {told}; the median of the other labels is {usual:.2f}."
    return fired(says, evidence, Remedy("balanced positive weights", {"positive_weights": "balanced"}))


@check(
    "suspect-tags",
    "issue",
    "Some of the tags are wrong",
    family="labels",
    how="Confident learning on out-of-sample scores (validation, or cross-fitted train scores; never plain train "
    "scores; for a run on a pretrained backbone, or with `--backbone`, scores of linear models on its features that "
    "did not see the row, for train and validation). The share of the most confident entries that contradict their "
    "tag is the estimated noise rate, bootstrapped by rows. The check fires if the whole interval is above the limit "
    "and the disagreement does not fall as confidence grows (otherwise the pictures are hard rather than the tags "
    "wrong).",
    why="A model can only agree with wrong tags by memorising them. One minus the noise rate is the ceiling of label "
    "accuracy on such tags, on validation as well.",
    what_to_do="Review the ranked list and correct the tags, validation first. Until then, regularise and stop early: "
    "wrong tags are memorised last.",
)
def suspect_tags(material: Material) -> Verdict:
    """The noise rate is above the limit."""
    noise, reason = _noise(material, "suspect-tags")
    if noise is None:
        return inconclusive(reason)
    rate, floor = noise.rate, noise.floor
    entries = int(noise.counts[5].sum())
    ceiling = Estimate(1 - rate.value, 1 - rate.high, 1 - rate.low)
    evidence = {"noise_rate": rate, "ceiling": ceiling, "entries": entries, "floor": floor}
    told = f"the estimated share of wrong tags is {rate}"
    if not rate.low > limit("suspect-tags", "rate"):
        return passed(told, evidence)
    if floor < limit("suspect-tags", "floor"):
        return passed(
            "disagreement falls as confidence grows: the pictures are hard rather than the tags wrong", evidence
        )
    suspects = noise.suspects(LISTED)
    evidence["suspects"] = suspects
    says = (
        f"About {rate.value:.1%} of {entries} tag entries look wrong ({rate.low:.1%} to {rate.high:.1%}); label "
        f"accuracy on such tags cannot exceed {ceiling.value:.3f}."
    )
    words = f"correct the most suspect tags{_by_a_backbone(material)}; until then, regularise and stop early"
    remedy = Remedy(words, {"patience": 5, "restore_best": True, "label_smoothing": 0.05})
    return fired(says, evidence, remedy, Plot("suspects", {"suspects": suspects[:SHOWN]}))


@check(
    "missing-tags",
    "issue",
    "A label is missing on pictures that show it",
    family="labels",
    how="As for suspect tags, per label: the share without the tag among the pictures whose scores are most confident "
    "that the label is present. The check fires if that share's interval (Wilson, corrected for the number of labels) "
    "is above the limit, the share is several times that of wrongly present tags, and it does not fall as confidence "
    "grows.",
    why="A missing tag teaches the model that the label is absent where it is plainly visible: scores and recall drop.",
    what_to_do="Add the tags in the list, or mark the label as unknown where nobody looked. Unknown is not absent.",
)
def missing_tags(material: Material) -> Verdict:
    """A label is often untagged where its scores are confident."""
    noise, reason = _noise(material, "missing-tags")
    if noise is None:
        return inconclusive(reason)
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
        return inconclusive(f"every label has fewer than {FEWEST_OF_A_LABEL} entries with confident scores")
    if not forgotten:
        return passed("no label is missing much more often than it is wrongly present", {"labels": {}})
    told = ", ".join(f"{label} seems to be missing on {one['pictures']} pictures" for label, one in forgotten.items())
    suspects = [record for one in forgotten.values() for record in one["suspects"][:SHOWN]]  # type: ignore[index]
    remedy = Remedy("add the tags in the list, or mark them as unknown")
    return fired(f"{told}.", {"labels": forgotten}, remedy, Plot("suspects", {"suspects": suspects[:SHOWN]}))


def _noise(material: Material, code: str) -> tuple[Noise | None, str]:
    sides = material.held_out or (material.cross_fit, material.validation)
    if not any(side is not None for side in sides):
        return None, IN_SAMPLE
    noise = noise_of(sides)
    if noise is not None and noise.separation < limit(code, "separation"):
        return None, "the scores agree too little with the tags to tell wrong tags from hard pictures"
    of_a_run = material.recipe is not None or bool(material.held_out)  # tagfit's own scores are in order
    if noise is not None and not of_a_run and any(RowErrors(side).may_be_rows for side in noise.sides):
        return None, ROWS_OR_TAGS
    return noise, UNSURE


def _by_a_backbone(material: Material) -> str:
    """Where a net's own scores were all there was, what finds more of the wrong tags, and in train as well."""
    side = material.validation
    if material.held_out or material.recipe is None or side is None or not side.holds_pictures:
        return ""
    return " (diagnosing the run with --backbone efficientnet-lite2 ranks those of train, too, and estimates better)"


def _untagged(noise: Noise, label: int) -> int:
    """How many pictures have a confident score for the label but not its tag."""
    pairs = zip(noise.sides, noise.zones, strict=True)
    return int(sum((zones.on[:, label] & (side.truth[:, label] == 0)).sum() for side, zones in pairs))


CHECKS = (label_without_positives, suspect_tags, missing_tags, rare_labels)
