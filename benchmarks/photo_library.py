"""1,000 sidecars of 6.5 KB read, planned, written and undone: seconds, processor seconds, and the share of fsync.

python benchmarks/photo_library.py [FOLDER]

FOLDER is new and lies on the disk that is measured; it is removed at the end.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.photos import journal
from tagfit.photos.library import read_library
from tagfit.photos.planning import WriteOptions, plans
from tagfit.photos.splice import EMPTY, with_added

COUNT, SIZE = 1000, 6500
Result = TypeVar("Result")
synced = [0.0]


def make(folder: Path) -> None:
    """Photographs with sidecars as darktable writes them: keywords and a long history."""
    folder.mkdir(parents=True)
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), (90, 120, 30)).save(buffer, "JPEG")
    for number in range(COUNT):
        words = {
            "dc:subject": [f"word {number % 50}", "sky"],
            "lr:hierarchicalSubject": [f"a|word {number % 50}", "sky"],
        }
        packet = with_added(EMPTY, words)
        history = b"<!-- " + b"history " * ((SIZE - len(packet)) // 8) + b" -->\n</rdf:RDF>"
        (folder / f"{number:04}.jpg").write_bytes(buffer.getvalue())
        (folder / f"{number:04}.jpg.xmp").write_bytes(packet.replace(b"</rdf:RDF>", history))


def timed(what: str, work: Callable[[], Result]) -> Result:
    """Run and print: seconds, processor seconds of this process, and seconds in fsync."""
    synced[0] = 0.0
    began, processor = time.perf_counter(), time.process_time()
    result = work()
    seconds = time.perf_counter() - began
    share = f", fsync {synced[0]:.2f} s ({synced[0] / seconds:.0%})" if synced[0] else ""
    print(f"{what}: {seconds:.2f} s, {time.process_time() - processor:.2f} s of processor time{share}")
    return result


def main(folder: Path) -> None:
    """All steps, in turn."""
    real = os.fsync

    def fsync(handle: Any) -> None:
        began = time.perf_counter()
        real(handle)
        synced[0] += time.perf_counter() - began

    os.fsync = fsync  # type: ignore[assignment]
    os.environ["TAGFIT_STATE_DIR"] = str(folder / "state")
    pictures = folder / "pictures"
    make(pictures)
    sizes = [path.stat().st_size for path in pictures.glob("*.xmp")]
    print(f"{COUNT} sidecars of {sum(sizes) / COUNT / 1000:.1f} KB; load {os.getloadavg()[0]:.1f}")
    library = timed("read", lambda: read_library(pictures, SUFFIXES, raw=True))
    wanted = {photo.name: {"new": 0.9, "Places|Oslo": 0.8} for photo in library.photos}
    found = timed("planned", lambda: plans(library, wanted, WriteOptions()))
    changes = [change for plan in found for change in plan.changes]
    outcome = timed("written", lambda: journal.execute(changes))
    assert len(outcome.done) == COUNT
    assert len(timed("undone", lambda: journal.undo(outcome.run)).done) == COUNT
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()) / "library")
