"""One peer tags the JPEG files of a folder: ``peer.py keras|transformers FOLDER SIZE LABELS`` prints one JSON line.

Runs in the environment of environment.sh. The nets have random weights and the cost of tagfit's ``regularised-conv``;
libraries and net are loaded, and one batch is tagged, before the clock starts.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
WIDTHS = (24, 48, 96, 192)
BATCH = 32


def keras_net(size: int, labels: int):
    """``regularised-conv`` in Keras."""
    from keras import Input, Model, layers

    def convolution(x, width, kernel, stride):
        if kernel > 1:
            x = layers.ZeroPadding2D((kernel - 1) // 2)(x)
        return layers.BatchNormalization()(layers.Conv2D(width, kernel, stride, use_bias=False)(x))

    rows = Input((size, size, 3))
    x = layers.Activation("relu")(convolution(layers.Rescaling(1 / 60, -2)(rows), WIDTHS[0], 4, 2))
    for number, width in enumerate(WIDTHS):
        body = layers.Activation("relu")(convolution(x, width, 3, 2 if number else 1))
        body = convolution(body, width, 3, 1)
        if number:
            x = convolution(layers.AveragePooling2D(2, padding="same")(x), width, 1, 1)
        x = layers.Activation("relu")(layers.Add()([body, x]))
    return Model(rows, layers.Dense(labels, activation="sigmoid")(layers.GlobalAveragePooling2D()(x)))


def of_keras(folder: Path, size: int, labels: int):
    """``image_dataset_from_directory`` and ``predict``."""
    import keras
    import numpy as np

    net = keras_net(size, labels)
    pixels = np.zeros((BATCH, size, size, 3), np.float32)
    net.predict(pixels, verbose=0)

    def tag() -> int:
        data = keras.utils.image_dataset_from_directory(
            folder, labels=None, image_size=(size, size), batch_size=BATCH, shuffle=False, verbose=False
        )
        return len(net.predict(data, verbose=0))

    return tag, lambda: net.predict(np.zeros((512, size, size, 3), np.float32), batch_size=BATCH, verbose=0)


def of_transformers(folder: Path, size: int, labels: int):
    """A pipeline of a ResNet; its stem halves twice, so its stages are twice as wide for the same cost."""
    import torch
    import transformers

    config = transformers.ResNetConfig(
        embedding_size=2 * WIDTHS[0],
        hidden_sizes=[2 * width for width in WIDTHS],
        depths=[1] * len(WIDTHS),
        layer_type="basic",
        num_labels=labels,
    )
    net = transformers.ResNetForImageClassification(config).eval()
    processor = transformers.ViTImageProcessorPil(size={"height": size, "width": size})
    pipeline = transformers.pipeline(
        "image-classification",
        model=net,
        image_processor=processor,
        function_to_apply="sigmoid",
        top_k=labels,
        batch_size=BATCH,
        num_workers=0,
    )
    files = sorted(map(str, folder.glob("*.jpg")))

    def tag() -> int:
        return sum(1 for _ in pipeline(file for file in files))

    def score() -> None:
        with torch.inference_mode():
            for _ in range(512 // BATCH):
                net(torch.zeros(BATCH, 3, size, size))

    score()
    return tag, score


def main() -> None:
    """Load, tag, print."""
    warnings.simplefilter("ignore")
    name, folder, size, labels = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    tag, score = {"keras": of_keras, "transformers": of_transformers}[name](folder, size, labels)
    began, cpu = time.perf_counter(), time.process_time()
    pictures = tag()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    began = time.process_time()
    score()
    print(
        json.dumps({"pictures": pictures, "seconds": seconds, "cpu": cpu, "net": (time.process_time() - began) / 512})
    )


if __name__ == "__main__":
    main()
