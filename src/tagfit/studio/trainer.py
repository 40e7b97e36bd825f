"""Trainer: what the command line knows of ``tagfit train``, given to the studio; and a form as words of the command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagfit.data.plan import Plan
from tagfit.errors import InputError
from tagfit.recipe import FOR_PICTURES, NAMED, Recipe
from tagfit.studio import jobs
from tagfit.studio.workspace import OWN, Workspace

YES = "yes"
OF_RECIPE = "recipe."  # what the names of fields begin with that are those of a recipe
EXPORTS = f"{OWN}/exports/"
OR_FILES = ("--labels", "--vocabulary")  # their values are names, or the file that holds them

Place = Callable[[Path], str]


@dataclass(frozen=True)
class Option:
    """An option of the command.

    Attributes:
        flag: such as ``--tags-column``.
        panel: the heading that the command's help has it under.
        help: in one sentence.
        choices: the values it takes; empty for any.
        switch: whether it takes no value.
        many: whether it may be repeated.
        path: whether its value is a path.
        default: the value that need not be said.
    """

    flag: str
    panel: str
    help: str
    choices: tuple[str, ...] = ()
    switch: bool = False
    many: bool = False
    path: bool = False
    default: str = ""

    @property
    def name(self) -> str:
        """The name of its field in the form."""
        return self.flag.lstrip("-")

    def words(self, value: str, placed: Callable[[str], str]) -> list[str]:
        """The words of the command for what the field says; a value never stands alone, so it cannot be an option."""
        if not value.strip() or (self.switch and value != YES):
            return []
        if self.switch:
            return [self.flag]
        return [f"{self.flag}={placed(one)}" for one in (shlex.split(value) if self.many else [value])]

    def placed(self, workspace: Workspace, place: Place) -> Callable[[str], str]:
        """A value as it is, or the path that it names, which is inside the folder."""

        def written(value: str) -> str:
            named = self.flag in OR_FILES and ("/" in value or (workspace.folder / value).exists())
            return place(workspace.inside(value)) if self.path or named else value

        return written


@dataclass(frozen=True)
class Trainer:
    """What the command line knows of ``tagfit train``: pages cannot import it, since it is above them.

    Attributes:
        options: how a source is read and split.
        plan: from the words after ``train`` to what would be read.
    """

    options: tuple[Option, ...]
    plan: Callable[[Sequence[str]], Plan]

    def advised(self, text: str) -> dict[str, list[str]]:
        """The values that a message advises, by the name of the option; none where it names the option only."""
        found: dict[str, list[str]] = {}
        for option in self.options:
            for match in re.finditer(rf"{option.flag}(?![\w-])(?: ('[^']*'|[^\s)]+))?", text):
                value = (match[1] or "").strip("',;:")
                known = found.setdefault(option.name, [])
                if value and value not in known and (not option.choices or value in option.choices):
                    known.append(value)
        return found


def relative(workspace: Workspace) -> Place:
    """A path as the command names it in the folder; one that begins with a dash is no option."""

    def place(path: Path) -> str:
        shown = workspace.shown(path)
        return f"./{shown}" if shown.startswith("-") else shown

    return place


def words_of(workspace: Workspace, trainer: Trainer, form: Mapping[str, str], place: Place) -> list[str]:
    """The words of the command that does what a form says.

    Args:
        workspace: the folder.
        trainer: of the command line.
        form: the fields by name.
        place: how paths are written.

    Raises:
        InputError: a path that is not in the folder, or a value that a command would take for an option.
    """
    source = workspace.inside(form.get("source", ""))
    named = form.get("recipe", "") or FOR_PICTURES
    recipe = named if named in NAMED else place(workspace.inside(named))
    words = ["train", place(source), "--recipe", recipe]
    for setting in settings(form):
        words += ["--set", jobs.checked_word(setting, "setting")]
    given = dict(form)
    if workspace.shown(source).startswith(EXPORTS):
        given.setdefault("allow-outside", YES)
    for option in trainer.options:
        words += option.words(given.get(option.name, ""), option.placed(workspace, place))
    return words


def form_of(workspace: Workspace, trainer: Trainer, source: Mapping[str, Any]) -> dict[str, str]:
    """The fields that say how the source of a run was read and split.

    Args:
        workspace: the folder.
        trainer: of the command line.
        source: the Plan in the run's ``problem.json``.
    """
    split = dict(source.get("split") or {})
    given = {**source, **dict(source.get("read") or {}), **split}
    given |= {"split": split.get("method"), "split_seed": split.get("seed")}
    found = {"source": workspace.shown(Path(str(source.get("data", ""))))}
    for option in trainer.options:
        value = given.get(option.name.replace("-", "_"))
        text = "" if isinstance(value, Mapping) else _text(option, value)
        if text and text != option.default:
            found[option.name] = workspace.shown(Path(text)) if option.path else text
    return found


def source_words(workspace: Workspace, trainer: Trainer, source: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The source of a run as a command names it in the folder, and the options that it was read with."""
    form = form_of(workspace, trainer, source)
    return form["source"], [word for one in trainer.options for word in one.words(form.get(one.name, ""), str)]


def _text(option: Option, value: Any) -> str:
    """A value of a Plan as the form has it."""
    if value is None or value is False or value == []:
        return ""
    if isinstance(value, list | tuple):
        return shlex.join(map(str, value)) if option.many else ",".join(map(str, value))
    return YES if value is True else str(value)


def settings(form: Mapping[str, str]) -> list[str]:
    """The changes of the recipe, ``field=value`` each."""
    own = {name: form.get(f"{OF_RECIPE}{name}", "").strip() for name in Recipe.model_fields}
    return [*form.get("set", "").split(), *(f"{name}={value}" for name, value in own.items() if value)]


def out_of(workspace: Workspace, form: Mapping[str, str]) -> Path:
    """The folder of the run that a form names.

    Raises:
        InputError: it exists, or its name is none.
    """
    out = workspace.folder / "runs" / jobs.checked_name(form.get("name", ""))
    if out.exists():
        raise InputError(f"runs/{out.name} exists", instead="another name")
    return out
