"""Report: how runs, cures and score files stand, as one self-contained page and as the dict it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tagfit import workflow
from tagfit.curing.certificate import Certificate
from tagfit.curing.certificate import load as load_certificate
from tagfit.curing.names import CERTIFICATE
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Findings
from tagfit.errors import InputError
from tagfit.evaluation.evaluation import Evaluation
from tagfit.evaluation.score_files import read_scores
from tagfit.files import write_text
from tagfit.history import History
from tagfit.report import parts, sections
from tagfit.report.page import clean, number, picture_uri, rendered
from tagfit.report.parts import Part
from tagfit.runs.run import Run, open_run
from tagfit.scores import Scores
from tagfit.scoring import OnDecoded, reopen

# Pictures of a whole report: what fits into one MB.
PICTURES = 48
FEWEST = 3  # of a kind and subject
SIDE_PIXELS, QUALITY = 120, 75
SEVERITY = {"issue": "issue", "hint": "hint"}
OF_VERDICT = {"confirmed": "good", "met": "good", "met, not confirmed": "hint", "out of reach": "issue"}


@dataclass(frozen=True)
class Subject:
    """One thing that a report is about.

    Attributes:
        name: as it is called in the report.
        scores: by split, or by the name of a file.
        evaluations: likewise.
        findings: of a diagnosis, where there was one.
        history, kept_epoch: of a run.
        problem: where its pictures come from; None where there are none.
        certificate: of a cure, whose winner the rest is about.
        notes: what a reader has to know.
    """

    name: str
    scores: Mapping[str, Scores]
    evaluations: Mapping[str, Evaluation]
    findings: Findings | None = None
    history: History = ()
    kept_epoch: int | None = None
    problem: Problem | None = None
    certificate: Certificate | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def split(self) -> str:
        """The split that the model is judged by."""
        return sections.judged_split(self.scores)

    def picture(self, split: str, row: int) -> str | None:
        """A row as a data URI; None where there are no pictures."""
        if self.problem is None or self.problem.preprocessing.size is None or self.problem.inputs.ndim != 4:
            return None
        rows = self.problem.part(split).rows
        return picture_uri(self.problem.inputs[rows[row]], SIDE_PIXELS, QUALITY)


def subject(path: str | Path, on_decoded: OnDecoded | None = None) -> Subject:
    """A run folder, the folder of a cure or a score file.

    Raises:
        InputError: none of these, or one that cannot be read.
    """
    place = Path(path)
    if (place / CERTIFICATE).is_file():
        certificate = load_certificate(place)
        found = of_run(certificate.run, name=str(path), on_decoded=on_decoded)
        return replace(found, certificate=certificate)
    if place.is_dir():
        return of_run(open_run(place), name=str(path), on_decoded=on_decoded)
    scores = read_scores(place)
    return Subject(str(path), {place.stem: scores}, {place.stem: workflow.evaluate(scores)})  # type: ignore[dict-item]


def of_run(
    run: Run,
    *,
    name: str | None = None,
    problem: Problem | None = None,
    findings: Findings | None = None,
    evaluations: Mapping[str, Evaluation] | None = None,
    on_decoded: OnDecoded | None = None,
) -> Subject:
    """A run with its scores on train and validation; what is not given is computed.

    Raises:
        InputError: the run has no scores yet.
    """
    splits = [split for split in ("train", "validation") if split in run.scored_splits]
    if not splits:
        raise InputError(f"the run {run.folder} has no scores yet", instead=f"`tagfit train --resume {run.folder}`")
    notes: tuple[str, ...] = ()
    try:
        problem = reopen(run, on_decoded, problem)
    except InputError as error:
        notes = (f"No pictures are shown, since the sources could not be read: {error.faults[0].what}.",)
    if findings is None:
        findings = workflow.diagnose(run, problem=problem)
    if evaluations is None:
        evaluations = workflow.evaluate(run, splits=splits)  # type: ignore[assignment]
    assert evaluations is not None
    return Subject(
        name or str(run.folder),
        {split: run.scores(split) for split in splits},
        evaluations,
        findings,
        run.history,
        run.info.get("kept_epoch"),
        problem,
        None,
        notes,
    )


def report(subjects: Sequence[Subject]) -> Part:
    """What a report says, as plain JSON values; pictures are named by split and row.

    Args:
        subjects: one or more.
    """
    each = max(FEWEST, PICTURES // (3 * len(subjects)))
    told = [_subject(one, each) for one in subjects]
    order = ("issue", "hint", "good")
    worst = min((one["verdict"]["mark"] for one in told), key=order.index)
    several = f"{len(told)} models. " + " ".join(f"{one['title']}: {one['verdict']['sentence']}" for one in told)
    return {
        "title": f"Report on {told[0]['title'] if len(told) == 1 else f'{len(told)} models'}",
        "about": told[0]["about"] if len(told) == 1 else ", ".join(one["title"] for one in told),
        "verdict": told[0]["verdict"] if len(told) == 1 else parts.verdict(worst, several),
        "subjects": told,
        "command": parts.command("tagfit", "report", *(one.name for one in subjects)),
    }


def report_page(subjects: Sequence[Subject], page: Part | None = None) -> str:
    """The report as one HTML page: no script, nothing fetched; names of labels and rows are text and never markup.

    Args:
        subjects: one or more.
        page: what :func:`report` gave for them; None makes it.
    """
    page = report(subjects) if page is None else page
    by_section = {
        id(picture): of
        for of, told in zip(subjects, page["subjects"], strict=True)
        for section in told["sections"]
        for picture in section.get("pictures", ())
    }

    def source(picture: Part) -> str | None:
        return by_section[id(picture)].picture(picture["split"], picture["row"])

    return rendered("report.html", page=page, source=source)


def write_report(subjects: Sequence[Subject], path: Path, page: Part | None = None) -> None:
    """Write the page to ``path``, whole or not at all: see :func:`report_page`."""
    write_text(path, report_page(subjects, page))


def _subject(one: Subject, each: int) -> Part:
    scores, evaluation = one.scores[one.split], one.evaluations[one.split]
    found = [
        None if one.certificate is None else before_and_after(one.certificate),
        sections.metrics(one.evaluations),
        *_findings(one.findings),
        sections.training(one.history, one.kept_epoch),
        sections.labels(evaluation),
        sections.precision_recall(scores, evaluation),
        sections.reliability(scores),
        sections.co_occurrence(scores),
        *sections.wrong(scores, each),
        sections.suspect_tags(scores, each),
    ]
    return {
        "title": clean(one.name),
        "about": clean(_about(one)),
        "verdict": _verdict(one, evaluation),
        "notes": [clean(note) for note in (*one.notes, *evaluation.notes)],
        "sections": [section for section in found if section is not None],
    }


def _about(one: Subject) -> str:
    rows = ", ".join(f"{name}: {len(scores):,} rows" for name, scores in one.scores.items())
    epochs = f", {len(one.history)} epochs" if one.history else ""
    return f"{rows}, {len(next(iter(one.scores.values())).labels)} labels{epochs}"


def _verdict(one: Subject, evaluation: Evaluation) -> Part:
    """The sentence that the page begins with: the certificate's, or the metric and the strongest finding."""
    if one.certificate is not None:
        document = one.certificate.document
        return parts.verdict(OF_VERDICT[document.verdict], document.sentence)
    said, mark = sections.sentence(evaluation), sections.mark_of(evaluation)
    if one.findings is not None:
        said, mark = with_findings(said, mark, one.findings)
    return parts.verdict(mark, said)


