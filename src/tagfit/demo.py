"""The demo: generated pictures, a net that memorises them, two that do not, and what the numbers say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagfit import workflow
from tagfit.data.generate import GeneratedSet, generate
from tagfit.data.plan import Plan
from tagfit.evaluation.evaluation import Evaluation
from tagfit.runs.run import Run

RECIPES = ("plain-dense", "regularised-dense", "regularised-conv")
UNSEEN = 3
SHOWN = ("label_accuracy", "loss", "subset_accuracy", "macro_f1", "mAP", "argmax_accuracy")


@dataclass(frozen=True)
class Trained:
    """One recipe of the demo: its run and its evaluations by split."""

    recipe: str
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
        trained: the recipes, in the order of RECIPES.
        tagged: tags and scores of pictures that no training has seen, each with its true tags under "true_tags".
    """

    pictures: GeneratedSet
    ceiling: float
    trained: tuple[Trained, ...]
    tagged: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "pictures": str(self.pictures.directory),
            "ceiling": self.ceiling,
            "recipes": [
                {
                    "recipe": one.recipe,
                    "run": str(one.run.folder),
                    "splits": {
                        split: {name: evaluation.metrics[name].to_dict() for name in SHOWN}
                        for split, evaluation in one.evaluations.items()
                    },
                }
                for one in self.trained
            ],
            "interpretation": interpretation(self),
            "tagged": self.tagged,
        }


def run_demo(
    folder: Path,
    *,
    seed: int = 0,
    on_decoded: Callable[[int, int], None] | None = None,
    on_epoch: Callable[..., None] | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Demo:
    """Write the pictures to ``folder/pictures`` and train on those files.

    Args:
        folder: where pictures and runs go; pictures that are there already are used again.
        seed: of the trainings; the pictures are always the same.
        on_decoded, on_epoch: see ``workflow.fit``.
        say: called with a line before each step.
    """
    say("painting the pictures")
    pictures = generate(folder / "pictures")
    say(f"reading {pictures.directory / 'tags.csv'}")
    problem = Plan(data=str(pictures.directory / "tags.csv")).problem(on_decoded)
    trained = []
    for name in RECIPES:
        say(f"training {name}")
        run = workflow.fit(problem, name, seed=seed, out=_fresh(folder / "runs", name), on_epoch=on_epoch)
        evaluations = workflow.evaluate(run)
        assert isinstance(evaluations, dict)
        trained.append(Trained(name, run, evaluations))
    unseen = problem.part("test").ids[:UNSEEN]
    tagged = workflow.tag(trained[-1].run, [pictures.directory / str(name) for name in unseen])
    true_tags = pictures.true_tags()
    for name, record in zip(unseen, tagged, strict=True):
        record["true_tags"] = list(true_tags[str(name)])
    return Demo(pictures, pictures.splits["validation"].ceiling, tuple(trained), tagged)


def interpretation(demo: Demo) -> list[str]:
    """What the numbers say, in plain words; every sentence hangs on a number that stands in the demo."""
    plain, *others = demo.trained
    best = max(others, key=lambda one: one.value("validation", "label_accuracy"))
    before = [plain.value(split, "label_accuracy") for split in ("train", "validation")]
    after = [best.value(split, "label_accuracy") for split in ("train", "validation")]
    nothing = plain.evaluations["validation"].metrics["label_accuracy"].nothing
    shares = plain.evaluations["validation"].metrics["label_accuracy"].prevalence
    trivial = max(value for value in (nothing, shares) if value is not None)
    times = plain.value("validation", "loss") / plain.value("train", "loss")
    argmax = best.value("validation", "argmax_accuracy")
    return [
        f"{plain.recipe} is right about {before[0]:.1%} of the tags it was trained on and {before[1]:.1%} of the "
        f"others: a gap of {before[0] - before[1]:.1%}. Its validation loss is {times:.1f} times its training loss. "
        "It has learnt its pictures by heart, wrong tags included.",
        f"{best.recipe} gives up {before[0] - after[0]:.1%} on train and gains {after[1] - before[1]:.1%} on "
        f"validation; its gap is {after[0] - after[1]:.1%}. Only the recipe changed: pictures, tags, splits and size "
        "are the same.",
        f"Some tags are wrong on purpose, so no model can do better than {demo.ceiling:.1%} on validation; "
        f"{best.recipe} gets {after[1] / demo.ceiling:.1%} of that. The best trivial prediction gets {trivial:.1%}.",
        f"Keras' `accuracy` would have printed {argmax:.1%} for {best.recipe}: it asks whether the highest score lies "
        "on the first of the highest truths, which a perfect model misses wherever a picture has several tags or none. "
        "That is why it cannot be a goal here.",
    ]


def _fresh(runs: Path, name: str) -> Path:
    folder, number = runs / name, 2
    while folder.exists():
        folder, number = runs / f"{name}-{number}", number + 1
    return folder
