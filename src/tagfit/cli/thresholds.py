"""tagfit thresholds: one per label, chosen by a named strategy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli import checks, options, path_checks
from tagfit.cli.checking import check_together, checked, each, is_given
from tagfit.cli.output import AsJson, on_resamples, print_json, progress_bar, say
from tagfit.errors import Fault, InputError


def label_strategy(pair: str) -> tuple[str, str]:
    """The label and the strategy of ``LABEL:STRATEGY``."""
    label, colon, strategy = pair.rpartition(":")
    if not colon:
        raise InputError(f"--label {pair}", instead="--label LABEL:STRATEGY, such as people:precision=0.9")
    checks.strategy(strategy)
    return label, strategy


def _together(context: typer.Context) -> list[Fault]:
    run, scores = is_given(context, "run"), is_given(context, "scores")
    if run and scores:
        return [Fault("thresholds takes a RUN or --scores FILE, not both", instead="tagfit thresholds RUN")]
    if scores:
        return options.without_effect(context, ["split"], "--scores has no splits")
    if not run:
        return [Fault("thresholds needs a RUN or --scores FILE", instead="tagfit thresholds RUN")]
    if context.params.get("split") == "test":
        return [Fault("thresholds are not chosen on the test split", instead="--split validation")]
    return []


Strategy = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="STRATEGY",
        help="best-f1, precision=0.9 and others; a wrong one lists all.",
        callback=checked(checks.strategy),
    ),
]
StrategyOfLabel = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="LABEL:STRATEGY",
        help="Use another strategy for one label; may be repeated.",
        callback=checked(each(label_strategy)),
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write a file for --thresholds of other commands.", callback=checked(path_checks.output)
    ),
]


@check_together(_together)
def thresholds(
    run: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="A run folder.", callback=checked(path_checks.run))
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Instead of a run: scores as .npz or .csv.", callback=checked(path_checks.file)
        ),
    ] = None,
    strategy: Strategy = "best-f1",
    by_label: StrategyOfLabel = None,
    split: Annotated[
        str, typer.Option(metavar="NAME", help="The split of the run to choose on.", callback=checked(checks.split))
    ] = "validation",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Choose a threshold for each label.

    On a split of a run, or on any model's scores. Evaluate on other pictures than the thresholds were chosen on.
    """
    from tagfit import workflow
    from tagfit.evaluation.score_files import read_scores
    from tagfit.evaluation.tables import thresholds_table

    judged = run if scores is None else read_scores(scores)
    assert judged is not None
    of_run = None if scores is not None else split
    by_name = dict(map(label_strategy, by_label or []))
    with progress_bar(quiet=as_json) as bar:
        chosen = workflow.choose_thresholds(
            judged, strategy, split=of_run, by_label=by_name, on_progress=on_resamples(bar)
        )
    if out is not None:
        chosen.save(out)
    if as_json:
        print_json({**chosen.to_dict(), "out": None if out is None else str(out)})
        return
    on = f"the {chosen.split} split" if chosen.split else "these scores"
    say(f"{chosen.strategy}, chosen on {on}: evaluate on other pictures")
    say(thresholds_table(chosen.details))
    if out is not None:
        say(f"\n{out}")
