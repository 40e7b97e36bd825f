"""tagfit untag, accept and undo, and how plans of writing keywords are printed and carried out."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli import path_checks
from tagfit.cli.checking import checked
from tagfit.cli.exit_codes import DONE, NOT_CONFIRMED
from tagfit.cli.keywords import PhotoFolder
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say
from tagfit.cli.write_options import WriteKeywords
from tagfit.errors import InputError

if TYPE_CHECKING:
    from tagfit.photos.journal import Outcome
    from tagfit.photos.planning import PhotoPlan
    from tagfit.tagger import Tagger

SOME_SKIPPED = NOT_CONFIRMED


def written(run: str) -> None:
    """A run of writing keywords whose journal is there."""
    from tagfit.photos.journal import changes_of

    changes_of(run)


Apply = Annotated[bool, typer.Option("--apply", help="Change files; without it only the plan is printed.")]
Diff = Annotated[bool, typer.Option("--diff", help="Print the text that changes in each sidecar.")]
OfRun = Annotated[
    str | None,
    typer.Option(metavar="RUN", help="Only what one run added, as `undo --list` shows it.", callback=checked(written)),
]
ReviewedTags = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Only what a CSV of reviewed tags, as the studio exports, has decided.",
        callback=checked(path_checks.source),
    ),
]
Labels = Annotated[list[str] | None, typer.Option("--label", metavar="NAME", help="Only this label; may be repeated.")]


def write(
    given: WriteKeywords,
    model: Tagger,
    folder: Path,
    records: list[dict[str, Any]],
    as_json: bool,
    emit: Callable[[dict[str, Any]], object] = print_json,
) -> int:
    """Plan the keywords that records of tagging say, print the plan, and write it where that is asked for.

    Args:
        given: the options.
        model: that made the tags.
        folder: of the photographs.
        records: as ``workflow.tag`` gives them.
        as_json: give ``emit`` one document instead of printing.
        emit: prints it.
    """
    from tagfit.workflow.keywording import keyword_plans, wanted_of

    plans, left = keyword_plans(folder, wanted_of(folder, records), given.options, model.vocabulary, given.choice)
    return carry_out(plans, "add", apply=given.apply, diff=given.diff, as_json=as_json, left=left, emit=emit)


def write_reviewed(given: WriteKeywords, table: Path, folder: Path, as_json: bool) -> int:
    """Plan the tags that a person has reviewed as keywords without a mark, print the plan, and write it where asked."""
    from tagfit.photos.journal import clear_leftovers
    from tagfit.photos.planning import check_labels
    from tagfit.workflow.keywording import keyword_plans
    from tagfit.workflow.reviewed import reviewed_tags

    found = reviewed_tags(table, folder)
    check_labels(found.labels, given.parent or "")
    clear_leftovers()
    wanted = {name: dict.fromkeys(labels, 1.0) for name, labels in found.present.items()}
    plans, left = keyword_plans(folder, wanted, replace(given.options, mark=False), None, given.choice)
    return carry_out(plans, "add", apply=given.apply, diff=given.diff, as_json=as_json, left=left)


def untag(
    folder: PhotoFolder,
    apply: Apply = False,
    diff: Diff = False,
    label: Labels = None,
    run: OfRun = None,
    reviewed: ReviewedTags = None,
    as_json: AsJson = False,
) -> int:
    """Remove only the keywords that tagfit added to photographs.

    With --reviewed, those that the review says are absent. Prints the plan; --apply carries it out.
    """
    return _of_marks(folder, label, run, reviewed, False, apply, diff, as_json)


def accept(
    folder: PhotoFolder,
    apply: Apply = False,
    diff: Diff = False,
    label: Labels = None,
    run: OfRun = None,
    reviewed: ReviewedTags = None,
    as_json: AsJson = False,
) -> int:
    """Accept the keywords that tagfit added as truth.

    Their mark is removed, and a training counts them from then on. With --reviewed, those that the review says are
    present. Prints the plan; --apply carries it out.
    """
    return _of_marks(folder, label, run, reviewed, True, apply, diff, as_json)


def undo(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="As --list shows it; the last one if left out.")
    ] = None,
    list_runs: Annotated[bool, typer.Option("--list", help="List the runs that can be undone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be restored.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove the journal of RUN, or all, instead: no longer undone.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Restore the files that a run of writing keywords changed.

    They get their bytes, time and permissions back. A file that was changed since is left as it is.
    """
    from tagfit.photos import journal

    names = journal.runs()
    if list_runs:
        if as_json:
            print_json({"runs": names})
        else:
            say("\n".join(names) or "no run has written keywords")
        return DONE
    if prune:
        removed = journal.prune(names if run is None else [run], apply=not dry_run)
        if as_json:
            print_json({"pruned": removed, "dry_run": dry_run})
        else:
            say(f"{'would remove' if dry_run else 'removed'} {len(removed)} journals")
        return DONE
    if run is None and not names:
        raise InputError(f"no run has written keywords: {journal.runs_folder()} holds none")
    outcome = journal.undo(names[-1] if run is None else run, apply=not dry_run)
    if as_json:
        print_json({"run": outcome.run, "restored": outcome.done, "skipped": outcome.skipped, "dry_run": dry_run})
    else:
        say(f"{outcome.run}: {'would restore' if dry_run else 'restored'} {len(outcome.done)} files")
        _say_skipped(outcome)
    return SOME_SKIPPED if outcome.skipped else DONE


