"""Manual: generates the sections of docs/diagnosis.md from the checks and the table of limits.

``python -m tagfit.diagnosis.manual docs/diagnosis.md`` updates them between the markers of that file.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tagfit.diagnosis.diagnose import CHECKS
from tagfit.diagnosis.limits import LIMITS
from tagfit.files import write_text

FAMILIES = ("outputs", "match", "split", "fit", "labels", "metric")


def sections() -> str:
    """One section per check: how it works, why it matters, what to do."""
    parts = []
    for family in FAMILIES:
        parts.append(f"## {family.capitalize()}")
        parts += [
            f"### {check.code}\n\n**{check.title}** ({check.severity})\n\n*How it works.* {check.how}\n\n"
            f"*Why it matters.* {check.why}\n\n*What to do.* {check.what_to_do}"
            for check in CHECKS
            if check.family == family
        ]
    return "\n\n".join(parts)


def limits() -> str:
    """The table of limits as Markdown."""
    rows = [f"| `{row.code}` | {row.name} | {row.value:g} | {row.meaning} |" for row in LIMITS.values()]
    return "\n".join(["| check | limit | value | meaning |", "|---|---|---|---|", *rows])


def between(page: str, name: str, text: str) -> str:
    """``page`` with ``text`` between its markers ``<!-- name -->`` and ``<!-- /name -->``."""
    first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = page.split(first, 1)
    return f"{before}{first}\n{text}\n\n{last}{rest.split(last, 1)[1]}"


def printed(page: str) -> str:
    """``page`` with its generated parts updated."""
    return between(between(page, "checks", sections()), "limits", limits())


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_text(target, printed(target.read_text(encoding="utf-8")))
