"""The demo: generated pictures, a net that memorises them, why it does, the cure and its proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tagfit import workflow
from tagfit.curing.certificate import Certificate
from tagfit.curing.moves import SMALL
from tagfit.curing.verify import Verification
from tagfit.curing.winner import Told
from tagfit.data.plan import Plan
from tagfit.data.scenes.generate import GeneratedSet, generate
from tagfit.diagnosis.finding import Findings
from tagfit.evaluation.evaluation import Evaluation
from tagfit.goal import Goal
from tagfit.recipe import NAMED, Recipe
from tagfit.report.certificate_page import write_certificate_page
from tagfit.report.letter import write_letter
from tagfit.runs.run import Run

START, BESIDE = "plain-dense", "small-conv"
TRIALS = 12
# For the cure; what time is left when the winner is confirmed goes to undoing its changes.
BUDGET = 45.0
UNSEEN = 3
SHOWN = ("label_accuracy", "loss", "subset_accuracy", "macro_f1", "mAP", "argmax_accuracy")


@dataclass(frozen=True)
class Trained:
    """One net of the demo: its run and its evaluations by split."""

    name: str
    run: Run
    evaluations: dict[str, Evaluation]

    def value(self, split: str, metric: str) -> float:
        """One metric of one split."""
        return self.evaluations[split][metric]


@dataclass(frozen=True)
class Demo:
    """Everything that the demo found out.

    Attributes:
        pictures: the generated set.
        ceiling: label accuracy on validation of a model that is right about every picture; its tags are partly flipped.
        start, cured, beside: the net to beat, what the cure made of it, and a conv net that was not asked for a goal.
        findings: of the first, written out in ``letter``.
        certificate: of the cure.
        verification: of the certificate.
        tagged: tags and scores of pictures that no training has seen, each with its true tags under "true_tags".
        letter, page: for a browser.
    """

    pictures: GeneratedSet
    ceiling: float
    start: Trained
    cured: Trained
    beside: Trained
    findings: Findings
    certificate: Certificate
    verification: Verification
    tagged: list[dict[str, Any]]
    letter: Path
    page: Path

    @property
    def trained(self) -> tuple[Trained, Trained, Trained]:
        """The three nets, the one to beat first."""
        return self.start, self.cured, self.beside

    @property
    def best(self) -> Trained:
        """The better of the two others on validation."""
        return max(self.trained[1:], key=lambda one: one.value("validation", "label_accuracy"))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "pictures": str(self.pictures.directory),
            "ceiling": self.ceiling,
            "nets": [
                {
                    "name": one.name,
                    "run": str(one.run.folder),
                    "splits": {
                        split: {name: evaluation.metrics[name].to_dict() for name in SHOWN}
                        for split, evaluation in one.evaluations.items()
                    },
                }
                for one in self.trained
            ],
            "findings": [finding.to_dict() for finding in self.findings.fired],
            "certificate": self.certificate.to_dict(),
            "verification": self.verification.to_dict(),
            "interpretation": interpretation(self),
            "tagged": self.tagged,
            "letter": str(self.letter),
            "page": str(self.page),
        }


def run_demo(
    folder: Path,
    *,
    seed: int = 0,
    start: Recipe = NAMED[START],
    beside: Recipe = SMALL["conv"],
    goal: Goal | None = None,
    painting: Mapping[str, Any] = MappingProxyType({}),
    on_decoded: Callable[[int, int], None] | None = None,
    told: Told | None = None,
) -> Demo:
    """Write the pictures to ``folder/pictures`` and go the whole way on those files.

    Args:
        folder: where pictures, runs and the cure go; pictures that are there already are used again.
        seed: of the trainings; the pictures are always the same.
        start, beside: the recipe to cure, and that of the net that is shown beside.
        goal: of the cure; None for the lesson's.
        painting: other settings of ``generate``, such as how many pictures.
        on_decoded: see ``workflow.fit``.
        told: of progress.
    """
    told = told or Told()
    told.say("painting the pictures")
    pictures = generate(folder / "pictures", **painting)
    told.say(f"reading {pictures.directory / 'tags.csv'}")
    problem = Plan(data=str(pictures.directory / "tags.csv")).problem(on_decoded)

    def trained(name: str, recipe: Recipe) -> Trained:
        told.say(f"training {name}")
        out = _fresh(folder / "runs", name)
        return _judged(name, workflow.fit(problem, recipe, seed=seed, out=out, on_epoch=told.epoch, name=name))

    plain = trained(START, start)
    told.say(f"looking for what is wrong with {START}")
    found = workflow.diagnose(plain.run, problem=problem)
    letter = plain.run.folder / "letter.html"
    write_letter(found, letter, subject=START)
    told.say("curing it: only the recipe may change")
    certificate = workflow.cure(
        plain.run,
        goal or Goal("lesson"),
        problem=problem,
        out=_fresh(folder, "cure"),
        trials=TRIALS,
        budget=BUDGET,
        seed=seed,
        told=told,
    )
    write_certificate_page(certificate)
    told.say("verifying the certificate: sources read and weights scored again")
    verification = workflow.verify(certificate)
    cured = _judged("cured", certificate.run)
    conv = trained(BESIDE, beside)

    names = problem.part("test").ids[:UNSEEN]
    best = max((cured, conv), key=lambda one: one.value("validation", "label_accuracy"))
    tagged = workflow.tag(best.run, [pictures.directory / str(name) for name in names])
    true_tags = pictures.true_tags()
    for name, record in zip(names, tagged, strict=True):
        record["true_tags"] = list(true_tags[str(name)])
    ceiling = pictures.splits["validation"].ceiling
    return Demo(
        pictures, ceiling, plain, cured, conv, found, certificate, verification, tagged, letter, certificate.page
    )


def interpretation(demo: Demo) -> list[str]:
    """What the numbers say, in plain words; every sentence hangs on a number that stands in the demo."""
    plain, best = demo.start, demo.best
    before = [plain.value(split, "label_accuracy") for split in ("train", "validation")]
    nothing = plain.evaluations["validation"].metrics["label_accuracy"].nothing
    shares = plain.evaluations["validation"].metrics["label_accuracy"].prevalence
    trivial = max(value for value in (nothing, shares) if value is not None)
    losses = [plain.value(split, "loss") for split in ("train", "validation")]
    by_heart = (
        "It has learnt its pictures by heart, wrong tags included: it is right about more of them than could be right."
        if before[0] > demo.ceiling
        else "On the pictures it was trained on it stays below what a perfect model would reach."
    )
    argmax = best.value("validation", "argmax_accuracy")
    return [
        f"{plain.name} is right about {before[0]:.1%} of the tags it was trained on and {before[1]:.1%} of the "
        f"others: a gap of {_points(before[0] - before[1])}. Its loss is {losses[0]:.3f} on train and "
        f"{losses[1]:.3f} on validation. {by_heart}",
        *(f"{_compared(plain, other)}." for other in (demo.cured, demo.beside)),
        f"Some tags are wrong on purpose, so a model that is right about every picture scores {demo.ceiling:.1%} on "
        f"validation; {best.name} gets {best.value('validation', 'label_accuracy'):.1%}, and the best trivial "
        f"prediction {trivial:.1%}.",
        f"Keras' `accuracy` would have printed {argmax:.1%} for {best.name}: it asks whether the highest score lies "
        "on the first of the highest truths, which a perfect model misses wherever a picture has several tags or none. "
        "That is why it cannot be a goal here.",
    ]


def _compared(plain: Trained, other: Trained) -> str:
    moved = [
        other.value(split, "label_accuracy") - plain.value(split, "label_accuracy") for split in ("train", "validation")
    ]
    gap = other.value("train", "label_accuracy") - other.value("validation", "label_accuracy")
    return (
        f"{other.name} {_moves(moved[0])} on train and {_moves(moved[1])} on validation against {plain.name}; its gap "
        f"is {_points(gap)}"
    )


def _judged(name: str, run: Run) -> Trained:
    evaluations = workflow.evaluate(run)
    assert isinstance(evaluations, dict)
    return Trained(name, run, evaluations)


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"


def _moves(difference: float) -> str:
    return f"{'gains' if difference >= 0 else 'gives up'} {_points(abs(difference))}"


def _fresh(runs: Path, name: str) -> Path:
    folder, number = runs / name, 2
    while folder.exists():
        folder, number = runs / f"{name}-{number}", number + 1
    return folder
