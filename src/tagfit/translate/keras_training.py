"""Compile settings of a Keras model to the training fields of a recipe: optimiser, learning rate, decay, loss."""

from __future__ import annotations

from typing import Any

from tagfit.recipe import Recipe
from tagfit.translate.keras_layers import Reading
from tagfit.translate.keras_values import is_foreign, items, named, number, plain

DEFAULTS = Recipe()
OPTIMISERS = {"adam": "adam", "adamw": "adamw", "sgd": "sgd"}
LIKE_ADAM = ("nadam", "adamax", "rmsprop")  # the same steps, nearly, at the same learning rate
MOMENTUM = 0.9  # of tagfit's sgd
USUAL = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
# Schedules of Keras that fall, with the setting that holds where they start.
FALLING = {
    "cosinedecay": "initial_learning_rate", "cosinedecayrestarts": "initial_learning_rate",
    "exponentialdecay": "initial_learning_rate", "inversetimedecay": "initial_learning_rate",
    "polynomialdecay": "initial_learning_rate", "piecewiseconstantdecay": "values",
}  # fmt: skip
ONE_OF_SEVERAL = "it is for one label per picture; bce treats each label independently"
LOSSES_OF_ONE = ("categoricalcrossentropy", "sparsecategoricalcrossentropy", "categoricalfocalcrossentropy")
SILENT = (
    "a Keras file does not store epochs, batch size or callbacks: epochs, batch_size and patience are tagfit's defaults"
)


def read_training(compiled: Any, reading: Reading) -> None:
    """Put the training fields into ``reading.fields``.

    Args:
        compiled: ``compile_config`` of the model, or None if it was saved before it was compiled.
        reading: the translation so far, with the L2 penalties of the layers.
    """
    reading.note(SILENT)
    if not isinstance(compiled, dict):
        reading.note("the file has no compile settings: optimiser and loss are tagfit's defaults")
        _read_decay(None, 0.0, reading)
        return
    optimiser = compiled.get("optimizer")
    while plain(named(optimiser)[0]) == "lossscaleoptimizer":  # what mixed precision wraps around the real one
        optimiser = named(optimiser)[1].get("inner_optimizer")
    _read_optimiser(optimiser, reading)
    _read_loss(compiled.get("loss"), reading)
    asked = [name for value in items(compiled.get("metrics")) for name in (items(value) or [value])]
    if any(plain(named(name)[0]) in ("accuracy", "acc", "categoricalaccuracy") for name in asked):
        reading.note("Keras' accuracy is argmax_accuracy in tagfit, which cannot be a goal")


def _read_optimiser(value: Any, reading: Reading) -> None:
    called, config = named(value)
    word, fields = plain(called), reading.fields
    if is_foreign(value) or (word not in OPTIMISERS and word not in LIKE_ADAM):
        reading.note(f"tagfit's default optimiser and learning rate: it has no {called or 'optimiser like it'}")
        _read_decay(None, 0.0, reading)
        return
    fields["optimiser"] = OPTIMISERS.get(word, "adam")
    if word in LIKE_ADAM:
        reading.note(f"optimiser = 'adam' instead of {called}, at the same learning rate")
    _read_rate(config.get("learning_rate", config.get("lr")), 0.01 if word == "sgd" else 1e-3, reading)
    if word == "sgd":
        _read_momentum(config, reading)
    unusual = [f"{key} {number(config, key, usual):g}" for key, usual in USUAL.items()
               if word in ("adam", "adamw") and number(config, key, usual) != usual]  # fmt: skip
    unusual += [key for key in ("amsgrad", "nesterov", "centered") if config.get(key) is True]
    if unusual:
        reading.note(f"dropped, because a recipe has no such settings: {', '.join(unusual)}")
    _read_decay(word, number(config, "weight_decay", 0.004 if word == "adamw" else 0.0), reading)
    _read_clipping(config, reading)
    if config.get("use_ema") is True and 0 < (decay := number(config, "ema_momentum", 0.99)) < 1:
        fields["ema"] = decay
        reading.note(
            "ema: tagfit's average covers batch norm's statistics too, forgets its start faster, and is scored"
        )


