"""How fast and how large: the same metrics by tagfit, scikit-learn and (where installed) torchmetrics.

Run with one thread: OMP_NUM_THREADS=1 python benchmarks/evaluation/scale.py [--rows 100000] [--labels 80]
Every ratio is of two timings in one run; each timing is the best of three for tagfit, and of one for the slow ones.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import sklearn.metrics as sk
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.intervals import bootstrap
from tagfit.evaluation.metrics import DEFAULT, chosen
from tagfit.evaluation.ranking import rank
from tagfit.evaluation.totals import Observed
from tagfit.scores import Scores

AVERAGES = {"macro": "macro", "micro": "micro", "weighted": "weighted", "sample": "samples"}
SHARE = 0.06


def made(n: int, width: int) -> Scores:
    """Scores with some ties and skill, float32, and a positive and a tag everywhere, so that all is defined."""
    rng = np.random.default_rng(0)
    truth = (rng.random((n, width)) < SHARE).astype(np.uint8)
    truth[np.arange(n), rng.integers(0, width, n)] = 1
    scores = np.clip(rng.normal(0.25 + 0.35 * truth, 0.2), 0, 1).astype(np.float32)
    scores[np.arange(n), rng.integers(0, width, n)] = 0.9  # something is predicted everywhere
    return Scores.of(truth, scores)


def by_scikit_learn(truth: NDArray[np.uint8], scores: NDArray[np.float32], names: Sequence[str]) -> dict[str, float]:
    predicted = (scores > 0.5).astype(np.uint8)
    stems = {"f1": sk.f1_score, "precision": sk.precision_score, "recall": sk.recall_score, "jaccard": sk.jaccard_score}
    plain: dict[str, Callable[[], float]] = {
        "label_accuracy": lambda: 1 - sk.hamming_loss(truth, predicted),
        "hamming_loss": lambda: sk.hamming_loss(truth, predicted),
        "subset_accuracy": lambda: sk.accuracy_score(truth, predicted),
        "argmax_accuracy": lambda: sk.accuracy_score(truth.argmax(axis=1), scores.argmax(axis=1)),
        "mAP": lambda: sk.average_precision_score(truth, scores),
        "macro_auc": lambda: sk.roc_auc_score(truth, scores),
        "loss": lambda: sk.log_loss(truth.ravel(), np.clip(scores.ravel().astype(np.float64), 1e-7, 1 - 1e-7)),
        "brier": lambda: float(np.mean([sk.brier_score_loss(t, s) for t, s in zip(truth.T, scores.T, strict=True)])),
        "lrap": lambda: sk.label_ranking_average_precision_score(truth, scores),
        "coverage_error": lambda: sk.coverage_error(truth, scores),
        "ranking_loss": lambda: sk.label_ranking_loss(truth, scores),
    }
    found = {}
    for name in names:
        if name in plain:
            found[name] = float(plain[name]())
        else:
            average, _, stem = name.partition("_")
            found[name] = float(stems[stem](truth, predicted, average=AVERAGES[average], zero_division=0.0))
    return found


def by_torchmetrics(truth: NDArray[np.uint8], scores: NDArray[np.float32], names: Sequence[str]) -> dict[str, float]:
    import torch
    import torchmetrics.functional.classification as tm

    torch.set_num_threads(1)
    given, target, width = torch.from_numpy(scores), torch.from_numpy(truth).long(), truth.shape[1]
    stems = {
        "f1": tm.multilabel_f1_score,
        "precision": tm.multilabel_precision,
        "recall": tm.multilabel_recall,
        "jaccard": tm.multilabel_jaccard_index,
    }
    plain: dict[str, Callable[[], object]] = {
        "label_accuracy": lambda: tm.multilabel_accuracy(given, target, width, average="micro"),
        "hamming_loss": lambda: tm.multilabel_hamming_distance(given, target, width, average="micro"),
        "subset_accuracy": lambda: tm.multilabel_exact_match(given, target, width),
        "mAP": lambda: tm.multilabel_average_precision(given, target, width),
        "macro_auc": lambda: tm.multilabel_auroc(given, target, width),
        "lrap": lambda: tm.multilabel_ranking_average_precision(given, target, width),
        "coverage_error": lambda: tm.multilabel_coverage_error(given, target, width),
        "ranking_loss": lambda: tm.multilabel_ranking_loss(given, target, width),
    }
    found = {}
    for name in names:
        if name in plain:
            found[name] = float(plain[name]())  # type: ignore[arg-type]
        else:
            average, _, stem = name.partition("_")
            found[name] = float(stems[stem](given, target, width, average=average))
    return found


def timed(function: Callable[[], object], times: int) -> tuple[float, object]:
    best, result = np.inf, None
    for _ in range(times):
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
    return best, result


SHARED = (
    *DEFAULT,
    "hamming_loss",
    "macro_jaccard",
    "micro_jaccard",
    "weighted_jaccard",
    "sample_jaccard",
    "macro_auc",
    "brier",
    "lrap",
    "coverage_error",
    "ranking_loss",
)
RANKED = ("mAP", "macro_auc")
IN_TORCHMETRICS = tuple(
    n for n in SHARED if not n.startswith("sample_") and n not in ("argmax_accuracy", "loss", "brier")
)


def ratios(scores: Scores) -> None:
    torch_too = importlib.util.find_spec("torchmetrics") is not None
    peers = [
        ("scikit-learn", by_scikit_learn, "default", DEFAULT),
        ("scikit-learn", by_scikit_learn, "shared", SHARED),
        ("scikit-learn", by_scikit_learn, "AP + AUC", RANKED),
    ]
    if torch_too:
        peers += [
            ("torchmetrics", by_torchmetrics, "shared", IN_TORCHMETRICS),
            ("torchmetrics", by_torchmetrics, "AP + AUC", RANKED),
        ]
    print("| metrics | peer | peer, s | tagfit, s | ratio | largest difference |\n|---|---|---|---|---|---|")
    for peer, function, title, names in peers:
        theirs, expected = timed(lambda f=function, n=names: f(scores.truth, scores.scores, n), 1)
        if names is RANKED:
            ours, ranked = timed(lambda: rank(Cases.of(scores)), 3)
            found = {"mAP": float(np.mean(ranked.ap)), "macro_auc": float(np.mean(ranked.auc))}
        else:
            ours, evaluation = timed(lambda n=names: evaluate(scores, metrics=n, intervals=None), 3)
            found = {name: evaluation[name] for name in names}
        apart = max(abs(found[name] - expected[name]) for name in names)
        print(
            f"| {title} ({len(names)}) | {peer} | {theirs:.2f} | {ours:.3f} | {theirs / ours:.1f} | {apart:.1e} |",
            flush=True,
        )


def growth(n: int, width: int) -> None:
    print("\n| pictures | labels | all metrics, s | default, s | default, ns per entry |\n|---|---|---|---|---|")
    for rows, labels in (
        (n // 4, width),
        (n // 2, width),
        (n, width),
        (n, width // 4),
        (n, width // 2),
        (n, 2 * width),
    ):
        scores = made(rows, labels)
        every, _ = timed(lambda s=scores: evaluate(s, metrics="all", intervals=None), 2)
        usual, _ = timed(lambda s=scores: evaluate(s, intervals=None), 3)
        print(f"| {rows} | {labels} | {every:.2f} | {usual:.3f} | {usual / rows / labels * 1e9:.0f} |", flush=True)


def memory(n: int, width: int, metrics: str) -> None:
    """In a process of its own: the highest resident memory before and after, beyond the inputs."""
    scores = made(n, width)
    evaluate(made(200, 5), metrics=metrics, intervals=None)  # what is imported late is imported now
    inputs = scores.truth.nbytes + scores.scores.nbytes + scores.known.nbytes
    # Making the inputs needs more than they hold; a block is kept so that the highest mark so far is known.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[1]) * resource.getpagesize()
    filler = np.ones(max(before - now, 0) // 8)
    evaluate(scores, metrics=metrics, intervals=None)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    beyond = after - before
    print(
        f"{metrics}: inputs {inputs / 2**20:.0f} MiB, beyond them at most {beyond / 2**20:.0f} MiB",
        filler[:0].size or "",
    )


def resampling() -> None:
    scores = made(10_000, 20)
    observed = Observed(Cases.of(scores))
    seconds, _ = timed(lambda: bootstrap(chosen("default"), observed, 1000), 3)
    print(f"\n1,000 resamples of 10,000 x 20, the default metrics: {seconds:.2f} s on one thread")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--labels", type=int, default=80)
    parser.add_argument("--memory", choices=("default", "all"), help="only this, in this process")
    options = parser.parse_args()
    if options.memory:
        memory(options.rows, options.labels, options.memory)
        return
    print(f"{options.rows} x {options.labels}")
    ratios(made(options.rows, options.labels))
    growth(options.rows, options.labels)
    resampling()
    print(flush=True)
    for metrics in ("default", "all"):
        size = ["--rows", str(options.rows), "--labels", str(options.labels)]
        subprocess.run([sys.executable, __file__, "--memory", metrics, *size], check=True)


if __name__ == "__main__":
    main()
