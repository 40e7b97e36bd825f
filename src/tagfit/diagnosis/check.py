"""Check: a function from the material to a verdict, with the words that terminal, letter and manual share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tagfit.diagnosis.finding import Finding, Severity, Verdict
from tagfit.diagnosis.material import Material


@dataclass(frozen=True)
class Check:
    """One fault that is looked for.

    Attributes:
        code: its readable name.
        family: the file it stands in.
        severity: ``issue`` or ``hint``.
        title: the fault in a few words.
        how: how it is found.
        why: why it matters.
        what_to_do: the remedy in general.
        look: the search itself.
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
        finding = Finding(self.code, self.family, self.severity, self.title, self.why, self.look(material))
        return finding.without_what_is_done(material.recipe)


def check(
    code: str, severity: Severity, title: str, *, family: str, how: str, why: str, what_to_do: str
) -> Callable[[Callable[[Material], Verdict]], Check]:
    """Make a Check of the function below."""

    def made(look: Callable[[Material], Verdict]) -> Check:
        return Check(code, family, severity, title, how, why, what_to_do, look)

    return made
