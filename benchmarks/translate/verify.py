"""Generated Keras code compared with tagfit: same function with the same weights, similar training, round trip.

    python benchmarks/translate/verify.py --keras-python KERAS_ENVIRONMENT/bin/python

The environment needs keras, a backend and safetensors. Every line is a comparison; a wrong one ends with 1.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import tagfit
from tagfit.data.problem import Part, Problem
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.recipe import Recipe, assign, find
from tagfit.training import losses, nets
from tagfit.training.batches import augmented
from tagfit.training.checkpoint import save_tensors
from tagfit.training.fit import fit
from tagfit.training.loop import SEED_STRIDE
from tagfit.training.memory import fit as fit_in_memory
from tagfit.training.memory import score
from tagfit.translate.as_keras import as_keras
from tagfit.translate.code import Setting
from tagfit.translate.from_keras import from_keras

DENSE = find("regularised-dense")
CONV = assign(find("regularised-conv"), ["widths=[8,16]", "epochs=6", "learning_rate=0.01"])
LAYERS = ("architecture", "widths", "depth", "activation", "norm", "dropout")
LARGEST_DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Case:
    """A recipe, and the fields of it that Keras' file brings back."""

    recipe: Recipe
    pictures: int = 0
    back: tuple[str, ...] = ("optimiser", "learning_rate", "loss", "label_smoothing")


CASES = {
    "dense": Case(DENSE),
    "dense-coupled": Case(
        DENSE.changed(weight_decay=0.01, label_smoothing=0.1, activation="gelu", norm="none", gradient_clip=1.0),
        back=("optimiser", "learning_rate", "loss", "label_smoothing", "weight_decay", "gradient_clip"),
    ),
    "dense-focal": Case(
        DENSE.changed(loss="focal", focal_alpha=0.3, optimiser="sgd", learning_rate=0.05, monitor="macro_f1"),
        back=("optimiser", "learning_rate", "loss", "focal_alpha", "focal_gamma"),
    ),
    "dense-asymmetric": Case(
        DENSE.changed(loss="asymmetric", positive_weights="balanced", schedule="cosine", warmup=0.1, ema=0.95),
        back=("optimiser",),
    ),
    "dense-focal-smoothed": Case(
        DENSE.changed(loss="focal", label_smoothing=0.1, activation="silu", monitor="label_accuracy"),
        back=("optimiser",),
    ),
    "dense-pictures": Case(DENSE.changed(widths=(16,), dropout=(0.2,), activation="tanh", epochs=10), pictures=8),
    "conv": Case(CONV, pictures=16, back=("optimiser", "weight_decay", "loss")),
    "conv-odd": Case(
        CONV.changed(norm="none", depth=2, ema=0, optimiser="adam", weight_decay=0.01, schedule="constant",
                     learning_rate=1e-3),
        pictures=13, back=("optimiser", "weight_decay", "learning_rate", "loss"),
    ),
    "conv-moved": Case(CONV.changed(augment=True, dropout=(0,)), pictures=16, back=("optimiser", "augment", "loss")),
}  # fmt: skip
# What the models of peer_models.py are, as recipes.
MODELS = {
    "lesson": {"widths": (128, 64), "norm": "batch", "dropout": (0.4, 0.3)},
    "functional": {
        "widths": (128, 64), "norm": "batch", "dropout": (0.3, 0.3), "optimiser": "adamw", "learning_rate": 2e-3,
        "schedule": "cosine", "warmup": 0.1, "weight_decay": 0.01, "ema": 0.98, "gradient_clip": 1.0, "loss": "focal",
        "focal_alpha": 0.3, "focal_gamma": 1.5,
    },
    "penalised": {
        "widths": (32,), "activation": "gelu", "learning_rate": 3e-4, "weight_decay": 2e-3, "label_smoothing": 0.1,
    },
    "pictures": {"architecture": "conv", "widths": (32, 64, 128), "dropout": (0.5,), "augment": True},
}  # fmt: skip
SHAPES = {"lesson": (294, 6), "functional": (294, 6), "penalised": (20, 5)}