def _read_rate(value: Any, default: float, reading: Reading) -> None:
    called, config = named(value)
    fields, word = reading.fields, plain(called)
    rate = number({"rate": value}, "rate", default)
    if word in FALLING and not is_foreign(value):
        start = config.get(FALLING[word])
        rate = number({"rate": start[0] if isinstance(start, list) and start else start}, "rate", default)
        fields["schedule"] = "cosine"
        steps = number(config, "decay_steps", 0.0)
        warm = number(config, "warmup_steps", 0.0)
        if word == "cosinedecay" and warm > 0 and steps >= 0:
            rate = number(config, "warmup_target", rate)
            fields["warmup"] = float(f"{warm / (warm + steps):.4g}") if steps else 0.0
        exact = word == "cosinedecay" and not number(config, "alpha", 0.0)
        way = "over all steps of the training" if exact else f"to 0 over all steps of the training, instead of {called}"
        reading.note(f"schedule = 'cosine' falls {way}, however many they are")
    elif called:
        reading.note(f"the schedule {called} is dropped: the learning rate stays at {default:g}")
    if not 0 < rate <= 10:
        reading.note(f"the learning rate {rate:g} is not valid: {default:g} is used")
        rate = default
    fields["learning_rate"] = rate


def _read_momentum(config: dict[str, Any], reading: Reading) -> None:
    """The learning rate that gives the same step length in the long run, since tagfit's momentum is fixed."""
    momentum, rate = number(config, "momentum", 0.0), reading.fields["learning_rate"]
    if momentum == MOMENTUM or not 0 <= momentum < 1:
        return
    same = float(f"{rate * (1 - MOMENTUM) / (1 - momentum):.6g}")
    if 0 < same <= 10:
        reading.fields["learning_rate"] = same
        reading.note(f"momentum is always {MOMENTUM} in tagfit, here {momentum:g}: learning_rate = {same:g} instead of "
                     f"{rate:g} keeps the step length")  # fmt: skip


def _read_decay(word: str | None, decay: float, reading: Reading) -> None:
    """Weight decay of the optimiser, always decoupled in Keras, or else the L2 penalties of the layers."""
    fields, penalties = reading.fields, [value for value in reading.l2 if value]
    if decay > 0:
        fields["weight_decay"] = decay
        if word != "sgd":
            fields["optimiser"] = "adamw"
        if word not in ("adamw", "sgd"):
            reading.note("optimiser = 'adamw': Keras keeps weight decay out of the moments, as adamw does")
        if word == "sgd":
            reading.note("weight_decay goes through the momentum in tagfit, but not in Keras")
        reading.note("weight_decay skips biases and norms; Keras decays them too, unless they are excluded")
        if penalties:
            reading.note("dropped: the L2 penalties of the layers, because the optimiser has weight decay")
    elif penalties:
        largest = max(penalties)
        fields["weight_decay"] = float(f"{2 * largest:.6g}")
        if fields.get("optimiser") == "adamw":
            fields["optimiser"] = "adam"
            reading.note(
                "optimiser = 'adam', whose weight decay goes through the moments as the layers' L2 penalties do"
            )
        reading.note(f"weight_decay = {fields['weight_decay']:g} is the gradient of an L2 penalty of {largest:g}")
        if len(penalties) < len(reading.l2) or min(penalties) < largest:
            reading.note(
                "weight_decay applies to all layers; the L2 penalties of the model differ, and the largest is used"
            )


def _read_clipping(config: dict[str, Any], reading: Reading) -> None:
    overall, each = number(config, "global_clipnorm", 0.0), number(config, "clipnorm", 0.0)
    if overall > 0:
        reading.fields["gradient_clip"] = overall
    elif each > 0:
        reading.fields["gradient_clip"] = each
        reading.note(
            f"gradient_clip = {each:g} clips the norm over all weights, like global_clipnorm; clipnorm clips each array"
        )
    if number(config, "clipvalue", 0.0) > 0:
        reading.note("dropped: clipvalue")


def _read_loss(value: Any, reading: Reading) -> None:
    several = list(value.values()) if isinstance(value, dict) and "class_name" not in value else items(value)
    if len(several) == 1:
        (value,) = several
    called, config = named(value)
    word, fields = plain(called), reading.fields
    smoothing = number(config, "label_smoothing", 0.0)
    if is_foreign(value) or word not in ("binarycrossentropy", "binaryfocalcrossentropy", "bce"):
        why = ONE_OF_SEVERAL if word in LOSSES_OF_ONE else "a recipe has no such loss"
        if called or several:
            reading.note(f"loss = 'bce' instead of {called or 'several losses'}: {why}")
        else:
            reading.note("the file has no loss: bce is used")
        return
    if 0 < smoothing < 1:
        fields["label_smoothing"] = smoothing
    if word == "binaryfocalcrossentropy":
        fields["loss"] = "focal"
        fields["focal_gamma"] = number(config, "gamma", 2.0)
        if config.get("apply_class_balancing") is True:
            fields["focal_alpha"] = number(config, "alpha", 0.25)
        if 0 < smoothing < 1:
            reading.note(
                "focal loss with label_smoothing: tagfit mixes the focal losses, Keras applies focal to the mixture"
            )
