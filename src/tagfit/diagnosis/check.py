"""Check: a function from the evidence to a verdict, with the texts shared by terminal, letter and manual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tagfit.diagnosis.finding import Finding, Severity, Verdict, inconclusive
from tagfit.diagnosis.material import Material


@dataclass(frozen=True)
class Check:
    """One fault to look for.

    Attributes:
        code: its readable name.
        family: fit, outputs, labels, split or metric.
        severity: ``issue`` or ``hint``.
        title: the fault in a few words.
        how: how it is found.
        why: why it matters.
        what_to_do: the remedy in general.
        look: the function that looks for it.
    """

    code: str
    family: str
    severity: Severity
    title: str
    how: str
    why: str
    what_to_do: str
    look: Callable[[Material], Verdict]

    def __call__(self, material: Material) -> Finding:
        return self._finding(self.look(material)).without_what_is_done(material.recipe)

    def silent(self, why: str) -> Finding:
        """The finding of a check that says nothing, because of ``why``."""
        return self._finding(inconclusive(why))

    def _finding(self, verdict: Verdict) -> Finding:
        return Finding(self.code, self.family, self.severity, self.title, self.why, verdict)


def check(
    code: str, severity: Severity, title: str, *, family: str, how: str, why: str, what_to_do: str
) -> Callable[[Callable[[Material], Verdict]], Check]:
    """Turn the decorated function into a Check."""

    def made(look: Callable[[Material], Verdict]) -> Check:
        return Check(code, family, severity, title, how, why, what_to_do, look)

    return made
