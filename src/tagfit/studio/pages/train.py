"""Train: the form of a new training, what its source was read as, and what the reader advises where it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import groupby
from typing import Any, Literal, get_args, get_origin

import numpy as np

from tagfit.errors import Fault, InputError
from tagfit.recipe import FOR_PICTURES, NAMED, Recipe
from tagfit.report import parts
from tagfit.report.page import number
from tagfit.report.parts import Part
from tagfit.studio.estimate import Read
from tagfit.studio.pages import frame
from tagfit.studio.trainer import EXPORTS, OF_RECIPE, YES, Option, Trainer, relative, words_of
from tagfit.studio.workspace import Workspace

TABLES = ("*.csv", "*.tsv", "*.xlsx", "*.parquet", "*/tags.csv", "studio/exports/*.csv", "*/pictures/tags.csv")
SHOWN = 30  # faults, or lines of what the reader says
FORM = "train"


def training(workspace: Workspace, trainer: Trainer, query: Mapping[str, str], read: Read | None = None) -> Part:
    """The form of a new training, filled in by an address, and how long each recipe took here.

    Args:
        workspace: the folder.
        trainer: of the command line.
        query: of the address.
        read: what came of reading the source, where that was asked for.
    """
    sources = _sources(workspace)
    given = {"source": sources[0] if sources else "", **{name: value for name, value in query.items() if value}}
    if given["source"].startswith(EXPORTS):
        given.setdefault("allow-outside", YES)
    recipe = given.get("recipe", "")
    given["recipe"] = recipe if recipe in NAMED or _is_file(workspace, recipe) else FOR_PICTURES
    advised = {} if read is None else trainer.advised(read.text)
    option_fields, recipe_fields = _option_fields(trainer, given, advised), _recipe_fields(given)
    shown = [one for one in (*option_fields.values(), *recipe_fields) if one["mark"] or one["value"]]
    form = frame.action(
        "New training",
        "/train",
        "Start the training",
        [*_first_fields(workspace, given, sources), *shown],
        "It runs in a process of its own and goes on when this page is closed.",
        id=FORM,
        ask="Check and estimate",
        groups=[_reading(trainer, option_fields, shown), _recipe_group(recipe_fields, shown)],
    )
    count = "1 source is" if len(sources) == 1 else f"{len(sources)} sources are"
    said = f"{count} in the folder." if sources else "No table of tags is in the folder: name a source."
    verdict = ("good" if sources else "hint", said)
    if read is not None:
        verdict = ("issue", _refused(read)) if read.error is not None else ("good", read.estimate)
    return frame.page(
        "New training",
        parts.verdict(*verdict),
        command=("tagfit", *_command(workspace, trainer, given)),
        actions=[form],
        sections=list(_outcome(read)) or [_recipes(workspace)],
        ways=frame.top("frame_train"),
    )


def _first_fields(workspace: Workspace, given: Mapping[str, str], sources: list[str]) -> list[Part]:
    recipes = list(dict.fromkeys([*NAMED, given["recipe"]]))
    of_source = "a table, folder or file in the folder"
    changes = "such as epochs=20, separated by spaces; empty for none"
    return [
        frame.field("source", "Source", given["source"], suggested=sources, help=of_source),
        frame.field("recipe", "Recipe", given["recipe"], choices=recipes, help="see tagfit recipes"),
        frame.field("set", "Changes", given.get("set", ""), help=changes),
        frame.field("name", "Name", given.get("name", "") or free_name(workspace), help="of the folder in runs/"),
    ]


def _option_fields(trainer: Trainer, given: Mapping[str, str], advised: Mapping[str, list[str]]) -> dict[Option, Part]:
    """A field for each option of reading a source; what the reader advises stands out."""
    found = {}
    for option in trainer.options:
        known = advised.get(option.name, [])
        words = f"The reader advises {' or '.join(map(repr, known)) or 'it'}. " if option.name in advised else ""
        found[option] = frame.field(
            option.name,
            option.flag,
            given.get(option.name, ""),
            choices=("", YES) if option.switch else ("", *option.choices) if option.choices else (),
            suggested=known,
            help=f"{words}{option.help}",
            mark=option.name in advised,
        )
    return found


def _reading(trainer: Trainer, fields: Mapping[Option, Part], shown: list[Part]) -> Part:
    """The options that are not among the first fields, under the headings that the command's help has."""
    rest = [option for option in trainer.options if fields[option] not in shown]
    panels = [(panel, [fields[one] for one in found]) for panel, found in groupby(rest, key=lambda one: one.panel)]
    note = "Empty: found out, or the default. Each is an option of `tagfit train`."
    return frame.group("How the source is read", panels, note=note)


