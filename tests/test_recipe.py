"""Recipes: every constraint refuses what it should, TOML brings back what was written, faults are named."""

from __future__ import annotations

import math
import tomllib
import typing
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import annotated_types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tagfit.errors import InputError
from tagfit.recipe import NAMED, SUMMARIES, Recipe, assign, default_name, find, load, parse, toml_lines
from tagfit.training import nets

CONV = Recipe(architecture="conv")


def bounds(metadata: typing.Sequence[Any]) -> dict[str, Any]:
    names = ("ge", "gt", "le", "lt", "min_length", "max_length")
    found: dict[str, Any] = {}
    for item in metadata:
        for part in item if isinstance(item, annotated_types.GroupedMetadata) else (item,):
            found |= {name: getattr(part, name) for name in names if getattr(part, name, None) is not None}
    return found


def item_of(annotation: Any) -> tuple[Any, typing.Sequence[Any]]:
    """The type and the constraints of the items of ``tuple[Annotated[type, ...], ...]``."""
    item = typing.get_args(annotation)[0]
    kind, *outer = typing.get_args(item)
    flat = [part for one in outer for part in (getattr(one, "metadata", None) or [one])]
    return kind, flat


def wrong_values(annotation: Any, metadata: typing.Sequence[Any]) -> Iterator[Any]:
    """Values that the declared type and constraints exclude."""
    limits = bounds(metadata)
    yield None
    if typing.get_origin(annotation) is Literal:
        yield from ("no-such", "", 3, True, typing.get_args(annotation)[0].upper(), [typing.get_args(annotation)[0]])
    elif typing.get_origin(annotation) is tuple:
        yield from ("word", 3, {"a": 1}, True)
        kind, inner = item_of(annotation)
        good = bounds(inner).get("ge", 0)
        yield from ([value] for value in wrong_values(kind, inner))
        yield [good] * (limits["max_length"] + 1)
        if limits.get("min_length"):
            yield [good] * (limits["min_length"] - 1)
    elif annotation is bool:
        yield from ("perhaps", 2, 0.5, [])
    else:
        yield from ("word", [], [1], {}, True, False, math.nan, math.inf, -math.inf)
        step = 1 if annotation is int else 1e-6
        yield from (limits[name] - step for name in ("ge",) if name in limits)
        yield from (limits[name] + step for name in ("le",) if name in limits)
        yield from (limits[name] for name in ("gt", "lt") if name in limits)
        if annotation is int:
            yield 1.5


WRONG = [
    (name, value)
    for name, field in Recipe.model_fields.items()
    for value in wrong_values(field.annotation, field.metadata)
]


def right_values(annotation: Any, metadata: typing.Sequence[Any]) -> st.SearchStrategy[Any]:
    limits = bounds(metadata)
    if typing.get_origin(annotation) is Literal:
        return st.sampled_from(typing.get_args(annotation))
    if typing.get_origin(annotation) is tuple:
        return st.lists(right_values(*item_of(annotation)), min_size=limits.get("min_length", 0), max_size=3)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(limits["ge"], limits.get("le", 10**6))
    low, high = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt", 1e9))
    return st.floats(low, high, exclude_min="gt" in limits, exclude_max="lt" in limits)


@st.composite
def any_recipe(draw: st.DrawFn) -> Recipe:
    """A recipe whose fields are drawn one by one; those that do not go together stay as they were."""
    recipe = draw(st.sampled_from([Recipe(), CONV]))
    for name in draw(st.lists(st.sampled_from(list(Recipe.model_fields)), unique=True)):
        field = Recipe.model_fields[name]
        with suppress(InputError):
            recipe = recipe.changed(**{name: draw(right_values(field.annotation, field.metadata))})
    return recipe


def test_every_field_has_wrong_values_to_try() -> None:
    assert {name for name, _ in WRONG} == set(Recipe.model_fields)


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}={value!r:.30}" for name, value in WRONG])
def test_a_wrong_value_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InputError) as raised:
        CONV.changed(**{name: value})
    assert all(str(fault).startswith(name) for fault in raised.value.faults)
    with pytest.raises(InputError):
        Recipe(**{name: value})


@given(any_recipe())
@settings(max_examples=60, deadline=None)
def test_toml_brings_back_the_same_recipe(recipe: Recipe) -> None:
    assert parse(tomllib.loads(recipe.to_toml()), "") == recipe


