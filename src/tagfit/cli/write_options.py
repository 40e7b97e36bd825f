"""The options of writing tags into photographs, shared by the commands that tag."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tagfit.cli import checks
from tagfit.cli.checking import checked
from tagfit.cli.options import without_effect
from tagfit.errors import Fault

if TYPE_CHECKING:
    from tagfit.photos.planning import WriteOptions
    from tagfit.tagger import Tagger
    from tagfit.workflow.keywording import Choice

_writing = partial(typer.Option, rich_help_panel="Writing keywords into photographs")


@dataclass(frozen=True)
class WriteKeywords:
    """The options of writing tags as keywords."""

    write_keywords: Annotated[
        bool, _writing("--write-keywords", help="Plan to add the tags to the keywords of a folder's photographs.")
    ] = False
    apply: Annotated[bool, _writing("--apply", help="Write them; without it only the plan is printed.")] = False
    diff: Annotated[bool, _writing("--diff", help="Print the text that changes in each sidecar.")] = False
    where: Annotated[
        Literal["sidecar", "embed", "both"],
        _writing(metavar="WORD", help="Write a sidecar, embed in JPEG and PNG, or both."),
    ] = "sidecar"
    sidecar_name: Annotated[
        Literal["auto", "long", "short"],
        _writing(metavar="WORD", help="Name a new sidecar IMG.jpg.xmp (long), IMG.xmp (short)."),
    ] = "auto"
    for_: Annotated[
        str | None,
        _writing(
            "--for",
            metavar="NAME,..",
            help="Programs that have to see them, such as digikam,windows.",
            callback=checked(checks.programs),
        ),
    ] = None
    parent: Annotated[
        str | None,
        _writing(metavar="NAME", help="A visible parent of all new keywords.", callback=checked(checks.parent)),
    ] = None
    on_conflict: Annotated[
        Literal["skip", "union"],
        _writing(metavar="WORD", help="Sidecar and picture disagree: skip, or write the union."),
    ] = "skip"
    only_untagged: Annotated[bool, _writing("--only-untagged", help="Only photographs that have no keyword yet.")] = (
        False
    )
    top: Annotated[
        int | None, _writing(metavar="N", min=1, help="At most N tags a photograph, the highest scores.")
    ] = None
    limit: Annotated[int | None, _writing(metavar="N", min=1, help="Change at most N photographs.")] = None

    @property
    def options(self) -> WriteOptions:
        """How words are written."""
        from tagfit.photos.planning import WriteOptions, programs_of

        programs = programs_of(self.for_ or "")
        return WriteOptions(self.where, self.sidecar_name, self.parent or "", self.on_conflict, programs)

    @property
    def choice(self) -> Choice:
        """Which photographs and words."""
        from tagfit.workflow.keywording import Choice

        return Choice(self.top, self.only_untagged, self.limit)

    def check(self, model: Tagger) -> None:
        """Raise an InputError where a label of the model cannot be written as a keyword."""
        from tagfit.photos.planning import check_labels

        if self.write_keywords:
            implied = [] if model.vocabulary is None else model.vocabulary.with_implied(model.labels)
            check_labels(dict.fromkeys([*model.labels, *implied]), self.parent or "")


def faults_of_writing(context: typer.Context, without: Collection[str] = ("as_csv", "out")) -> list[Fault]:
    """Options of writing without --write-keywords, or with what does not go with it."""
    given = context.params
    if not given.get("write_keywords"):
        names = [name for name in WriteKeywords.__dataclass_fields__ if name != "write_keywords"]
        return without_effect(context, names, "nothing is written to photographs", "--write-keywords")
    faults = [
        Fault(f"--{name.removeprefix('as_')} and --write-keywords cannot be combined", instead="--json")
        for name in without
        if given.get(name)
    ]
    pictures = given.get("pictures") or []
    if "pictures" in given and (len(pictures) != 1 or not Path(pictures[0]).is_dir()):
        faults.append(Fault("--write-keywords takes one folder of photographs", instead="tagfit tag RUN FOLDER"))
    return [*faults, *_programs_without_sidecars(given.get("for_"), given.get("where"))]


def _programs_without_sidecars(names: str | None, where: str | None) -> list[Fault]:
    from tagfit.photos.planning import NO_SIDECARS, programs_of

    blind = [name for name in programs_of(names or "") if name in NO_SIDECARS]
    if not blind or where != "sidecar":
        return []
    return [Fault(f"--for {','.join(blind)}: reads no sidecars", instead="--where embed or --where both")]
