"""The studio in a browser with many pictures: first paint, scrolling, moving a cut, correcting a tag, memory.

    python benchmarks/studio.py [--pictures 100000] [--requests 10000]

Needs Chromium and the package playwright. Times depend on the machine and its load, which is printed first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
from playwright.sync_api import Page, sync_playwright

import tagfit
from tagfit.data.plan import Plan
from tagfit.evaluation.evaluate import evaluate
from tagfit.recipe import Recipe

PROGRAM = "/usr/bin/chromium"
FLAGS = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
LABELS = ("beach", "sunset", "people", "forest", "city", "boat", "animal", "night")
RUN = "/runs/runs~many/validation"
FRAMES = """(step) => new Promise((done) => {
  const grid = document.getElementById("grid"), times = [];
  let last = performance.now();
  function frame(now) {
    times.push(now - last);
    last = now;
    grid.scrollTop += step;
    if (times.length < 300) requestAnimationFrame(frame); else done(times.slice(2));
  }
  requestAnimationFrame(frame);
})"""
KEY = """(wanted) => new Promise((done) => {
  const began = performance.now();
  const watch = new MutationObserver(() => {
    if (document.querySelectorAll("tr.changed").length !== wanted) return;
    watch.disconnect();
    done(performance.now() - began);
  });
  watch.observe(document.body, { childList: true, subtree: true, attributes: true });
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true }));
})"""
CUTS = """(cuts) => {
  const slider = document.getElementById("slider"), times = [], counts = [];
  for (const cut of cuts) {
    slider.step = "any";
    slider.value = cut;
    const began = performance.now();
    slider.dispatchEvent(new Event("input"));
    document.body.getBoundingClientRect();
    times.push(performance.now() - began);
    counts.push([slider.value, ...["tp", "fp", "fn", "tn"].map((name) => document.getElementById(name).textContent)]);
  }
  return [times, counts];
}"""


def write_pictures(path: Path, n: int, seed: int) -> Path:
    """An ``.npz`` of n small pictures, each label a patch of its own."""
    generator = np.random.default_rng(seed)
    Y = generator.random((n, len(LABELS))) < 0.3
    X = generator.integers(0, 120, size=(n, 16, 16, 3), dtype=np.uint8)
    for column in range(len(LABELS)):
        place = slice(2 * column, 2 * column + 2)
        X[Y[:, column], place, :, column % 3] += 100
    Y ^= generator.random(Y.shape) < 0.05
    np.savez(path, X=X, Y=Y.astype(np.uint8), labels=np.array(LABELS))
    return path


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """A studio, and its link."""
    words = [sys.executable, "-m", "tagfit", "studio", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    return process, next(line.split()[1] for line in process.stdout if line.startswith("open http"))


def memory(process: int) -> float:
    """The resident memory of a process in MB."""
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def shares(times: list[float]) -> str:
    """Median, 95th percentile and largest, in ms."""
    return " ".join(f"{name} {np.quantile(times, q):.1f}" for name, q in (("median", 0.5), ("p95", 0.95), ("max", 1)))


def filled(page: Page) -> None:
    """Wait until the first cell has its picture."""
    page.locator(".cell[aria-label] .thumb[style*=sheets]").first.wait_for()


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=10_000)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        train = write_pictures(folder / "train.npz", 2000, 0)
        many = write_pictures(folder / "many.npz", given.pictures, 1)
        problem = Plan(str(train), validation=str(many)).problem()
        run = tagfit.fit(problem, Recipe(widths=(32,), epochs=2, batch_size=256), out=folder / "runs" / "many")
        browse(folder, run, given.requests)


def browse(folder: Path, run: tagfit.Run, requests: int) -> None:
    """All figures of one workspace."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS.split())
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(120_000)
        began = time.perf_counter()
        process, link = start(folder)
        up = time.perf_counter() - began
        base = "http://" + urlsplit(link).netloc
        page.goto(link)
        listed = time.perf_counter() - began
        opened = time.perf_counter()
        page.goto(f"{base}{RUN}/pictures")
        filled(page)
        painted = time.perf_counter() - opened
        print(f"server up {up:.2f} s, list of runs shown {listed:.2f} s, grid painted {painted:.2f} s later")
        for step in (40, 400):
            page.evaluate("document.getElementById('grid').scrollTop = 0")
            print(f"scrolling {step} px a frame: {shares(page.evaluate(FRAMES, step))} ms a frame")
        cut(page, base, run)
        correct(page, base)
        cookies = {one["name"]: one["value"] for one in page.context.cookies()}
        browser.close()
    flood(process.pid, base, cookies, requests)
    process.terminate()
    process.wait()


def cut(page: Page, base: str, run: tagfit.Run) -> None:
    """Move the cut of one label to 200 places, and compare the counts with the engine's."""
    page.goto(f"{base}{RUN}/thresholds?label={LABELS[1]}")
    page.locator("#above a").first.wait_for()
    cuts = np.random.default_rng(0).random(200).round(6).tolist()
    times, counts = page.evaluate(CUTS, cuts)
    scores = run.scores("validation")
    equal = 0
    for value, *shown in counts:
        record = evaluate(scores, thresholds=[0.5, float(value), *[0.5] * 6], intervals=None).labels[1]
        equal += [str(one) for one in (record.tp, record.fp, record.fn, record.tn)] == shown
    print(
        f"moving a cut: {shares(times)} ms, layout included; counts equal to evaluate's at {equal} of {len(cuts)} cuts"
    )


def correct(page: Page, base: str) -> None:
    """Turn a tag on and off by its key, until the table shows it."""
    page.goto(f"{base}{RUN}/pictures/5")
    times = [page.evaluate(KEY, 1 - count % 2) for count in range(20)]
    print(f"correcting a tag: {shares(times)} ms from the key to the table")


def flood(process: int, base: str, cookies: dict[str, str], count: int) -> None:
    """Memory over many requests of pages, windows, sheets and scores."""
    last = None
    paths = [
        f"{RUN}/pictures",
        f"{RUN}/rows.json?from={{}}&count=100",
        f"{RUN}/sheets/{{}}.jpg",
        f"{RUN}/pictures/{{}}",
        "/",
    ]
    with httpx.Client(base_url=base, cookies=cookies, timeout=120) as client:
        for done in range(count):
            client.get(paths[done % len(paths)].format(done % 900))
            if done % max(1, count // 5) == max(1, count // 5) - 1:
                now = memory(process)
                print(
                    f"memory after {done + 1} requests: {now:.0f} MB"
                    + ("" if last is None else f" ({now - last:+.0f})")
                )
                last = now


if __name__ == "__main__":
    main()
