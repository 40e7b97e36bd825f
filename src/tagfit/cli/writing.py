"""tagfit untag, accept and undo, and how plans of writing keywords are printed and carried out."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tagfit.cli import checks
from tagfit.cli.checking import checked
from tagfit.cli.exit_codes import DONE, NOT_CONFIRMED
from tagfit.cli.keywords import PhotoFolder
from tagfit.cli.options import without_effect
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say
from tagfit.errors import Fault, InputError

if TYPE_CHECKING:
    from tagfit.photos.journal import Outcome
    from tagfit.photos.planning import PhotoPlan
    from tagfit.tagger import Tagger

SOME_SKIPPED = NOT_CONFIRMED
Apply = Annotated[bool, typer.Option("--apply", help="Change files; without it only the plan is printed.")]
Diff = Annotated[bool, typer.Option("--diff", help="Print the text that changes in each sidecar.")]
Labels = Annotated[list[str] | None, typer.Option("--label", metavar="NAME", help="Only this label; may be repeated.")]
_writing = partial(typer.Option, rich_help_panel="Writing keywords into photographs")


@dataclass(frozen=True)
class WriteKeywords:
    """The options of writing tags as keywords."""

    write_keywords: Annotated[
        bool, _writing("--write-keywords", help="Plan to add the tags to the keywords of a folder's photographs.")
    ] = False
    apply: Annotated[bool, _writing("--apply", help="Write them; without it only the plan is printed.")] = False
    diff: Annotated[bool, _writing("--diff", help="Print the text that changes in each sidecar.")] = False
    where: Annotated[
        Literal["sidecar", "embed"], _writing(metavar="WORD", help="Write a sidecar, or embed in JPEG and PNG.")
    ] = "sidecar"
    sidecar_name: Annotated[
        Literal["auto", "long", "short"],
        _writing(metavar="WORD", help="Name a new sidecar IMG.jpg.xmp (auto, long) or IMG.xmp (short)."),
    ] = "auto"
    parent: Annotated[
        str | None,
        _writing(metavar="NAME", help="A visible parent of all new keywords.", callback=checked(checks.parent)),
    ] = None
    on_conflict: Annotated[
        Literal["skip", "union"],
        _writing(metavar="WORD", help="Sidecar and picture disagree: skip, or write the union."),
    ] = "skip"

    def check(self, model: Tagger) -> None:
        """Raise an InputError where a label of the model cannot be written as a keyword."""
        from tagfit.photos.planning import check_labels

        if self.write_keywords:
            implied = [] if model.vocabulary is None else model.vocabulary.with_implied(model.labels)
            check_labels(dict.fromkeys([*model.labels, *implied]), self.parent or "")

    def carry_out(self, model: Tagger, folder: Path, records: list[dict[str, Any]], as_json: bool) -> int:
        """Plan the keywords that records of tagging say, print the plan, and write it where that is asked for."""
        from tagfit.photos.journal import clear_leftovers
        from tagfit.photos.planning import WriteOptions
        from tagfit.workflow.keywording import keyword_plans, wanted_of

        clear_leftovers()
        options = WriteOptions(self.where, self.sidecar_name, self.parent or "", self.on_conflict)
        planned = keyword_plans(folder, wanted_of(folder, records), options, model.vocabulary)
        return carry_out(planned, "add", apply=self.apply, diff=self.diff, as_json=as_json)


def faults_of_writing(context: typer.Context) -> list[Fault]:
    """Options of writing without --write-keywords, or with what does not go with it."""
    given = context.params
    if not given.get("write_keywords"):
        names = [name for name in WriteKeywords.__dataclass_fields__ if name != "write_keywords"]
        return without_effect(context, names, "nothing is written to photographs", "--write-keywords")
    faults = [
        Fault(f"--{name.removeprefix('as_')} and --write-keywords cannot be combined", instead="--json")
        for name in ("as_csv", "out")
        if given.get(name)
    ]
    pictures = given.get("pictures") or []
    if len(pictures) != 1 or not Path(pictures[0]).is_dir():
        faults.append(Fault("--write-keywords takes one folder of photographs", instead="tagfit tag RUN FOLDER"))
    return faults


def untag(
    folder: PhotoFolder, apply: Apply = False, diff: Diff = False, label: Labels = None, as_json: AsJson = False
) -> int:
    """Remove only the keywords that tagfit added to photographs.

    Prints the plan; --apply carries it out.
    """
    return _of_marks(folder, label, False, apply, diff, as_json)


def accept(
    folder: PhotoFolder, apply: Apply = False, diff: Diff = False, label: Labels = None, as_json: AsJson = False
) -> int:
    """Accept the keywords that tagfit added as truth.

    Their mark is removed, and a training counts them from then on. Prints the plan; --apply carries it out.
    """
    return _of_marks(folder, label, True, apply, diff, as_json)


def undo(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="As --list shows it; the last one if left out.")
    ] = None,
    list_runs: Annotated[bool, typer.Option("--list", help="List the runs that can be undone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be restored.")] = False,
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
    folder: Path, labels: Sequence[str] | None, accepting: bool, apply: bool, diff: bool, as_json: bool
) -> int:
    from tagfit.data.pictures.accepted import SUFFIXES
    from tagfit.photos.journal import clear_leftovers
    from tagfit.photos.library import read_library
    from tagfit.photos.marks import removal_plans

    clear_leftovers()
    plans = removal_plans(read_library(folder, SUFFIXES, raw=True), labels or (), accept=accepting)
    return carry_out(plans, "accept" if accepting else "remove", apply=apply, diff=diff, as_json=as_json)


def carry_out(plans: Sequence[PhotoPlan], verb: str, *, apply: bool, diff: bool, as_json: bool) -> int:
    """Print plans, and with ``apply`` execute exactly them; returns the exit code."""
    from tagfit.photos.journal import Outcome, execute

    changes = {change.path: change for plan in plans for change in plan.changes}
    outcome = Outcome()
    if not as_json:
        _say_plans(plans, verb, diff)
    if apply:
        with progress_bar(quiet=as_json) as bar:
            outcome = execute([*changes.values()], progress=on_decoded(bar, what="files"))
    skipped = {plan.name: plan.skipped for plan in plans if plan.skipped}
    if as_json:
        print_json(
            {
                "applied": apply,
                "run": outcome.run,
                "photographs": [_record(plan) for plan in plans],
                "files": [str(path) for path in changes],
                "written": outcome.done,
                "skipped": {**skipped, **outcome.skipped},
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
