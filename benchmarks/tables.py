"""Time and memory of reading CSV files of pictures, by the form of their columns.

    python benchmarks/tables.py [--rows 1000000] [--form tags]

Only two of the pictures exist, so that the table and the look-up of its names are measured, not the disk.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from PIL import Image

import tagfit


def rows_of(form: str, number: int) -> str:
    """Row ``number`` of a table in ``form``."""
    if form == "tags":
        return f"{number}.jpg,sea|l{number % 50}"
    if form == "columns":
        return f"{number}.jpg," + ",".join("1" if (number + label) % 7 == 0 else "0" for label in range(20))
    return f"{number}.jpg,sea|l{number % 50},{('train', 'val', 'test')[number % 3]},{number // 4},{number % 5}"


HEADERS = {
    "tags": "image,tags",
    "columns": "image," + ",".join(f"l{label}" for label in range(20)),
    "rich": "image,tags,split,group,fold",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--form", choices=[*HEADERS, "all"], default="all")
    arguments = parser.parse_args()
    for form in HEADERS if arguments.form == "all" else [arguments.form]:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("0.jpg", "1.jpg"):
                Image.new("RGB", (4, 4)).save(Path(folder) / name)
            path = Path(folder) / "tags.csv"
            with path.open("w", encoding="utf-8") as file:
                file.write(HEADERS[form] + "\n")
                file.writelines(rows_of(form, number) + "\n" for number in range(arguments.rows))
            started, processor = time.perf_counter(), time.process_time()
            data = tagfit.read(path, learnable=False)
            wall, used = time.perf_counter() - started, time.process_time() - processor
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(
                f"{form}: {arguments.rows} rows, {len(data.quarantined)} pictures missing, "
                f"{wall:.1f} s, {used:.1f} s of processor time, peak {peak:.2f} GB"
            )


if __name__ == "__main__":
    main()
