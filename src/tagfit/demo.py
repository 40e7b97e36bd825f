"""The demo: generated pictures, an overfitting net, its diagnosis, the cure and its verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tagfit import workflow
from tagfit.curing.certificate import Certificate
from tagfit.curing.moves import SMALL
from tagfit.curing.progress import Progress
from tagfit.curing.verification import Verification
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.data.scenes.generate import GeneratedSet, generate
from tagfit.diagnosis.finding import Findings
from tagfit.evaluation.evaluation import Evaluation
from tagfit.goal import Goal
from tagfit.recipe import NAMED, Recipe
from tagfit.report.certificate_page import write_certificate_page
from tagfit.report.letter import write_letter
from tagfit.report.report import of_run, write_report
from tagfit.runs.run import Run

START, COMPARISON = "plain-dense", "small-conv"
TRIALS = 12
# Training tags are a bit worse than those that models are judged by, as where only the latter were reviewed.
PAINTING = MappingProxyType({"train_noise": 0.13})
# Seconds for the cure: a cap for slow machines; a fast one finishes before, the ablation of the winner included.
BUDGET = 120.0
UNSEEN = 3
# What the plain net keeps whatever the processor, with room to spare: docs/decisions/0042.
MEMORISED = {"train.label_accuracy": 0.97, "train.loss": 0.10, "validation.label_accuracy": 0.84}
# Two nets that are equally good differ by about this much on so few validation pictures: one standard error.
SAME = 0.01
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
class Promise:
    """One step of the demo's story, checked.

    Attributes:
        step: what should have happened.
        kept: whether it did.
        figures: the measured values and their limits.
    """

    step: str
    kept: bool
    figures: str


@dataclass(frozen=True)
class Demo:
    """The results of the demo.

    Attributes:
        pictures: the generated set.
        ceiling: label accuracy on validation of a model that is right about every picture: some tags are flipped.
        start, cured, comparison: the net to cure, the cured one, and a conv net to compare with, which has no goal.
        findings: of the first, written out in ``letter``.
        certificate: of the cure.
        verification: of the certificate.
        tagged: tags and scores of pictures that no training has seen, each with its true tags under "true_tags".
        letter, page, report: for a browser; the report is about the start and the cured net.
    """

    pictures: GeneratedSet
    ceiling: float
    start: Trained
    cured: Trained
    comparison: Trained
    findings: Findings
    certificate: Certificate
    verification: Verification
    tagged: list[dict[str, Any]]
    letter: Path
    page: Path
    report: Path

    @property
    def trained(self) -> tuple[Trained, Trained, Trained]:
        """The three nets, the one to cure first."""
        return self.start, self.cured, self.comparison

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
            "promises": [asdict(promise) for promise in promises(self)],
            "tagged": self.tagged,
            "letter": str(self.letter),
            "page": str(self.page),
            "report": str(self.report),
        }


def run_demo(
    folder: Path,
    *,
    seed: int = 0,
    start: Recipe = NAMED[START],
    comparison: Recipe = SMALL["conv"],
    goal: Goal | None = None,
    painting: Mapping[str, Any] = PAINTING,
    on_decoded: Callable[[int, int], None] | None = None,
    progress: Progress | None = None,
) -> Demo:
    """Write the pictures to ``folder/pictures`` and run every step on those files.

    Args:
        folder: for pictures, runs and the cure; pictures that are there already are used again.
        seed: of the trainings; the pictures are always the same.
        start, comparison: the recipe to cure, and the recipe of the net for comparison.
        goal: of the cure; None for the goal ``lesson``.
        painting: settings of ``generate``, such as how many pictures.
        on_decoded: called with (pictures done, all) while they are decoded.
        progress: callbacks.
    """
    progress = progress or Progress()
    progress.report("painting the pictures")
    pictures = generate(folder / "pictures", **painting)
    progress.report(f"reading {pictures.directory / 'tags.csv'}")
    problem = Plan(data=str(pictures.directory / "tags.csv")).problem(on_decoded)

    def trained(name: str, recipe: Recipe) -> Trained:
        progress.report(f"training {name}")
        out = _fresh(folder / "runs", name)
        return _judged(name, workflow.fit(problem, recipe, seed=seed, out=out, on_epoch=progress.on_epoch, name=name))

    plain = trained(START, start)
    progress.report(f"diagnosing {START}")
    found = workflow.diagnose(plain.run, problem=problem)
    letter = plain.run.folder / "letter.html"
    write_letter(found, letter, subject=START)
    progress.report("curing it: only the recipe changes")
    certificate = workflow.cure(
        plain.run,
        goal or Goal("lesson"),
        problem=problem,
        out=_fresh(folder, "cure"),
        trials=TRIALS,
        budget=BUDGET,
        seed=seed,
        progress=progress,
    )
    write_certificate_page(certificate)
    progress.report("verifying the certificate: reading the sources and scoring the weights again")
    verification = workflow.verify(certificate)
    cured = _judged("cured", certificate.run)
    conv = trained(COMPARISON, comparison)

    best = max((cured, conv), key=lambda one: one.value("validation", "label_accuracy"))
    progress.report("writing the report")
    return Demo(
        pictures=pictures,
        ceiling=pictures.splits["validation"].ceiling,
        start=plain,
        cured=cured,
        comparison=conv,
        findings=found,
        certificate=certificate,
        verification=verification,
        tagged=_tagged(best.run, problem, pictures),
        letter=letter,
        page=certificate.page,
        report=_report(folder / "report.html", problem, plain, cured, found, certificate),
    )


def _tagged(run: Run, problem: Problem, pictures: GeneratedSet) -> list[dict[str, Any]]:
    """The first pictures of test, tagged, with their true tags."""
    names = [str(name) for name in problem.part("test").ids[:UNSEEN]]
    true_tags = pictures.true_tags()
    records = workflow.tag(run, [pictures.directory / name for name in names])
    return [{**record, "true_tags": list(true_tags[name])} for name, record in zip(names, records, strict=True)]


def _report(
    path: Path, problem: Problem, plain: Trained, cured: Trained, found: Findings, certificate: Certificate
) -> Path:
    before = of_run(plain.run, problem=problem, findings=found, evaluations=plain.evaluations)
    after = of_run(cured.run, problem=problem, evaluations=cured.evaluations)
    write_report([before, replace(after, name="the cured net", certificate=certificate)], path)
    return path


def promises(demo: Demo) -> list[Promise]:
    """Whether each step of the story held on this machine."""
    plain, cured, comparison = demo.start, demo.cured, demo.comparison
    train, loss, validation = (plain.value(*figure.split(".")) for figure in MEMORISED)
    enough, low_loss, poor = MEMORISED.values()
    ours, theirs = (net.value("validation", "label_accuracy") for net in (cured, comparison))
    altered = "; ".join(demo.verification.altered) or f"{len(demo.verification.checks)} checks hold"
    return [
        Promise(
            f"{plain.name} memorises its training pictures and is poor on others",
            train >= enough and loss <= low_loss and validation <= poor,
            f"train {train:.3f} (at least {enough}), train loss {loss:.3f} (at most {low_loss:.2f}), "
            f"validation {validation:.3f} (at most {poor})",
        ),
        Promise(
            "the diagnosis finds that it overfits",
            demo.findings["overfitting"].outcome == "fired",
            demo.findings["overfitting"].verdict.says,
        ),
        Promise(
            "the cure meets the goal with new seeds, and the test split confirms it",
            demo.certificate.verdict == "confirmed",
            f"{demo.certificate.verdict}; the kept net has train {cured.value('train', 'label_accuracy'):.3f}, "
            f"validation {ours:.3f}",
        ),
        Promise("the certificate verifies", demo.verification.holds, altered),
        Promise(
            f"{comparison.name} is no worse than the cured net",
            theirs >= ours - SAME,
            f"validation {theirs:.3f} against {ours:.3f} (at most {SAME} below)",
        ),
    ]


def interpretation(demo: Demo) -> list[str]:
    """The results in sentences, written from the numbers of the demo."""
    plain, best = demo.start, demo.best
    before = [plain.value(split, "label_accuracy") for split in ("train", "validation")]
    nothing = plain.evaluations["validation"].metrics["label_accuracy"].nothing
    shares = plain.evaluations["validation"].metrics["label_accuracy"].prevalence
    trivial = max(value for value in (nothing, shares) if value is not None)
    losses = [plain.value(split, "loss") for split in ("train", "validation")]
    memorised = (
        "It has memorised its pictures, wrong tags included: no model that only learns the pictures scores that high."
        if before[0] > demo.ceiling
        else "On its training pictures it stays below what a perfect model would reach."
    )
    argmax = best.value("validation", "argmax_accuracy")
    return [
        f"{plain.name} gets {before[0]:.1%} of the training tags right and {before[1]:.1%} of the validation tags: "
        f"a gap of {_points(before[0] - before[1])}. Its loss is {losses[0]:.3f} on train and "
        f"{losses[1]:.3f} on validation. {memorised}",
        *(f"{_compared(plain, other)}." for other in (demo.cured, demo.comparison)),
        f"Some tags are wrong on purpose, so a model that is right about every picture scores {demo.ceiling:.1%} on "
        f"validation; {best.name} scores {best.value('validation', 'label_accuracy'):.1%}, the best trivial prediction "
        f"{trivial:.1%}.",
        f"Keras' `accuracy` would be {argmax:.1%} for {best.name}: it checks whether the highest score is on the first "
        "of the highest targets, which even a perfect model fails on pictures with several tags or none. That is why "
        "it cannot be a goal here.",
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