def problem_of(pictures: int) -> Problem:
    """Rows, or pictures of that side, with five labels that can be learnt in part."""
    random = np.random.default_rng(0)
    shape = (600, 20) if not pictures else (400, pictures, pictures, 3)
    seen = values = random.normal(size=shape)
    if pictures:  # their colour tells the labels, so that a convolution finds something
        seen = random.normal(size=(len(values), 3))
        values = values + seen[:, None, None, :]
    heights = seen @ random.normal(size=(seen.shape[1], 5)) / np.sqrt(seen.shape[1])
    truth = (heights + 0.5 * random.normal(size=heights.shape) > 0.4).astype(np.uint8)
    inputs = np.clip(values * 30 + 120, 0, 255).astype(np.uint8) if pictures else values.astype(np.float32)
    return tagfit.split(tagfit.from_arrays(inputs, truth), validation=0.3, test=0.1, seed=0)


def prepare_job(folder: Path, case: Case, problem: Problem, seeds: int) -> np.ndarray:
    """Train with tagfit, leave code, weights and arrays for Keras; returns the probabilities of that run."""
    folder.mkdir(parents=True)
    run = fit(problem, case.recipe, out=folder / "run", threads=1)
    shutil.copy(run.weights, folder / "weights.safetensors")
    code = as_keras(case.recipe, folder.name, Setting.of(run.problem), run.weights)
    (folder / "code.py").write_text(code, encoding="utf-8")
    for seed in range(seeds):
        torch.manual_seed(seed * SEED_STRIDE)  # as a training draws its start
        start = nets.build(case.recipe, problem.inputs.shape[1:], 5).state_dict()
        save_tensors(folder / f"start-{seed}.safetensors", start)
    random = np.random.default_rng(1)
    arrays = {"seeds": seeds, "balanced": case.recipe.positive_weights == "balanced"}
    for split in ("train", "validation"):
        part = problem.part(split)
        arrays |= {f"X_{split}": problem.inputs[part.rows], f"Y_{split}": part.truth}
    arrays |= {
        "loss_truth": (random.random((40, 5)) < 0.4).astype(np.float32),
        "loss_p": random.uniform(0.001, 0.999, (40, 5)).astype(np.float32),
        "positive_weight": random.uniform(0.5, 4, 5).astype(np.float32),
        "draws": random.random((5, 8)).astype(np.float32),
    }
    np.savez(folder / "arrays.npz", **arrays)
    return run.scores("validation").scores


class Report:
    """Prints comparisons and remembers whether one failed."""

    failed = False

    def line(self, case: str, what: str, holds: bool, figure: str) -> None:
        self.failed |= not holds
        print(f"{case:<21} {what:<34} {figure:<28} {'' if holds else 'WRONG'}".rstrip(), flush=True)


def check_loss(case: Case, arrays: dict[str, np.ndarray], theirs: np.ndarray) -> float:
    """The largest difference of the printed loss from tagfit's."""
    recipe, truth = case.recipe, torch.from_numpy(arrays["loss_truth"])
    if recipe.label_smoothing:
        truth = truth * (1 - recipe.label_smoothing) + recipe.label_smoothing / 2
    weight = torch.from_numpy(arrays["positive_weight"]) if arrays["balanced"] else None
    ours = losses._entry_loss(recipe, weight)(torch.from_numpy(arrays["loss_p"]).logit(), truth).mean(dim=1).numpy()
    return float(np.abs(ours - theirs).max())


