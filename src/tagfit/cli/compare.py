"""tagfit compare: models compared with the first of them, on the same pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit.cli import checks, options, path_checks
from tagfit.cli.checking import check_together, checked, each, is_given
from tagfit.cli.names import names_in
from tagfit.cli.output import AsJson, print_json, say
from tagfit.errors import Fault

if TYPE_CHECKING:
    pass


def _together(context: typer.Context) -> list[Fault]:
    models = context.params.get("models") or []
    faults = []
    if is_given(context, "models") and len(models) == 1:
        faults.append(Fault(f"{models[0]} has nothing to be compared with", instead="two or more different models"))
    if models and not any(path.is_dir() for path in models):
        faults += options.without_effect(context, ["split"], "no MODEL is a run", "tagfit compare FILE FILE")
    return faults


@check_together(_together)
def compare(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL",
            help="Run folders or score files; the others are compared with the first.",
            callback=checked(each(path_checks.run_or_scores)),
        ),
    ],
    split: Annotated[
        str, typer.Option(metavar="NAME", help="The split of the runs to compare on.", callback=checked(checks.split))
    ] = "validation",
    metrics: Annotated[
        str, typer.Option(metavar="a,b", help="headline, default, all, or names.", callback=checked(checks.metrics))
    ] = "headline",
    as_json: AsJson = False,
) -> None:
    """Compare models with the first one, on the same pictures.

    Every difference, overall and per label, has an interval from paired resampling of the pictures.
    """
    from tagfit import workflow
    from tagfit.evaluation.metrics import HEADLINE
    from tagfit.evaluation.tables import differences_table

    wanted: str | tuple[str, ...] = HEADLINE
    if metrics != "headline":
        wanted = metrics if metrics in ("default", "all") else tuple(names_in(metrics))
    found = workflow.compare(*models, split=split, metrics=wanted)
    if as_json:
        print_json(found.to_dict())
        return
    say(f"compared with {found.first} on {found.n} pictures; paired resampling, verdicts corrected by Holm's method")
    say(differences_table(found.overall))
    shown = [difference for difference in found.labels if difference.shown]
    say()
    if shown:
        say("labels")
        say(differences_table(shown, by_label=True))
    quiet = len(found.labels) - len(shown)
    if quiet:
        say(f"no difference shown for {'the other ' if shown else ''}{quiet} metrics of single labels (see --json)")
    for note in found.notes:
        say(f"note: {note}")
