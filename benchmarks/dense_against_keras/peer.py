"""The same dense net in Keras, on arrays prepared by tagfit; run by compare.py in an environment with Keras."""

from __future__ import annotations

import argparse
import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np


class EpochTimes(keras.callbacks.Callback):
    """Seconds of each epoch, validation included, as tagfit counts them."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.seconds.append(time.perf_counter() - self.started)


def seed_weights_and_dropout(seed: int) -> None:
    """Seed what Keras itself draws, and leave the order of the rows to chance, which is another one each epoch.

    With TensorFlow's global seed as well, `fit` shuffles the rows into the same order, and so the same batches, in
    every epoch: the dataset of row numbers is iterated anew, and its shuffle then starts again from its seed.
    """
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.random.set_seed(None)


def train(arrays: dict[str, np.ndarray], seed: int) -> tuple[np.ndarray, list[float]]:
    """The probabilities of the test rows and the seconds of each epoch."""
    seed_weights_and_dropout(seed)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(shape=(arrays["X_train"].shape[1],)),
            layers.Dense(128, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.Dense(64, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(arrays["Y_train"].shape[1], activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
    times = EpochTimes()
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
    model.fit(
        arrays["X_train"],
        arrays["Y_train"],
        validation_data=(arrays["X_validation"], arrays["Y_validation"]),
        batch_size=32,
        epochs=50,
        verbose=0,
        callbacks=[times, stop],
    )
    return model.predict(arrays["X_test"], verbose=0), times.seconds


def main() -> None:
    """Train once and write the scores and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arrays")
    parser.add_argument("seed", type=int)
    parser.add_argument("out")
    options = parser.parse_args()
    with np.load(options.arrays, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    scores, seconds = train(arrays, options.seed)
    np.savez(options.out, scores=scores)
    print(json.dumps({"backend": keras.backend.backend(), "keras": keras.__version__, "seconds": seconds}))


if __name__ == "__main__":
    main()
