"""Changes of a recipe: every field has its group, a change can be undone, and moves change what they say."""

from __future__ import annotations

from itertools import product

import pytest

from tagfit.curing.changes import GROUPS, changes, undone
from tagfit.curing.moves import (
    ALWAYS,
    ANSWER,
    AT_ONCE,
    CONV,
    FURTHER,
    HOLD_BACK,
    REGULARISED,
    SMALL,
    SMALL_FIRST,
    STANDARD,
    kind_of,
    moves,
)
from tagfit.diagnosis.finding import Finding, Remedy, fired
from tagfit.recipe import NAMED, Recipe


def finding(code: str, **recipe: object) -> Finding:
    return Finding(code, "fit", "issue", "", "", fired("", {}, Remedy("", recipe)))


def test_every_field_of_a_recipe_stands_in_one_group() -> None:
    grouped = [field for fields in GROUPS.values() for field in fields]
    assert sorted(grouped) == sorted(Recipe.model_fields)


@pytest.mark.parametrize(("one", "other"), list(product(NAMED, NAMED)))
def test_a_recipe_with_all_its_changes_undone_is_the_other(one: str, other: str) -> None:
    before, after = NAMED[one], NAMED[other]
    found = changes(before, after)
    assert (found == ()) == (before == after)
    back = after.changed(**{field: value for change in found for field, value in change.before.items()})
    assert back == before


@pytest.mark.parametrize(("one", "other"), list(product(NAMED, NAMED)))
def test_each_change_undone_alone_is_a_recipe(one: str, other: str) -> None:
    for change in changes(NAMED[one], NAMED[other]):
        without = undone(NAMED[other], change)
        if change.name == "net" and NAMED[one].architecture != "conv" and NAMED[other].augment:
            continue
        if change.name == "augmentation" and NAMED[other].architecture != "conv":
            continue
        assert without is not None, change.name
        if (
            change.name == "dropout" and len(NAMED[one].dropout) > 1 and NAMED[other].architecture != "dense"
        ):  # one share is what the other net can take
            assert without.dropout == NAMED[one].dropout[-1:]
            continue
        assert change.name not in {left.name for left in changes(NAMED[one], without)}


def test_what_cannot_be_undone_alone_is_said() -> None:
    moving = NAMED["regularised-conv"].changed(augment=True)
    (net,) = [change for change in changes(NAMED["plain-dense"], moving) if change.name == "net"]
    assert undone(moving, net) is None


@pytest.mark.parametrize("name", NAMED)
def test_a_move_changes_its_own_group_or_does_not_apply(name: str) -> None:
    for move in moves((), 64, augment=True):
        changed = move.applied(NAMED[name])
        if changed is None or move.name in ("dense to conv", "augmentation", *(one for one, _ in CONV)):
            continue
        group = next(group for called, group, _ in (*STANDARD, *FURTHER) if called == move.name)
        assert {change.name for change in changes(NAMED[name], changed)} == {group}


def test_standard_remedies_come_first_and_in_their_order() -> None:
    found = [move.name for move in moves((), None, augment=False)]
    assert found == [name for name, _, _ in (*STANDARD, *FURTHER)]
    after = [move.name for move in moves((), 64, augment=True)][len(STANDARD) :]
    assert after[:2] == ["dense to conv", "augmentation"]


def test_stopping_by_the_goal_s_metric_is_tried_after_the_loss() -> None:
    first, second = moves((), None, augment=False, metric="macro_f1")[:2]
    plain = NAMED["plain-dense"]
    assert second.name == "early stopping on macro_f1"
    stopped = first.applied(plain)
    assert stopped is not None
    assert second.applied(stopped) == stopped.changed(monitor="macro_f1")
    watched = second.applied(plain)
    assert watched is not None
    assert (watched.monitor, watched.patience, watched.restore_best) == ("macro_f1", stopped.patience, True)
    assert second.applied(watched) is None
    course = REGULARISED["conv"]  # whose schedule runs its course: patience would break it off
    assert first.applied(course) is None
    assert second.applied(course) == course.changed(monitor="macro_f1")


def test_feature_rows_and_tiny_pictures_get_no_conv_net() -> None:
    for size in (None, 8):
        assert "dense to conv" not in {move.name for move in moves((), size, augment=False)}
    assert "dense to conv" in {move.name for move in moves((), 64, augment=False)}


def test_pictures_are_moved_about_only_where_that_is_allowed() -> None:
    asked = [finding("overfitting", augment=True, dropout=(0.4,))]
    assert not any(
        (move.applied(NAMED["plain-conv"]) or NAMED["plain-conv"]).augment for move in moves(asked, 64, augment=False)
    )
    assert any(
        (move.applied(NAMED["plain-conv"]) or NAMED["plain-conv"]).augment for move in moves(asked, 64, augment=True)
    )