def with_findings(said: str, mark: str, findings: Findings) -> tuple[str, str]:
    """A sentence and its mark with the strongest finding of a diagnosis."""
    if not findings.fired:
        return f"{said} No check of the diagnosis fired.", mark
    strongest = findings.fired[0]
    others = len(findings.fired) - 1
    more = f"; {others} more {'finding' if others == 1 else 'findings'}" if others else ""
    return f"{said} {strongest.title}{more}.", "issue" if mark == "issue" else SEVERITY[strongest.severity]


def _findings(findings: Findings | None) -> list[Part]:
    if findings is None:
        return []
    shown = [parts.finding(one) for one in findings.fired]
    return [parts.findings("findings", "What is wrong, and what to do", f"{findings.summary()}.", shown)]


def before_and_after(certificate: Certificate) -> Part:
    """The metric of a cure before and after it."""
    document = certificate.document
    rows = []
    for split in ("train", "validation", "test"):
        if split in document.before.splits and split in document.after.splits:
            values = [certificate.value(side, split, document.metric) for side in ("before", "after")]
            rows.append([split, *(number(value) for value in values)])
    said = f"{document.metric} of the starting run and of the cured one; the certificate has all other figures."
    return parts.table(["split", "before", "after"], rows, id="cure", title="Before and after", sentence=said)
