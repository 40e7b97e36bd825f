"""tagfit tags the JPEG files of a folder: ``ours.py decode|MODEL FOLDER SIZE FIT`` prints one JSON line.

``decode`` only decodes, with the same decoder and the same threads: the floor that no net can be faster than.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import tagfit
from tagfit.data.pictures import decode as decoding


def main() -> None:
    """Load, tag, print."""
    model, folder, size, fit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    files = sorted(folder.glob("*.jpg"))
    if model == "decode":
        with ThreadPoolExecutor() as pool:
            began, cpu = time.perf_counter(), time.process_time()
            for _ in pool.map(lambda file: decoding.decode(decoding.read(file), size, fit).sum(), files):
                pass
            found = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    else:
        tagger = tagfit.Tagger.load(model)
        pixels = np.zeros((512, size, size, 3), np.uint8)
        tagger.probabilities(pixels[:32])
        tag_to_file = tagfit.tag_to_file  # the first use imports
        with tempfile.TemporaryDirectory() as scratch:
            began, cpu = time.perf_counter(), time.process_time()
            tag_to_file(tagger, folder, Path(scratch) / "tags.csv")
            found = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
        began = time.process_time()
        tagger.probabilities(pixels)
        found["net"] = (time.process_time() - began) / len(pixels)
    # Not ru_maxrss, which starts with that of the process that started this one.
    peak = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024
    print(json.dumps({"pictures": len(files), **found, "peak_mb": peak}))


if __name__ == "__main__":
    main()