def _recipe_fields(given: Mapping[str, str]) -> list[Part]:
    """Every field of a recipe with its help, and its value in the recipe that is chosen."""
    recipe = given["recipe"]
    values = NAMED[recipe].to_dict() if recipe in NAMED else {}
    fields = []
    for name, one in Recipe.model_fields.items():
        literal = get_args(one.annotation) if get_origin(one.annotation) is Literal else ()
        choices = ("", *literal) if literal else ("", "true", "false") if one.annotation is bool else ()
        described = f"{one.description[0].upper()}{one.description[1:]}." if one.description else ""
        now = f"{recipe}: `{_plain(values[name])}`" if name in values else ""
        words = [text for text in (described, now) if text]
        key = f"{OF_RECIPE}{name}"
        fields.append(frame.field(key, name, given.get(key, ""), choices=choices, help=" ".join(words)))
    return fields


def _recipe_group(fields: list[Part], shown: list[Part]) -> Part:
    rest = [one for one in fields if one not in shown]
    return frame.group("Every field of the recipe", [("", rest)], note="Empty: as in the recipe.")


def _plain(value: Any) -> str:
    """A value as --set takes it."""
    if isinstance(value, list):
        return ",".join(map(str, value)) or "[]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _outcome(read: Read | None) -> Iterable[Part]:
    """What the reader says of the source: what is wrong, or what it took it for."""
    if read is None:
        return
    if read.error is not None:
        faults = read.error.faults
        rows = [[one.where, one.what, one.instead] for one in faults[:SHOWN]]
        said = f"{_first(len(faults))} Change the source, or set what is advised in the form, and check again."
        columns = ["where", "what", "what would be right"]
        yield parts.table(columns, rows, words=3, id="faults", title="Refused", sentence=said.strip())
    elif read.said:
        rows = [[kind, text] for kind, text in read.said[:SHOWN]]
        said = f"What the source was taken for. {_first(len(read.said))}"
        yield parts.table(["kind", "what"], rows, words=2, id="read", title="How it was read", sentence=said.strip())


def _first(count: int) -> str:
    return f"The first {SHOWN} of {count}." if count > SHOWN else ""


def _refused(read: Read) -> str:
    assert read.error is not None
    faults: tuple[Fault, ...] = read.error.faults
    if len(faults) > 1:
        return f"The training would be refused: {read.error.heading or f'{len(faults)} problems'}."
    return f"The training would be refused: {faults[0]}."


def _recipes(workspace: Workspace) -> Part:
    took = _times(workspace)
    return parts.table(
        ["recipe", "architecture", "epochs", "took here, per epoch"],
        [[name, one.architecture, str(one.epochs), took.get(name, "")] for name, one in NAMED.items()],
        words=2,
        id="recipes",
        title="Recipes",
        sentence="Times are of finished runs in this folder, on their own sources.",
    )


def _command(workspace: Workspace, trainer: Trainer, given: Mapping[str, str]) -> list[str]:
    """The command that does the same; its source stays a word where there is none yet."""
    with suppress(InputError):
        return words_of(workspace, trainer, given, relative(workspace))
    return ["train", "SOURCE", "--recipe", given["recipe"]]


def _is_file(workspace: Workspace, recipe: str) -> bool:
    with suppress(InputError):
        return workspace.inside(recipe).suffix == ".toml"
    return False


def free_name(workspace: Workspace) -> str:
    """A name that no run has yet."""
    names = ["mine", *(f"mine-{count}" for count in range(2, 1000))]
    return next((name for name in names if not (workspace.folder / "runs" / name).exists()), "")


def _times(workspace: Workspace) -> dict[str, str]:
    """Seconds an epoch took, by recipe: the median of the runs in the folder that are done."""
    seconds: dict[str, list[float]] = {}
    for run in workspace.runs().values():
        with suppress(InputError):
            one = run.summary()
            if one["state"] == "done" and one["epochs"]:
                seconds.setdefault(str(one["recipe"]), []).append(float(one["seconds"]) / int(one["epochs"]))
    return {recipe: f"{number(float(np.median(values)), '.2g')} s" for recipe, values in seconds.items()}


def _sources(workspace: Workspace) -> list[str]:
    found = [path for pattern in TABLES for path in sorted(workspace.folder.glob(pattern)) if path.is_file()]
    inside = [path for path in found if path.resolve().is_relative_to(workspace.folder)]
    return list(dict.fromkeys(map(workspace.shown, inside)))
