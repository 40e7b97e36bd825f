"""tagfit report: how runs, cures and score files stand, as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import path_checks
from tagfit.cli.checking import check_together, checked, each, is_given, typed
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say
from tagfit.errors import Fault

DEFAULT = Path("report.html")


def _together(context: typer.Context) -> list[Fault]:
    paths = typed(context).get("models") or []
    twice = sorted({path for path in paths if paths.count(path) > 1})
    return [Fault(f"{path} is given twice", instead="each once") for path in twice]


@check_together(_together)
def report(
    context: typer.Context,
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN|CURE|SCORES",
            help="Run folders, folders of cures, or score files (.npz or .csv).",
            callback=checked(each(path_checks.reportable)),
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="FILE", help="The .html file to write.", callback=checked(path_checks.output)
        ),
    ] = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Write one HTML file about models, to look at and to send.

    Verdict first; then metrics with baselines and intervals, findings, curves, labels by need, the most confident
    mistakes with their pictures, and suspect tags. The test split is not looked at. With --json, the content is printed
    and the file is written only with -o.
    """
    from tagfit.report.report import report as content
    from tagfit.report.report import subject, write_report

    with progress_bar(quiet=as_json) as bar:
        subjects = [subject(path, on_decoded(bar)) for path in models]
    found = content(subjects)
    if not as_json or is_given(context, "out"):
        write_report(subjects, out, found)
    if as_json:
        print_json(found)
    else:
        say(f"{found['verdict']['sentence']}\n\nreport: {out}")
