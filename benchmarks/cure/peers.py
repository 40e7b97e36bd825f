"""The peers of field.py, in their own environment: ``peers.py NAME ARRAYS GOAL SEED SECONDS`` prints one JSON line.

By hand: a dense net with dropout, batch norm and early stopping; on pictures a CNN if that misses the goal; then both
again with the next seed. The two tuners search the same space, one to three layers of 16 to 512 units, batch norm or
not, dropout, learning rate, weight decay, with the same early stopping, minimising the shortfall from all bounds. Each
net is evaluated in inference mode on both splits.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np

NAME, ARRAYS, GOAL, SEED, SECONDS = (
    sys.argv[1],
    sys.argv[2],
    json.loads(sys.argv[3]),
    int(sys.argv[4]),
    float(sys.argv[5]),
)
EPOCHS, PATIENCE, BATCH = 50, 5, 32


def label_accuracy(predicted: np.ndarray, truth: np.ndarray) -> float:
    """The share of right entries."""
    return float((predicted == truth).mean())


def macro_f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    """The mean over the labels that are true or predicted anywhere."""
    hits = (predicted & truth).sum(axis=0)
    all_of_them = predicted.sum(axis=0) + truth.sum(axis=0)
    return float((2 * hits[all_of_them > 0] / all_of_them[all_of_them > 0]).mean())


METRIC = {"label_accuracy": label_accuracy, "macro_f1": macro_f1}[GOAL["metric"]]


class Log:
    """What was reached, and when."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.seen: list[tuple[float, float, float]] = []

    def judge(self, predict, data) -> float:
        """Judge one net on both splits; what comes back is how far it is from the goal, as a number below 0."""
        train, validation = (
            METRIC(predict(data[f"X_{split}"]) > 0.5, data[f"Y_{split}"] > 0.5) for split in ("train", "validation")
        )
        self.seen.append((time.perf_counter() - self.began, train, validation))
        return -shortfall(train, validation)

    @property
    def over(self) -> bool:
        """Whether the goal is met or the time is up."""
        return self.met is not None or time.perf_counter() - self.began > SECONDS

    @property
    def met(self) -> float | None:
        """Seconds until a net met all bounds."""
        return next((at for at, train, val in self.seen if shortfall(train, val) <= 0), None)

    def document(self, loading: float) -> dict[str, object]:
        """The best net: one that meets the goal, else the nearest."""
        _, train, validation = min(self.seen, key=lambda one: shortfall(*one[1:]))
        found = {"met_after": self.met, "trials": len(self.seen), "train": train, "validation": validation}
        return {**found, "loading": loading}


def shortfall(train: float, validation: float) -> float:
    """What is missing from all bounds together."""
    short = max(0.0, GOAL["at_least"] - validation)
    if GOAL["train_below"] is not None:
        short += max(0.0, train - GOAL["train_below"] + 1e-12)
    return short if GOAL["gap"] is None else short + max(0.0, train - validation - GOAL["gap"])


def keras_net(keras, shape, labels, layers, norm, rate, decay):
    """A dense net; ``layers`` are (units, dropout)."""
    net = [keras.Input(shape), keras.layers.Flatten()]
    for units, drop in layers:
        net.append(keras.layers.Dense(units, activation="relu"))
        if norm:
            net.append(keras.layers.BatchNormalization())
        if drop:
            net.append(keras.layers.Dropout(drop))
    net.append(keras.layers.Dense(labels, activation="sigmoid"))
    model = keras.Sequential(net)
    optimiser = keras.optimizers.AdamW(rate, weight_decay=decay) if decay else keras.optimizers.Adam(rate)
    model.compile(optimizer=optimiser, loss="binary_crossentropy")
    return model


def stopping(keras):
    """Early stopping with the best weights restored."""
    return keras.callbacks.EarlyStopping(monitor="val_loss", patience=PATIENCE, restore_best_weights=True)


