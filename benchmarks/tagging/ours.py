"""tagfit tags the JPEG files of a folder: ``ours.py decode|MODEL FOLDER SIZE FIT`` prints one JSON line.

``decode`` only decodes, with the same decoder and the same threads: the floor that no net can be faster than.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tagfit
from tagfit.data.pictures import decode as decoding
from tagfit.data.pictures.read_ahead import pool_for, read_ahead


def main() -> None:
    """Load, tag, print."""
    model, folder, size, fit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if model == "decode":
        files = sorted(folder.glob("*.jpg"))
        began, cpu = time.perf_counter(), time.process_time()
        with pool_for(files) as pool:
            for _ in read_ahead(files, lambda file: decoding.decode(decoding.read(file), size, fit), pool):
                pass
        found = {"pictures": len(files), "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    else:
        tagger = tagfit.Tagger.load(model)
        pixels = np.zeros((512, size, size, 3), np.uint8)
        tagger.side_by_side()[1](pixels[:32])
        tag_to_file = tagfit.tag_to_file  # the first use imports
        with tempfile.TemporaryDirectory() as scratch:
            began, cpu = time.perf_counter(), time.process_time()
            done = tag_to_file(tagger, folder, Path(scratch) / "tags.csv")
            found = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
            found["pictures"] = done.pictures
        began = time.process_time()
        tagger.side_by_side()[1](pixels)
        found["net"] = (time.process_time() - began) / len(pixels)
    # Not ru_maxrss, which starts with that of the process that started this one.
    peak = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024
    print(json.dumps({**found, "peak_mb": peak}))


if __name__ == "__main__":
    main()
