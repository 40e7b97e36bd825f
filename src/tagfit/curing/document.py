"""Document: a certificate as typed sections, in the form of its JSON file."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from tagfit.curing.ablation import Undone
from tagfit.curing.changes import Change
from tagfit.curing.confirm import Optimism
from tagfit.curing.request import CureOptions
from tagfit.curing.section import Figure, Section
from tagfit.curing.shortfall import Limit, TradeOffPoint, TrainShare
from tagfit.curing.steps import Step
from tagfit.data.pictures.square import SQUASH, Fit
from tagfit.goal import Goal

Verdict = Literal["confirmed", "met", "met, not confirmed", "out of reach"]
# A run inside the folder of the cure; no other place is ever read.
RunPlace = Annotated[str, Field(pattern=r"^(start|seeds/trial-[0-9]+-seed-[0-9]+)$")]
Count = Annotated[int, Field(ge=0)]


class GoalSection(Section):
    """The goal, as ``Goal.to_dict`` writes it."""

    bounds: tuple[str, ...]
    maximise: str | None
    gap_at_most: Figure
    metric: str

    def goal(self) -> Goal:
        """The Goal itself."""
        return Goal(*self.bounds, maximise=self.maximise, gap_at_most=self.gap_at_most)


class ProblemSection(Section):
    """What was cured: fingerprints before and after, rows by split, pixels per side (None for features), the fit
    (absent in certificates made before there was a choice), and the Plan."""

    fingerprint_before: dict[str, str]
    fingerprint_after: dict[str, str]
    labels: tuple[str, ...]
    rows: dict[str, Count]
    size: Count | None
    fit: Fit = SQUASH
    added: ClassVar = {"fit": SQUASH}
    source: dict[str, Any]


class MetricFigures(Section):
    """One metric of one split, as ``MetricValue.to_dict`` writes it."""

    value: Figure
    nothing: Figure
    prevalence: Figure
    best_constant: Figure
    interval: tuple[Figure, Figure] | None
    better: Literal["higher", "lower"]
    left_out: Count
    note: str


class SplitFigures(Section):
    """One split of one run: its rows, and its metrics by name."""

    n: Count
    metrics: dict[str, MetricFigures]


class Side(Section):
    """The starting run, or the cured one."""

    run: RunPlace
    recipe_name: str
    recipe: dict[str, Any]
    seed: Count
    epochs: Count
    kept_epoch: Count | None
    splits: dict[str, SplitFigures]

    def value(self, split: str, metric: str) -> Figure:
        """One metric of one split."""
        return self.splits[split].metrics[metric].value


class Seed(Section):
    """One retraining of the winner with a fresh seed, and whether it is the one that was kept."""

    seed: Count
    run: RunPlace
    values: dict[str, Figure]
    kept: bool


class Retrained(Section):
    """A trial that was retrained with fresh seeds: its means, and whether they meet the goal."""

    trial: Count
    met: bool
    means: dict[str, Figure]


class Looks(Section):
    """How often validation was used to choose, and test was evaluated."""

    validation: Count
    test: Count


class LoggedTrial(Section):
    """One trial without its recipe and curve, which are in ``trials.jsonl``; the fields are those of a Trial."""

    number: Count
    origin: str
    name: str
    why: str
    base: int | None
    epochs: Count
    seconds: float
    stopped: str
    values: dict[str, Figure]


class SearchSection(Section):
    """The search: trials in all, by origin, and those that were stopped; what was retrained; every trial."""

    winner: Count
    trials: Count
    at_once: Count
    moves: Count
    stopped: Count
    retrained: tuple[Retrained, ...]
    looks: Looks
    log: tuple[LoggedTrial, ...]


class FoundFault(Section):
    """A finding of the diagnosis of the starting run."""

    code: str
    title: str
    says: str


class Ceiling(Section):
    """The label accuracy that the noise in the tags allows, with its 95 % interval."""

    value: float
    low: float
    high: float


class Limits(Section):
    """Why a goal was not met, the learning curve over parts of train, and the ceiling that noise sets."""

    says: tuple[Limit, ...]
    learning_curve: tuple[TrainShare, ...]
    ceiling: Ceiling | None


class OutsideWeights(Section):
    """A pretrained backbone of one of the two runs: weights that others trained, and where they come from."""

    used_by: tuple[Literal["before", "after"], ...]
    name: str
    sha256: str
    package: str
    data: str


class ChangedPicture(Section):
    """A picture of validation on which the two runs disagree: labels corrected and lost, and its true tags."""

    id: str
    corrected: tuple[str, ...] = Field(alias="mended")  # the key in certificates of format 1
    lost: tuple[str, ...]
    true: tuple[str, ...]


class ChangedSides(Section):
    """How many entries of validation turned from wrong to right, how many back, and examples."""

    corrected: Count = Field(alias="mended")  # the key in certificates of format 1
    lost: Count
    pictures: tuple[ChangedPicture, ...]


class CheckedBound(Section):
    """A constraint of the goal: its mean over the fresh seeds, and the kept run's value on test."""

    text: str
    mean: Figure
    met: bool
    test: Figure
    confirmed: bool | None


class Document(Section):
    """A whole certificate without its seals, in the order of the file."""

    format: Literal[1]
    tagfit: str
    made: str
    machine: dict[str, str]
    goal: GoalSection
    asked: CureOptions
    problem: ProblemSection
    before: Side
    after: Side
    outside: tuple[OutsideWeights, ...] = ()
    seeds: tuple[Seed, ...]
    means: dict[str, Figure]
    changes: tuple[Change, ...]
    search: SearchSection
    findings: tuple[FoundFault, ...]
    optimism: Optimism | None
    steps: tuple[Step, ...]
    ablation: tuple[Undone, ...]
    limits: Limits | None
    trade_off: tuple[TradeOffPoint, ...]
    changed_sides: ChangedSides
    files: dict[str, str]
    seconds: float
    recomputed: tuple[str, ...]
    sealed: tuple[str, ...]
    bounds: tuple[CheckedBound, ...]
    verdict: Verdict
    sentence: str
    paragraph: tuple[str, ...]
    added: ClassVar = {"outside": ()}

    @property
    def metric(self) -> str:
        """The metric that the goal is about."""
        return self.goal.metric
