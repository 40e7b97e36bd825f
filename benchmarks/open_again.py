"""How long opening a run again takes with its record of rows and without: for all splits, and for a look at test.

python benchmarks/open_again.py [PICTURES]
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tagfit import scoring, workflow
from tagfit.data.plan import Plan
from tagfit.data.row_record import RowRecord
from tagfit.data.scenes.generate import generate
from tagfit.recipe import Recipe


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def drop_the_split_column(tags: Path) -> None:
    with tags.open(encoding="utf-8", newline="") as file:
        rows = [{name: cell for name, cell in row.items() if name != "split"} for row in csv.DictReader(file)]
    with tags.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def main(pictures: int = 2000) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "pictures", train=pictures, validation=0, test=0)
        drop_the_split_column(folder / "pictures" / "tags.csv")  # so that rows are drawn
        plan = Plan(str(folder / "pictures"), cache_dir=str(folder / "cache"))
        run = workflow.fit(plan.problem(), Recipe(widths=(8,), epochs=1), out=folder / "run", threads=1)
        about, record = run.problem, RowRecord.load(run.row_record)
        assert record is not None
        timed = {
            "split again": lambda: Plan.from_dict(about["source"]).problem(),
            "all rows by the record": lambda: scoring.reopen(run),
            "the rows of test by the record": lambda: record.part("test", plan, about),
        }
        print(f"{pictures} pictures, {len(about['ids']['test'])} of test, decoded before; rows.npz of "
              f"{run.row_record.stat().st_size / 1024:.0f} KiB")  # fmt: skip
        for title, action in timed.items():
            print(f"  {title:32} {min(seconds(action) for _ in range(3)):.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
