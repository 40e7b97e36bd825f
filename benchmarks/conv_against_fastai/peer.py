"""fastai's xresnet18 on pictures prepared by tagfit; run by compare.py in an environment with fastai.

    peer.py ARRAYS OUT SECONDS [SECONDS ...] [--rate 1e-2] [--seed 0] [--threads 2]

The training that its tutorials show: one-cycle, `aug_transforms`, the default batch size, optimiser and weight decay.
The pictures are in memory at their final size, which spares fastai decoding and resizing them in every epoch.
"""

from __future__ import annotations

import argparse
import json
import time

import fastai
import numpy as np
import torch
from fastai.vision.all import (
    BCEWithLogitsLossFlat,
    DataBlock,
    ImageBlock,
    IndexSplitter,
    Learner,
    MultiCategoryBlock,
    Normalize,
    PILImage,
    aug_transforms,
    imagenet_stats,
    set_seed,
    xresnet18,
)


def loaders(arrays: dict[str, np.ndarray]):
    """Batches of both splits, augmented in train."""
    pictures = np.concatenate([arrays["X_train"], arrays["X_validation"]])
    truth = np.concatenate([arrays["Y_train"], arrays["Y_validation"]])
    validation = range(len(arrays["X_train"]), len(pictures))
    block = DataBlock(
        blocks=(ImageBlock, MultiCategoryBlock(encoded=True, vocab=[str(at) for at in range(truth.shape[1])])),
        get_x=lambda row: PILImage.create(pictures[row]),
        get_y=lambda row: truth[row].tolist(),
        splitter=IndexSplitter(list(validation)),
        batch_tfms=[*aug_transforms(), Normalize.from_stats(*imagenet_stats)],
    )
    return block.dataloaders(range(len(pictures)), num_workers=0)


def learner(data, seed: int) -> Learner:
    """An untrained net."""
    set_seed(seed)
    return Learner(data, xresnet18(n_out=data.c), loss_func=BCEWithLogitsLossFlat())


def main() -> None:
    """Train once for each time allowed; write the probabilities of validation, print epochs and seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arrays")
    parser.add_argument("out")
    parser.add_argument("seconds", type=float, nargs="+")
    parser.add_argument("--rate", type=float, default=1e-2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with np.load(options.arrays) as file:
        data = loaders(dict(file))
    with learner(data, 0).no_bar() as first:
        first.fit_one_cycle(1, options.rate)  # what is allocated and compiled once
        started = time.perf_counter()
        first.fit_one_cycle(2, options.rate)
    an_epoch = (time.perf_counter() - started) / 2
    scores, about = {}, []
    for allowed in options.seconds:
        epochs = max(1, int(allowed / an_epoch))
        with learner(data, options.seed).no_bar() as trained:
            started = time.perf_counter()
            trained.fit_one_cycle(epochs, options.rate)
        about.append({"epochs": epochs, "seconds": time.perf_counter() - started})
        scores[f"{allowed:g}"] = torch.sigmoid(trained.get_preds(act=lambda logits: logits)[0]).numpy()
    np.savez(options.out, **scores)
    print(json.dumps({"fastai": fastai.__version__, "torch": torch.__version__, "runs": about}))


if __name__ == "__main__":
    main()
