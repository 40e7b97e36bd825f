"""tagfit cure: meet a goal by changing only the recipe, and certify it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tagfit.cli import options
from tagfit.cli.exit_codes import OF_VERDICT
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, number, on_decoded, on_epoch, print_json, progress_bar, say, table, tell
from tagfit.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress

    from tagfit.curing.certificate import Certificate
    from tagfit.curing.winner import Told

_search = partial(typer.Option, rich_help_panel="How it is searched")
# What goes with --resume, and what goes with a RUN; all else is decided by the cure, or by the run.
WITH_RESUME = ("resume", "as_json")
WITH_RUN = (
    *("start", "goal", "maximise", "gap_at_most", "out", "as_json"),
    *("trials", "budget", "allow", "seeds", "search_on", "seed"),
)


@dataclass(frozen=True)
class SearchOptions:
    """How much is tried, and with what."""

    trials: Annotated[int | None, _search(metavar="N", min=1, help="Recipes to try at most.")] = None
    budget: Annotated[
        str | None,
        _search(
            metavar="TIME", help="For search, confirmation, ablation: 90s, 10m.", show_default="10m without --trials"
        ),
    ] = None
    allow: Annotated[
        Literal["augment"] | None, _search(metavar="WORD", help="augment: moved pictures, which changes what is seen.")
    ] = None
    seeds: Annotated[int, _search(metavar="K", min=1, help="Fresh seeds to retrain the winner.")] = 3
    search_on: Annotated[int | None, _search(metavar="N", min=2, help="Trials see so many train rows; seeds all.")] = (
        None
    )
    seed: Annotated[int, _search(metavar="N", min=0, max=2**31, help="Of the search.")] = 0
    recipe: Annotated[
        str | None,
        _search(
            metavar="NAME|FILE", help="What a SOURCE is first trained with.", show_default="plain-conv, or plain-dense"
        ),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``tagfit.cure`` that these options are."""
        from tagfit.curing.request import seconds

        return {
            "trials": self.trials,
            "budget": None if self.budget is None else seconds(self.budget),
            "augment": self.allow == "augment",
            "seeds": self.seeds,
            "search_on": self.search_on,
            "seed": self.seed,
        }


@expand_groups
def cure(
    context: typer.Context,
    *,
    start: Annotated[Path | None, typer.Argument(metavar="RUN|SOURCE", help="A run folder, or a source.")] = None,
    goal: Annotated[
        list[str] | None,
        typer.Option(metavar="BOUND", help="Such as 'validation.label_accuracy>=0.85', or lesson; more than one."),
    ] = None,
    maximise: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="Make it as good as the bounds allow: validation.mAP.")
    ] = None,
    gap_at_most: Annotated[
        float | None, typer.Option(metavar="G", help="The largest gap between train and validation.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder of the cure.", show_default="cures/<date>-<name>")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with an interrupted cure; it knows the rest.")
    ] = None,
    as_json: AsJson = False,
    search: SearchOptions,
    splitting: options.SplitOptions,
    reading: options.SourceOptions,
) -> int:
    """Change only architecture and training until the goal is met; leave a certificate.

    Data, splits, labels and preprocessing stay as they are. Exit code: 0 met (and confirmed by test, if there is one),
    3 met but not confirmed, 4 out of reach. The options of reading and splitting are for a SOURCE.
    """
    from tagfit import workflow
    from tagfit.report.certificate_page import write_certificate_page

    with progress_bar(quiet=as_json) as bar:
        watching = told(bar, as_json)
        if resume is not None:
            _refuse(context, WITH_RESUME, "--resume goes on with the cure as it was begun")
            certificate = workflow.resume_cure(resume, told=watching, on_decoded=on_decoded(bar))
        elif start is None:
            raise InputError("cure needs a RUN or a SOURCE, or --resume DIR", instead="tagfit cure RUN --goal lesson")
        else:
            begun: Any = start
            if (start / "run.json").is_file():
                _refuse(context, WITH_RUN, f"{start} is a run, whose recipe, data and splits are decided")
            else:
                plan = splitting.plan(start, reading)
                begun = plan.problem(on_decoded(bar, None if as_json else plan.announced))
            certificate = workflow.cure(
                begun,
                goal,
                maximise=maximise,
                gap_at_most=gap_at_most,
                recipe=search.recipe,
                out=out,
                told=watching,
                on_decoded=on_decoded(bar),
                **search.arguments(),
            )
    write_certificate_page(certificate)
    if as_json:
        print_json({**certificate.to_dict(), "folder": str(certificate.folder)})
    else:
        show_certificate(certificate)
    return OF_VERDICT[certificate.verdict]


