"""Station 8, Repair: broken set-ups; what the edited code yields is given to the diagnosis and to the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logit

from tagfit.diagnosis.diagnose import diagnose
from tagfit.diagnosis.finding import Finding
from tagfit.evaluation.evaluate import evaluate
from tagfit.lesson.blocks import Code, Shown, table
from tagfit.lesson.labs import edited_code, nets
from tagfit.lesson.steps import Context, Lab, Outcome
from tagfit.scores import Scores

EXACT, ARGMAX = "exact-match-alone", "argmax-accuracy"
# Figures that are the same but for rounding, and scores that are as good as those of a sigmoid.
SAME, NEAR = 5e-3, 0.02
BURST, LEAST_SHARE, MOST_SHARE = 4, 0.2, 0.5


class Check(NamedTuple):
    """What came of the code: the key of the feedback, its figures, and the findings that support it."""

    key: str
    figures: dict[str, Any]
    findings: tuple[Finding, ...] = ()


# From the values that the code defined to a Check.
Look = Callable[[dict[str, Any]], Check]


def _setup(given: Callable[[], Mapping[str, Any]], wanted: tuple[str, ...], look: Look) -> Lab:
    """A step: what the code is given, the names that it has to define, and how these are checked."""

    def show(context: Context) -> Shown:
        tried = context.answers(context.step.id)
        return Shown([Code(str(tried[-1]) if tried else context.step.start)])

    def judge(context: Context, answer: str) -> Outcome:
        try:
            check = look(edited_code.run(answer, given(), wanted))
        except edited_code.CodeError as error:
            check = Check("does_not_run", {"error": str(error)})
        except (ValueError, TypeError, KeyError, IndexError) as error:  # values of another form
            check = Check("does_not_run", {"error": str(error)})
        right = check.key == "right"
        names = context.step.names
        rows = [[one.code, one.verdict.says] for one in check.findings]
        blocks = [table([names["finding"], names["evidence"]], rows)] if rows else []
        return Outcome(check.key, right, "" if right else check.key, done=right, figures=check.figures, blocks=blocks)

    return Lab(judge, show)


def _fired(*codes: str, **material: Any) -> tuple[Finding, ...]:
    """Those of the findings that fired, in the order of ``codes``."""
    found = diagnose(**material)
    return tuple(found[code] for code in codes if found[code].outcome == "fired")


def _cured(split: str = "validation") -> Scores:
    return nets.cured().scores[split]


def _arrays(scores: Scores) -> dict[str, Any]:
    return {"truth": scores.truth, "scores": scores.scores}


def _softmax_given() -> dict[str, Any]:
    return {"logits": logit(np.clip(_cured().scores.astype(np.float64), 1e-6, 1 - 1e-6))}


def _softmax(values: dict[str, Any]) -> Check:
    truth, scores = _cured().truth, np.asarray(values["scores"], dtype=np.float64)
    fired = _fired("logits-as-scores", "softmax-head", validation=(truth, scores))
    raised = np.exp(_softmax_given()["logits"])
    before = raised / raised.sum(axis=1, keepdims=True)
    figures = {"before": float(((before > 0.5) == truth).mean()), "after": float(((scores > 0.5) == truth).mean())}
    if fired:
        return Check("no_head" if fired[0].code == "logits-as-scores" else "still", figures, fired)
    best = nets.cured().value("validation")
    return Check("right" if figures["after"] >= best - NEAR else "useless", figures)


def _argmax(values: dict[str, Any]) -> Check:
    compiled = values["compiled"]
    metrics = compiled.get("metrics") or []
    if "categorical" in str(compiled.get("loss", "")):
        return Check("categorical", {})
    if not metrics:
        return Check("none", {})
    fired = _fired(ARGMAX, EXACT, validation=_cured(), metrics=metrics)
    found = evaluate(_cured(), metrics=("argmax_accuracy", "label_accuracy"), intervals=None)
    figures = {
        "metrics": ", ".join(metrics),
        "argmax": found["argmax_accuracy"],
        "label": found["label_accuracy"],
        "says": fired[0].verdict.says if fired else "",
    }
    if fired:
        return Check("still" if fired[0].code == ARGMAX else "alone", figures, fired)
    return Check("right", figures)


def _exact(values: dict[str, Any]) -> Check:
    reported = [str(name) for name in values["reported"]]
    fired = _fired(EXACT, ARGMAX, validation=_cured(), metrics=reported)
    found = evaluate(_cured(), metrics=("subset_accuracy", "label_accuracy"), intervals=None)
    figures = {
        "subset": found["subset_accuracy"],
        "label": found["label_accuracy"],
        "says": fired[0].verdict.says if fired else "",
    }
    if fired:
        return Check("still" if fired[0].code == EXACT else "argmax", figures, fired)
    return Check("right" if reported else "still", figures)


def _flat_given() -> dict[str, Any]:
    scores = _cured("train")
    rows = scores.truth[scores.truth.any(axis=1)]
    return {"tags": [[scores.labels[place] for place in np.flatnonzero(row)] for row in rows], "labels": scores.labels}


def _flat(values: dict[str, Any]) -> Check:
    train = _cured("train")
    tagged = train.truth.any(axis=1)
    truth = np.asarray(values["truth"])
    material = {"train": (truth, train.scores[tagged]), "validation": _cured(), "labels": train.labels}
    fired = _fired("label-shares-differ", "missing-tags", **material)
    figures = {
        "tags": int(train.truth.sum()),
        "before": int(tagged.sum()),
        "wrong": int((truth != train.truth[tagged]).sum()),
        "says": fired[0].verdict.says if fired else "",
    }
    if fired:
        return Check("still", figures, fired)
    return Check("other" if figures["wrong"] else "right", figures)


def _groups() -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.arange(len(_cured("train"))) // BURST


def _leak(values: dict[str, Any]) -> Check:
    scores, groups = _cured("train"), _groups().astype(np.str_)
    validation = np.asarray(values["validation"], dtype=bool)
    sides = {
        name: {"truth": scores.truth[rows], "scores": scores.scores[rows], "groups": groups[rows]}
        for name, rows in (("train", ~validation), ("validation", validation))
    }
    fired = _fired("group-across-splits", labels=scores.labels, **sides)
    naive = np.random.default_rng(0).random(len(groups)) < 1 / 3
    share = float(validation.mean())
    figures = {
        "before": len(set(groups[naive]) & set(groups[~naive])),
        "share": share,
        "says": fired[0].verdict.says if fired else "",
    }
    if fired:
        return Check("still", figures, fired)
    return Check("right" if LEAST_SHARE <= share <= MOST_SHARE else "size", figures)


def _splits_given() -> dict[str, Any]:
    return {"splits": {name: _arrays(nets.plain().scores[name]) for name in nets.SPLITS}}


def _cut_on_train(values: dict[str, Any]) -> Check:
    split = str(values["chosen_on"])
    if split != "validation":
        return Check("on_test" if split == "test" else "still", {"split": split})
    net = nets.plain()
    figures = {}
    for name, on, cuts in (
        ("before", "train", nets.cuts_on_train()),
        ("after", "validation", np.asarray(values["values"])),
    ):
        figures[name] = evaluate(net.scores["test"], thresholds=cuts, intervals=None)["macro_f1"]
        figures[f"promised_{name}"] = evaluate(net.scores[on], thresholds=cuts, intervals=None)["macro_f1"]
    return Check("right", figures)


def _history_given() -> dict[str, Any]:
    found = nets.cured()
    history = {
        "loss": [epoch.running_loss for epoch in found.history],
        "val_loss": list(nets.losses(found.history, "validation")),
    }
    return {"history": history, "kept": found.kept_epoch}


def _last_epoch(values: dict[str, Any]) -> Check:
    reported = float(values["reported"])
    found = nets.cured()
    train, validation = (found.value(split, "loss") for split in nets.SPLITS)
    last = nets.losses(found.history, "validation")[-1]
    figures = {"reported": reported, "last": last}
    if abs(reported - validation) <= SAME:
        return Check("right", figures)
    if abs(reported - last) <= SAME:
        return Check("still", figures)
    return Check("train" if abs(reported - train) <= SAME else "other", figures)


def _dropout_given() -> dict[str, Any]:
    return {**_history_given(), **_arrays(_cured("train"))}


def _dropout_on(values: dict[str, Any]) -> Check:
    reported = float(values["reported"])
    found = nets.cured()
    train, validation = (found.value(split, "loss") for split in nets.SPLITS)
    running = found.history[-1].running_loss
    code = "train-figure-with-dropout"
    keras = {"loss": _history_given()["history"]["loss"], "val_loss": _history_given()["history"]["val_loss"]}
    fired = _fired(code, train=_cured("train"), validation=_cured(), history=keras, kept_epoch=found.kept_epoch)
    says = fired[0].verdict.says if fired else ""
    figures = {"reported": reported, "running": running, "validation": validation, "says": says}
    if abs(reported - train) <= SAME:
        return Check("right", figures)
    return Check("still" if reported in _history_given()["history"]["loss"] else "other", figures, fired)


def _of_validation() -> dict[str, Any]:
    return _arrays(_cured())


def _groups_given() -> dict[str, Any]:
    return {"groups": _groups()}


LABS: Mapping[str, Lab] = {
    "softmax": _setup(_softmax_given, ("scores",), _softmax),
    "argmax": _setup(dict, ("compiled",), _argmax),
    "exact": _setup(_of_validation, ("reported",), _exact),
    "flat": _setup(_flat_given, ("truth",), _flat),
    "leak": _setup(_groups_given, ("validation",), _leak),
    "cut_on_train": _setup(_splits_given, ("chosen_on", "values"), _cut_on_train),
    "last_epoch": _setup(_history_given, ("reported",), _last_epoch),
    "dropout_on": _setup(_dropout_given, ("reported",), _dropout_on),
}
