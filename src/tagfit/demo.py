"""The demo: generated pictures, a net that memorises them, two that do not, and what the numbers say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tagfit import workflow
from tagfit.data.generate import GeneratedSet, generate
from tagfit.data.plan import Plan
from tagfit.evaluation.evaluation import Evaluation
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import Run

RECIPES = {name: NAMED[name] for name in ("plain-dense", "regularised-dense", "regularised-conv")}
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
        trained: the recipes, the one to beat first.
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
    recipes: Mapping[str, Recipe] = MappingProxyType(RECIPES),
    painting: Mapping[str, Any] = MappingProxyType({}),
    on_decoded: Callable[[int, int], None] | None = None,
    on_epoch: Callable[..., None] | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Demo:
    """Write the pictures to ``folder/pictures`` and train on those files.

    Args:
        folder: where pictures and runs go; pictures that are there already are used again.
        seed: of the trainings; the pictures are always the same.
        recipes: two or more by name, the one to beat first.
        painting: other settings of ``generate``, such as how many pictures.
        on_decoded, on_epoch: see ``workflow.fit``.
        say: called with a line before each step.
    """
    say("painting the pictures")
    pictures = generate(folder / "pictures", **painting)
    say(f"reading {pictures.directory / 'tags.csv'}")
    problem = Plan(data=str(pictures.directory / "tags.csv")).problem(on_decoded)
    trained = []
    for name, recipe in recipes.items():
        say(f"training {name}")
        out = _fresh(folder / "runs", name)
        run = workflow.fit(problem, recipe, seed=seed, out=out, on_epoch=on_epoch, name=name)
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
    losses = [plain.value(split, "loss") for split in ("train", "validation")]
    by_heart = (
        "It has learnt its pictures by heart, wrong tags included: it is right about more of them than could be right."
        if before[0] > demo.ceiling
        else "On the pictures it was trained on it stays below what a perfect model would reach."
    )
    argmax = best.value("validation", "argmax_accuracy")
    return [
        f"{plain.recipe} is right about {before[0]:.1%} of the tags it was trained on and {before[1]:.1%} of the "
        f"others: a gap of {_points(before[0] - before[1])}. Its loss is {losses[0]:.3f} on train and "
        f"{losses[1]:.3f} on validation. {by_heart}",
        f"{best.recipe} {_moves(after[0] - before[0])} on train and {_moves(after[1] - before[1])} on validation; "
        f"its gap is {_points(after[0] - after[1])}. Only the recipe changed: pictures, tags, splits and size are "
        "the same.",
        f"Some tags are wrong on purpose, so a model that is right about every picture scores {demo.ceiling:.1%} on "
        f"validation; {best.recipe} gets {after[1]:.1%}, and the best trivial prediction {trivial:.1%}.",
        f"Keras' `accuracy` would have printed {argmax:.1%} for {best.recipe}: it asks whether the highest score lies "
        "on the first of the highest truths, which a perfect model misses wherever a picture has several tags or none. "
        "That is why it cannot be a goal here.",
    ]


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"


def _moves(difference: float) -> str:
    return f"{'gains' if difference >= 0 else 'gives up'} {_points(abs(difference))}"


def _fresh(runs: Path, name: str) -> Path:
    folder, number = runs / name, 2
    while folder.exists():
        folder, number = runs / f"{name}-{number}", number + 1
    return folder
