"""Request: what a cure was asked for, checked and written down before anything else, and what is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar

from tagfit.curing.limits import DEFAULT_BUDGET, DEFAULT_SEEDS, MAX_SEED
from tagfit.curing.names import REQUEST
from tagfit.curing.section import Section
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Findings
from tagfit.errors import Fault, InputError
from tagfit.evaluation.evaluate import evaluate
from tagfit.files import disk_faults, to_json, write_text
from tagfit.goal import Goal
from tagfit.runs.run import Run

FORMAT = 1
# Metrics on which predicting the same tags for every picture scores low.
SUGGESTED = ("macro_f1", "mAP")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([smh]?)\s*")


@dataclass(frozen=True)
class Rule:
    """What one option of a cure may be.

    Attributes:
        instead: the valid form, for the message.
        low, high: the smallest and the largest value.
        whole: whether it is a whole number.
        optional: whether None is allowed.
    """

    instead: str
    low: float
    high: float = math.inf
    whole: bool = True
    optional: bool = False

    def allows(self, value: Any) -> bool:
        """Whether a value follows the rule; True and False are not numbers."""
        if value is None or isinstance(value, bool):
            return value is None and self.optional
        return isinstance(value, Integral if self.whole else Real) and self.low <= float(value) <= self.high


RULES = {
    "trials": Rule("a whole number, 1 or more, or None for as many as the budget allows", 1, optional=True),
    "budget": Rule("seconds, more than 0, or a text such as '90s', '10m' or '1.5h'", 1e-9, 1e12, False, optional=True),
    "seeds": Rule("a whole number, 1 or more", 1, 1000),
    "search_on": Rule("a whole number of train rows, 2 or more, or None for all", 2, optional=True),
    "parallel": Rule("a whole number, 1 or more", 1, 10_000),
    "seed": Rule(f"a whole number from 0 to {MAX_SEED}; the fresh seeds follow it", 0, MAX_SEED),
}


class CureOptions(Section):
    """How a cure searches.

    Attributes:
        trials: how many recipes are tried at most; None for as many as the budget allows.
        budget: seconds for the whole cure, with the starting training where the cure makes it; None for no limit. The
            best trial is retrained with at least one fresh seed, and the certificate is written, though that takes
            longer.
        augment: whether pictures may be augmented, which changes what the model sees.
        pretrained: whether pretrained backbones may be tried: weights that others trained, on data outside the Problem.
        seeds: with how many fresh seeds the winner is retrained.
        search_on: trials are trained on this many train rows; None for all.
        parallel: how many trials are chosen at a time, for as many processes.
        seed: of the search; the fresh seeds follow it.
    """

    trials: int | None
    budget: float | None
    augment: bool
    pretrained: bool = False
    seeds: int
    search_on: int | None
    seed: int
    parallel: int = 1
    added: ClassVar = {"pretrained": False, "parallel": 1}

    @classmethod
    def of(
        cls,
        *,
        trials: int | None = None,
        budget: float | str | None = None,
        augment: bool = False,
        pretrained: bool = False,
        seeds: int = DEFAULT_SEEDS,
        search_on: int | None = None,
        parallel: int = 1,
        seed: int = 0,
    ) -> CureOptions:
        """Check the options; without ``trials`` and ``budget`` the default budget limits the search.

        Raises:
            InputError: values that break RULES, all of them.
        """
        faults = []
        if isinstance(budget, str):
            budget = duration(budget)
        given = {
            "trials": trials,
            "budget": budget,
            "seeds": seeds,
            "search_on": search_on,
            "parallel": parallel,
            "seed": seed,
        }
        for name, value in given.items():
            if not RULES[name].allows(value):
                faults.append(Fault(f"{name} = {value!r}", instead=RULES[name].instead))
        for name, value in {"augment": augment, "pretrained": pretrained}.items():
            if not isinstance(value, bool):
                faults.append(Fault(f"{name} = {value!r}", instead="True or False"))
        if faults:
            raise InputError(faults)
        if trials is None and budget is None:
            budget = DEFAULT_BUDGET
        return cls(
            trials=None if trials is None else int(trials),
            budget=None if budget is None else float(budget),
            augment=augment,
            pretrained=pretrained,
            seeds=int(seeds),
            search_on=None if search_on is None else int(search_on),
            parallel=int(parallel),
            seed=int(seed),
        )


@dataclass(frozen=True)
class CureRequest:
    """What a cure has to reach, and how it searches."""

    goal: Goal
    options: CureOptions

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"goal": self.goal.to_dict(), **self.options.model_dump()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CureRequest:
        """What :meth:`to_dict` gave.

        Raises:
            InputError: values of another form.
        """
        options = {name: value for name, value in values.items() if name != "goal"}
        try:
            return cls(Goal.from_dict(values["goal"]), CureOptions.of(**options))
        except (TypeError, KeyError, AttributeError) as error:
            raise InputError(f"the options of the cure cannot be read: {error}") from None

    def extended(self, trials: int | None, budget: float | str | None) -> CureRequest:
        """The same request with more trials or a larger budget; None leaves either as it is.

        Raises:
            InputError: less than before, or a limit where there was none.
        """
        was = self.options
        more = CureOptions.of(
            **{
                **was.model_dump(),
                "trials": was.trials if trials is None else trials,
                "budget": was.budget if budget is None else budget,
            }
        )
        faults = [
            Fault(f"{name} = {now:g}, and the cure was begun with {before}", instead="as much as before, or more")
            for name, before, now in (("trials", was.trials, more.trials), ("budget", was.budget, more.budget))
            if now is not None and now != before and (before is None or now < before)
        ]
        if faults:
            raise InputError(faults)
        return CureRequest(self.goal, more)


def duration(text: str) -> float:
    """Seconds from ``90s``, ``10m`` or ``1.5h``; a bare number is in seconds.

    Raises:
        InputError: another form.
    """
    found = _DURATION.fullmatch(text)
    if found is None or float(found[1]) <= 0:
        raise InputError(f"{text!r} is not a duration", instead="90s, 10m or 1.5h")
    return float(found[1]) * _UNITS[found[2] or "s"]


def default_folder(name: str) -> Path:
    """``cures/<date>-<name>``, with a number behind it where that is taken."""
    stem = f"{datetime.now():%Y-%m-%d}-{name}"
    candidate, number = Path("cures") / stem, 2
    while candidate.exists():
        candidate, number = Path("cures") / f"{stem}-{number}", number + 1
    return candidate


def begin(folder: Path, start: Run, problem: Problem, request: CureRequest) -> None:
    """Write the request to ``folder/cure.json``, or find the same one, or one with smaller limits, written there.

    Raises:
        InputError: another cure is there, or other files.
    """
    wanted = {
        "format": FORMAT,
        "start": str(start.folder.absolute()),
        "fingerprint": dict(problem.fingerprint),
        "recipe": start.recipe.model_dump(mode="json"),
        "asked": request.to_dict(),
    }
    path = folder / REQUEST
    if path.exists():
        there = read(folder)
        altered = [name for name in wanted if name != "start" and there.get(name) != json.loads(to_json(wanted[name]))]
        if altered:
            raise InputError(
                f"{folder} holds another cure: {', '.join(altered)} differ", instead="another --out, or its --resume"
            )
        return
    with disk_faults(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} exists and is not empty", instead="a new folder")
        folder.mkdir(parents=True, exist_ok=True)
    write_text(path, to_json(wanted) + "\n")


def extend(folder: Path, trials: int | None, budget: float | str | None) -> CureRequest:
    """The request in ``folder/cure.json``, which is updated where it is given more trials or a larger budget."""
    begun = read(folder)
    request = CureRequest.from_dict(begun["asked"])
    extended = request.extended(trials, budget)
    if extended != request:
        write_text(folder / REQUEST, to_json({**begun, "asked": extended.to_dict()}) + "\n")
    return extended


def read(folder: Path) -> dict[str, Any]:
    """The content of ``cure.json``.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    try:
        found = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    except OSError:
        raise InputError(f"{folder} does not hold a cure", instead=f"a folder with {REQUEST}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{folder / REQUEST} is not valid JSON: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InputError(f"{folder / REQUEST} has a format that this tagfit cannot read", instead=f"format {FORMAT}")
    return found


def refuse_trivial(start: Run, findings: Findings, goal: Goal) -> None:
    """Raise an InputError where a trivial prediction meets the goal, with its figures and better metrics."""
    if not goal.bounds:
        return
    finding = findings["trivial-goal"]
    if finding.outcome != "fired":
        return
    judged = evaluate(
        start.scores("validation"), prevalence=start.prevalence, metrics=list(SUGGESTED), intervals=None
    ).metrics
    better = []
    for name in SUGGESTED:
        trivial = [one for one in (judged[name].nothing, judged[name].prevalence, judged[name].best_constant) if one]
        better.append(f"validation.{name} (trivially {max(trivial, default=0.0):.3f}, now {judged[name].value:.3f})")
    raise InputError(
        f"the goal proves nothing: {finding.verdict.says.rstrip('.')}",
        instead=f"a bound above these, or on {' or '.join(better)}",
    )
