"""tagfit tag: tags and scores for pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked, each, is_given, typed
from tagfit.cli.evaluate import ThresholdsFile
from tagfit.cli.exit_codes import DONE, INPUT_ERROR
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.options import without_effect
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say, table
from tagfit.cli.write_options import WriteKeywords, faults_of_writing
from tagfit.cli.writing import write, write_reviewed
from tagfit.errors import Fault, gathered

if TYPE_CHECKING:
    from tagfit.tagger.bulk import BulkTagged


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    if context.params.get("as_csv") and context.params.get("as_json"):
        faults.append(Fault("--csv and --json cannot be combined", instead="one of them"))
    if is_given(context, "out") and context.params.get("as_csv"):
        faults.append(Fault("--csv prints, --out writes a file", instead="--out tags.csv"))
    if not is_given(context, "out"):
        faults += without_effect(context, ("workers",), "nothing is written to a table", "--out tags.csv")
    faults += faults_of_writing(context)
    run = Path(typed(context).get("run") or "")
    if path_checks.is_table(run):
        if not context.params.get("write_keywords"):
            faults.append(Fault(f"{run} holds tags already", instead="--write-keywords writes them into photographs"))
        return [*faults, *without_effect(context, ("thresholds", "top", "workers"), "reviewed tags have no scores")]
    with gathered(faults):
        checks.tagger_extra(run)
    return faults


@expand_groups
@check_together(_together)
def tag(
    *,
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN",
            help="A run folder, a tagger's folder, or a CSV of reviewed tags to write.",
            callback=checked(path_checks.model_or_tags),
        ),
    ],
    pictures: Annotated[
        list[Path],
        typer.Argument(
            metavar="PICTURE",
            help="Picture files, folders, archives, or URLs of folders.",
            callback=checked(each(path_checks.pictures)),
        ),
    ],
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: picture, tags, and one score per label.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a .csv, .jsonl or .parquet instead of printing; interrupted, the same command continues it.",
            callback=checked(path_checks.table),
        ),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            metavar="CLUSTER",
            help="With --out, tag on a Ray cluster: ray://HOST:PORT, auto (that of this machine) or local (a new one).",
            callback=checked(checks.workers),
        ),
    ] = None,
    thresholds: ThresholdsFile = None,
    as_json: AsJson = False,
    writing: WriteKeywords,
) -> int:
    """Tag pictures with a trained run, or with a saved tagger.

    A picture that cannot be read is listed with the reason; the exit code is 2 if none can be read.
    With --write-keywords the tags become keywords of the photographs; `tagfit undo` takes that back. Instead of a run,
    a CSV of reviewed tags, such as the studio exports, can be written.
    """
    from tagfit import workflow
    from tagfit.evaluation.thresholds import Thresholds
    from tagfit.photos.journal import clear_leftovers
    from tagfit.tagger.tables import write_csv
    from tagfit.workflow.tagging import tagger_of

    if path_checks.is_table(run):
        return write_reviewed(writing, run, pictures[0], as_json)
    model = tagger_of(run, None if thresholds is None else Thresholds.load(thresholds))
    writing.check(model)
    with progress_bar(quiet=as_json) as bar:
        on_tagged = on_decoded(bar, what="pictures")
        if out is not None:
            written = workflow.tag_to_file(model, pictures, out, workers=workers, on_tagged=on_tagged)
        else:
            records = workflow.tag(model, pictures, on_tagged=on_tagged)
    if out is not None:
        return _show_written(written, as_json)
    if writing.write_keywords:
        clear_leftovers()
        return write(writing, model, pictures[0], records, as_json)
    if as_json:
        print_json({"pictures": records})
    elif as_csv:
        labels = next((list(record["scores"]) for record in records if record["scores"]), [])
        write_csv(sys.stdout, labels, records)
    else:
        rows = [[record["picture"], tags_line(record)] for record in records]
        say(table(["picture", "tags (score)"], rows, left=2))
    return INPUT_ERROR if all("problem" in record for record in records) else DONE


def _show_written(written: BulkTagged, as_json: bool) -> int:
    if as_json:
        print_json(written.to_dict())
    else:
        tagged = written.pictures - written.resumed
        resumed = f", {written.resumed} of them before" if written.resumed else ""
        unreadable = f"; {written.unreadable} could not be read" if written.unreadable else ""
        say(f"{written.out}: {written.pictures} pictures{resumed}{unreadable}")
        say(f"{tagged / max(written.seconds, 1e-9):.0f} pictures a second")
    return INPUT_ERROR if written.unreadable == written.pictures else DONE


def tags_line(record: dict[str, Any]) -> str:
    """The tags of a record with their scores, or why its picture could not be read."""
    if "problem" in record:
        return f"cannot be read: {record['problem']}"
    scores = record["scores"]
    return ", ".join(f"{tag} ({scores[tag]:.2f})" if tag in scores else tag for tag in record["tags"]) or "(none)"
