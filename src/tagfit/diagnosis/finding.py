"""Finding: the result of one check with its numbers, and the list of all findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tagfit.display import card, frame
from tagfit.errors import InputError, printable

if TYPE_CHECKING:
    from tagfit.diagnosis.material import Material

Outcome = Literal["fired", "passed", "inconclusive"]
Severity = Literal["issue", "hint"]
# Of a repr: one screen.
MOST_LINES = 40
SHOWN_FIRED = 5


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Remedy:
    """What to do.

    Attributes:
        words: the advice as text.
        recipe: fields of a Recipe with their new values if the remedy changes the recipe, otherwise empty.
    """

    words: str
    recipe: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"words": self.words, "recipe": dict(self.recipe)}


@dataclass(frozen=True)
class Plot:
    """Evidence that a page can plot.

    Attributes:
        kind: ``curves``, ``gap``, ``reliability``, ``f1``, ``suspects`` or ``pairs``.
        data: plain numbers and names; pictures are identified by split and row.
    """

    kind: Literal["curves", "gap", "reliability", "f1", "suspects", "pairs"]
    data: dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    Attributes:
        outcome: ``fired``, ``passed`` or ``inconclusive``.
        says: one sentence with the numbers, or the reason why the check is inconclusive.
        evidence: numbers by name; an Estimate if there is an interval.
        remedy: what to do, if it fired.
        plot: the evidence as a plot, if there is one.
    """

    outcome: Outcome
    says: str
    evidence: dict[str, Any] = field(default_factory=dict)
    remedy: Remedy | None = None
    plot: Plot | None = None


def fired(says: str, evidence: dict[str, Any], remedy: Remedy, plot: Plot | None = None) -> Verdict:
    """The fault is there."""
    return Verdict("fired", says, evidence, remedy, plot)


def passed(says: str, evidence: dict[str, Any] | None = None) -> Verdict:
    """The fault is not there."""
    return Verdict("passed", says, evidence or {})


def inconclusive(reason: str) -> Verdict:
    """The input does not allow a statement."""
    return Verdict("inconclusive", reason)


@dataclass(frozen=True)
class Finding:
    """The result of one check, with its texts.

    Attributes:
        code: the readable name of the check.
        family: fit, outputs, labels, split or metric.
        severity: ``issue``: the numbers or the model are wrong; ``hint``: worth checking.
        title: the fault in a few words.
        why: why it matters.
        verdict: how the check ended.
    """

    code: str
    family: str
    severity: Severity
    title: str
    why: str
    verdict: Verdict

    @property
    def outcome(self) -> Outcome:
        """``fired``, ``passed`` or ``inconclusive``."""
        return self.verdict.outcome

    @property
    def remedy(self) -> Remedy | None:
        """What to do, or None unless it fired."""
        return self.verdict.remedy

    @property
    def evidence(self) -> dict[str, Any]:
        """Numbers by name."""
        return self.verdict.evidence

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; an interval is ``{"value", "low", "high"}``."""
        return {
            "code": self.code,
            "family": self.family,
            "outcome": self.outcome,
            "severity": self.severity,
            "title": self.title,
            "says": self.verdict.says,
            "evidence": _plain(self.evidence),
            "why": self.why,
            "remedy": None if self.remedy is None else self.remedy.to_dict(),
        }

    def without_what_is_done(self, recipe: Any) -> Finding:
        """This finding without the changes that ``recipe`` already has."""
        if self.remedy is None or recipe is None:
            return self
        changes = {name: value for name, value in self.remedy.recipe.items() if getattr(recipe, name) != value}
        return replace(self, verdict=replace(self.verdict, remedy=replace(self.remedy, recipe=changes)))


@dataclass(frozen=True, eq=False, repr=False)
class Findings:
    """All findings, most important first: issues, hints, inconclusive checks, passed checks.

    Attributes:
        all: one per check.
        material: what was diagnosed.
        muted: codes of the checks that were skipped.
    """

    all: tuple[Finding, ...]
    material: Material
    muted: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, code: str) -> Finding:
        for finding in self.all:
            if finding.code == code:
                return finding
        raise InputError(f"there is no finding {code!r}", instead=", ".join(finding.code for finding in self.all))

    @property
    def fired(self) -> tuple[Finding, ...]:
        """Findings that fired, issues first."""
        return self.of("fired")

    @property
    def issues(self) -> tuple[Finding, ...]:
        """Findings that fired with severity ``issue``."""
        return tuple(finding for finding in self.fired if finding.severity == "issue")

    def of(self, outcome: Outcome) -> tuple[Finding, ...]:
        """Findings with the given outcome."""
        return tuple(finding for finding in self.all if finding.outcome == outcome)

    def __repr__(self) -> str:
        found = self.lines()
        return "\n".join(found if len(found) <= MOST_LINES else [*found[: MOST_LINES - 1], "..."])

    def to_frame(self) -> Any:
        """One row per finding: code, title, severity, outcome and what it says; of pandas, or else of polars."""
        return frame(
            [
                {
                    "code": one.code,
                    "title": one.title,
                    "severity": one.severity,
                    "outcome": one.outcome,
                    "says": one.verdict.says,
                }
                for one in self.all
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: ``findings``, ``notes`` and ``muted``."""
        return {
            "findings": [finding.to_dict() for finding in self.all],
            "notes": list(self.material.notes),
            "muted": list(self.muted),
        }

    def lines(self, everything: bool = False) -> list[str]:
        """The terminal output: one screen, most important first; ``everything`` adds all that fired and why the other
        checks passed or were inconclusive."""
        found = self.fired
        shown = found if everything else found[:SHOWN_FIRED]
        lines = [self.summary()]
        for finding in shown:
            lines += ["", f"{finding.severity.upper()}  {finding.title}  [{finding.code}]", f"  {finding.verdict.says}"]
            if finding.remedy is not None:
                lines.append(f"  -> {finding.remedy.words}")
        if len(found) > len(shown):
            lines += ["", f"and {len(found) - len(shown)} more: {', '.join(f.code for f in found[len(shown) :])}"]
        lines += ["", *self._rest(everything), *(f"note: {note}" for note in self.material.notes)]
        return [printable(line) for line in lines]

    def summary(self) -> str:
        """One line with the count of each outcome."""
        hints = len(self.fired) - len(self.issues)
        return (
            f"{_count(len(self.issues), 'issue')}, {_count(hints, 'hint')}; "
            f"{len(self.of('passed'))} checks passed, {len(self.of('inconclusive'))} inconclusive"
        )

    def _rest(self, everything: bool) -> list[str]:
        quiet, silent = self.of("passed"), self.of("inconclusive")
        if everything:
            return [f"{finding.outcome}: {finding.code}: {finding.verdict.says}" for finding in (*quiet, *silent)]
        lines = []
        if quiet:
            lines.append(f"passed: {', '.join(finding.code for finding in quiet)}")
        reasons: dict[str, list[str]] = {}
        for finding in silent:
            reasons.setdefault(finding.verdict.says, []).append(finding.code)
        lines += [f"inconclusive ({reason}): {', '.join(codes)}" for reason, codes in reasons.items()]
        return lines

    def _repr_html_(self) -> str:
        return card(self)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number or 'no'} {what}s"


def _plain(value: Any) -> Any:
    if isinstance(value, Estimate):
        return value._asdict()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value