def show_certificate(certificate: Certificate) -> None:
    """Print what a cure found: the verdict, the table, the steps, the ablation, the words."""
    document = certificate.document
    metric = document["goal"]["metric"]
    names = list(dict.fromkeys((metric, "label_accuracy", "loss", "macro_f1", "mAP")))
    say(f"\n{document['sentence']}\n")
    rows = []
    for side, called in (("before", "before"), ("after", "after")):
        for split, judged in document[side]["splits"].items():
            rows.append([f"{called}, {split}", *(number(judged["metrics"][name]["value"]) for name in names)])
    say(table(["", *names], rows))
    bounds = [
        [one["text"], number(one["mean"]), "yes" if one["met"] else "no", number(one["test"]), _yes(one["confirmed"])]
        for one in document["bounds"]
    ]
    say()
    say(table(["bound", "mean of the fresh seeds", "met", "on test", "confirmed"], bounds))
    if document["steps"]:
        say(f"\none change more at a time ({metric})")
        steps = [
            [one["name"], number(one["train"]), number(one["validation"]), one["stopped"]] for one in document["steps"]
        ]
        say(table(["", "train", "validation", ""], steps, words_last=True))
    if document["ablation"]:
        say(f"\nwhat each change brought, undone alone (validation {metric}, and the gap)")
        undone = [
            [
                one["name"],
                "-" if one["brought"] is None else f"{one['brought']:+.3f}",
                "-" if one["gap"] is None else f"{one['gap']:+.3f}",
                str(one["seeds"]),
                one["stopped"] or _arrow(one),
            ]
            for one in document["ablation"]
        ]
        say(table(["change", "brought", "gap", "seeds", ""], undone, words_last=True))
    say()
    for line in document["paragraph"]:
        say(f"- {line}")
    say(f"\ncured run:   {certificate.run.folder}\ncertificate: {certificate.folder / 'certificate.json'}")
    say(f"page:        {certificate.page}")


def _refuse(context: typer.Context, allowed: tuple[str, ...], why: str) -> None:
    if more := options.given_except(context, allowed):
        raise InputError(f"{why}; {', '.join(more)} cannot be changed", instead="the same without it")


def _arrow(change: dict[str, Any]) -> str:
    from tagfit.curing.changes import Change

    return Change(change["name"], change["before"], change["after"]).words()


def _yes(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"


def told(bar: Progress, as_json: bool) -> Told:
    """Who shows the progress of a cure: lines above the bar; nobody where JSON is wanted."""
    from tagfit.curing.trial import Trial
    from tagfit.curing.winner import Told

    def trial(found: Trial) -> None:
        if found.completed:
            figures = {name: value for name, value in found.values.items() if name.endswith("label_accuracy")}
            news = ", ".join(f"{name} {value:.3f}" for name, value in {**figures, **found.values}.items())
        else:
            news = found.stopped
        tell(bar, [f"trial {found.number}, {found.name} ({found.why}): {news}"])

    if as_json:
        return Told(epoch=on_epoch(bar))
    return Told(say=lambda line: tell(bar, [line]), trial=trial, epoch=on_epoch(bar))
