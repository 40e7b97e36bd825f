"""tagfit tag: tags and scores for pictures."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tagfit.cli import checks
from tagfit.cli.checking import check_together, checked, each
from tagfit.cli.evaluate import ThresholdsFile
from tagfit.cli.exit_codes import DONE, INPUT_ERROR
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say, table
from tagfit.display import spreadsheet_cell
from tagfit.errors import Fault, gathered


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    if context.params.get("as_csv") and context.params.get("as_json"):
        faults.append(Fault("--csv and --json cannot be combined", instead="one of them"))
    with gathered(faults):
        checks.train_extra("tagging pictures")
    return faults


@check_together(_together)
def tag(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run folder, or a tagger's folder.", callback=checked(checks.model))
    ],
    pictures: Annotated[
        list[Path],
        typer.Argument(
            metavar="PICTURE", help="Picture files, or folders of them.", callback=checked(each(checks.exists))
        ),
    ],
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: picture, tags, and one score per label.")] = False,
    thresholds: ThresholdsFile = None,
    as_json: AsJson = False,
) -> int:
    """Tag pictures with a trained run, or with a saved tagger.

    A picture that cannot be read is listed with the reason; the exit code is 2 if none can be read.
    """
    from tagfit import workflow
    from tagfit.evaluation.thresholds import Thresholds

    with progress_bar(quiet=as_json) as bar:
        records = workflow.tag(
            run,
            pictures,
            thresholds=None if thresholds is None else Thresholds.load(thresholds),
            on_tagged=on_decoded(bar),
        )
    if as_json:
        print_json({"pictures": records})
    elif as_csv:
        _write_csv(records)
    else:
        rows = [[record["picture"], _tags(record)] for record in records]
        say(table(["picture", "tags (score)"], rows, left=2))
    return INPUT_ERROR if all("problem" in record for record in records) else DONE


def _tags(record: dict[str, Any]) -> str:
    if "problem" in record:
        return f"cannot be read: {record['problem']}"
    return ", ".join(f"{tag} ({record['scores'][tag]:.2f})" for tag in record["tags"]) or "(none)"


def _write_csv(records: list[dict[str, Any]]) -> None:
    labels = next((list(record["scores"]) for record in records if record["scores"]), [])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["picture", "tags", *map(spreadsheet_cell, labels), "problem"])
    for record in records:
        scores = [record["scores"].get(label, "") for label in labels]
        writer.writerow(
            [
                spreadsheet_cell(record["picture"]),
                spreadsheet_cell("|".join(record["tags"])),
                *scores,
                spreadsheet_cell(record.get("problem", "")),
            ]
        )
