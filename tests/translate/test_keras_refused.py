"""Models that no recipe can say, and files that hold none: told with all their faults, never run, never a traceback."""

from __future__ import annotations

import copy
import json
import math
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_models import (
    BARE,
    BCE,
    CNN,
    FOCAL,
    HEAD,
    HIDDEN,
    LESSON,
    SOFT,
    falling,
    functional,
    loss,
    optimiser,
    sequential,
    write,
)

from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.translate import keras_file
from tagfit.translate.from_keras import FromKeras, from_keras


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def made(model: Any) -> FromKeras:
        return from_keras(write(tmp_path / "model.json", model))

    return made


UNKNOWN = [
    ("Lambda", {"function": "cfunc"}),
    HIDDEN,
    ("LSTM", {"units": 3}),
    ("LayerNormalization", {}),
    HEAD,
]


def test_all_layers_that_no_recipe_knows_are_named_at_once(read: Any) -> None:
    with pytest.raises(InputError) as caught:
        read(sequential(UNKNOWN))
    assert [fault.what for fault in caught.value.faults] == [
        "layer 1 'lambda_1' (Lambda): it contains code, and code from a file is never run",
        "layer 3 'lstm_3' (LSTM)",
        "layer 4 'layernormalization_4' (LayerNormalization)",
    ]
    assert "model.json: a recipe cannot express these layers" in str(caught.value)


def foreign(**said: Any) -> dict[str, Any]:
    model = sequential([HIDDEN, HIDDEN, HEAD])
    model["config"]["layers"][2].update(said)
    return model


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (foreign(module="my_layers"), "layer 2 'dense_2' (Dense): a custom class"),
        (foreign(registered_name="mine>Dense"), "a custom class"),
        (foreign(class_name="Moved", registered_name="other>Moved"), "a custom class"),
        (sequential([HIDDEN, BARE, HEAD]), "layer 2 'dense_2' (Dense) has no activation"),
        (sequential([("Dense", {"units": 8, "activation": "exponential"}), HEAD]), "similar to exponential"),
        (sequential([HIDDEN, ("Activation", {"activation": "tanh"}), HEAD]), "a second activation"),
        (sequential([("Dense", {"activation": "relu"}), HEAD]), "number of units"),
        (sequential([HIDDEN, HEAD], (28, 28)), "put a Flatten before it"),
        (sequential([("Dense", {"units": 70_000, "activation": "relu"}), HEAD]), "widths"),
        (sequential([HIDDEN, ("Dropout", {"rate": 1.0}), HEAD]), "dropout"),
        (sequential([("Conv2D", {"kernel_size": 3}), HEAD]), "number of filters"),
        (sequential([HEAD, ("Conv2D", {"filters": 3})]), "after the last Dense"),
        (sequential([]), "no layers"),
        (functional([HIDDEN, HIDDEN, ("Concatenate", {}), HEAD], {2: [0], 3: [1, 2]}), "'concatenate_3' (Concatenate)"),
        (functional([("Flatten", {}), HIDDEN, HIDDEN, HEAD], {3: [1], 4: [2, 3]}), "no merging branches"),
        (functional([("Flatten", {}), HIDDEN, HIDDEN, HEAD], {3: [1]}), "no branches, and one starts"),
        ({"class_name": "MyModel", "config": {}}, "the model is a MyModel"),
        ({"config": {"layers": []}}, "class without a name"),
        ({**sequential([HEAD]), "registered_name": "mine>Sequential"}, "defined in its own code"),
        ([], "a JSON list"),
        (None, "a JSON NoneType"),
    ],
)
def test_what_cannot_be_said_is_refused(model: Any, words: str, read: Any) -> None:
    with pytest.raises(InputError) as caught:
        read(model)
    assert words in str(caught.value)


def several_ends(which: str) -> dict[str, Any]:
    model = functional([("Flatten", {}), HIDDEN, HEAD])
    model["config"][which] = [["flatten_1", 0, 0], ["dense_2", 0, 0]]
    return model