def keras_cnn(keras, shape, labels):
    """A small CNN."""
    net = [keras.Input(shape)]
    for filters in (32, 64, 128):
        net += [
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.MaxPooling2D(),
            keras.layers.Dropout(0.25),
        ]
    net += [keras.layers.Flatten(), keras.layers.Dense(128, activation="relu"), keras.layers.Dropout(0.5)]
    model = keras.Sequential([*net, keras.layers.Dense(labels, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
    return model


def predicting(model):
    """Probabilities in inference mode."""
    return lambda rows: model.predict(rows, verbose=0, batch_size=256)


def fit(keras, model, data):
    """Compile and fit."""
    model.fit(
        data["X_train"],
        data["Y_train"],
        validation_data=(data["X_validation"], data["Y_validation"]),
        epochs=EPOCHS,
        batch_size=BATCH,
        verbose=0,
        callbacks=[stopping(keras)],
    )


def by_hand(data) -> Log:
    """The dense net by hand, and on pictures the CNN."""
    import keras

    log = Log()
    shape, labels = data["X_train"].shape[1:], data["Y_train"].shape[1]
    attempt = 0
    while not log.over:
        keras.utils.set_random_seed(SEED + 100 * attempt)
        if len(shape) == 3 and attempt % 2:
            model = keras_cnn(keras, shape, labels)
        else:
            model = keras_net(keras, shape, labels, [(128, 0.4), (64, 0.3)], True, 1e-3, 0.0)
        fit(keras, model, data)
        log.judge(predicting(model), data)
        attempt += 1
    return log


def tuner(data) -> Log:
    """Keras Tuner's Bayesian optimisation."""
    import keras
    import keras_tuner

    log = Log()
    shape, labels = data["X_train"].shape[1:], data["Y_train"].shape[1]

    class Net(keras_tuner.HyperModel):
        def build(self, hp):
            layers = [
                (hp.Int(f"units_{i}", 16, 512, sampling="log"), hp.Float(f"dropout_{i}", 0.0, 0.6))
                for i in range(hp.Int("layers", 1, 3))
            ]
            rate = hp.Float("rate", 3e-4, 1e-2, sampling="log")
            decay = hp.Float("decay", 1e-4, 0.3, sampling="log")
            return keras_net(keras, shape, labels, layers, hp.Boolean("norm"), rate, decay)

        def fit(self, hp, model, *_args, **_kwargs):
            fit(keras, model, data)
            near = log.judge(predicting(model), data)
            if log.over:
                raise keras_tuner.errors.FatalError("the race is over")  # the one way to end a search in a trial
            return {"near": near}

    with tempfile.TemporaryDirectory() as folder:
        search = keras_tuner.BayesianOptimization(
            Net(),
            objective=keras_tuner.Objective("near", "max"),
            max_trials=10_000,
            seed=SEED,
            directory=folder,
            overwrite=True,
        )
        keras.utils.set_random_seed(SEED)
        with contextlib.suppress(keras_tuner.errors.FatalError):
            search.search(verbose=0)
    return log


def optuna_torch(data) -> Log:
    """Optuna's default sampler around a plain PyTorch loop."""
    import optuna
    import torch
    from torch import nn

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.manual_seed(SEED)
    held = {name: torch.from_numpy(values) for name, values in data.items()}
    width, labels = int(np.prod(data["X_train"].shape[1:])), data["Y_train"].shape[1]
    log = Log()

    def objective(trial) -> float:
        layers: list[nn.Module] = [nn.Flatten()]
        fan_in, norm = width, trial.suggest_categorical("norm", [False, True])
        for i in range(trial.suggest_int("layers", 1, 3)):
            units = trial.suggest_int(f"units_{i}", 16, 512, log=True)
            layers += [nn.Linear(fan_in, units), nn.ReLU()]
            layers += [nn.BatchNorm1d(units)] if norm else []
            layers.append(nn.Dropout(trial.suggest_float(f"dropout_{i}", 0.0, 0.6)))
            fan_in = units
        net = nn.Sequential(*layers, nn.Linear(fan_in, labels))
        rate, decay = (
            trial.suggest_float("rate", 3e-4, 1e-2, log=True),
            trial.suggest_float("decay", 1e-4, 0.3, log=True),
        )
        optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=decay)
        loss_of = nn.BCEWithLogitsLoss()
        best, best_state, waited = np.inf, net.state_dict(), 0
        for _ in range(EPOCHS):
            net.train()
            for rows in torch.split(torch.randperm(len(held["X_train"])), BATCH):
                if len(rows) < 2:
                    continue
                optimiser.zero_grad()
                loss_of(net(held["X_train"][rows]), held["Y_train"][rows]).backward()
                optimiser.step()
            net.eval()
            with torch.no_grad():
                loss = float(loss_of(net(held["X_validation"]), held["Y_validation"]))
            if loss < best:
                best, waited = loss, 0
                best_state = {name: value.clone() for name, value in net.state_dict().items()}
            else:
                waited += 1
            if waited >= PATIENCE:
                break
        net.load_state_dict(best_state)
        net.eval()
        with torch.no_grad():
            near = log.judge(lambda rows: torch.sigmoid(net(torch.from_numpy(rows))).numpy(), data)
        if log.over:
            trial.study.stop()
        return near

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=SEED))
    study.optimize(objective)
    return log


def main() -> None:
    """Load, race, print."""
    began = time.perf_counter()
    if NAME.startswith("keras"):
        import keras  # noqa: F401
    else:
        import torch  # noqa: F401
    data = dict(np.load(ARRAYS))
    loading = time.perf_counter() - began
    log = {"keras-by-hand": by_hand, "keras-tuner": tuner, "optuna-torch": optuna_torch}[NAME](data)
    print(json.dumps(log.document(loading)))


if __name__ == "__main__":
    main()