def test_a_finding_is_the_reason_of_the_move_that_answers_it() -> None:
    found = {move.name: move.because for move in moves([finding("overfitting", dropout=(0.4,))], None, augment=False)}
    assert found[AT_ONCE] == "overfitting"
    assert found["dropout"] == "overfitting"
    assert found["weight decay"] == ALWAYS


def test_a_remedy_that_no_standard_move_has_becomes_a_move_of_its_own() -> None:
    asked = [finding("rare-labels", positive_weights="balanced")]
    own = moves(asked, None, augment=False)[-1]
    assert own.because == "rare-labels"
    changed = own.applied(NAMED["plain-dense"])
    assert changed is not None
    assert changed.positive_weights == "balanced"


def test_a_model_that_learns_nothing_is_given_more_before_it_is_held_back() -> None:
    asked = [finding("underfitting", widths=(256, 128), learning_rate=3e-3)]
    names = [move.because for move in moves(asked, None, augment=False)]
    assert names[:2] == ["underfitting", "underfitting"]


@pytest.mark.parametrize("name", NAMED)
def test_the_regularised_recipe_changes_its_groups_of_fields_and_no_others(name: str) -> None:
    first = moves([finding("memorising", patience=5)], None, augment=False)[0]
    assert (first.name, first.because, first.origin) == (AT_ONCE, "memorising", "lesson")
    start = NAMED[name].changed(positive_weights="balanced", label_smoothing=0.02, gradient_clip=1.0)
    answer = REGULARISED[kind_of(start)]
    if name.startswith("regularised") or start.architecture == "pretrained":
        assert first.applied(start.changed(widths=answer.widths, epochs=answer.epochs, monitor=answer.monitor)) is None
        return
    start = start.changed(widths=(256, 128, *start.widths[2:]))
    changed = first.applied(start)
    assert changed is not None
    assert {change.name for change in changes(start, changed)} <= set(ANSWER[start.architecture])
    assert changed == answer.changed(positive_weights="balanced", label_smoothing=0.02, gradient_clip=1.0)


def test_on_pictures_the_answer_is_tried_small_first() -> None:
    asked = [finding("overfitting", dropout=(0.4,))]
    small, whole = moves(asked, 64, augment=False)[:2]
    assert [(one.name, one.origin) for one in (small, whole)] == [(SMALL_FIRST, "lesson"), (AT_ONCE, "lesson")]
    assert SMALL_FIRST not in {move.name for move in moves(asked, None, augment=False)}
    for architecture, recipe in SMALL.items():
        start = NAMED.get(f"plain-{architecture}", REGULARISED[architecture]).changed(positive_weights="balanced")
        assert small.applied(start) == recipe.changed(positive_weights="balanced")
        assert small.applied(start.changed(widths=recipe.widths)) is None
    assert small.applied(Recipe(widths=())) is None


def test_what_only_holds_back_waits_where_a_conv_net_can_do_more() -> None:
    assert {move.name for move in moves((), 64, augment=True) if move.waits} == set(HOLD_BACK)
    assert not any(move.waits for move in moves((), None, augment=False))


def test_a_conv_net_that_was_tried_small_grows_to_the_whole_one() -> None:
    (to_conv, wider) = (move for move in moves((), 64, augment=False) if move.name in ("dense to conv", "wider stages"))
    small = to_conv.applied(NAMED["regularised-dense"])
    assert small is not None
    assert wider.applied(small) == REGULARISED["conv"]
    assert wider.applied(NAMED["regularised-dense"]) is None


def test_the_regularised_recipe_widens_no_net() -> None:
    first = moves([finding("overfitting", dropout=(0.4,))], None, augment=False)[0]
    narrow = first.applied(Recipe(widths=(64, 32)))
    assert narrow is not None
    assert (narrow.widths, narrow.norm, narrow.dropout) == ((64, 32), "batch", (0.4, 0.3))
    deep = first.applied(Recipe(widths=(64, 32, 16)))
    assert deep is not None
    assert (deep.widths, deep.dropout) == ((64, 32, 16), (0.4,))


def test_the_regularised_recipe_is_not_tried_where_no_finding_asks_for_it() -> None:
    calls = [finding("rare-labels", positive_weights="balanced")]
    starves = [finding("overfitting", dropout=(0.4,)), finding("underfitting", widths=(256, 128))]
    for findings in ((), calls, starves):
        assert AT_ONCE not in {move.name for move in moves(findings, None, augment=False)}


def test_stronger_dropout_never_weakens_it() -> None:
    (stronger,) = [move for move in moves((), None, augment=False) if move.name == "stronger dropout"]
    changed = stronger.applied(Recipe(widths=(64, 32), dropout=(0.4, 0.8)))
    assert changed is not None
    assert changed.dropout == (0.6, 0.8)
    for recipe in (Recipe(widths=(64,), dropout=(0.8,)), NAMED["plain-dense"], NAMED["regularised-conv"]):
        assert stronger.applied(recipe) is None
