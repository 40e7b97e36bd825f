"""tagfit demo: the whole way on generated pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit.cli.output import AsJson, number, on_decoded, on_epoch, print_json, progress_bar, say, table, tell

if TYPE_CHECKING:
    from tagfit.demo import Demo


def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where its pictures and runs go.")] = Path("demo"),
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the trainings.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Go the whole way on painted pictures, in about a minute.

    Paint and read pictures, train three recipes on them, compare, say what the numbers mean, tag new pictures.
    """
    from tagfit.demo import run_demo

    with progress_bar(quiet=as_json) as bar:
        found = run_demo(
            folder,
            seed=seed,
            on_decoded=on_decoded(bar),
            on_epoch=on_epoch(bar),
            say=lambda line: None if as_json else tell(bar, [f"{line} ..."]),
        )
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)


def _print(demo: Demo) -> None:
    from tagfit.demo import interpretation

    say()
    rows = [
        [
            one.recipe,
            *(number(one.value(split, "label_accuracy")) for split in ("train", "validation")),
            *(number(one.value(split, "loss")) for split in ("train", "validation")),
            number(one.value("validation", "macro_f1")),
            number(one.value("validation", "argmax_accuracy")),
        ]
        for one in demo.trained
    ]
    validation = demo.trained[0].evaluations["validation"].metrics
    for kind in ("nothing", "prevalence"):
        accuracy, loss, f1 = (getattr(validation[name], kind) for name in ("label_accuracy", "loss", "macro_f1"))
        rows.append([f"predict {kind}", "", number(accuracy), "", number(loss), number(f1), ""])
    rows.append(["ceiling", "", number(demo.ceiling), "", "", "", ""])
    say("label accuracy and loss, train against validation")
    columns = ["", "train", "validation", "train loss", "validation loss", "macro F1", "Keras' accuracy"]
    say(table(columns, rows))
    say()
    for line in interpretation(demo):
        say(f"- {line}")
    say(f"\nthree pictures that {demo.trained[-1].recipe} has not seen")
    records = []
    for record in demo.tagged:
        tags = ", ".join(f"{tag} ({record['scores'][tag]:.2f})" for tag in record["tags"]) or "(none)"
        records.append([Path(record["picture"]).name, tags, ", ".join(record["true_tags"]) or "(none)"])
    say(table(["picture", "tags (score)", "painted"], records, left=3))
    say(f"\npictures: {demo.pictures.directory}\nruns:     {demo.trained[0].run.folder.parent}")
