"""tagfit compare: models held against the first of them, on the same pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit.cli.output import AsJson, number, print_json, say, table

if TYPE_CHECKING:
    from tagfit.evaluation.compare import Difference


def compare(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL", help="Runs or score files, to beat the first.")],
    split: Annotated[str, typer.Option(metavar="NAME", help="The split of runs.")] = "validation",
    metrics: Annotated[str, typer.Option(metavar="a,b", help="headline, default, all, or names.")] = "headline",
    as_json: AsJson = False,
) -> None:
    """Hold models against the first, on the same pictures.

    Every difference has its interval, from resampling the pictures in pairs; overall and label by label.
    """
    from tagfit import workflow
    from tagfit.evaluation.metrics import HEADLINE

    wanted: str | tuple[str, ...] = HEADLINE
    if metrics != "headline":
        named = metrics in ("default", "all")
        wanted = metrics if named else tuple(name.strip() for name in metrics.split(","))
    found = workflow.compare(*models, split=split, metrics=wanted)
    if as_json:
        print_json(found.to_dict())
        return
    say(f"against {found.first}, {found.n} pictures; intervals and verdicts by paired resampling, after Holm")
    say(_table(found.overall, "metric"))
    shown = [difference for difference in found.labels if difference.shown]
    say()
    if shown:
        say("labels")
        say(_table(tuple(shown), "label"))
    quiet = len(found.labels) - len(shown)
    if quiet:
        say(
            f"no difference shown for {'the other ' if shown else ''}{quiet} numbers of single labels "
            "(--json lists them)"
        )
    for note in found.notes:
        say(f"note: {note}")


def _table(differences: tuple[Difference, ...], first: str) -> str:
    rows = [
        [
            f"  {one.metric if first == 'metric' else f'{one.label} ({one.metric})'}",
            one.model,
            number(one.first),
            number(one.second),
            f"{one.difference:+.3f}",
            "" if one.low is None else f"{one.low:+.3f} to {one.high:+.3f}",
            one.verdict,
        ]
        for one in differences
    ]
    return table(
        [f"  {first}", "model", "first", "this", "difference", "95 % interval", "verdict"],
        rows,
        left=2,
        words_last=True,
    )
