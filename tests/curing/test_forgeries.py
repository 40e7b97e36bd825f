"""Forgeries: a certificate that was changed and sealed anew is found out, unless nothing can work it out."""

from __future__ import annotations

import copy
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from curable import ATTESTED

import tagfit
from tagfit.curing.certificate import Certificate, sealed
from tagfit.curing.document import Document
from tagfit.curing.verify import COMPARED, NOT_COMPARED
from tagfit.recipe import Recipe

Raw = dict[str, Any]
ATTESTED_WITHIN = ("note",)
SAMPLE = 30
ACCURACY = "validation.label_accuracy"


def forged(certificate: Certificate, change: Callable[[Raw], object]) -> Certificate:
    """The certificate with a change, sealed anew."""
    raw = copy.deepcopy(certificate.to_dict())
    change(raw)
    return replace(certificate, raw=sealed(raw))


def excellent(raw: Raw) -> None:
    """Every seed with the same high value, and means, bounds, verdict and words to match."""
    for seed in raw["seeds"]:
        seed["values"][ACCURACY] = 0.995
    raw["means"][ACCURACY] = 0.995
    for bound in raw["bounds"]:
        bound.update(met=True, confirmed=None if bound["confirmed"] is None else True)
    raw["verdict"] = "confirmed"
    raw["sentence"] = "Met and confirmed: label_accuracy 0.995 on validation."
    raw["limits"] = None


def one_seed_dropped(raw: Raw) -> None:
    raw["seeds"] = [one for one in raw["seeds"] if one["kept"]]
    raw["means"] = {name: statistics.fmean(one["values"][name] for one in raw["seeds"]) for name in raw["means"]}


def kept_moved(raw: Raw) -> None:
    for one in raw["seeds"]:
        one["kept"] = not one["kept"]


def labels_renamed(raw: Raw) -> None:
    raw["problem"]["labels"] = raw["problem"]["labels"][::-1]


def other_fingerprint(raw: Raw) -> None:
    for when in ("before", "after"):
        raw["problem"][f"fingerprint_{when}"]["data"] = "0" * 32


def weaker_goal(raw: Raw) -> None:
    raw["goal"]["bounds"][0] = raw["bounds"][0]["text"] = "validation.label_accuracy>=0.5"


def file_of(raw: Raw, name: str) -> str:
    return next(file for file in raw["files"] if file.endswith(name))


def metric(raw: Raw, side: str, split: str = "validation", name: str = "label_accuracy") -> Raw:
    found: Raw = raw[side]["splits"][split]["metrics"][name]
    return found


