"""Goals: read as written, refused with everything that is wrong, and an order of models that follows from them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagfit.errors import InputError
from tagfit.evaluation.metrics import METRICS
from tagfit.goal import DEFAULT_GAP, LESSON, Goal, read_bounds

SHARES = st.floats(0, 1, allow_nan=False)


def values(train: float, validation: float, metric: str = "label_accuracy") -> dict[str, float]:
    return {f"train.{metric}": train, f"validation.{metric}": validation}


def test_the_lesson_is_the_mission_s_pair() -> None:
    goal = Goal("lesson")
    assert tuple(bound.text for bound in goal.bounds) == LESSON
    assert goal.metric == "label_accuracy"
    assert goal.met_by(values(0.90, 0.86))
    assert not goal.met_by(values(0.98, 0.86))
    assert not goal.met_by(values(0.90, 0.84))


def test_a_value_on_the_bound_counts_only_where_the_sign_says_so() -> None:
    goal = Goal("lesson")
    assert goal.met_by(values(0.9, 0.85))
    assert not goal.met_by(values(0.92, 0.86))
    assert goal.shortfalls(values(0.92, 0.86))["train.label_accuracy<0.92"] > 0


def test_without_a_wish_it_is_the_best_map_with_a_small_gap() -> None:
    goal = Goal()
    assert (goal.maximise, goal.gap_at_most, goal.metric) == ("validation.mAP", DEFAULT_GAP, "mAP")
    assert goal.met_by(values(0.80, 0.76, "mAP"))
    assert not goal.met_by(values(0.90, 0.80, "mAP"))


@pytest.mark.parametrize(
    ("train", "validation", "alone"),
    [(0.90, 0.84, True), (0.93, 0.84, False), (0.93, 0.86, False), (0.90, 0.86, False), (math.nan, 0.84, False)],
)
def test_quality_is_missed_alone_where_every_ceiling_holds(train: float, validation: float, alone: bool) -> None:
    assert Goal("lesson").misses_quality_alone(values(train, validation)) is alone


def test_a_gap_is_a_ceiling() -> None:
    goal = Goal("validation.label_accuracy>=0.85", gap_at_most=0.05)
    assert goal.misses_quality_alone(values(0.88, 0.84))
    assert not goal.misses_quality_alone(values(0.92, 0.84))


def test_a_bound_without_a_split_is_of_validation() -> None:
    (bound,) = Goal("macro_f1>=0.5").bounds
    assert bound.figure == "validation.macro_f1"
    assert read_bounds("lesson, mAP>0.5")[2].figure == "validation.mAP"


def test_a_loss_is_made_small() -> None:
    goal = Goal("validation.loss<=0.4", maximise="validation.loss")
    low, high = ({**values(0.1, loss, "loss")} for loss in (0.3, 0.39))
    assert goal.merit(low) > goal.merit(high)
    assert goal.gap(values(0.1, 0.4, "loss")) == pytest.approx(0.3)
    assert [bound.asks_for_quality for bound in Goal("validation.loss<=0.4", "train.loss>=0.1").bounds] == [True, False]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("validation.label_accuracy=0.85",), "cannot be read"),
        (("validation.label_accuracy>=a lot",), "cannot be read"),
        (("validation.label_accuracy>=1.2.3",), "no number"),
        (("validation.accuracy>=0.85",), "several meanings"),
        (("validation.argmax_accuracy>=0.85",), "a perfect model fails it"),
        (("test.label_accuracy>=0.85",), "there to confirm"),
        (("validation.label_acuracy>=0.85",), "did you mean label_accuracy"),
    ],
)
def test_what_cannot_be_a_goal_is_refused_in_the_user_s_words(wrong: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Goal(*wrong)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Goal("a", "test.mAP>0.5", maximise="what?", gap_at_most=-1)
    assert len(caught.value.faults) == 4


@given(SHARES, SHARES, SHARES, SHARES)
def test_who_meets_the_goal_stands_before_who_does_not(one: float, other: float, two: float, three: float) -> None:
    goal = Goal("lesson")
    a, b = values(one, other), values(two, three)
    if goal.met_by(a) and not goal.met_by(b):
        assert goal.merit(a) > goal.merit(b)


@given(SHARES, SHARES)
def test_met_is_the_same_as_no_shortfall(train: float, validation: float) -> None:
    goal = Goal("validation.label_accuracy>0.5", "train.label_accuracy<=0.92", gap_at_most=0.1)
    found = values(train, validation)
    each = [bound.met_by(found[bound.figure]) for bound in goal.bounds]
    assert goal.met_by(found) == (all(each) and goal.gap(found) <= 0.1)


def test_what_is_undefined_meets_nothing() -> None:
    goal = Goal("macro_f1>=0.5")
    assert goal.shortfalls(values(0.5, math.nan, "macro_f1")) == {"macro_f1>=0.5": math.inf}


@pytest.mark.parametrize("goal", [Goal(), Goal("lesson"), Goal("mAP>0.5", maximise="macro_f1", gap_at_most=0)])
def test_it_comes_back_as_it_was_written(goal: Goal) -> None:
    assert Goal.from_dict(goal.to_dict()) == goal


@pytest.mark.parametrize(
    ("bound", "right"),
    [
        ("mAP>=85", "validation.mAP>=0.85"),
        ("validation.label_accuracy>=92.5", "validation.label_accuracy>=0.925"),
        ("train.macro_f1>1", "train.macro_f1>0.85"),
        ("mAP>=1e999", "validation.mAP>=0.85"),
        ("mAP>nan", "validation.mAP>0.85"),
        ("mAP<0", "validation.mAP<0.85"),
        ("mAP>=-0.1", "validation.mAP>=0.85"),
        ("loss<0", "validation.loss<0.5"),
        ("loss<=inf", "validation.loss<=0.5"),
    ],
)
def test_a_bound_that_no_model_can_meet_is_refused_with_the_range_and_the_right_form(bound: str, right: str) -> None:
    with pytest.raises(InputError) as caught:
        Goal(bound)
    (fault,) = caught.value.faults
    assert "cannot be met: " in fault.what
    assert "from 0 to 1" in fault.what or "0 or more" in fault.what
    assert fault.instead == right
    Goal(right)


@pytest.mark.parametrize(
    ("bounds", "meet"),
    [
        (("mAP>0.9", "mAP<0.8"), False),
        (("mAP>0.8", "validation.mAP<0.8"), False),
        (("mAP>=0.8", "mAP<0.8"), False),
        (("mAP>=0.8", "mAP<=0.8"), True),
        (("mAP>0.8", "mAP<0.9"), True),
        (("validation.mAP>0.9", "train.mAP<0.8"), True),
    ],
)
def test_bounds_that_contradict_each_other_are_refused(bounds: tuple[str, ...], meet: bool) -> None:
    if meet:
        Goal(*bounds)
        return
    with pytest.raises(InputError, match="meets both"):
        Goal(*bounds)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "argmax_accuracy"])
def test_every_metric_can_be_named_in_a_goal(name: str) -> None:
    better = METRICS[name].better
    (bound,) = Goal(f"train.{name}{'>=' if better == 'higher' else '<='}0.5", maximise=f"validation.{name}").bounds
    assert (bound.figure, bound.asks_for_quality) == (f"train.{name}", True)
    assert Goal("macro_f0.25>=.5").metric == "macro_f0.25"


@pytest.mark.parametrize("gap", [-1, math.nan, math.inf, "0.05", True])
def test_a_gap_that_is_no_number_is_refused(gap: object) -> None:
    with pytest.raises(InputError, match="gap_at_most = "):
        Goal("mAP>0.5", gap_at_most=gap)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "form"),
    [("mAP>=85%", "validation.mAP>=0.85"), ("validation.mAP>100%", "validation.mAP>0.85"), ("mAP>x%", "mAP>x%")],
)
def test_a_percentage_is_answered_with_its_share(text: str, form: str) -> None:
    with pytest.raises(InputError) as raised:
        Goal(text)
    assert form in raised.value.faults[0].instead