def check_moves(arrays: dict[str, np.ndarray], mean: np.ndarray, std: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference of the printed moves from tagfit's, where both draw the same."""
    draws = iter(torch.from_numpy(arrays["draws"]))
    rows = torch.from_numpy(((arrays["X_validation"][: len(theirs)] - mean) / std).astype(np.float32))
    with mock.patch("torch.rand", side_effect=draws):
        ours = augmented(rows.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    return float(np.abs(ours - theirs).max())


def check_case(
    name: str, case: Case, problem: Problem, folder: Path, weights: int, ours: np.ndarray, report: Report
) -> None:
    """All comparisons of one recipe."""
    with np.load(folder / "found.npz") as file:
        found = dict(file)
    with np.load(folder / "arrays.npz") as file:
        arrays = dict(file)
    difference = float(np.abs(found["carried"] - ours).max())
    report.line(
        name, "probabilities, weights carried over", difference < LARGEST_DIFFERENCE, f"differ by {difference:.1e}"
    )
    net = nets.build(case.recipe, problem.inputs.shape[1:], 5)
    count = sum(weight.numel() for weight in net.parameters())
    report.line(name, "weights", count == weights, f"{count} and {weights}")
    if "losses" in found:
        difference = check_loss(case, arrays, found["losses"])
        report.line(name, "the printed loss", difference < LARGEST_DIFFERENCE, f"differs by {difference:.1e}")
    if "moved" in found:
        mean, std = np.array(problem.preprocessing.mean), np.array(problem.preprocessing.std)
        difference = check_moves(arrays, mean, std, found["moved"])
        report.line(name, "the printed moves of pictures", difference < 1e-3, f"differ by {difference:.1e}")
    part = problem.part("validation")
    mine = []
    for seed in range(int(arrays["seeds"])):
        fitted = fit_in_memory(problem, case.recipe, seed=seed, threads=1)
        inputs = problem.inputs[part.rows]
        scores = score(case.recipe, fitted.weights, problem.preprocessing, np.asarray(inputs), 5)
        mine.append(_loss(part, scores))
    their = [_loss(part, scores.astype(np.float64)) for scores in found["trained"]]
    apart = np.array(mine) - np.array(their)
    alike = abs(apart.mean()) < 3 * apart.std(ddof=1) / np.sqrt(len(apart)) + 0.01
    report.line(name, "validation loss after training", bool(alike), f"{np.mean(mine):.4f} and {np.mean(their):.4f}")
    for file in ("model.keras", "model.json"):
        read = from_keras(folder / file).recipe
        wanted = {key: getattr(case.recipe, key) for key in (*LAYERS, *case.back)}
        wrong = [key for key, value in wanted.items() if getattr(read, key) != value]
        report.line(name, f"{file} read back", not wrong, ", ".join(wrong) or f"{len(wanted)} fields alike")


def _loss(part: Part, scores: np.ndarray) -> float:
    return point_metrics(part.truth, scores, known=None, weights=None, metrics=("loss",))["loss"]


def check_model(name: str, folder: Path, weights: int, report: Report) -> None:
    """A model that Keras wrote, read as a recipe."""
    for file in (f"{name}.keras", f"{name}.json"):
        read = from_keras(folder / file)
        wrong = [key for key, value in MODELS[name].items() if getattr(read.recipe, key) != value]
        report.line(
            file, "read as", not wrong, ", ".join(wrong) or f"{len(MODELS[name])} fields, {len(read.notes)} notes"
        )
    if name in SHAPES:
        inputs, labels = SHAPES[name]
        count = sum(weight.numel() for weight in nets.build(read.recipe, (inputs,), labels).parameters())
        report.line(name, "weights", count == weights, f"{count} and {weights}")


def main() -> int:
    """Print all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keras-python", required=True)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        problems = {case.pictures: problem_of(case.pictures) for case in CASES.values()}
        ours = {
            name: prepare_job(folder / "jobs" / name, case, problems[case.pictures], options.seeds)
            for name, case in CASES.items()
        }
        command = [options.keras_python, str(Path(__file__).parent / "peer.py"), str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        about = json.loads(done.stdout.splitlines()[-1])
        print(f"tagfit {tagfit.__version__} and Keras {about['keras']} on {about['backend']}\n")
        for name, case in CASES.items():
            job = folder / "jobs" / name
            check_case(name, case, problems[case.pictures], job, about[name]["weights"], ours[name], report)
        for name in MODELS:
            check_model(name, folder, about[name]["weights"], report)
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main())
