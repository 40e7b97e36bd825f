"""Letter: all findings on one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tagfit.diagnosis.finding import Estimate, Finding, Findings, Plot
from tagfit.diagnosis.material import Material, Side
from tagfit.files import write_text
from tagfit.recipe import toml_lines
from tagfit.report.letter_plots import drawing_of
from tagfit.report.page import clean, picture_uri, rendered

LISTED = 10


def write_letter(findings: Findings, path: Path, subject: str = "") -> None:
    """Write the letter to ``path``, whole or not at all."""
    write_text(path, letter(findings, subject))


def letter(findings: Findings, subject: str = "") -> str:
    """The findings as one HTML page: no script, nothing fetched; names of labels and rows are text and never markup.

    Args:
        findings: of ``diagnose``.
        subject: what was diagnosed, for the heading.
    """
    material = findings.material
    return rendered(
        "letter.html",
        subject=clean(subject),
        summary=findings.summary(),
        fired=[_card(finding, material) for finding in findings.fired],
        passed=[_line(finding) for finding in findings.of("passed")],
        silent=[_line(finding) for finding in findings.of("inconclusive")],
        notes=[clean(note) for note in material.notes],
        muted=findings.muted,
        about=_about(material),
    )


def _line(finding: Finding) -> dict[str, str]:
    return {"code": finding.code, "title": finding.title, "says": clean(finding.verdict.says)}


def _card(finding: Finding, material: Material) -> dict[str, Any]:
    plot, remedy = finding.verdict.plot, finding.remedy
    return {
        **_line(finding),
        "severity": finding.severity,
        "why": finding.why,
        "remedy": remedy.words if remedy is not None else "",
        "changes": [] if remedy is None else toml_lines(remedy.recipe),
        "drawing": None if plot is None else drawing_of(plot),
        "suspects": _suspects(plot, material),
        "pairs": _pairs(plot, material),
        "evidence": [(name.replace("_", " "), text) for name, text in _rows(finding.evidence)],
    }


def _rows(evidence: Mapping[str, Any], within: str = "") -> list[tuple[str, str]]:
    """Numbers by name, nested ones with their whole way; lists are cut."""
    rows: list[tuple[str, str]] = []
    for name, value in evidence.items():
        way = f"{within}, {name}" if within else str(name)
        if isinstance(value, Mapping):
            rows += _rows(value, way)
        else:
            rows.append((clean(way), clean(_value(value))))
    return rows


def _value(value: Any) -> str:
    if isinstance(value, Estimate):
        return str(value)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_value(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        more = f" and {len(value) - LISTED} more" if len(value) > LISTED else ""
        return "; ".join(_value(one) for one in value[:LISTED]) + more
    return f"{value:.4g}" if isinstance(value, float) or hasattr(value, "dtype") else str(value)


def _suspects(plot: Plot | None, material: Material) -> list[dict[str, Any]]:
    if plot is None or plot.kind != "suspects":
        return []
    sides = {side.name: side for side in (*material.sides, material.cross_fit) if side is not None}
    return [
        {
            "picture": _picture(sides[record["split"]], record["row"], material),
            "id": clean(record["id"]),
            "split": record["split"],
            "label": clean(record["label"]),
            "tagged": record["tagged"],
            "score": f"{record['score']:.2f}",
        }
        for record in plot.data["suspects"]
    ]


def _pairs(plot: Plot | None, material: Material) -> list[list[dict[str, Any]]]:
    if plot is None or plot.kind != "pairs":
        return []
    train, validation = material.train, material.validation
    assert train is not None
    assert validation is not None
    return [
        [
            {"picture": _picture(side, row, material), "id": clean(str(side.scores.ids[row])), "split": side.name}
            for side, row in ((train, one), (validation, other))
        ]
        for one, other in plot.data["pairs"]
    ]


def _picture(side: Side, row: int, material: Material) -> str | None:
    """A row's picture as a data URI; None where the rows are no pictures."""
    if side.name == "cross-fit" and side.inputs is None and material.train is not None:
        side = material.train  # the same rows
    if not side.holds_pictures:
        return None
    assert side.inputs is not None
    return picture_uri(side.inputs[row])


def _about(material: Material) -> str:
    parts = [f"{side.name}: {len(side):,} rows" for side in material.sides]
    if material.labels:
        parts.append(f"{len(material.labels)} labels")
    if material.curves is not None:
        parts.append(f"{len(material.curves)} epochs")
    return ", ".join(parts)