def shared() -> dict[str, Any]:
    model = functional([("Flatten", {}), HIDDEN, HEAD])
    model["config"]["layers"][2]["inbound_nodes"] *= 2
    return model


def out_of_order() -> dict[str, Any]:
    model = functional([("Flatten", {}), HIDDEN, HEAD])
    model["config"]["layers"].reverse()
    return model


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (several_ends("input_layers"), "several inputs"),
        (several_ends("output_layers"), "several outputs"),
        (shared(), "'dense_2' (Dense) is used 2 times"),
        (out_of_order(), "which does not come before it"),
    ],
)
def test_a_graph_that_is_no_row_is_refused(model: Any, words: str, read: Any) -> None:
    with pytest.raises(InputError) as caught:
        read(model)
    assert words in str(caught.value)


def test_models_within_models_have_an_end(read: Any) -> None:
    model = sequential([HEAD])
    for _ in range(20):
        model = sequential([("Sequential", model["config"])])
    with pytest.raises(InputError, match="more than 8 deep"):
        read(model)


def broken_archives(folder: Path) -> Iterator[tuple[Path, str]]:
    good = write(folder / "good.keras", sequential(LESSON)).read_bytes()
    yield folder / "nowhere.keras", "there is no file"
    yield folder, "there is no file"
    for name, content, words in (
        ("cut.keras", good[:200], "corrupt archive"),
        ("damaged.keras", good.replace(b"PK\x01\x02", b"PK\x01\x09"), "corrupt archive"),
        ("old.h5", b"\x89HDF\r\n\x1a\n", "HDF5"),
        ("empty.json", b"", "not valid JSON"),
        ("deep.json", b"[" * 200_000, "not valid JSON"),
        ("latin.json", b"\xff\xfe\xfa", "not valid JSON"),
    ):
        (folder / name).write_bytes(content)
        yield folder / name, words
    with zipfile.ZipFile(folder / "other.keras", "w") as archive:
        archive.writestr("weights.h5", b"")
    yield folder / "other.keras", "without config.json"


def test_files_that_hold_no_model_are_refused(tmp_path: Path) -> None:
    for path, words in broken_archives(tmp_path):
        with pytest.raises(InputError) as caught:
            from_keras(path)
        assert words in str(caught.value)
        assert path.name in str(caught.value)


@pytest.mark.parametrize("name", ["bomb.keras", "bomb.json"])
def test_no_more_is_unpacked_than_a_configuration_can_have(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_file, "LARGEST", 1 << 20)
    path = write(tmp_path / name, {"x": " " * (2 << 20)})
    with pytest.raises(InputError, match="more than 1 MiB"):
        from_keras(path)


WRONG = st.sampled_from(
    [None, [], {}, "", "relu", -1, 0, 1.5, 10**400, math.inf, True, [[]], [1, 2], {"config": 3}, ["a", 0, 0]]
)


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if here:
        yield here
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*here, key))


COSINE = falling("CosineDecay", initial_learning_rate=0.1, decay_steps=3)
MODELS = [
    sequential(LESSON, optimizer=COSINE, loss=loss("BinaryFocalCrossentropy", **FOCAL)),
    sequential(CNN, (64, 64, 3), optimizer=optimiser("SGD", learning_rate=0.1), metrics=["accuracy"], **BCE),
    functional([("Flatten", {}), HIDDEN, HEAD]),
    functional([("Flatten", {}), ("Dense", SOFT), HEAD], version=2),
]


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_whatever_a_file_holds_it_gives_a_recipe_or_says_what_is_wrong(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = copy.deepcopy(data.draw(st.sampled_from(MODELS)))
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(list(places(model))))
        place = model
        for key in way:
            place = place[key]
        if data.draw(st.booleans()) and isinstance(place, dict):
            del place[last]
        else:
            place[last] = copy.deepcopy(data.draw(WRONG))
    path = tmp_path_factory.getbasetemp() / "mutated.json"
    path.write_text(json.dumps(model), encoding="utf-8")
    with suppress(InputError):
        assert isinstance(from_keras(path).recipe, Recipe)
