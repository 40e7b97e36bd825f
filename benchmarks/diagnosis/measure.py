"""How often each check fires where its fault was planted, and where nothing is wrong; prints the manual's table."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import held_out
import numpy as np
from planted import PLANTERS, SIZES, STRENGTHS, Generator, healthy, planted

from tagfit.diagnosis.diagnose import CHECKS, diagnose
from tagfit.diagnosis.manual import between

HEALTHY_SEED, PLANTED_SEED = 1, 2
# No limit was set on these seeds, nor on problems of `held_out.healthy`.
HELD_OUT_HEALTHY_SEED, HELD_OUT_PLANTED_SEED = 101, 102
HIT_RATES = {"strong": 0.95, "middle": 0.8}
MOST_FALSE_ALARMS, MOST_WITH_ISSUES = 0.05, 0.10


@dataclass(frozen=True)
class Source:
    """Where problems come from."""

    generator: Generator
    sizes: tuple[tuple[int, int, int], ...]
    healthy_seed: int
    planted_seed: int


DEVELOPMENT = Source(healthy, SIZES, HEALTHY_SEED, PLANTED_SEED)
FRESH = Source(healthy, SIZES, HELD_OUT_HEALTHY_SEED, HELD_OUT_PLANTED_SEED)
OTHER = Source(held_out.healthy, held_out.SIZES, HELD_OUT_HEALTHY_SEED, HELD_OUT_PLANTED_SEED)
MARKERS = {"development": "measured", "fresh": "measured-fresh", "other": "measured-other"}
SOURCES = {"development": DEVELOPMENT, "fresh": FRESH, "other": OTHER}


def false_alarms(source: Source, cases: int) -> dict[str, Any]:
    """Every check on healthy problems of all sizes in turn."""
    fired = dict.fromkeys((check.code for check in CHECKS), 0)
    silent = dict(fired)
    with_issues = 0
    for number in range(cases):
        rng = np.random.default_rng([source.healthy_seed, number])
        case = source.generator(rng, source.sizes[number % len(source.sizes)])
        found = diagnose(**case.arguments())
        for finding in found:
            fired[finding.code] += finding.outcome == "fired"
            silent[finding.code] += finding.outcome == "inconclusive"
        with_issues += bool(found.issues)
    return {
        "cases": cases,
        "with_issues": with_issues / cases,
        "rates": {code: count / cases for code, count in fired.items()},
        "inconclusive": {code: count / cases for code, count in silent.items()},
    }


def hit_rates(source: Source, cases: int, codes: list[str]) -> dict[str, dict[str, float]]:
    """Each check on problems with its own fault in them, at three strengths."""
    rates: dict[str, dict[str, float]] = {}
    for code in codes:
        others = [check.code for check in CHECKS if check.code != code]
        rates[code] = {}
        for strength, name in enumerate(STRENGTHS):
            hits = 0
            for number in range(cases):
                rng = np.random.default_rng([source.planted_seed, strength, number, *code.encode()])
                case = planted(code, strength, rng, source.sizes[number % len(source.sizes)], source.generator)
                hits += diagnose(**case.arguments(), mute=others)[code].outcome == "fired"
            rates[code][name] = hits / cases
    return rates


def table(alarms: dict[str, Any], hits: dict[str, dict[str, float]], cases: int) -> str:
    """The table of the manual."""
    rows = [
        f"| `{check.code}` | {check.severity} | {alarms['rates'][check.code]:.1%} | "
        + " | ".join(f"{hits[check.code][name]:.0%}" for name in STRENGTHS)
        + " |"
        for check in CHECKS
        if check.code in hits
    ]
    return "\n".join(
        [
            f"False alarms on {alarms['cases']} healthy problems, detections on {cases} problems per strength with the "
            f"fault; {alarms['with_issues']:.1%} of the healthy ones had any issue.",
            "",
            "| check | severity | false alarms | weak | middle | strong |",
            "|---|---|---|---|---|---|",
            *rows,
        ]
    )


def shortfalls(alarms: dict[str, Any], hits: dict[str, dict[str, float]]) -> list[str]:
    """The checks that miss the targets."""
    found = [f"{code}: false alarms {rate:.1%}" for code, rate in alarms["rates"].items() if rate > MOST_FALSE_ALARMS]
    if alarms["with_issues"] > MOST_WITH_ISSUES:
        found.append(f"healthy cases with an issue: {alarms['with_issues']:.1%}")
    return found + [
        f"{code}: {rates[name]:.0%} of the {name} faults"
        for code, rates in hits.items()
        for name, least in HIT_RATES.items()
        if rates[name] < least
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--healthy", type=int, default=320)
    parser.add_argument("--cases", type=int, default=20, help="of each fault and strength")
    parser.add_argument("--codes", nargs="*", choices=sorted(PLANTERS), default=[check.code for check in CHECKS])
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--manual", type=Path, help="put the table between the markers of this file")
    parser.add_argument(
        "--source",
        choices=SOURCES,
        default="development",
        help="development: what limits were set on; fresh: other seeds; other: other seeds and another generator",
    )
    chosen = parser.parse_args()
    source = SOURCES[chosen.source]
    started = time.perf_counter()
    hits = hit_rates(source, chosen.cases, chosen.codes)
    print(json.dumps(hits, indent=1), flush=True)
    alarms = false_alarms(source, chosen.healthy)
    text = table(alarms, hits, chosen.cases)
    print(text)
    print("\nshort of the aims: " + ("; ".join(shortfalls(alarms, hits)) or "nothing"))
    print(f"{time.perf_counter() - started:.0f} s")
    if chosen.json:
        chosen.json.write_text(json.dumps({"false_alarms": alarms, "hits": hits}, indent=1) + "\n")
    if chosen.manual:
        page = chosen.manual.read_text(encoding="utf-8")
        chosen.manual.write_text(between(page, MARKERS[chosen.source], text), encoding="utf-8")


if __name__ == "__main__":
    main()
