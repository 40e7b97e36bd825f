"""tagfit cure: meet a goal by changing only the recipe, and certify it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tagfit.cli import checks, options
from tagfit.cli.checks import check_together, checked, is_given
from tagfit.cli.exit_codes import OF_VERDICT
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, number, on_decoded, on_epoch, print_json, progress_bar, say, table, tell
from tagfit.curing.limits import DEFAULT_SEEDS, MAX_SEED
from tagfit.errors import Fault, gathered

if TYPE_CHECKING:
    from rich.progress import Progress

    from tagfit.curing.certificate import Certificate
    from tagfit.curing.winner import Told

_search = partial(typer.Option, rich_help_panel="Searching")
# What may be given together with --resume: the cure's own record has all else.
WITH_RESUME = ("resume", "as_json")


@dataclass(frozen=True)
class SearchOptions:
    """How much is tried, and with what."""

    trials: Annotated[int | None, _search(metavar="N", min=1, help="Try at most N recipes.")] = None
    budget: Annotated[
        str | None,
        _search(
            metavar="TIME",
            help="Time for search, confirmation and ablation, such as 90s or 10m.",
            show_default="10m without --trials",
            callback=checked(checks.duration),
        ),
    ] = None
    allow: Annotated[
        Literal["augment"] | None,
        _search(metavar="WORD", help="augment: flip and shift training pictures, which changes what the model sees."),
    ] = None
    seeds: Annotated[int, _search(metavar="K", min=1, help="Retrain the winner with K new seeds.")] = DEFAULT_SEEDS
    search_on: Annotated[
        int | None, _search(metavar="N", min=2, help="Train trials on N rows of train; the new seeds on all.")
    ] = None
    seed: Annotated[int, _search(metavar="N", min=0, max=MAX_SEED, help="Seed of the search.")] = 0

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


# What may be given together with a RUN, which has its own recipe, data and splits.
WITH_RUN = (
    *("start", "resume", "goal", "maximise", "gap_at_most", "out", "as_json"),
    *(one.name for one in fields(SearchOptions)),
)


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    start = context.params.get("start")
    if is_given(context, "resume"):
        if more := options.given_except(context, WITH_RESUME):
            what = f"--resume continues the cure with its own settings; {', '.join(more)} cannot be changed"
            faults.append(Fault(what, instead="tagfit cure --resume DIR, or a new cure with another --out"))
    elif not is_given(context, "start"):
        faults.append(Fault("cure needs a RUN or a SOURCE, or --resume DIR", instead="tagfit cure RUN --goal lesson"))
    elif not is_given(context, "out"):
        with gathered(faults):
            checks.folder(Path("cures"))
    if start is not None and _is_run(start):
        if more := options.given_except(context, WITH_RUN):
            what = f"{start} is a run with its own recipe, data and splits; {', '.join(more)} cannot be changed"
            faults.append(Fault(what, instead="the same without it, or a SOURCE"))
    else:
        faults += options.faults_of_source(context, "start")
    with gathered(faults):
        checks.train_extra("a cure")
    return faults


@expand_groups
@check_together(_together)
def cure(
    *,
    start: Annotated[
        Path | None,
        typer.Argument(metavar="RUN|SOURCE", help="A run folder, or a source.", callback=checked(checks.source)),
    ] = None,
    goal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BOUND",
            help="'validation.label_accuracy>=0.85' for example, or lesson; may be repeated.",
            callback=checks.goal,
        ),
    ] = None,
    maximise: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC",
            help="Make it as good as the bounds allow, such as validation.mAP.",
            callback=checked(checks.maximise),
        ),
    ] = None,
    gap_at_most: Annotated[
        float | None,
        typer.Option(
            metavar="G", help="The largest gap allowed between train and validation.", callback=checked(checks.gap)
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder of the cure.",
            show_default="cures/<date>-<name>",
            callback=checked(checks.folder),
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Continue an interrupted cure, with its own settings.",
            callback=checked(checks.begun_cure),
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Train a SOURCE with this recipe first.",
            show_default="plain-conv for pictures, else plain-dense",
            callback=checked(checks.recipe),
        ),
    ] = None,
    as_json: AsJson = False,
    search: SearchOptions,
    splitting: options.SplitOptions,
    reading: options.SourceOptions,
) -> int:
    """Improve a model until a goal is met, and certify the result.

    Only architecture and training change. Exit code: 0 met (and confirmed on test, if there is one),
    3 met but not confirmed, 4 out of reach. The options for reading and splitting belong to a SOURCE.
    """
    from tagfit import workflow
    from tagfit.report.certificate_page import write_certificate_page

    with progress_bar(quiet=as_json) as bar:
        watching = told(bar, as_json)
        if start is None:
            assert resume is not None
            certificate = workflow.resume_cure(resume, told=watching, on_decoded=on_decoded(bar))
        else:
            begun: Any = start
            if not _is_run(start):
                plan = splitting.plan(start, reading)
                begun = plan.problem(on_decoded(bar, None if as_json else plan.announced))
            certificate = workflow.cure(
                begun,
                goal,
                maximise=maximise,
                gap_at_most=gap_at_most,
                recipe=recipe,
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


def _is_run(path: Path) -> bool:
    return (path / "run.json").is_file()


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
