"""The process that the tests of shared cures start: it joins one, and stops in its second training."""

from __future__ import annotations

import sys
from itertools import count

import tagfit
from tagfit.curing import join
from tagfit.curing.progress import Progress

if __name__ == "__main__":
    join.POLL_SECONDS = 0.01
    trainings = count()

    def report(line: str) -> None:
        print(line, flush=True)
        if line.startswith("training") and next(trainings) == 1:
            sys.stdin.read()  # until it is killed

    tagfit.join_cure(sys.argv[1], progress=Progress(report=report))
