"""tagfit thresholds: one a label, chosen by a named strategy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli.output import AsJson, number, print_json, say, table
from tagfit.errors import InputError


def thresholds(
    run: Annotated[Path | None, typer.Argument(metavar="RUN", help="A run folder.")] = None,
    scores: Annotated[Path | None, typer.Option(metavar="FILE", help="Instead of a run: scores, .npz or .csv.")] = None,
    strategy: Annotated[
        str, typer.Option("--for", metavar="STRATEGY", help="best-f1, precision=0.9, ...; a wrong one lists all.")
    ] = "best-f1",
    by_label: Annotated[
        list[str] | None, typer.Option("--label", metavar="LABEL:STRATEGY", help="Another strategy for one label.")
    ] = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="The split of the run to choose on.")] = "validation",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="For --thresholds of `evaluate` and `tag`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Choose a threshold for each label.

    On a split of a run, or on any model's scores. Judge them on other pictures than those they were chosen on.
    """
    from tagfit import workflow
    from tagfit.evaluation.score_files import read_scores

    if (run is None) == (scores is None):
        both = "thresholds takes a RUN or --scores FILE, not both"
        raise InputError(both if run else "thresholds needs a RUN or --scores FILE", instead="tagfit thresholds RUN")
    judged = run if scores is None else read_scores(scores)
    assert judged is not None
    of_run = None if scores is not None else split
    chosen = workflow.choose_thresholds(judged, strategy, split=of_run, by_label=_by_label(by_label or []))
    if out is not None:
        chosen.save(out)
    if as_json:
        print_json({**chosen.to_dict(), "out": None if out is None else str(out)})
        return
    on = f"the {chosen.split} split" if chosen.split else "these scores"
    say(f"{chosen.strategy}, chosen on {on}: do not judge them there")
    rows = [
        [f"  {one['label']}", number(one["threshold"]), _spread(one), one["support"], one["note"]]
        for one in chosen.details
    ]
    say(table(["  label", "threshold", "in 95 % of resamples", "support", ""], rows, words_last=True))
    if out is not None:
        say(f"\n{out}")


def _spread(record: dict[str, float | None]) -> str:
    return "" if record["low"] is None else f"{number(record['low'])} to {number(record['high'])}"


def _by_label(given: list[str]) -> dict[str, str]:
    found = {}
    for pair in given:
        label, colon, strategy = pair.rpartition(":")
        if not colon:
            raise InputError(f"--label {pair}", instead="--label LABEL:STRATEGY, such as people:precision=0.9")
        found[label] = strategy
    return found