def _of_marks(
    folder: Path,
    labels: Sequence[str] | None,
    run: str | None,
    reviewed: Path | None,
    accepting: bool,
    apply: bool,
    diff: bool,
    as_json: bool,
) -> int:
    from tagfit.data.pictures.accepted import SUFFIXES
    from tagfit.photos.journal import clear_leftovers, words_of
    from tagfit.photos.library import read_library
    from tagfit.photos.marks import removal_plans
    from tagfit.workflow.reviewed import reviewed_tags

    clear_leftovers()
    added = None if run is None else words_of(run)
    decided = None
    if reviewed is not None:
        tags = reviewed_tags(reviewed, folder)
        decided = tags.present if accepting else tags.absent
    library = read_library(folder, SUFFIXES, raw=True)
    plans = removal_plans(library, labels or (), accept=accepting, added=added, reviewed=decided)
    return carry_out(plans, "accept" if accepting else "remove", apply=apply, diff=diff, as_json=as_json)


def carry_out(
    plans: Sequence[PhotoPlan],
    verb: str,
    *,
    apply: bool,
    diff: bool,
    as_json: bool,
    left: int = 0,
    emit: Callable[[dict[str, Any]], object] = print_json,
) -> int:
    """Print plans, and with ``apply`` execute exactly them; returns the exit code.

    Args:
        plans: one a photograph.
        verb: ``add``, ``remove`` or ``accept``.
        apply: write.
        diff: print the text that changes.
        as_json: print one JSON document instead.
        left: how many photographs a limit has left out.
        emit: prints the document.
    """
    from tagfit.photos.journal import Outcome, execute

    changes = {change.path: change for plan in plans for change in plan.changes}
    outcome = Outcome()
    if not as_json:
        _say_plans(plans, verb, diff)
        if left:
            say(f"{left} more photographs have new words: --limit")
    if apply:
        with progress_bar(quiet=as_json) as bar:
            outcome = execute([*changes.values()], progress=on_decoded(bar, what="files"))
    skipped = {plan.name: plan.skipped for plan in plans if plan.skipped}
    if as_json:
        emit(
            {
                "applied": apply,
                "run": outcome.run,
                "photographs": [_record(plan) for plan in plans],
                "files": [str(path) for path in changes],
                "written": outcome.done,
                "skipped": {**skipped, **outcome.skipped},
                "left": left,
            }
        )
    elif apply:
        say(f"written: {len(outcome.done)} files" + (f"; tagfit undo {outcome.run}" if outcome.run else ""))
        _say_skipped(outcome)
    else:
        say(f"{len(changes)} files would be written, {len(skipped)} photographs skipped; --apply writes")
    return SOME_SKIPPED if skipped or outcome.skipped else DONE


def _record(plan: PhotoPlan) -> dict[str, Any]:
    return {
        "photograph": plan.name,
        "old": plan.old,
        "new": plan.new,
        "there": plan.there,
        "rejected": plan.rejected,
        "excluded": plan.excluded,
        "files": [str(change.path) for change in plan.changes],
        "skipped": plan.skipped,
        "warnings": plan.warnings,
    }


def _say_plans(plans: Sequence[PhotoPlan], verb: str, diff: bool) -> None:
    sign = "+" if verb == "add" else "-" if verb == "remove" else "="
    for plan in plans:
        if not plan.new and not plan.rejected:
            continue
        files = ", ".join(change.path.name for change in plan.changes)
        say(f"{plan.name} -> {files or 'nothing'}   has: {', '.join(plan.old) or '(none)'}")
        for word, score in plan.new.items():
            say(f"  {sign} {word}" + (f" {score:.2f}" if verb == "add" else ""))
        if plan.excluded:
            say(f"  excluded by others: {', '.join(plan.excluded)}")
        if plan.rejected:
            say(f"  removed before, not added again: {', '.join(plan.rejected)}")
        for text in (f"skipped: {plan.skipped}" if plan.skipped else "", *plan.warnings):
            if text:
                say(f"  {text}")
        if diff:
            for change in plan.changes:
                _say_diff(change.path, change.old, change.new)


def _say_diff(path: Path, old: bytes, new: bytes) -> None:
    before, after = (data.decode("utf-8", "backslashreplace").splitlines() for data in (old, new))
    say("\n".join(difflib.unified_diff(before, after, f"{path.name} (old)", f"{path.name} (new)", lineterm="", n=1)))


def _say_skipped(outcome: Outcome) -> None:
    for name, why in outcome.skipped.items():
        say(f"  left as it is: {name}: {why}")
