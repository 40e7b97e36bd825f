"""Measure how long each step of the course computes, and write the table into docs/course/teaching.md.

python docs/course_times.py
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tagfit.lesson import answers, content, reading
from tagfit.lesson.state import answered, state
from tagfit.lesson.steps import show

PAGE = Path(__file__).parent / "course" / "teaching.md"
BEGIN, END = "<!-- times -->", "<!-- /times -->"


def processor() -> float:
    """Seconds of processor time of this process and of those that it waited for."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measured(name: str) -> list[tuple[float, float]]:
    """Seconds of processor and of wall-clock time of each step of a station, shown and answered rightly."""
    station, events, found = content.station(name), [], []
    for step in station.steps:
        begun = processor(), time.monotonic()
        context = state(station, events).context(step, on_epoch=lambda _epoch, _most: None)
        show(context)
        right = [option.id for option in step.options if option.right]
        answer = answers.read(step, step.example) if step.lab else right[0] if step.kind == "choice" else right
        events.append(answered(context, answer)[1])
        found.append((processor() - begun[0], time.monotonic() - begun[1]))
    return found


def table() -> str:
    """All stations in order, each in a process of its own, as in a terminal; the cache folder is empty at first."""
    lines = [
        "| station | minutes | reading | computing | of its steps |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "TAGFIT_CACHE_DIR": cache}
        for number, station in enumerate(content.stations(), start=1):
            asked = [sys.executable, __file__, station.id]
            done = subprocess.run(asked, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
            times = json.loads(done.stdout)
            steps = ", ".join(f"{seconds:.1f}" for seconds, _ in times)
            sys.stderr.write(f"{station.id}: {', '.join(f'{used:.1f} ({wall:.1f})' for used, wall in times)}\n")
            read = f"{reading.minutes(station):.1f}"
            total = sum(seconds for seconds, _ in times)
            lines.append(f"| {number} {station.id} | {station.minutes} | {read} | {total:.1f} | {steps} |")
    return "\n".join(lines)


def main() -> None:
    """Write the table, or measure the one station that is named."""
    if sys.argv[1:]:
        sys.stdout.write(json.dumps(measured(sys.argv[1])))
        return
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
