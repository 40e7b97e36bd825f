"""Certificate page: the result of a cure as one self-contained page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.arguments import checked
from tagfit.curing.ablation import Undone
from tagfit.curing.certificate import NO_SIGNATURE, Certificate
from tagfit.curing.changes import text_of
from tagfit.curing.document import ChangedPicture, CheckedBound, Document, MetricFigures, Side
from tagfit.curing.search import START
from tagfit.curing.section import Section
from tagfit.curing.steps import Step
from tagfit.curing.summary import counted, in_present_words, tried
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.evaluation.metrics import METRICS, find
from tagfit.files import write_text
from tagfit.history import History
from tagfit.recipe import toml_lines
from tagfit.report import certificate_plots as plots
from tagfit.report.page import clean, number, picture_uri, rendered
from tagfit.runs.run import open_run

# What the template draws.
Record = dict[str, Any]

# In the table of before and after, in addition to the goal's metric.
SHOWN = ("label_accuracy", "loss", "macro_f1", "mAP", "subset_accuracy")
# The mark of each verdict: its colour.
MARKS = {"confirmed": "good", "met": "good", "met, not confirmed": "hint", "out of reach": "issue"}
# More trials than this are collapsed.
OPEN_TRIALS = 30


@checked()
def write_certificate_page(
    certificate: Certificate, path: str | Path | None = None, problem: Problem | None = None
) -> None:
    """Write the page to ``path``, by default ``certificate.page``, whole or not at all: see ``certificate_page``."""
    write_text(certificate.page if path is None else Path(path), certificate_page(certificate, problem))


def certificate_page(certificate: Certificate, problem: Problem | None = None) -> str:
    """A certificate as one HTML page: no script, nothing fetched; names of labels and rows are text and never markup.

    Args:
        certificate: as ``tagfit.cure`` gives it, or loaded from its folder. The curves of the two trainings are read
            from the run folders in it; where those are gone, the page says so.
        problem: what was cured, for the pictures on the page; None for ``certificate.problem``. Without one, and on
            rows of features, the rows that changed sides stand there by their ids.

    Raises:
        InputError: a problem that is not the one of the certificate.
    """
    document = certificate.document
    problem = certificate.problem if problem is None else problem
    if problem is not None and dict(problem.fingerprint) != document.problem.fingerprint_after:
        raise InputError("the problem differs from the one in the certificate", instead="the one that was cured")
    name = certificate.folder.resolve().name
    return rendered(
        "certificate.html",
        name=clean(name),
        made=clean(document.made.replace("T", " ").replace("+00:00", " UTC")),
        by=clean(document.tagfit),
        about=_about(document),
        verdict=document.verdict,
        mark=MARKS[document.verdict],
        sentence=clean(document.sentence),
        paragraph=[clean(line) for line in document.paragraph],
        metric=document.metric,
        better="More" if find(document.metric).better == "higher" else "Less",
        goal=[clean(words) for words in document.goal.goal().words()],
        asked=_asked(document),
        bounds=[_bound(one) for one in document.bounds],
        limits=_limits(document),
        learning_curve=plots.learning_curve(document),
        figures=_figures(document),
        seeds=_seeds(document),
        trainings=_trainings(certificate),
        steps=[_step(one) for one in document.steps],
        ablation=[_change(one) for one in plots.by_effect(document)],
        ablation_drawing=plots.ablation(document),
        recipe=_recipe(document),
        whole_recipe=toml_lines(document.after.recipe),
        trade_off=plots.trade_off(document),
        trials=_trials(document),
        tried=clean(tried(document.search)),
        trials_open=len(document.search.log) <= OPEN_TRIALS,
        search=document.search,
        sides=_changed_sides(document, problem),
        findings=[_cleaned(one) for one in document.findings],
        command=clean(f"tagfit verify {shlex.quote(name)}"),
        recomputed=[clean(line) for line in document.recomputed],
        sealed=[clean(line) for line in document.sealed if in_present_words(line) != NO_SIGNATURE],
        no_signature=NO_SIGNATURE,
        fingerprints=_fingerprints(document),
        machine=[(clean(what), clean(which)) for what, which in document.machine.items()],
        files=[(clean(file), digest) for file, digest in document.files.items()],
    )


def _about(document: Document) -> str:
    problem = document.problem
    rows = ", ".join(f"{count:,} {split}" for split, count in problem.rows.items())
    what = (
        "rows of features"
        if problem.size is None
        else f"pictures of {problem.size} × {problem.size} pixels ({problem.fit})"
    )
    return f"{rows} {what}, {len(problem.labels)} labels"


def _asked(document: Document) -> str:
    asked, search = document.asked, document.search
    allowed = [] if asked.trials is None else [counted(asked.trials, "trial")]
    allowed += [] if asked.budget is None else [f"{asked.budget:g} s"]
    used = f"{counted(search.trials, 'trial')} and {document.seconds:,.0f} s of training and measuring"
    parts = [f"{used} (allowed: {' and '.join(allowed)})" if allowed else used]
    parts.append(f"{counted(len(document.seeds), 'fresh seed')} for the winner")
    if asked.search_on is not None:
        parts.append(f"trials on {asked.search_on:,} train rows")
    parts += [f"{asked.parallel} trials chosen at a time"] if asked.parallel > 1 else []
    parts.append(f"augmentation {'allowed' if asked.augment else 'not allowed'}")
    parts += ["pretrained backbones allowed"] if asked.pretrained else []
    return ", ".join(parts)


def _bound(one: CheckedBound) -> Record:
    return {
        "text": clean(one.text),
        "mean": number(one.mean),
        "met": one.met,
        "test": number(one.test),
        "confirmed": one.confirmed,
    }


def _limits(document: Document) -> Record | None:
    limits = document.limits
    if limits is None:
        return None
    ceiling, shown = limits.ceiling, ""
    if ceiling is not None and all(one.what != "noise" for one in limits.says):  # whose sentence has it
        shown = f"{number(ceiling.value)} ({number(ceiling.low)} to {number(ceiling.high)})"
    return {"says": [_cleaned(one) for one in limits.says], "ceiling": shown}


def _cleaned(section: Section) -> Record:
    """A record of texts for the template."""
    return {name: clean(text) for name, text in section.model_dump().items()}


def _figures(document: Document) -> list[Record]:
    """One record per split: its rows, and a line per metric with both sides and the best trivial prediction."""
    names = dict.fromkeys((document.metric, *SHOWN))
    sides = (document.before, document.after)
    return [
        {
            "split": split,
            "n": f"{judged.n:,}",
            "metrics": [
                _metric(name, split, *(side.splits.get(split, judged).metrics[name] for side in sides))
                for name in names
                if name in judged.metrics
            ],
        }
        for split, judged in document.after.splits.items()
    ]


def _metric(name: str, split: str, before: MetricFigures, after: MetricFigures) -> Record:
    trivial = [value for value in (after.nothing, after.prevalence, after.best_constant) if value is not None]
    higher = after.better == "higher"
    moved = None if before.value is None or after.value is None else after.value - before.value
    judged = 0.0 if moved is None or split == "train" else moved  # a cure may lower what was memorised
    return {
        "name": name,
        "unit": "nats" if name == "loss" else "",
        "meaning": METRICS[name].meaning if name in METRICS else "",
        "sides": [{"value": number(one.value), "interval": _interval(one)} for one in (before, after)],
        "moved": number(moved, "+.3f"),
        "better": judged != 0 and (judged > 0) == higher,
        "worse": judged != 0 and (judged > 0) != higher,
        "trivial": number((max if higher else min)(trivial)) if trivial else "–",
    }


def _interval(metric: MetricFigures) -> str:
    ends = metric.interval
    return "" if ends is None or None in ends else f"{number(ends[0])} to {number(ends[1])}"


def _seeds(document: Document) -> Record:
    figures = list(document.means)
    return {
        "figures": figures,
        "rows": [
            {"seed": one.seed, "kept": one.kept, "figures": [number(one.values.get(name)) for name in figures]}
            for one in document.seeds
        ],
        "means": [number(document.means[name]) for name in figures],
    }


def _trainings(certificate: Certificate) -> list[Record]:
    sides: dict[str, Side] = {"before": certificate.document.before, "after": certificate.document.after}
    found = {name: (_history(certificate.folder / side.run), side.kept_epoch) for name, side in sides.items()}
    drawings = plots.trainings(found)
    return [
        {
            "side": name,
            "drawings": drawings[name],
            "told": clean(
                f"{side.recipe_name}, seed {side.seed}, {side.epochs} epochs, weights of epoch {side.kept_epoch}"
            ),
        }
        for name, side in sides.items()
    ]


def _history(folder: Path) -> History:
    try:
        return open_run(folder).history
    except InputError:
        return ()  # the page shows what can be read


def _step(one: Step) -> Record:
    return {
        "name": clean(one.name),
        "figures": [number(one.train), number(one.validation)],
        "end": clean(one.stopped or ("" if one.trial is None else f"trial {one.trial}")),
    }


def _change(one: Undone) -> Record:
    return {
        "name": clean(one.name),
        "brought": number(one.brought, "+.3f"),
        "spread": "" if one.spread is None else f"± {one.spread:.3f}",
        "gap": number(one.gap, "+.3f"),
        "seeds": one.seeds,
        "stopped": clean(one.stopped),
    }


def _recipe(document: Document) -> list[Record]:
    """The fields that differ, one record each, the first of a group with its name."""
    return [
        {
            "group": clean(change.name) if place == 0 else "",
            "field": clean(field),
            "before": clean(text_of(change.before[field])),
            "after": clean(text_of(value)),
        }
        for change in document.changes
        for place, (field, value) in enumerate(change.after.items())
    ]


def _trials(document: Document) -> list[Record]:
    search = document.search
    retrained = {one.trial: one.met for one in search.retrained}
    front = {one.trial for one in document.trade_off}
    found = []
    for one in search.log:
        base = one.base
        on = "" if base is None else "on the start" if base == START else f"on trial {base}"
        why = f"from {one.why}" if one.origin == "search" else f"for {one.why}" if one.why else ""
        marks = [] if one.number not in front else ["front"]
        if one.number in retrained:
            marks.append("fresh seeds meet the goal" if retrained[one.number] else "fresh seeds miss the goal")
        marks += ["kept"] if one.number == search.winner else []
        found.append(
            {
                "number": one.number,
                "name": clean(one.name),
                "why": clean(", ".join(filter(None, (on, why)))),
                "figures": [number(one.values.get(f"{split}.{document.metric}")) for split in ("train", "validation")],
                "epochs": one.epochs,
                "seconds": number(one.seconds, ".1f"),
                "end": clean(f"stopped: {one.stopped}" if one.stopped else ", ".join(marks)),
            }
        )
    return found


def _changed_sides(document: Document, problem: Problem | None) -> Record:
    pictures = problem is not None and problem.preprocessing.size is not None and problem.inputs.ndim == 4
    rows: dict[str, int] = {}
    if problem is not None and pictures:
        part = problem.part("validation")
        rows = dict(zip(map(str, part.ids), np.asarray(part.rows).tolist(), strict=True))

    def shown(record: ChangedPicture) -> Record:
        row = rows.get(record.id)
        return {
            "id": clean(record.id),
            "picture": None if problem is None or row is None else picture_uri(problem.inputs[row]),
            "corrected": [clean(label) for label in record.corrected],
            "lost": [clean(label) for label in record.lost],
            "true": [clean(label) for label in record.true],
        }

    sides = document.changed_sides
    return {"corrected": sides.corrected, "lost": sides.lost, "pictures": [shown(record) for record in sides.pictures]}


def _fingerprints(document: Document) -> list[tuple[str, str, str]]:
    before, after = document.problem.fingerprint_before, document.problem.fingerprint_after
    return [(clean(what), was, after.get(what, "")) for what, was in before.items()]
