"""tagfit cure: meet a goal by changing only the recipe, and certify it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli import checks, options, path_checks
from tagfit.cli.checking import check_together, checked, each, is_given
from tagfit.cli.exit_codes import OF_VERDICT
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, number, on_decoded, on_epoch, print_json, progress_bar, say, table, tell
from tagfit.cli.track import Track, tracked, trainings_of_cure
from tagfit.curing.limits import DEFAULT_SEEDS, MAX_SEED
from tagfit.errors import Fault, gathered

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from tagfit.curing.ablation import Undone
    from tagfit.curing.certificate import Certificate
    from tagfit.curing.progress import Progress

_search = partial(typer.Option, rich_help_panel="Searching")
# What may be given together with --resume: larger limits; the cure's own record has all else.
WITH_RESUME = ("resume", "track", "as_json", "trials", "budget")
WITH_JOIN = ("join", "track", "as_json")


@dataclass(frozen=True)
class SearchOptions:
    """How much is tried, and with what."""

    trials: Annotated[int | None, _search(metavar="N", min=1, help="Try at most N recipes.")] = None
    budget: Annotated[
        str | None,
        _search(
            metavar="TIME",
            help="Time for the whole cure, such as 90s or 10m.",
            show_default="10m without --trials",
            callback=checked(checks.duration),
        ),
    ] = None
    allow: Annotated[
        list[str] | None,
        _search(
            metavar="WORD",
            help="augment: flip and shift training pictures. pretrained: weights of others. May be repeated.",
            callback=checked(each(checks.allowed)),
        ),
    ] = None
    seeds: Annotated[int, _search(metavar="K", min=1, help="Retrain the winner with K new seeds.")] = DEFAULT_SEEDS
    search_on: Annotated[
        int | None, _search(metavar="N", min=2, help="Train trials on N rows of train; the new seeds on all.")
    ] = None
    parallel: Annotated[int, _search(metavar="N", min=1, help="Choose N recipes at a time, for N processes.")] = 1
    seed: Annotated[int, _search(metavar="N", min=0, max=MAX_SEED, help="Seed of the search.")] = 0

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``tagfit.cure`` that these options are."""
        return {
            "trials": self.trials,
            "budget": self.budget,
            "augment": "augment" in (self.allow or ()),
            "pretrained": "pretrained" in (self.allow or ()),
            "seeds": self.seeds,
            "search_on": self.search_on,
            "parallel": self.parallel,
            "seed": self.seed,
        }


# What may be given together with a RUN, which has its own recipe, data and splits.
WITH_RUN = (
    *("start", "resume", "join", "goal", "maximise", "gap_at_most", "out", "track", "as_json"),
    *(one.name for one in fields(SearchOptions)),
)


def _together(context: typer.Context) -> list[Fault]:
    faults: list[Fault] = []
    start = context.params.get("start")
    if is_given(context, "join"):
        if more := options.given_except(context, WITH_JOIN):
            what = f"--join takes part in a cure with its own settings; {', '.join(more)} cannot be changed"
            faults.append(Fault(what, instead="--join DIR alone, or --resume DIR once no process writes the cure"))
    elif is_given(context, "resume"):
        if more := options.given_except(context, WITH_RESUME):
            what = f"--resume continues the cure with its own settings; {', '.join(more)} cannot be changed"
            faults.append(Fault(what, instead="--resume DIR with larger limits, or a new cure with another --out"))
    elif not is_given(context, "start"):
        faults.append(Fault("cure needs a RUN or a SOURCE, or --resume DIR", instead="tagfit cure RUN --goal lesson"))
    elif not is_given(context, "out"):
        with gathered(faults):
            path_checks.folder(Path("cures"))
    if start is not None and _is_run(start):
        if more := options.given_except(context, WITH_RUN):
            what = f"{start} is a run with its own recipe, data and splits; {', '.join(more)} cannot be changed"
            faults.append(Fault(what, instead="the same without it, or a SOURCE"))
    else:
        faults += options.faults_of_source(context, "start")
    with gathered(faults):
        checks.train_extra("a cure")
    return faults


Start = Annotated[
    Path | None,
    typer.Argument(metavar="RUN|SOURCE", help="A run folder, or a source.", callback=checked(path_checks.source)),
]
Bounds = Annotated[
    list[str] | None,
    typer.Option(
        metavar="BOUND",
        help="'validation.label_accuracy>=0.85' for example, or lesson; may be repeated.",
        callback=checks.goal,
    ),
]
Maximise = Annotated[
    str | None,
    typer.Option(
        metavar="METRIC",
        help="Make it as good as the bounds allow, such as validation.mAP.",
        callback=checked(checks.maximise),
    ),
]
GapAtMost = Annotated[
    float | None,
    typer.Option(
        metavar="G", help="The largest gap allowed between train and validation.", callback=checked(checks.gap)
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The folder of the cure.",
        show_default="cures/<date>-<name>",
        callback=checked(path_checks.folder),
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Continue an interrupted cure, or one with larger --trials or --budget.",
        callback=checked(path_checks.begun_cure),
    ),
]
Join = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Take trainings of a cure that runs elsewhere.",
        callback=checked(path_checks.begun_cure),
    ),
]
FirstRecipe = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="The first recipe for a SOURCE.",
        show_default="plain-conv for pictures, else plain-dense",
        callback=checked(checks.recipe),
    ),
]


