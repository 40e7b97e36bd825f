"""tagfit data corrected: the tags that were corrected in the studio, as a list or as a new table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import path_checks
from tagfit.cli.checking import checked
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say, table


def corrected(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", callback=checked(path_checks.run))],
    folder: Annotated[
        Path,
        typer.Option(
            "--in", metavar="FOLDER", help="Where `tagfit studio` was started.", callback=checked(path_checks.there)
        ),
    ] = Path(),
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="Write all tags, with corrections, as CSV.",
            callback=checked(path_checks.new_output),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the tags corrected in the studio, or write the new tags.

    The table has every picture of the run's data with its corrected tags and its split; it is trained on with
    `tagfit train FILE --allow-outside`.
    """
    from tagfit.runs.run import open_run
    from tagfit.scoring import reopen
    from tagfit.studio.corrections import Corrections
    from tagfit.studio.export import export
    from tagfit.studio.workspace import OWN

    opened = open_run(run)
    log = Corrections.of_data(folder / OWN, str(opened.problem["fingerprint"]["data"]))
    standing = log.standing()
    if out is not None:
        with progress_bar(quiet=as_json) as bar:
            export(reopen(opened, on_decoded(bar)), log, out)
    if as_json:
        print_json({"corrections": [asdict(one) for one in standing], "out": None if out is None else str(out)})
        return
    rows = [[one.at[:19].replace("T", " "), one.picture, one.label, one.was, one.now] for one in standing]
    say(table(["time (UTC)", "picture", "label", "was", "is"], rows, left=5) if rows else "no tag was corrected")
    if out is not None:
        say(f"\nwritten: {out}")
