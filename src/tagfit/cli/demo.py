"""tagfit demo: train, diagnose, cure, verify and tag on generated pictures."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked
from tagfit.cli.cure import reported, show_certificate
from tagfit.cli.exit_codes import DEMO_FAILED, DONE
from tagfit.cli.output import AsJson, number, on_decoded, print_json, progress_bar, say, table

if TYPE_CHECKING:
    from tagfit.demo import Demo

# Of five seeds the one whose plain net is in the middle on validation (docs/decisions/0042).
TYPICAL_SEED = 4


@check_together(checks.needs_train_extra("the demo"))
def demo(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Where pictures and runs are written.", callback=checked(path_checks.folder)
        ),
    ] = Path("demo"),
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the trainings.")] = TYPICAL_SEED,
    as_json: AsJson = False,
) -> int:
    """Run the whole workflow on generated pictures.

    In a few minutes: train a net that memorises, diagnose it, cure it, verify the certificate, tag new pictures. Exit
    code 1 if a step does not turn out as described on this machine; its figures are printed.
    """
    from tagfit.demo import promises, run_demo

    with progress_bar(quiet=as_json) as bar:
        found = run_demo(folder, seed=seed, on_decoded=on_decoded(bar), progress=reported(bar, as_json))
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    return DONE if all(promise.kept for promise in promises(found)) else DEMO_FAILED


def _print(demo: Demo) -> None:
    from tagfit.demo import interpretation, promises

    say("\nwhat is wrong with the plain net")
    for finding in demo.findings.fired:
        say(f"- {finding.title}. {finding.verdict.says}")
    show_certificate(demo.certificate)
    held = len([check for check in demo.verification.checks if not check.altered])
    say(f"verified:    {held} of {len(demo.verification.checks)} checks hold")
    say("\nlabel accuracy and loss, train against validation")
    columns = ["", "train", "validation", "train loss", "validation loss", "macro F1", "Keras' accuracy"]
    say(table(columns, _rows(demo)))
    say()
    for line in interpretation(demo):
        say(f"- {line}")
    say("\nwhat this demo promises")
    for promise in promises(demo):
        say(f"- {'yes' if promise.kept else 'NO '}  {promise.step}: {promise.figures}")
    say(f"\n{len(demo.tagged)} pictures that {demo.best.name} has not seen")
    records = []
    for record in demo.tagged:
        tags = ", ".join(f"{tag} ({record['scores'][tag]:.2f})" for tag in record["tags"]) or "(none)"
        records.append([Path(record["picture"]).name, tags, ", ".join(record["true_tags"]) or "(none)"])
    say(table(["picture", "tags (score)", "true tags"], records, left=3))
    say(f"\npictures: {demo.pictures.directory}\nruns:     {demo.start.run.folder.parent}\nletter:   {demo.letter}")
    say(f"page:     {demo.page}\nreport:   {demo.report}")
    folder = shlex.quote(str(demo.pictures.directory.parent))
    say("\nhow to go on")
    say(f"- look at the runs and their pictures in the browser: tagfit studio {folder}")
    say("- learn in an hour why the net memorised and how it was cured: tagfit learn")


def _rows(demo: Demo) -> list[list[str]]:
    rows = [
        [
            one.name,
            *(number(one.value(split, "label_accuracy")) for split in ("train", "validation")),
            *(number(one.value(split, "loss")) for split in ("train", "validation")),
            number(one.value("validation", "macro_f1")),
            number(one.value("validation", "argmax_accuracy")),
        ]
        for one in demo.trained
    ]
    validation = demo.start.evaluations["validation"].metrics
    for kind in ("nothing", "prevalence"):
        accuracy, loss, f1 = (getattr(validation[name], kind) for name in ("label_accuracy", "loss", "macro_f1"))
        rows.append([f"predict {kind}", "", number(accuracy), "", number(loss), number(f1), ""])
    return [*rows, ["ceiling", "", number(demo.ceiling), "", "", "", ""]]