@expand_groups
@check_together(_together)
def cure(
    *,
    start: Start = None,
    goal: Bounds = None,
    maximise: Maximise = None,
    gap_at_most: GapAtMost = None,
    out: Out = None,
    resume: Resume = None,
    join: Join = None,
    recipe: FirstRecipe = None,
    track: Track = None,
    as_json: AsJson = False,
    search: SearchOptions,
    splitting: options.SplitOptions,
    reading: options.SourceOptions,
) -> int:
    """Improve a model until a goal is met, and certify the result.

    Only the recipe changes. Exit code: 0 met (and confirmed on test), 3 not confirmed, 4 out of reach.
    """
    from tagfit import workflow
    from tagfit.curing import request
    from tagfit.recipe import find
    from tagfit.report.certificate_page import write_certificate_page

    with progress_bar(quiet=as_json) as bar, tracked(track, bar) as tracking:
        if tracking is not None and start is not None and out is None:
            out = request.default_folder(start.name if _is_run(start) else "problem")
        watching = trainings_of_cure(reported(bar, as_json), tracking, join or resume or out)
        if join is not None:
            certificate = workflow.join_cure(join, progress=watching, on_decoded=on_decoded(bar))
        elif start is None:
            assert resume is not None
            certificate = workflow.resume_cure(
                resume, trials=search.trials, budget=search.budget, progress=watching, on_decoded=on_decoded(bar)
            )
        else:
            begun: Any = start
            if not _is_run(start):
                plan = options.suited_to(splitting.plan(start, reading), None if recipe is None else find(recipe))
                begun = plan.problem(on_decoded(bar, None if as_json else plan.announced))
            certificate = workflow.cure(
                begun,
                goal,
                maximise=maximise,
                gap_at_most=gap_at_most,
                recipe=recipe,
                out=out,
                progress=watching,
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
    """Print what a cure found: the verdict, the metrics, the bounds, the effect of each change, the summary."""
    document = certificate.document
    say(f"\n{document.sentence}\n")
    names = list(dict.fromkeys((document.metric, "label_accuracy", "loss", "macro_f1", "mAP")))
    rows = [
        [f"{called}, {split}", *(number(judged.metrics[name].value) for name in names)]
        for called, side in (("before", document.before), ("after", document.after))
        for split, judged in side.splits.items()
    ]
    say(table(["", *names], rows))
    bounds = [
        [one.text, number(one.mean), _yes(one.met), number(one.test), _yes(one.confirmed)] for one in document.bounds
    ]
    say()
    say(table(["bound", "mean of the fresh seeds", "met", "on test", "confirmed"], bounds))
    if document.steps:
        say(f"\nchanges added one at a time ({document.metric})")
        steps = [[one.name, number(one.train), number(one.validation), one.stopped] for one in document.steps]
        say(table(["", "train", "validation", ""], steps, words_last=True))
    if document.ablation:
        say(f"\neffect of each change, measured by undoing it alone (validation {document.metric}, and the gap)")
        say(
            table(
                ["change", "effect", "gap", "seeds", ""], [_undone(one) for one in document.ablation], words_last=True
            )
        )
    say()
    for line in document.paragraph:
        say(f"- {line}")
    say(f"\ncured run:   {certificate.run.folder}\ncertificate: {certificate.folder / 'certificate.json'}")
    say(f"page:        {certificate.page}")


def _undone(one: Undone) -> list[str]:
    from tagfit.curing.changes import in_words

    brought, gap = ("-" if value is None else f"{value:+.3f}" for value in (one.brought, one.gap))
    return [one.name, brought, gap, str(one.seeds), one.stopped or in_words(one.before, one.after)]


def _is_run(path: Path) -> bool:
    return (path / "run.json").is_file()


def _yes(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"


def reported(bar: Bar, as_json: bool) -> Progress:
    """Callbacks that show the progress of a cure above the bar; with JSON, only its epochs."""
    from tagfit.curing.progress import Progress
    from tagfit.curing.trial import Trial

    def trial(found: Trial) -> None:
        if found.completed:
            figures = {name: value for name, value in found.values.items() if name.endswith("label_accuracy")}
            news = ", ".join(f"{name} {value:.3f}" for name, value in {**figures, **found.values}.items())
        else:
            news = found.stopped
        tell(bar, [f"trial {found.number}, {found.name} ({found.why}): {news}"])

    if as_json:
        return Progress(on_epoch=on_epoch(bar))
    return Progress(report=lambda line: tell(bar, [line]), on_trial=trial, on_epoch=on_epoch(bar))
