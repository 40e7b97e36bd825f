"""Typical models, saved by Keras and read back by tagfit."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers


def lesson() -> keras.Model:
    """The dense net of the lesson."""
    model = keras.Sequential(
        [
            keras.Input((294,)),
            layers.Dense(128, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.Dense(64, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(6, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def functional() -> keras.Model:
    """The same layers, wired by hand, the activations apart, an own schedule and a decoupled decay."""
    start = keras.Input((294,))
    x = start
    for width in (128, 64):
        x = layers.Dense(width)(x)
        x = layers.ReLU()(x)
        x = layers.BatchNormalization()(x)
        x = layers.Dropout(0.3)(x)
    model = keras.Model(start, layers.Dense(6, activation="sigmoid")(x))
    pace = keras.optimizers.schedules.CosineDecay(0.0, 900, warmup_target=2e-3, warmup_steps=100)
    model.compile(
        optimizer=keras.optimizers.AdamW(pace, weight_decay=0.01, use_ema=True, ema_momentum=0.98, global_clipnorm=1.0),
        loss=keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.3, gamma=1.5),
    )
    return model


def penalised() -> keras.Model:
    """L2 on every layer, no norm, smoothed labels."""
    penalty = keras.regularizers.L2(1e-3)
    model = keras.Sequential(
        [
            keras.Input((20,)),
            layers.Dense(32, activation="gelu", kernel_regularizer=penalty),
            layers.Dense(5, activation="sigmoid", kernel_regularizer=penalty),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(3e-4), loss=keras.losses.BinaryCrossentropy(label_smoothing=0.1))
    return model


def pictures() -> keras.Model:
    """A CNN of a tutorial, softmax head and all."""
    model = keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip("horizontal"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.RMSprop(), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


MODELS: dict[str, Callable[[], keras.Model]] = {
    "lesson": lesson,
    "functional": functional,
    "penalised": penalised,
    "pictures": pictures,
}