@given(any_recipe(), st.sampled_from(list(Recipe.model_fields)))
@settings(max_examples=60, deadline=None)
def test_setting_a_field_from_text_is_changing_it(recipe: Recipe, name: str) -> None:
    value = recipe.model_dump(mode="json")[name]
    text = toml_lines({name: value})[0]
    assert assign(recipe, [text]) == recipe


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("epochs=20", "epochs", 20),
        (" epochs = 20 ", "epochs", 20),
        ("learning_rate=3e-3", "learning_rate", 3e-3),
        ("widths=128,64", "widths", (128, 64)),
        ("widths=[128, 64]", "widths", (128, 64)),
        ("widths=128", "widths", (128,)),
        ("widths=", "widths", ()),
        ("dropout=0.3", "dropout", (0.3,)),
        ("norm=batch", "norm", "batch"),
        ("norm='batch'", "norm", "batch"),
        ("restore_best=true", "restore_best", True),
    ],
)
def test_settings_of_the_command_line(setting: str, field: str, value: Any) -> None:
    assert getattr(assign(Recipe(), [setting]), field) == value


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("epochs", "--set field=value"),
        ("epoch=3", "did you mean epochs?"),
        ("epochs=many", "epochs = 'many'"),
        ("epochs=3\nseed=4", "epochs = '3"),
        ("epochs=" + "[" * 5000, "epochs = '[["),
        ("epochs=" + "9" * 5000, "epochs = '99"),
        ("widths=[128", "give a list"),
        ("augment=true", "architecture = 'conv'"),
    ],
    ids=lambda text: text[:16],
)
def test_wrong_settings_are_answered_with_the_right_form(setting: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        assign(Recipe(), [setting])
    assert said in str(raised.value)
    assert len(str(raised.value)) < 300


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(InputError) as raised:
        assign(Recipe(), ["epoch=3", "widths", "batchsize=8"])
    assert len(raised.value.faults) == 3
    with pytest.raises(InputError) as raised:
        Recipe().changed(epochs=0, dropout=[1.0, 0.5], norm="layer")
    assert [str(fault).split(" = ")[0] for fault in raised.value.faults] == ["norm", "dropout.0", "epochs"]


@pytest.mark.parametrize("name", Recipe.model_fields)
def test_an_unknown_field_is_answered_with_the_nearest(name: str) -> None:
    with pytest.raises(InputError) as raised:
        parse({name + name[-1]: 1}, where="my.toml")
    assert str(raised.value) == f"my.toml: {name + name[-1]!r} is not a field of a recipe (did you mean {name}?)"


def test_an_unknown_field_that_is_near_to_none_is_answered_with_all() -> None:
    with pytest.raises(InputError, match="the fields are architecture, widths"):
        parse({"zzz": 1}, where="")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"architecture": "conv", "widths": ()}, "at least one stage"),
        ({"architecture": "conv", "dropout": (0.1, 0.2)}, "a conv net has one"),
        ({"dropout": (0.1, 0.2, 0.3)}, "3 values for 2 widths"),
        ({"augment": True}, "needs architecture = 'conv'"),
        ({"norm": "batch", "batch_size": 1}, "batch_size of at least 2"),
        ({"schedule": "one-cycle", "warmup": 0.1}, "set warmup = 0"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Recipe().changed(**fields)


def test_all_that_does_not_go_together_is_said_at_once() -> None:
    with pytest.raises(InputError) as raised:
        Recipe().changed(augment=True, norm="batch", batch_size=1)
    assert "augment" in str(raised.value)
    assert "batch_size" in str(raised.value)


def test_a_recipe_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        NAMED["plain-dense"].epochs = 3  # type: ignore[misc]


def test_named_recipes_come_back_from_files_and_have_a_summary(tmp_path: Path) -> None:
    assert set(SUMMARIES) == set(NAMED)
    for name, recipe in NAMED.items():
        recipe.save(tmp_path / f"{name}.toml")
        assert find(tmp_path / f"{name}.toml") == recipe == find(name)
    (tmp_path / "bom.toml").write_bytes(b"\xef\xbb\xbfepochs = 3\n")
    assert find(tmp_path / "bom.toml") == Recipe(epochs=3)


@pytest.mark.parametrize(
    ("input_shape", "name"),
    [
        ((294,), "regularised-dense"),
        ((64, 64, 3), "regularised-conv"),
        ((16, 300, 3), "regularised-conv"),
        ((300, 15, 3), "regularised-dense"),
    ],
)
def test_the_default_suits_the_inputs(input_shape: tuple[int, ...], name: str) -> None:
    assert default_name(input_shape) == name
    nets.check_fits(NAMED[name], input_shape)


def test_a_recipe_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path) -> None:
    contents = {"cut.toml": b"epochs = ", "deep.toml": b"a = " + b"[" * 9999, "latin.toml": b"a = '\xff'"}
    contents["giant.toml"] = b"epochs = " + b"9" * 9999
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name} is not valid TOML"):
            load(tmp_path / name)
    with pytest.raises(InputError, match="cannot read the recipe"):
        find(tmp_path)
    with pytest.raises(InputError, match=r"cannot read the recipe .*absent"):
        find(tmp_path / "absent.toml")
    with pytest.raises(InputError, match=r"no recipe 'regularized'.*plain-dense"):
        find("regularized")
    (tmp_path / "two.toml").write_text("epochs = 0\nnrom = 'batch'\n")
    with pytest.raises(InputError) as raised:
        load(tmp_path / "two.toml")
    assert [fault.where for fault in raised.value.faults] == [str(tmp_path / "two.toml")] * 2


def check_broken(text: str, cuts: list[tuple[int, int, str]], path: Path) -> None:
    """A recipe file with some stretches replaced is read, or refused with its place; nothing else."""
    for start, length, instead in cuts:
        start %= len(text) + 1
        text = text[:start] + instead + text[start + length :]
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        recipe = load(path)
    except InputError as error:
        refusal = str(error)
    else:
        assert parse(tomllib.loads(recipe.to_toml()), "") == recipe
        return
    assert str(path) in refusal


PIECES = st.sampled_from(
    ["", "=", "[", "]", "\n", '"', "'", "nan", "inf", "-1", "1e999", "true", "\0", "\ud800", "[[a]]"]
)
CUTS = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 9), PIECES | st.text(max_size=4)), min_size=1, max_size=4
)


@given(st.sampled_from(list(NAMED)), CUTS)
@settings(max_examples=150, deadline=None)
def test_broken_recipe_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, cuts: Any
) -> None:
    check_broken(NAMED[name].to_toml(), cuts, tmp_path_factory.getbasetemp() / "broken.toml")


@pytest.mark.long
@given(st.sampled_from(list(NAMED)), CUTS)
@settings(max_examples=6000, deadline=None)
def test_thousands_of_broken_recipe_files(tmp_path_factory: pytest.TempPathFactory, name: str, cuts: Any) -> None:
    check_broken(NAMED[name].to_toml(), cuts, tmp_path_factory.getbasetemp() / "broken.toml")
