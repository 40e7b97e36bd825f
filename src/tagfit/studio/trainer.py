"""Trainer: what the command line knows of ``tagfit train``, given to the studio; and a form as words of the command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """

    flag: str
    panel: str
    help: str
    choices: tuple[str, ...] = ()
    switch: bool = False
    many: bool = False
    path: bool = False

    @property
    def name(self) -> str:
        """The name of its field in the form."""
        return self.flag.lstrip("-")

    def words(self, value: str, workspace: Workspace, place: Place) -> list[str]:
        """The words of the command for what the field says; a value never stands alone, so it cannot be an option."""
        if not value.strip() or (self.switch and value != YES):
            return []
        if self.switch:
            return [self.flag]
        values = shlex.split(value) if self.many else [value]
        return [f"{self.flag}={self._placed(one, workspace, place)}" for one in values]

    def _placed(self, value: str, workspace: Workspace, place: Place) -> str:
        """A value as it is, or the path that it names, which is inside the folder."""
        named = self.flag in OR_FILES and ("/" in value or (workspace.folder / value).exists())
        return place(workspace.inside(value)) if self.path or named else value


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
        words += option.words(given.get(option.name, ""), workspace, place)
    return words


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