FORGERIES: dict[str, tuple[Callable[[Raw], object], str]] = {
    "splits of before emptied": (lambda raw: raw["before"].update(splits={}), "before.splits"),
    "splits of after emptied": (lambda raw: raw["after"].update(splits={}), "after.splits"),
    "test left out": (lambda raw: raw["after"]["splits"].pop("test"), "after.splits.test"),
    "metrics left out": (lambda raw: raw["after"]["splits"]["test"].update(metrics={}), "after.splits.test.metrics"),
    "every seed excellent": (excellent, f"seeds.0.values.{ACCURACY} is certified as 0.995"),
    "one seed dropped": (one_seed_dropped, "seeds is certified as"),
    "another seed kept": (kept_moved, "seeds.0.kept"),
    "another run kept": (lambda raw: raw["after"].update(run="start"), "after.run"),
    "one mean": (lambda raw: raw["means"].update({ACCURACY: 0.99}), f"means.{ACCURACY} is certified as 0.99"),
    "an undefined mean": (lambda raw: raw["means"].update({ACCURACY: None}), f"means.{ACCURACY} is certified as None"),
    "an infinite mean": (lambda raw: raw["means"].update({ACCURACY: float("inf")}), f"means.{ACCURACY}"),
    "a mean more": (lambda raw: raw["means"].update({"validation.brier": 0.1}), "means.validation.brier"),
    "a bound met": (lambda raw: raw["bounds"][0].update(mean=0.999), "bounds.0.mean"),
    "a bound confirmed": (lambda raw: raw["bounds"][0].update(test=0.99, confirmed=True), "bounds.0.test"),
    "bounds emptied": (lambda raw: raw.update(bounds=[]), "bounds is certified as []"),
    "the verdict": (lambda raw: raw.update(verdict="confirmed"), "verdict is certified as 'confirmed'"),
    "an unknown verdict": (lambda raw: raw.update(verdict="perfect"), "verdict: Input should be 'confirmed'"),
    "the sentence": (lambda raw: raw.update(sentence="Met and confirmed: all is well."), "sentence is certified as"),
    "the paragraph": (lambda raw: raw.update(paragraph=["All is well."]), "paragraph is certified as"),
    "one line of the paragraph": (lambda raw: raw["paragraph"].__setitem__(1, "After 1 trial."), "paragraph.1"),
    "a weaker goal": (weaker_goal, "goal.bounds.0 is certified as 'validation.label_accuracy>=0.5'"),
    "a goal that is none": (lambda raw: raw["goal"].update(bounds=["rubbish"]), "goal.bounds"),
    "more trials allowed": (lambda raw: raw["asked"].update(trials=100), "asked.trials is certified as 100"),
    "augmentation allowed": (lambda raw: raw["asked"].update(augment=True), "asked.augment is certified as True"),
    "files emptied": (lambda raw: raw.update(files={}), "is missing from the list of files"),
    "a file outside": (lambda raw: raw["files"].update({"../../etc/passwd": "0"}), "is not a file of this cure"),
    "a file by its whole path": (lambda raw: raw["files"].update({"/etc/passwd": "0"}), "is not a file of this cure"),
    "weights not listed": (lambda raw: raw["files"].pop(file_of(raw, "weights.safetensors")), "missing from the list"),
    "the request not listed": (lambda raw: raw["files"].pop("cure.json"), "cure.json is missing from the list"),
    "a run outside": (lambda raw: raw["before"].update(run="../start"), "before.run: String should match pattern"),
    "a seed's run outside": (lambda raw: raw["seeds"][0].update(run="/tmp/run"), "seeds.0.run: String should match"),
    "rows of the problem": (
        lambda raw: raw["problem"]["rows"].update(train=1600),
        "problem.rows.train is certified as",
    ),
    "labels": (labels_renamed, "the labels are now"),
    "both fingerprints": (other_fingerprint, "the fingerprint of the data is"),
    "the fingerprint after": (
        lambda raw: raw["problem"]["fingerprint_after"].update(data="0"),
        "fingerprint_after.data",
    ),
    "size": (lambda raw: raw["problem"].update(size=64), "problem.size is certified as 64"),
    "the source": (
        lambda raw: raw["problem"]["source"].update(limit=5000),
        "problem.source.limit is certified as 5000",
    ),
    "a figure": (lambda raw: metric(raw, "after").update(value=0.99), "after.splits.validation.metrics.label_accuracy"),
    "a figure on test": (lambda raw: metric(raw, "after", "test").update(value=0.99), "after.splits.test.metrics"),
    "a figure of the start": (lambda raw: metric(raw, "before").update(value=0.1), "before.splits.validation.metrics"),
    "a baseline": (lambda raw: metric(raw, "after").update(nothing=0.1), "label_accuracy.nothing is certified as 0.1"),
    "no baseline": (lambda raw: metric(raw, "after").update(best_constant=None), "label_accuracy.best_constant"),
    "an interval": (lambda raw: metric(raw, "after").update(interval=[0.71, 0.72]), "label_accuracy.interval.0"),
    "no interval": (lambda raw: metric(raw, "after").update(interval=None), "label_accuracy.interval"),
    "what is better": (lambda raw: metric(raw, "after").update(better="lower"), "label_accuracy.better"),
    "rows of a split": (lambda raw: raw["after"]["splits"]["test"].update(n=6000), "after.splits.test.n"),
    "a text for a number": (lambda raw: raw["after"]["splits"]["test"].update(n="60"), "after.splits.test.n: Input"),
    "a recipe": (lambda raw: raw["after"]["recipe"].update(dropout=[0.9]), "after.recipe.dropout"),
    "epochs": (lambda raw: raw["after"].update(epochs=3), "after.epochs is certified as 3"),
    "changes emptied": (lambda raw: raw.update(changes=[]), "changes is certified as []"),
    "the winner": (lambda raw: raw["search"].update(winner=0), "trial 0 is certified as the winner"),
    "a winner that is none": (lambda raw: raw["search"].update(winner=99), "trial 99 is certified as the winner"),
    "the number of trials": (lambda raw: raw["search"].update(trials=1), "search.trials is certified as 1"),
    "trials that were stopped": (lambda raw: raw["search"].update(stopped=9), "search.stopped is certified as 9"),
    "looks at validation": (lambda raw: raw["search"]["looks"].update(validation=1), "search.looks.validation"),
    "looks at test": (lambda raw: raw["search"]["looks"].update(test=0), "search.looks.test is certified as 0"),
    "the log emptied": (lambda raw: raw["search"].update(log=[]), "search.log is certified as []"),
    "a figure of a trial": (
        lambda raw: raw["search"]["log"][0]["values"].update({ACCURACY: 0.1}),
        "search.log.0.values",
    ),
    "the retrained emptied": (lambda raw: raw["search"].update(retrained=[]), "search.retrained is certified as []"),
    "the trade-off emptied": (lambda raw: raw.update(trade_off=[]), "trade_off is certified as []"),
    "corrected entries": (lambda raw: raw["changed_sides"].update(mended=999), "changed_sides.mended is certified as"),
    "optimism": (lambda raw: raw["optimism"].update(value=0.0), "optimism.value is certified as 0.0"),
    "its interval": (lambda raw: raw["optimism"].update(low=-1.0, high=1.0), "optimism.low is certified as -1.0"),
    "no optimism": (lambda raw: raw.update(optimism=None), "optimism is certified as None"),
    "a step": (lambda raw: raw["steps"][1].update(validation=0.99), "steps.1.validation is certified as 0.99"),
    "an effect": (lambda raw: raw["ablation"][0].update(brought=0.5), "ablation.0.brought is certified as 0.5"),
    "limits made up": (
        lambda raw: raw.update(limits={"says": [], "learning_curve": [], "ceiling": None}),
        "limits is certified as",
    ),
    "a shorter list of the sealed": (lambda raw: raw.update(sealed=[]), "the lists of what is worked out again"),
    "a longer list of the recomputed": (lambda raw: raw["recomputed"].append("all"), "the lists of what is worked out"),
    "a section more": (lambda raw: raw.update(award="first prize"), "award: Extra inputs are not permitted"),
    "a section less": (lambda raw: raw.pop("means"), "means: Field required"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_that_is_sealed_anew_is_named(finished: Certificate, name: str) -> None:
    change, named = FORGERIES[name]
    found = tagfit.verify(forged(finished, change))
    assert not found.holds
    assert any(named in one for one in found.altered), found.altered


def test_out_of_reach_does_not_become_met(out_of_reach: Certificate) -> None:
    found = tagfit.verify(forged(out_of_reach, excellent))
    for named in (
        f"seeds.0.values.{ACCURACY}",
        f"means.{ACCURACY}",
        "verdict is certified as 'confirmed'",
        "limits is",
    ):
        assert any(named in one for one in found.altered), (named, found.altered)


def test_every_section_is_compared_or_declared_as_not_compared() -> None:
    compared = [section for sections in COMPARED.values() for section in sections]
    assert sorted([*compared, *NOT_COMPARED]) == sorted(Document.model_fields)
    assert set(ATTESTED) == set(NOT_COMPARED) - {"files", "recomputed", "sealed"}, "these three are checked elsewhere"


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in a document, containers included."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in items:
        yield from leaves(one, (*path, name))


def attested(path: tuple[str | int, ...]) -> bool:
    return path[0] in ATTESTED or path[-1] in ATTESTED_WITHIN or path[:2] == ("limits", "ceiling")


def default_of(field: str | int) -> Any:
    """The value of a field of a recipe that is not given, as JSON has it."""
    return Recipe().model_dump(mode="json").get(str(field))


def altered_at(raw: Raw, path: tuple[str | int, ...], draw: random.Random) -> Raw:
    """The document with one value changed, replaced or removed."""
    raw = copy.deepcopy(raw)
    holder: Any = raw
    for name in path[:-1]:
        holder = holder[name]
    was, last = holder[path[-1]], path[-1]
    ways: list[Any] = [None, "x", 7, 0.123, [], {}, True]
    if isinstance(was, bool):
        ways.append(not was)
    elif isinstance(was, int | float):
        ways += [was + 1, was - 1e-3, -was, 10 * was]
    elif isinstance(was, str):
        ways += [f"{was}x", was[:-1], was.replace("0", "1")]
    ways = [way for way in ways if repr(way) != repr(was) and (way != was or isinstance(way, bool))]
    # A recipe without a field is that of a release that did not know it: the default is meant.
    if draw.random() < 0.15 and not ("recipe" in path[:-1] and was == default_of(last)):
        del holder[last]
    else:
        holder[last] = draw.choice(ways)
    return raw


def assert_named(certificate: Certificate, path: tuple[str | int, ...], draw: random.Random) -> None:
    raw = altered_at(certificate.to_dict(), path, draw)
    found = tagfit.verify(replace(certificate, raw=sealed(raw)))
    assert not found.holds or attested(path), path


def test_a_sample_of_random_forgeries_is_named(finished: Certificate, out_of_reach: Certificate) -> None:
    draw = random.Random(0)
    for certificate in (finished, out_of_reach):
        plain = {name: section for name, section in certificate.to_dict().items() if name != "seals"}
        for path in draw.sample([path for path in leaves(plain) if not attested(path)], SAMPLE // 2):
            assert_named(certificate, path, draw)


@pytest.mark.long
def test_a_random_forgery_of_any_value_is_named(finished: Certificate, out_of_reach: Certificate) -> None:
    draw = random.Random(1)
    for certificate in (finished, out_of_reach):
        plain = {name: section for name, section in certificate.to_dict().items() if name != "seals"}
        for path in leaves(plain):
            assert_named(certificate, path, draw)
