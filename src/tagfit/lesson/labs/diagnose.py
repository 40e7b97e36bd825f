"""Station 6, Diagnose: six runs made by the engine, to be matched with the findings of their diagnosis."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tagfit.data.readers.arrays import from_arrays
from tagfit.data.splits.split import split
from tagfit.diagnosis.diagnose import CHECKS, diagnose
from tagfit.diagnosis.finding import Finding
from tagfit.evaluation.evaluate import evaluate
from tagfit.lesson.blocks import Shown, table
from tagfit.lesson.labs import nets, painted
from tagfit.lesson.labs.nets import Trained
from tagfit.lesson.steps import Context, Lab, Outcome
from tagfit.scores import Scores

HEALTHY, COPIES = "healthy", "near-duplicates-across-splits"
# Of more than one that fired, the first says what is wrong with the figures of the others.
CODES = (
    "labels-permuted",
    COPIES,
    "label-shares-differ",
    "overfitting",
    "underfitting",
)
METRICS = ("label_accuracy", "mAP", "loss")
# Grey levels by which a copy of a picture differs from it.
SHAKE = 3


@dataclass(frozen=True, eq=False)
class Case:
    """One run: what was trained, with the scores as its owner reports them.

    Attributes:
        trained: the net.
        train, validation: scores.
        copies: what the check for shared pictures says of the two splits.
    """

    trained: Trained
    train: Scores
    validation: Scores
    copies: Finding

    @functools.cached_property
    def findings(self) -> dict[str, Finding]:
        """What the checks of CODES say of it; the others take longer than a step may."""
        history, kept = self.trained.history, self.trained.kept_epoch
        mute = _all_but(code for code in CODES if code != COPIES)
        found = diagnose(train=self.train, validation=self.validation, history=history, kept_epoch=kept, mute=mute)
        return {code: self.copies if code == COPIES else found[code] for code in CODES}

    @property
    def code(self) -> str:
        """The finding that it stands for; HEALTHY without any of CODES."""
        return next((code for code, one in self.findings.items() if one.outcome == "fired"), HEALTHY)


def _all_but(codes: Iterable[str]) -> list[str]:
    kept = set(codes)
    return [check.code for check in CHECKS if check.code not in kept]


def _copies_in(trained: Trained, train: NDArray[np.uint8], validation: NDArray[np.uint8]) -> Finding:
    """Whether the pictures of the two splits are partly the same."""
    sides = [
        {"truth": trained.scores[name].truth, "scores": trained.scores[name].scores, "inputs": pictures}
        for name, pictures in (("train", train), ("validation", validation))
    ]
    return diagnose(train=sides[0], validation=sides[1], mute=_all_but([COPIES]))[COPIES]


@functools.cache
def _ordinary_copies() -> Finding:
    """Of the pictures of the lesson, which all runs but one have, one of them a part of these."""
    problem = painted.problem()
    return _copies_in(nets.cured(), *(problem.inputs[problem.part(name).rows] for name in nets.SPLITS))


def _case(trained: Trained, validation: Scores | None = None) -> Case:
    judged = trained.scores["validation"] if validation is None else validation
    return Case(trained, trained.scores["train"], judged, _ordinary_copies())


def _permuted() -> Case:
    """The columns of the scores were written in another order than those of the truth."""
    scores = nets.cured().scores["validation"]
    return _case(nets.cured(), replace(scores, scores=scores.scores[:, [1, 2, 3, 4, 5, 0]]))


def _leaking() -> Case:
    """Half of validation are copies of train pictures, as the next shot of a burst is."""
    problem = painted.problem()
    train, validation = problem.part("train"), problem.part("validation")
    rng = np.random.default_rng(0)
    copies = rng.choice(len(train), len(validation) // 2, replace=False)
    kept = np.arange(len(validation) - len(copies))
    shaken = problem.inputs[train.rows[copies]] + rng.integers(
        -SHAKE, SHAKE + 1, (len(copies), *problem.inputs.shape[1:])
    )
    pictures = np.concatenate([np.clip(shaken, 0, 255).astype(np.uint8), problem.inputs[validation.rows[kept]]])
    truth = np.concatenate([train.truth[copies], validation.truth[kept]])
    names = ["train"] * len(train) + ["validation"] * len(validation)
    data = from_arrays(
        np.concatenate([problem.inputs[train.rows], pictures]),
        np.concatenate([train.truth, truth]),
        labels=problem.labels,
        split=names,
    )
    trained = nets.known(nets.CURED.changed(epochs=20), problem=split(data))
    copied = _copies_in(trained, problem.inputs[train.rows], pictures)
    return Case(trained, trained.scores["train"], trained.scores["validation"], copied)


def _other_pictures() -> Case:
    """Validation was collected in winter only."""
    cured = nets.cured()
    scores = cured.scores["validation"]
    rows = painted.true_tags("validation")[:, scores.labels.index("snow")] == 1
    part = replace(
        scores, scores=scores.scores[rows], truth=scores.truth[rows], known=scores.known[rows], ids=scores.ids[rows]
    )
    return _case(cured, part)


@functools.cache
def cases() -> tuple[Case, ...]:
    """The six runs in the order in which they are shown."""
    small = nets.PLAIN.changed(widths=(4,), epochs=4, learning_rate=3e-4)
    return (
        _leaking(),
        _case(nets.plain()),
        _other_pictures(),
        _case(nets.cured()),
        _case(nets.known(small)),
        _permuted(),
    )


def _show(context: Context) -> Shown:
    names = context.step.names
    rows: list[list[str]] = []
    for metric in METRICS:
        for name in nets.SPLITS:
            values = [evaluate(getattr(case, name), metrics=(metric,), intervals=None)[metric] for case in cases()]
            rows.append([f"{names[name]} {metric}", *(f"{value:.2f}" for value in values)])
    best = [int(np.nanargmin(nets.losses(case.trained.history, "validation"))) + 1 for case in cases()]
    rows.append([names["best_epoch"], *map(str, best)])
    rows.append([names["epochs"], *(str(len(case.trained.history)) for case in cases())])
    rows.append([names["shares"], *(f"{_largest_difference(case):.2f}" for case in cases())])
    rows.append([names["lowest_auc"], *(f"{_lowest_auc(case):.2f}" for case in cases())])
    rows.append([names["copies"], *(f"{_copies(case):.0%}" for case in cases())])
    return Shown([table([names["evidence"], *names["letters"].split()], rows)])


def _largest_difference(case: Case) -> float:
    """Of the share of any label between the splits."""
    return float(np.abs(case.train.truth.mean(axis=0) - case.validation.truth.mean(axis=0)).max())


def _lowest_auc(case: Case) -> float:
    """Of any label on validation; 0.5 is chance."""
    found = evaluate(case.validation, metrics=("macro_auc",), intervals=None)
    return min(one.auc for one in found.labels if np.isfinite(one.auc))


def _copies(case: Case) -> float:
    """The share of validation pictures that are nearly the same as one of train."""
    return float(case.copies.evidence.get("share", 0.0))


def _judge(context: Context, answer: Sequence[str]) -> Outcome:
    right = [case.code for case in cases()]
    letters = context.step.names["letters"].split()
    wrong = [place for place, (given, code) in enumerate(zip(answer, right, strict=True)) if given != code]
    figures = {"right": len(right) - len(wrong), "runs": len(right)}
    if not wrong:
        rows = [
            [letters[place], code, _says(case, code)]
            for place, (case, code) in enumerate(zip(cases(), right, strict=True))
        ]
        names = context.step.names
        return Outcome(
            "right", True, figures=figures, blocks=[table([names["run"], names["finding"], names["says"]], rows)]
        )
    place = wrong[0]
    key = f"missed_{right[place].replace('-', '_')}"
    return Outcome(key, False, key, done=False, figures={**figures, "run": letters[place]})


def _says(case: Case, code: str) -> str:
    """What the engine found; of a healthy run, what it says of overfitting."""
    return case.findings["overfitting" if code == HEALTHY else code].verdict.says


LABS: Mapping[str, Lab] = {"match": Lab(_judge, _show)}
