"""Card: a result as a small self-contained piece of HTML with the look of the report, for notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, singledispatch
from pathlib import Path

from tagfit.arguments import checked
from tagfit.curing.certificate import Certificate
from tagfit.diagnosis.finding import Findings
from tagfit.display import few
from tagfit.errors import InputError
from tagfit.evaluation.evaluation import Evaluation, EvaluationBySplit
from tagfit.report import parts, sections
from tagfit.report.page import STYLE, clean, environment, number
from tagfit.report.parts import Part
from tagfit.report.report import OF_VERDICT, before_and_after
from tagfit.runs.run import Run

SCOPE = ".tagfit-card"
LABELS = 8  # shown, the lowest F1 first
# Where a notebook says whether it is light or dark, that counts; elsewhere what the system says.
LIGHT = ('[data-jp-theme-light="true"]', ".vscode-light")
DARK = ('[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast")
# What notebooks do to tables is undone, by rules as weak as those of the sheet: several cards share one page.
OWN = (
    "{scope}{{background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif;padding:.6rem 1rem;"
    "border:1px solid var(--rule);border-radius:6px;max-width:62rem;overflow-wrap:anywhere}}"
    "{scope} table{{table-layout:auto;margin:0;border:0;color:inherit}}"
    "{scope} td{{text-align:left}}"
    "{scope}{scope} tbody tr:nth-child(n){{background:none}}"
    "{scope} section{{margin-top:1rem}}"
)
RULE = re.compile(r"\s*([^{}]+?)\s*\{([^{}]*)\}")
MEDIA = re.compile(r"(@media[^{]+)\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
OF_PAGE = ("body", "main", "footer", "h1")  # what a card has not


@checked(only_names=True)
def card(result: Run | Evaluation | EvaluationBySplit | Findings | Certificate) -> str:
    """A result as HTML: a verdict in one sentence and the evidence, as on the page of a report.

    No script, nothing fetched; names of labels are text and never markup. It is what a notebook shows of the result.

    Args:
        result: a Run, an Evaluation or those of several splits, Findings or a Certificate.

    Raises:
        InputError: anything else, or a folder that cannot be read.
    """
    content = _content(result)
    body = environment().get_template("card.html").render(card=content, source=lambda _picture: None)
    return f'<div class="{SCOPE[1:]}"><style>{_style(body)}</style>\n{body}</div>'


@singledispatch
def _content(result: object) -> Part:
    raise InputError(
        f"there is no card of {type(result).__name__}", instead="a Run, an Evaluation, Findings or a Certificate"
    )


@_content.register
def _run(run: Run) -> Part:
    found, history = run.summary(), run.history
    done, epochs = found["state"] == "done", len(history)
    said = f"Trained for {epochs} epochs" if done else f"The training is {found['state']} after {epochs} epochs"
    losses = f": validation loss {number(found['validation_loss'])}" if history else ""
    kept = f"; the weights of epoch {found['kept_epoch']} were kept" if found["kept_epoch"] else ""
    scored = ", ".join(run.scored_splits) or "no split yet"
    lines = [f"Recipe {found['recipe']}, seed {found['seed']}. Scores of {scored}.", f"Labels: {few(run.labels)}."]
    mark = "good" if done else "hint"
    shown = [_text("", lines), sections.training(history, found["kept_epoch"])]
    return _card(f"Run {run.folder}", parts.verdict(mark, f"{said}{losses}{kept}."), shown)


@_content.register
def _evaluation(evaluation: Evaluation) -> Part:
    return _evaluations(EvaluationBySplit({evaluation.split or "scores": evaluation}))


@_content.register
def _evaluations(evaluations: EvaluationBySplit) -> Part:
    judged = evaluations[sections.judged_split(evaluations)]
    labels = sections.labels(judged)
    hidden = len(labels["rows"]) - LABELS
    if hidden > 0:
        labels = {**labels, "rows": labels["rows"][:LABELS], "sentence": f"{labels['sentence']} {hidden} more."}
    verdict = parts.verdict(sections.mark_of(judged), sections.sentence(judged))
    rows = ", ".join(f"{name} ({one.n:,} rows)" for name, one in evaluations.items())
    return _card(f"Evaluation of {rows}", verdict, [sections.metrics(evaluations), labels], judged.notes)


@_content.register
def _findings(findings: Findings) -> Part:
    mark = "issue" if findings.issues else "hint" if findings.fired else "good"
    said = f"{findings.fired[0].title}: " if findings.fired else ""
    shown = parts.findings("", "", "", [parts.finding(one) for one in findings.fired])
    verdict = parts.verdict(mark, f"{said}{findings.summary()}.")
    return _card("Findings", verdict, [shown], findings.material.notes)


@_content.register
def _certificate(certificate: Certificate) -> Part:
    document = certificate.document
    verdict = parts.verdict(OF_VERDICT[document.verdict], document.sentence)
    words = _text("In plain words", document.paragraph)
    return _card(f"Certificate {certificate.folder}", verdict, [before_and_after(certificate), words])


def _text(title: str, lines: Iterable[str]) -> Part:
    return {"kind": "text", "title": title, "sentence": "", "mark": "", "paragraphs": [clean(line) for line in lines]}


def _card(title: str, verdict: Part, shown: list[Part | None], notes: tuple[str, ...] = ()) -> Part:
    """What the template draws; a page may hold several cards, so that their sections have no ids."""
    found = [{**one, "id": ""} for one in shown if one is not None]
    return {"title": clean(title), "verdict": verdict, "sections": found, "notes": [clean(note) for note in notes]}


def _style(body: str) -> str:
    """The rules of the style sheet that ``body`` needs, for what is inside a card alone."""
    there = set(re.findall(r"[\w-]+", " ".join(re.findall(r'class="([^"]*)"', body))))
    tags = set(re.findall(r"<([a-z][a-z0-9]*)", body))
    light, dark, medias, rules = _sheet()
    found = [f"{SCOPE}{{{light}}}", f"@media (prefers-color-scheme:dark){{{SCOPE}{{{dark}}}}}"]
    for themes, values in ((LIGHT, light), (DARK, dark)):
        found.append(f"{','.join(f'{theme} {SCOPE}' for theme in themes)}{{{values}}}")
    found.append(OWN.format(scope=SCOPE))
    found += [_scoped(selectors, values, there, tags) for selectors, values in rules]
    for condition, inner in medias:
        kept = "".join(_scoped(selectors, values, there, tags) for selectors, values in inner)
        found.append(f"{condition}{{{kept}}}" if kept else "")
    return "".join(found)


@cache
def _sheet() -> tuple[str, str, list[tuple[str, list[tuple[str, str]]]], list[tuple[str, str]]]:
    """The colours of light and dark, the rules by condition, and those without one."""
    text = (Path(__file__).parent / "templates" / STYLE).read_text(encoding="utf-8")
    medias = [(one[1].strip(), RULE.findall(one[2])) for one in MEDIA.finditer(text)]
    rules = [(selectors, " ".join(values.split())) for selectors, values in RULE.findall(MEDIA.sub("", text))]
    light = next(values for selectors, values in rules if selectors == ":root")
    dark = next(" ".join(inner[0][1].split()) for condition, inner in medias if "dark" in condition)
    others = [(condition, inner) for condition, inner in medias if "dark" not in condition and "print" not in condition]
    return light, dark, others, [one for one in rules if one[0] != ":root"]


def _scoped(selectors: str, values: str, classes: set[str], tags: set[str]) -> str:
    """A rule for what is inside a card; empty where nothing in it is named."""
    kept = []
    for selector in selectors.split(","):
        plain = re.sub(r":[\w-]+(\([^)]*\))?|\[[^\]]*\]", "", selector)
        named = set(re.findall(r"(?<![\w.#-])[a-z][a-z0-9]*", plain))
        if named <= tags and set(re.findall(r"\.([\w-]+)", plain)) <= classes and not named & set(OF_PAGE):
            kept.append(f"{SCOPE} {selector.strip()}")
    return f"{','.join(kept)}{{{values}}}" if kept else ""
