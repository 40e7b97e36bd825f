"""A Keras model's configuration as a recipe: what is the same stays the same, and what is not is noted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from keras_models import (
    BARE,
    BCE,
    CNN,
    FOCAL,
    HEAD,
    HIDDEN,
    LESSON,
    NORM,
    SOFT,
    falling,
    functional,
    keras_2,
    loss,
    optimiser,
    sequential,
    write,
)

from tagfit.recipe import Recipe
from tagfit.translate.from_keras import FromKeras, from_keras


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def made(model: Any) -> FromKeras:
        return from_keras(write(tmp_path / "model.json", model))

    return made


def adam(**settings: Any) -> dict[str, Any]:
    return optimiser("Adam", learning_rate=0.0010000000474974513, **settings)


def noted(found: FromKeras, words: str) -> bool:
    return any(words in note for note in found.notes)


@pytest.mark.parametrize("name", ["model.keras", "model.json"])
@pytest.mark.parametrize(
    "model",
    [
        sequential(LESSON, optimizer=adam(), **BCE),
        keras_2(LESSON),
        functional([("Flatten", {}), *LESSON]),
        functional([("Flatten", {}), *LESSON], version=2),
        sequential([("Flatten", {}), ("Sequential", sequential(LESSON[:3])["config"]), *LESSON[3:]]),
        {**keras_2(LESSON), "config": keras_2(LESSON)["config"]["layers"]},  # as the first Keras 2 wrote it
    ],
)
def test_the_net_of_the_lesson_is_the_regularised_dense_recipe(model: Any, name: str, tmp_path: Path) -> None:
    recipe = from_keras(write(tmp_path / name, model)).recipe
    assert recipe == Recipe(widths=(128, 64), norm="batch", dropout=(0.4, 0.3))


def test_a_net_that_is_tagfit_s_own_has_no_notes_but_on_what_no_file_says(read: Any) -> None:
    (note,) = read(sequential(LESSON, optimizer=adam(), **BCE)).notes
    assert "epochs" in note


@pytest.mark.parametrize(
    ("layers", "fields", "words"),
    [
        ([BARE, ("Activation", {"activation": "tanh"}), HEAD], {"activation": "tanh"}, None),
        ([BARE, ("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}), HEAD], {"widths": (8,)}, None),
        ([("Dense", {"units": 8, "activation": "swish"}), HEAD], {"activation": "silu"}, None),
        ([BARE, ("ReLU", {"max_value": 6.0}), HEAD], {"activation": "relu"}, "a slope, a maximum"),
        ([BARE, ("LeakyReLU", {"negative_slope": 0.3}), HEAD], {"activation": "relu"}, "instead of LeakyReLU"),
        ([("Dense", {"units": 8, "activation": "elu"}), HEAD], {"activation": "relu"}, "instead of elu"),
        ([BARE, NORM, ("Activation", {"activation": "relu"}), HEAD], {"norm": "batch"}, "before the activation here"),
        ([HIDDEN, NORM, HIDDEN, HEAD], {"norm": "batch"}, "the model has none here (layer 3 'dense_3')"),
        ([HIDDEN, NORM, HIDDEN, HIDDEN, HEAD], {"norm": "none"}, "the model has batch norm here (layer 1 'dense_1')"),
        ([HIDDEN, ("Dropout", {"rate": 0.2}), NORM, HEAD], {"dropout": (0.2,)}, "dropout comes before batch norm"),
        (
            [HIDDEN, ("Dropout", {"rate": 0.5}), ("Dropout", {"rate": 0.5}), HEAD],
            {"dropout": (0.75,)},
            "at their combined rate",
        ),
        ([("Dropout", {"rate": 0.2}), HIDDEN, HEAD], {"dropout": (0.0,)}, "nothing before the first dense layer"),
        ([NORM, HIDDEN, HEAD], {"norm": "none"}, "nothing before the first dense layer"),
        (
            [("AlphaDropout", {"rate": 0.2}), HIDDEN, ("AlphaDropout", {"rate": 0.3}), HEAD],
            {"dropout": (0.3,)},
            "plain",
        ),
        ([HIDDEN, ("Dropout", {"rate": 0.2}), HIDDEN, HEAD], {"widths": (8, 8), "dropout": (0.2, 0.0)}, None),
        ([("Normalization", {}), HIDDEN, HEAD], {"widths": (8,)}, "preprocessing is not part of a recipe"),
        ([HIDDEN, ("GaussianNoise", {"stddev": 0.1}), HEAD], {"widths": (8,)}, "no such layer"),
        (
            [HIDDEN, ("Dense", {"units": 9, "activation": "tanh"}), HIDDEN, HEAD],
            {"activation": "relu"},
            "has tanh here",
        ),
        (
            [HIDDEN, ("BatchNormalization", {"momentum": 0.9, "scale": False}), HEAD],
            {},
            "not momentum 0.9, scale False",
        ),
        ([HIDDEN, NORM, NORM, HEAD], {"norm": "batch"}, "one batch norm replaces several"),
        ([("Dense", {"units": 8, "activation": "relu", "use_bias": False}), HEAD], {}, "have a bias"),
        (
            [("Dense", {"units": 8, "activation": "relu", "kernel_initializer": "he_normal"}), HEAD],
            {},
            "not by he_normal",
        ),
        ([("Dense", {"units": 8, "activation": "relu", "kernel_constraint": "max_norm"}), HEAD], {}, "constraints"),
        ([HEAD], {"widths": ()}, None),
        ([HIDDEN, ("Dense", {"units": 6, "activation": "softmax"})], {"widths": (8,)}, "a softmax makes the labels"),
        ([HIDDEN, ("Dense", {"units": 6}), ("Softmax", {})], {"widths": (8,)}, "a softmax makes the labels"),
        ([HIDDEN, ("Dense", {"units": 6}), ("Activation", {"activation": "sigmoid"})], {"widths": (8,)}, None),
        ([HIDDEN, ("Dense", {"units": 6})], {"widths": (8,)}, "outputs are logits"),
        ([HIDDEN, ("Dense", {"units": 6, "activation": "relu"})], {"widths": (8,)}, "a sigmoid, not in relu"),
        ([HIDDEN, HEAD, ("Dropout", {"rate": 0.1})], {"dropout": (0.0,)}, "after the head"),
    ],
)
def test_layers_become_fields_and_what_differs_is_noted(
    layers: list[Any], fields: dict[str, Any], words: str | None, read: Any
) -> None:
    found = read(sequential(layers, optimizer=adam(), **BCE))
    assert {name: getattr(found.recipe, name) for name in fields} == fields
    assert len(found.notes) == 1 if words is None else noted(found, words), found.notes


@pytest.mark.parametrize(
    ("compiled", "fields", "words"),
    [
        ({"optimizer": "adam"}, {"optimiser": "adam", "learning_rate": 1e-3}, None),
        ({"optimizer": optimiser("LossScaleOptimizer", inner_optimizer=adam())}, {"optimiser": "adam"}, None),
        ({"optimizer": optimiser("SGD", learning_rate=0.1, momentum=0.9)}, {"learning_rate": 0.1}, None),
        (
            {"optimizer": optimiser("SGD", learning_rate=0.1, momentum=0.0)},
            {"learning_rate": 0.01},
            "the step length",
        ),
        ({"optimizer": optimiser("SGD", momentum=0.9, nesterov=True)}, {"learning_rate": 0.01}, "nesterov"),
        ({"optimizer": optimiser("SGD", momentum=0.9, weight_decay=0.1)}, {"optimiser": "sgd"}, "through the momentum"),
        ({"optimizer": optimiser("RMSprop", learning_rate=2e-3)}, {"learning_rate": 2e-3}, "instead of RMSprop"),
        ({"optimizer": optimiser("Lion", learning_rate=2e-3)}, {"learning_rate": 1e-3}, "it has no Lion"),
        ({"optimizer": adam(beta_1=0.8, amsgrad=True)}, {}, "beta_1 0.8, amsgrad"),
        ({"optimizer": adam(weight_decay=0.1)}, {"optimiser": "adamw", "weight_decay": 0.1}, "out of the moments"),
        (
            {"optimizer": optimiser("AdamW", weight_decay=0.1)},
            {"optimiser": "adamw", "weight_decay": 0.1},
            "skips biases",
        ),
        ({"optimizer": adam(global_clipnorm=1.0)}, {"gradient_clip": 1.0}, None),
        ({"optimizer": adam(clipnorm=2.0)}, {"gradient_clip": 2.0}, "clips each array"),
        ({"optimizer": adam(clipvalue=2.0)}, {"gradient_clip": 0.0}, "clipvalue"),
        ({"optimizer": adam(use_ema=True, ema_momentum=0.98)}, {"ema": 0.98}, "statistics"),
        ({"optimizer": adam(use_ema=False, ema_momentum=0.98)}, {"ema": 0.0}, None),
        (
            {"optimizer": falling("CosineDecay", initial_learning_rate=0.01, decay_steps=9, alpha=0.0)},
            {"schedule": "cosine", "learning_rate": 0.01},
            "over all steps of the training, however many",
        ),
        (
            {
                "optimizer": falling(
                    "CosineDecay", initial_learning_rate=0.0, decay_steps=900, warmup_target=0.02, warmup_steps=100
                )
            },
            {"schedule": "cosine", "learning_rate": 0.02, "warmup": 0.1},
            "over all steps",
        ),
        (
            {"optimizer": falling("ExponentialDecay", initial_learning_rate=0.01)},
            {"schedule": "cosine"},
            "instead of Exp",
        ),
        (
            {"optimizer": falling("PiecewiseConstantDecay", values=[0.1, 0.01])},
            {"learning_rate": 0.1},
            "instead of Piece",
        ),
        ({"optimizer": falling("MyOwn", initial_learning_rate=0.1)}, {"schedule": "constant"}, "MyOwn is dropped"),
        ({"optimizer": optimiser("Adam", learning_rate=-3)}, {"learning_rate": 1e-3}, "is not valid"),
        ({"loss": loss("BinaryCrossentropy", label_smoothing=0.1)}, {"loss": "bce", "label_smoothing": 0.1}, None),
        ({"loss": ["binary_crossentropy"]}, {"loss": "bce"}, None),
        (
            {"loss": loss("BinaryFocalCrossentropy", **FOCAL)},
            {"loss": "focal", "focal_gamma": 1.5, "focal_alpha": 0.3},
            None,
        ),
        ({"loss": "binary_focal_crossentropy"}, {"loss": "focal", "focal_gamma": 2.0, "focal_alpha": 0.0}, None),
        ({"loss": loss("BinaryFocalCrossentropy", label_smoothing=0.1)}, {"label_smoothing": 0.1}, "the mixture"),
        ({"loss": "categorical_crossentropy"}, {"loss": "bce", "label_smoothing": 0.0}, "one label per picture"),
        ({"loss": loss("SparseCategoricalCrossentropy")}, {"loss": "bce"}, "one label per picture"),
        ({"loss": {"class_name": "function", "config": "my_loss"}}, {"loss": "bce"}, "instead of my_loss"),
        ({"loss": "mse"}, {"loss": "bce"}, "no such loss"),
        ({"loss": None}, {"loss": "bce"}, "has no loss"),
        ({"metrics": ["accuracy"]}, {}, "argmax_accuracy"),
        ({"metrics": [["binary_accuracy"]]}, {}, None),
    ],
)
def test_how_it_was_compiled_becomes_fields(
    compiled: dict[str, Any], fields: dict[str, Any], words: str | None, read: Any
) -> None:
    found = read(sequential([HIDDEN, HEAD], **({"optimizer": adam(), **BCE} | compiled)))
    assert {name: getattr(found.recipe, name) for name in fields} == fields
    assert len(found.notes) == 1 if words is None else noted(found, words), found.notes


@pytest.mark.parametrize(
    ("layers", "compiled", "fields", "words"),
    [
        ([SOFT, SOFT | {"units": 6}], adam(), {"optimiser": "adam", "weight_decay": 2e-3}, "L2 penalty of 0.001"),
        ([SOFT, {"units": 6, "activation": "sigmoid"}], adam(), {"weight_decay": 2e-3}, "of the model differ"),
        ([SOFT, SOFT], optimiser("AdamW", weight_decay=0.1), {"weight_decay": 0.1}, "because the optimiser has"),
        ([SOFT, SOFT], optimiser("AdamW", weight_decay=0.0), {"optimiser": "adam"}, "through the moments as"),
        ([SOFT | {"kernel_regularizer": "l1"}, SOFT], adam(), {"weight_decay": 2e-3}, "the penalty l1"),
    ],
)
def test_penalties_become_weight_decay(
    layers: list[Any], compiled: Any, fields: dict[str, Any], words: str, read: Any
) -> None:
    found = read(sequential([("Dense", one) for one in layers], optimizer=compiled, **BCE))
    assert {name: getattr(found.recipe, name) for name in fields} == fields
    assert noted(found, words), found.notes


def test_a_model_that_was_never_compiled_is_trained_as_tagfit_trains(read: Any) -> None:
    assert noted(read(sequential([HIDDEN, HEAD])), "no compile settings")


def test_a_convolutional_net_gives_its_stages_and_says_that_it_is_another_net(read: Any) -> None:
    found = read(sequential(CNN, (96, 96, 3), optimizer=adam(), **BCE))
    assert found.recipe == Recipe(architecture="conv", widths=(32, 64), dropout=(0.5,), augment=True)
    for words in (
        "not the layers", "resizes with --size (layer 1", "augment = true instead", "(layer 9 'dense_9')",
        "a softmax makes the labels", "train with --size 96",
    ):  # fmt: skip
        assert noted(found, words), words


def test_a_residual_net_is_read_along_its_shortcuts(read: Any) -> None:
    def conv(filters: int, size: int = 3, stride: int = 1) -> tuple[str, dict[str, Any]]:
        return "Conv2D", {
            "filters": filters,
            "kernel_size": [size, size],
            "strides": [stride, stride],
            "activation": "gelu",
        }

    layers = [
        conv(16, 4, 2), NORM,  # 1, 2
        conv(16), NORM, conv(16), NORM, ("Add", {}),  # 3 to 7
        conv(32, 3, 2), NORM, conv(32), NORM,  # 8 to 11
        ("AveragePooling2D", {"strides": [2, 2]}), conv(32, 1), NORM, ("Add", {}),  # 12 to 15
        ("GlobalAveragePooling2D", {}), HEAD,
    ]  # fmt: skip
    found = read(functional(layers, {7: [2, 6], 12: [7], 15: [11, 14]}))
    assert found.recipe == Recipe(architecture="conv", widths=(16, 32), norm="batch", activation="gelu")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({5: ("SeparableConv2D", {"filters": 64, "kernel_size": [3, 3], "activation": "relu"})}, "separable"),
        ({3: ("BatchNormalization", {})}, "1 batch norms for 3 convolutions"),
        ({3: ("Dropout", {"rate": 0.2})}, "one dropout before its head"),
        ({8: ("Dropout", {"rate": 0.2})}, "one dropout before its head"),
        ({10: ("Flatten", {})}, "softmax"),
    ],
)
def test_what_a_conv_recipe_has_no_place_for_is_noted(change: dict[int, Any], words: str, read: Any) -> None:
    layers = [change.get(number, one) for number, one in enumerate(CNN)]
    found = read(sequential(layers, (64, 64, 3)))
    assert found.recipe.architecture == "conv"
    assert noted(found, words) == (words != "softmax"), found.notes


def test_stages_of_several_depths_get_one(read: Any) -> None:
    conv = CNN[2]
    found = read(sequential([conv, CNN[3], *[conv] * 4, CNN[3], *[conv] * 5, HEAD], (64, 64, 3)))
    assert (found.recipe.depth, found.recipe.widths) == (2, (32, 32, 32))
    assert noted(found, "the stages have 1, 2, 2 blocks")


def test_pictures_of_another_shape_are_told(read: Any) -> None:
    found = read(sequential([("Flatten", {}), HIDDEN, HEAD], (28, 28, 1)))
    assert noted(found, "squares with three colour")
