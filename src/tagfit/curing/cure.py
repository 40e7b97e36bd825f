"""Cure: from a run that misses a goal to a recipe that meets it: trials, confirmation, explanation, certificate."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import tagfit
from tagfit.backbones import best_installed
from tagfit.curing import certify, confirm, jobs, request, row_digests
from tagfit.curing.ablation import ablate
from tagfit.curing.board import Board
from tagfit.curing.certificate import Certificate, sealed
from tagfit.curing.document import Ceiling, FoundFault
from tagfit.curing.evidence import START_FOLDER, as_trial, gathered, machine, source_of
from tagfit.curing.followup import Followup
from tagfit.curing.moves import moves
from tagfit.curing.names import TRIALS
from tagfit.curing.progress import Clock, Progress
from tagfit.curing.request import CureRequest
from tagfit.curing.search import Search
from tagfit.curing.shortfall import above_ceiling, ceiling, learning_curve
from tagfit.curing.starting_run import place_of
from tagfit.curing.steps import steps
from tagfit.curing.trial import load
from tagfit.curing.winner import Selection
from tagfit.data.problem import Problem
from tagfit.diagnosis import from_run
from tagfit.diagnosis.check import Check
from tagfit.diagnosis.diagnose import CHECKS, diagnose
from tagfit.diagnosis.finding import Findings
from tagfit.diagnosis.label_checks import suspect_tags
from tagfit.diagnosis.metric import trivial_goal
from tagfit.errors import InputError
from tagfit.runs.run import Run, open_run
from tagfit.runs.writing import GATE, LOCK, only_writer
from tagfit.scoring import looks, note_look, scores_of

# Files of a run folder that a certificate does not need.
NOT_COPIED = (LOCK, GATE, "checkpoint.safetensors", ".*.part")


def cure(
    start: Run, problem: Problem, asked: CureRequest, folder: Path, progress: Progress | None = None
) -> Certificate:
    """Search for a recipe that meets the goal on the same Problem, confirm it with fresh seeds, and certify it.

    A folder with the same cure, interrupted, is continued.

    Args:
        start: a finished run on ``problem``.
        problem: stays as it is; its fingerprints are taken before and after.
        asked: the goal and the options.
        folder: of the cure: new, empty, or of the same cure.
        progress: its callbacks.

    Raises:
        InputError: a run of another problem or with its own net, a problem without validation, a goal that a trivial
            prediction or the run itself meets already, a folder in use, sources that changed meanwhile.
    """
    progress = progress or Progress()
    goal, options = asked.goal, asked.options
    clock = Clock(options.budget)
    start.refuse_another(problem)
    _refuse_what_no_recipe_changes(start, problem)
    material = from_run.material(start, lambda: problem)
    aims = [bound.text for bound in goal.bounds]
    request.refuse_trivial(start, diagnose(**material, goal=aims, mute=_all_but(trivial_goal)), goal)
    values = confirm.figures(start, problem, goal)
    if goal.maximise is None and goal.met_by(values):
        figures = ", ".join(f"{name} = {values[name]:.3f}" for name in goal.figures)
        raise InputError(f"{start.folder} meets the goal already: {figures}", instead="a higher goal, or --maximise")
    if options.search_on is not None:
        jobs.sampled(problem, options.search_on, options.seed)  # refused before anything is written
    request.begin(folder, start, problem, asked)
    with only_writer(folder):
        progress.report(f"if this is interrupted, `tagfit cure --resume {folder}` continues it")
        progress.report("diagnosing the starting run")
        found = diagnose(**material, goal=aims)
        for line in above_ceiling(goal, ceiling(found)):
            progress.report(f"caution: {line}; the cure runs anyway")
        copied = _copied(start, folder / START_FOLDER)
        looking = Search(
            problem=problem,
            goal=goal,
            start=as_trial(copied, values),
            moves=moves(
                found.fired,
                problem.preprocessing.size,
                augment=options.augment,
                metric=goal.metric,
                backbone=best_installed().name if options.pretrained else None,
            ),
            seed=options.seed,
            augment=options.augment,
            folder=folder,
            parallel=options.parallel,
            rows=options.search_on,
            trials=load(folder / TRIALS),
        )
        clock.before = _seconds_before(looking, folder)
        selection = Selection(looking, Board(folder, problem, goal), asked, clock, progress)
        return _certified(start, selection, found, selection.winner().trial.number)


def _certified(start: Run, selection: Selection, found: Findings, winner: int) -> Certificate:
    """Explain the winner and write the certificate.

    Args:
        start: as it was given.
        selection: that found the winner.
        found: of the starting run.
        winner: the number of its trial.
    """
    looking, board, clock, progress = selection.search, selection.board, selection.clock, selection.progress
    folder, problem = board.folder, board.problem
    evidence = gathered(folder, problem)
    cured = evidence.retrained[winner]
    progress.report(f"kept the median: seed {cured.kept.seed} of trial {winner}")

    def followup(origin: str) -> Followup:
        return Followup(folder, origin, winner, board, clock.over, progress.on_epoch)

    if "test" in problem.splits:
        progress.report("evaluating the test split, once")
        _look_at_test(start, evidence.start, cured.kept.run, problem)
    highest = None
    if cured.met:
        progress.report("adding one change at a time")
        steps(looking, cured.trial, followup("step"))
        progress.report("undoing each change alone")
        ablate(evidence.start.recipe, cured, followup("ablation"))
    else:
        progress.report("measuring what limits it")
        learning_curve(problem, cured, followup("learning curve"))
        after = diagnose(**from_run.material(cured.kept.run, lambda: problem), mute=_all_but(suspect_tags))
        highest = ceiling(after) or ceiling(found)
    _refuse_changed_sources(problem)
    row_digests.save(row_digests.rows_of(problem), folder / row_digests.ROWS)
    attested = certify.Attested(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(clock.used, 1),
        findings=tuple(FoundFault(code=one.code, title=one.title, says=one.verdict.says) for one in found.fired),
        ceiling=None if highest is None else Ceiling(**highest._asdict()),
        source=source_of(evidence.start) or problem.source,
        tagfit=tagfit.__version__,
        machine=machine(),
    )
    document = certify.document_of(gathered(folder, problem), winner, attested)
    certificate = Certificate(sealed(document.model_dump(mode="json")), folder, problem)
    certificate.save()
    board.clear()
    return certificate


def _all_but(check: Check) -> list[str]:
    return [one.code for one in CHECKS if one is not check]


def _refuse_what_no_recipe_changes(start: Run, problem: Problem) -> None:
    if start.info.get("net"):
        raise InputError(
            f"{start.folder} was trained with a custom net, {start.info['net']}, which no recipe describes",
            instead="a run of a recipe",
        )
    if "validation" not in problem.splits:
        raise InputError(f"{start.folder} has no validation split", instead="a run with one: a cure selects on it")


def _seconds_before(looking: Search, folder: Path) -> float:
    """Seconds of the budget that are used already: by logged trials, and by a starting run that this cure trained."""
    own = Path(request.read(folder)["start"]) == place_of(folder).absolute()
    return sum(trial.seconds for trial in looking.trials) + (looking.start.seconds if own else 0.0)


def _refuse_changed_sources(problem: Problem) -> None:
    try:
        same = row_digests.unchanged(problem)
    except InputError as error:
        raise InputError(error.faults, what="the source cannot be certified to be unchanged") from None
    if not same:
        raise InputError(
            "the data changed while the cure was running: nothing can be certified",
            instead="restore the source, and --resume",
        )


def _copied(start: Run, folder: Path) -> Run:
    """The starting run inside the folder of the cure, so that the certificate needs nothing else."""
    if not (folder / "run.json").exists():
        if folder.exists():
            shutil.rmtree(folder)  # an interrupted copy: run.json comes last
        files = shutil.ignore_patterns(*NOT_COPIED, "run.json")
        shutil.copytree(start.folder, folder, ignore=files)
        shutil.copy2(start.folder / "run.json", folder / "run.json")
    return open_run(folder)


def _look_at_test(start: Run, copied: Run, kept: Run, problem: Problem) -> None:
    """Score test for the starting run and the kept one, and write down the look; one that was taken is not repeated."""
    why = f"cure {copied.folder.parent.absolute()}"
    if why in looks(kept) and "test" in kept.scored_splits and "test" in copied.scored_splits:
        return
    scores_of(copied, "test", problem=problem, why=why)
    if start.folder.absolute() != copied.folder.absolute():
        note_look(start, why)
    scores_of(kept, "test", problem=problem, why=why)
