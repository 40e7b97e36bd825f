"""The process that the tests of shared cures start: it joins a cure, and prints what it does.

With a second argument it stops in the first epoch that it trains until it is killed.
"""

from __future__ import annotations

import sys

import tagfit
from tagfit.curing import join
from tagfit.curing.progress import Progress


def stop(*_: object) -> None:
    sys.stdin.read()


if __name__ == "__main__":
    join.POLL_SECONDS = 0.01
    hangs = len(sys.argv) > 2
    found = tagfit.join_cure(
        sys.argv[1],
        progress=Progress(report=lambda line: print(line, flush=True), on_epoch=stop if hangs else None),
    )
    print(found.verdict, flush=True)
