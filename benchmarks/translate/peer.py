"""Runs generated Keras code on arrays prepared by tagfit; run by verify.py in an environment with Keras."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from peer_models import MODELS


def pasted(code: Path) -> dict[str, Any]:
    """The names that the printed code defines."""
    names: dict[str, Any] = {"__name__": "pasted"}
    exec(compile(code.read_text(encoding="utf-8"), str(code), "exec"), names)
    return names


def started(build: Callable[..., Any], load: Callable[..., None], weights: Path) -> Callable[..., Any]:
    """A ``build`` whose net starts from given weights, so that only the order of the batches and dropout are chance."""

    def made(*shape: Any) -> Any:
        net = build(*shape)
        load(net, weights)
        return net

    return made


def run(folder: Path) -> dict[str, Any]:
    """Build, take over the weights, predict; then train with the printed code, and save what that compiled."""
    names = pasted(folder / "code.py")
    with np.load(folder / "arrays.npz") as file:
        arrays = dict(file)
    prepared = {split: names["prepare"](arrays[f"X_{split}"]) for split in ("train", "validation")}
    build = names["build"]
    net = build()
    names["load_weights"](net, folder / "weights.safetensors")
    carried = net.predict(prepared["validation"], verbose=0)
    weights = int(sum(np.prod(weight.shape) for weight in net.trainable_weights))
    keras.utils.disable_interactive_logging()
    trained = []
    for seed in range(int(arrays["seeds"])):
        names["build"] = started(build, names["load_weights"], folder / f"start-{seed}.safetensors")
        trained.append(
            names["train"](
                prepared["train"], arrays["Y_train"], prepared["validation"], arrays["Y_validation"], seed=seed
            )
        )
    scores = [net.predict(prepared["validation"], verbose=0) for net in trained]
    trained[0].save(folder / "model.keras")
    (folder / "model.json").write_text(trained[0].to_json(), encoding="utf-8")
    found = {"carried": carried, "trained": np.stack(scores)}
    if "loss_of" in names:
        loss = names["loss_of"](*([arrays["positive_weight"]] if arrays["balanced"] else []))
        found["losses"] = np.asarray(loss(keras.ops.array(arrays["loss_truth"]), keras.ops.array(arrays["loss_p"])))
    if "Moved" in names:
        layer, draws = names["Moved"](), iter(arrays["draws"])
        layer.uniform = lambda n, largest: keras.ops.array((2 * next(draws) - 1) * np.float32(largest))
        found["moved"] = np.asarray(
            layer(keras.ops.array(prepared["validation"][: arrays["draws"].shape[1]]), training=True)
        )
    np.savez(folder / "found.npz", **found)
    return {"weights": weights}


def main() -> None:
    """Write what came out beside each job, and a model of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    about: dict[str, Any] = {job.name: run(job) for job in sorted((folder / "jobs").iterdir())}
    for name, make in MODELS.items():
        model = make()
        model.save(folder / f"{name}.keras")
        (folder / f"{name}.json").write_text(model.to_json(), encoding="utf-8")
        about[name] = {"weights": int(sum(np.prod(weight.shape) for weight in model.trainable_weights))}
    print(json.dumps({"keras": keras.__version__, "backend": keras.backend.backend(), **about}))


if __name__ == "__main__":
    main()
