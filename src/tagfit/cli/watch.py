"""tagfit watch: propose tags for new photographs of a folder, and write them where that is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli import checks, path_checks
from tagfit.cli.checking import check_together, checked, typed
from tagfit.cli.evaluate import ThresholdsFile
from tagfit.cli.exit_codes import DONE
from tagfit.cli.keywords import PhotoFolder
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, print_json, say
from tagfit.cli.tag import tags_line
from tagfit.cli.write_options import WriteKeywords, faults_of_writing
from tagfit.cli.writing import write
from tagfit.errors import Fault, gathered
from tagfit.watching.watcher import LaterError, Watcher

if TYPE_CHECKING:
    from tagfit.tagger import Tagger


def _together(context: typer.Context) -> list[Fault]:
    faults = faults_of_writing(context, without=())
    with gathered(faults):
        checks.tagger_extra(Path(typed(context).get("run") or ""))
    if not context.params.get("once"):
        with gathered(faults):
            checks.watch_extra()
    return faults


@expand_groups
@check_together(_together)
def watch(
    *,
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="A run folder, or a tagger's folder.", callback=checked(path_checks.model)),
    ],
    folder: PhotoFolder,
    once: Annotated[bool, typer.Option("--once", help="Look once at what is new, and end.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="At the first start, also the photographs that are there.")
    ] = False,
    settle: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="A file is complete after so long without a change.")
    ] = 2.0,
    thresholds: ThresholdsFile = None,
    as_json: AsJson = False,
    writing: WriteKeywords,
) -> int:
    """Propose tags for the new photographs of a folder.

    Each once, when its file is complete; also those that came while nobody watched. Ctrl-C ends it, and the next start
    goes on from there. Nothing is written without --write-keywords --apply.
    """
    from tagfit.data.pictures.accepted import SUFFIXES
    from tagfit.evaluation.thresholds import Thresholds
    from tagfit.photos.journal import clear_leftovers, state_folder
    from tagfit.watching.arrivals import Arrivals
    from tagfit.watching.observing import observed
    from tagfit.watching.seen import Seen, alone
    from tagfit.workflow.tagging import tagger_of

    model = tagger_of(run, None if thresholds is None else Thresholds.load(thresholds))
    model.refuse_features()
    writing.check(model)
    proposer = _Proposer(model, folder, writing, as_json)
    clear_leftovers()
    with alone(folder, state_folder()):
        watcher = Watcher(folder, SUFFIXES, Seen(folder, state_folder()), Arrivals(settle), proposer.deal, everything)
        if once:
            watcher.scan(time.monotonic())
            watcher.step(time.monotonic())
        else:
            if not as_json:
                say(f"watching {folder}; Ctrl-C ends it")
            with observed(folder, watcher.events), suppress(KeyboardInterrupt):
                watcher.run(threading.Event())
    waiting = len(watcher.arrivals)
    if as_json:
        print_json({"photographs": proposer.records, "writing": proposer.plans, "incomplete": waiting})
    else:
        more = f"; {waiting} not complete yet" if waiting else ""
        say(f"{len(proposer.records)} new photographs{more}")
    return DONE


@dataclass
class _Proposer:
    """Tags photographs, and prints or writes what comes out."""

    model: Tagger
    folder: Path
    writing: WriteKeywords
    as_json: bool
    records: list[dict[str, Any]] = field(default_factory=list)
    plans: list[dict[str, Any]] = field(default_factory=list)

    def deal(self, pictures: list[Path]) -> Collection[Path]:
        """Propose tags for complete photographs; returns those that could be read."""
        from tagfit.photos.journal import BusyError

        found = self.model.tag(pictures)
        if self.writing.write_keywords:
            try:
                write(self.writing, self.model, self.folder, found, self.as_json, self.plans.append)
            except BusyError as error:
                raise LaterError from error
        elif not self.as_json:
            for record in found:
                say(f"{record['picture']}: {tags_line(record)}")
        self.records += found
        return [Path(record["picture"]) for record in found if "problem" not in record]
