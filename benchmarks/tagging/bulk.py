"""From JPEG files to tags: tagfit's two engines, decoding alone, Keras and a pipeline of transformers, in turns.

    sh benchmarks/tagging/environment.sh PEERS
    python benchmarks/tagging/bulk.py RUN PICTURES --peer-python PEERS/bin/python --large 200 --rounds 3

PICTURES is a folder of JPEG photographs, tagged as they are, and ``--large`` of them enlarged to 12 megapixels.
RUN is a run on pictures; its recipe should be ``regularised-conv``, whose cost the peers' nets have.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

import tagfit

HERE = Path(__file__).parent
LARGE = (4000, 3000)


def enlarged(files: list[Path], folder: Path) -> None:
    """The pictures as JPEG files of 12 megapixels."""
    folder.mkdir()
    for number, file in enumerate(files):
        with Image.open(file) as picture:
            picture.convert("RGB").resize(LARGE, Image.Resampling.BICUBIC).save(folder / f"{number:05}.jpg", quality=90)


def linked(files: list[Path], folder: Path) -> None:
    """The pictures as they are, in a folder of their own."""
    folder.mkdir()
    for number, file in enumerate(files):
        (folder / f"{number:05}.jpg").symlink_to(file.resolve())


def once(command: list[str]) -> dict[str, Any]:
    """What one tagger printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Make the pictures and the taggers, take turns, print a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--small", type=int, default=2000)
    parser.add_argument("--large", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--int8", action="store_true", help="also an 8-bit tagger, whatever it loses")
    options = parser.parse_args()
    files = sorted(options.pictures.rglob("*.jpg"))
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        linked(files[: options.small], work / "small")
        enlarged(files[: options.large], work / "large")
        torch = tagfit.pack(options.run, work / "torch")
        tagfit.pack(options.run, work / "onnx", format="onnx")
        size, fit, labels = str(torch.preprocessing.size), torch.preprocessing.fit, str(len(torch.labels))
        ours = [sys.executable, str(HERE / "ours.py")]
        taggers = {name: [*ours, str(work / name), "FOLDER", size, fit] for name in ("torch", "onnx")}
        if options.int8:
            tagfit.pack(options.run, work / "int8", format="onnx", int8=True, int8_loss=1.0)
            taggers["int8"] = [*ours, str(work / "int8"), "FOLDER", size, fit]
        taggers = {"decode alone": [*ours, "decode", "FOLDER", size, fit], **taggers}
        if options.peer_python:
            peer = [str(options.peer_python), str(HERE / "peer.py")]
            taggers |= {name: [*peer, name, "FOLDER", size, labels] for name in ("keras", "transformers")}
        for folder in ("small", "large"):
            race(taggers, work / folder, options.rounds)


def race(taggers: dict[str, list[str]], folder: Path, rounds: int) -> None:
    """Print the median of the rounds, in which all take turns."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in taggers}
    for _ in range(rounds):
        for name, command in taggers.items():
            found[name].append(once([str(folder) if word == "FOLDER" else word for word in command]))
    pictures = found["decode alone"][0]["pictures"]
    print(f"\n{folder.name}: {pictures} pictures, load {os.getloadavg()[0]:.1f}, median of {rounds} rounds")
    print(f"{'':14} {'pictures/s':>10} {'CPU ms/picture':>15} {'net CPU ms':>11} {'peak MB':>8}")
    for name, all_rounds in found.items():
        rate = statistics.median(one["pictures"] / one["seconds"] for one in all_rounds)
        cpu = statistics.median(one["cpu"] / one["pictures"] for one in all_rounds) * 1000
        net = statistics.median(one.get("net", 0) for one in all_rounds) * 1000
        print(f"{name:14} {rate:10.1f} {cpu:15.2f} {net:11.2f} {all_rounds[0].get('peak_mb', 0):8.0f}", flush=True)


if __name__ == "__main__":
    main()
