"""The stations on the engine: each step the right way and every named wrong way, with the interpretation it gets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tagfit.data.scenes.scene import truth_of
from tagfit.errors import InputError
from tagfit.lesson import content
from tagfit.lesson.labs import bonus, cut, diagnose, experiment, nets, painted, sandbox, tag, worth
from tagfit.lesson.state import State, answered, state
from tagfit.lesson.steps import Outcome, feedback_keys, prompt, show

pytest.importorskip("torch")

SOLUTION = "widths=128,64 norm=batch dropout=0.4,0.3 schedule=constant epochs=50 patience=5 restore_best=true"
TRUE_ROWS = [
    [label for label, on in zip(nets.lesson_problem().labels, row, strict=True) if on]
    for row in truth_of(list(tag.drawn()))
]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The pictures are painted into a folder of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAGFIT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


class Learner:
    """Answers steps of one station and keeps the events."""

    def __init__(self, station: str) -> None:
        self.station = content.station(station)
        self.events: list[dict[str, Any]] = []

    @property
    def now(self) -> State:
        return state(self.station, self.events)

    def __call__(self, step: str, answer: Any) -> Outcome:
        """Answer, with all that a face does around it: what is shown, the question, the feedback."""
        wanted = self.station.step(step)
        context = self.now.context(wanted)
        shown = show(context)
        assert "{" not in prompt(context, shown)
        for block in shown.blocks:
            assert block.to_dict()
        outcome, event = answered(context, answer)
        self.events.append(event)
        said = outcome.feedback(wanted)
        assert said
        assert all("{" not in text and "nan" not in text for text in said)
        return outcome


ORDER = ("mAP", "macro_f1", "loss", "subset_accuracy", "label_accuracy", "argmax_accuracy")
BY_SIZE = ("label_accuracy", "macro_f1", "subset_accuracy", "mAP", "argmax_accuracy", "loss")
RIGHT_CODES = (
    "near-duplicates-across-splits", "overfitting", "label-shares-differ", "healthy", "underfitting", "labels-permuted",
)  # fmt: skip
# Station, step, answer, the key of the feedback.
WAYS: tuple[tuple[str, str, Any, str], ...] = (
    ("tag", "tags", TRUE_ROWS, "agreed"),
    ("tag", "tags", [row[:1] for row in TRUE_ROWS], "one_each"),
    ("tag", "tags", [*TRUE_ROWS[:-1], ["beach", "snow", "trees"]], "differs"),
    ("tag", "lost", 15, "right"),
    ("tag", "lost", 7, "per_picture"),
    ("tag", "lost", 23, "all"),
    ("tag", "lost", 8, "kept"),
    ("tag", "lost", 0, "none_loses"),
    ("tag", "lost", 11, "wrong"),
    ("heads", "predict", "one", "one"),
    ("heads", "predict", "three", "three"),
    ("heads", "predict", "none", "none"),
    ("heads", "move", [3, 3, -3], "right"),
    ("heads", "move", [0.9, 0.9, 0], "as_probabilities"),
    ("heads", "move", [3, 3, 0], "zero_is_no"),
    ("heads", "move", [1, 1, -1], "too_timid"),
    ("heads", "move", [3, -3, -3], "other_side"),
    ("heads", "coupled", "softmax_only", "softmax_only"),
    ("heads", "coupled", "stays", "stays"),
    ("heads", "coupled", "falls_both", "falls_both"),
    ("cut", "highest_recall", 0.5, "half"),
    ("cut", "highest_recall", 0.1, "too_low"),
    ("cut", "highest_recall", 0.8, "too_high"),
    ("cut", "ties", 3, "right"),
    ("cut", "ties", 6, "counted_ties"),
    ("cut", "ties", 5, "counted_below"),
    ("cut", "ties", 1, "wrong"),
    ("cut", "one_or_many", "same_gain", "same_gain"),
    ("cut", "one_or_many", "no_gain", "no_gain"),
    ("worth", "rank", ORDER, "right"),
    ("worth", "rank", BY_SIZE, "by_size"),
    ("worth", "rank", ("label_accuracy", *(one for one in ORDER if one != "label_accuracy")), "accuracy_first"),
    ("worth", "rank", ORDER[::-1], "worst_not_seen"),
    ("worth", "nothing", 0.97, "right"),
    ("worth", "nothing", 0.5, "half"),
    ("worth", "nothing", 0, "zero"),
    ("worth", "nothing", 0.03, "prevalence"),
    ("worth", "nothing", 0.8, "wrong"),
    ("worth", "keras", "low", "low"),
    ("worth", "keras", "one", "one"),
    ("worth", "keras", "zero", "zero"),
    ("memorise", "expect", [0.5, 0.45, 0.5, 0.6, 0.7], "rises"),
    ("memorise", "expect", [0.6, 0.5, 0.4, 0.3, 0.2], "keeps_falling"),
    ("memorise", "expect", [0.6, 0.5, 0.5, 0.5, 0.5], "flat"),
    ("memorise", "accuracy", 0.98, "too_high"),
    ("memorise", "accuracy", 0.5, "too_low"),
    ("memorise", "above", "memorised", "memorised"),
    ("memorise", "above", "better", "better"),
    ("memorise", "above", "bug", "bug"),
    ("diagnose", "match", RIGHT_CODES, "right"),
    ("explain", "verdict", "It overfits: 1.0 on train and 0.8 on validation, so stop earlier.", "compared"),
    ("explain", "verdict", "It is bad because it learns too much.", "no_numbers"),
    ("explain", "verdict", "Overfits, 0.8.", "no_remedy"),
    ("explain", "compare", ["both", "chance", "turn", "remedy", "unknown"], "complete"),
    ("explain", "compare", ["chance", "turn", "remedy", "unknown"], "missing_both"),
)  # fmt: skip


@pytest.mark.parametrize(("station", "step", "answer", "key"), WAYS)
def test_an_answer_gets_the_feedback_of_its_misconception(station: str, step: str, answer: Any, key: str) -> None:
    outcome = Learner(station)(step, list(answer) if isinstance(answer, tuple) else answer)
    assert outcome.key == key
    known = content.station(station).step(step)
    if key in known.misconceptions:
        assert outcome.misconception == key
        assert outcome.right is not True
    else:
        assert outcome.misconception == ""


@pytest.mark.parametrize(
    ("station", "step"),
    [(one, step) for one in content.stations() for step in one.steps if not step.lab],
    ids=lambda part: part.id,
)
def test_every_option_of_a_step_without_a_lab_is_explained(station: content.Station, step: content.Step) -> None:
    for option in step.options:
        learner = Learner(station.id)
        chosen = [one.id for one in step.options if one.right != (one.id == option.id)]
        outcome = learner(step.id, option.id if step.kind == "choice" else chosen)
        if option.right and step.kind == "choice":
            assert (outcome.right, outcome.done) == (True, True)
        else:
            assert (outcome.right, outcome.key, outcome.misconception) == (False, option.id, option.misconception)
    if step.kind == "many":
        assert Learner(station.id)(step.id, [one.id for one in step.options if one.right]).right


@pytest.mark.parametrize("place", range(len(RIGHT_CODES)))
def test_a_run_that_is_not_recognised_is_explained_by_its_evidence(place: int) -> None:
    """Swapped with a later one, each run is once the first that is wrong."""
    answer = list(RIGHT_CODES)
    other = place + 1 if place + 1 < len(answer) else place - 1
    answer[place], answer[other] = answer[other], answer[place]
    outcome = Learner("diagnose")("match", answer)
    first = min(place, other)
    assert outcome.misconception == f"missed_{RIGHT_CODES[first].replace('-', '_')}"
    assert outcome.figures["run"] == "ABCDEF"[first]
    assert outcome.figures["right"] == 4


def test_the_last_run_has_its_explanation_too() -> None:
    station = content.station("diagnose")
    assert {f"missed_{code.replace('-', '_')}" for code in RIGHT_CODES} == set(station.step("match").misconceptions)
    assert [case.code for case in diagnose.cases()] == list(RIGHT_CODES)


def test_the_best_cut_is_right_and_what_is_near_it() -> None:
    found = Learner("cut")("highest_recall", cut.best().cut)
    assert found.key == "right"
    assert found.figures["recall"] == found.figures["best_recall"]
    assert cut.best().precision >= cut.PRECISION


def test_cuts_of_their_own_gain_more_where_they_were_chosen() -> None:
    outcome = Learner("cut")("one_or_many", "more_on_validation")
    assert outcome.right is (True if outcome.figures["gain_validation"] > outcome.figures["gain_test"] else None)


def test_worth_is_the_way_from_trivial_to_perfect() -> None:
    assert sorted(worth.MODELS, key=worth.worth, reverse=True) == list(ORDER)
    assert math.isclose(worth.worth("label_accuracy"), 0, abs_tol=0.01)


def test_the_plain_net_memorises_and_misses_the_goal_and_the_cured_one_meets_it() -> None:
    plain, cured = nets.plain(), nets.cured()
    assert plain.value("train") > 0.98
    assert plain.value("validation") < 0.85 < cured.value("validation")
    assert plain.value("train") > painted.ceiling("train")
    assert cured.value("train") < 0.92
    outcome = Learner("memorise")("accuracy", round(plain.value("validation"), 2))
    assert (outcome.key, outcome.right) == ("right", True)


def test_the_pictures_are_painted_once_and_then_read(monkeypatch: pytest.MonkeyPatch) -> None:
    before = painted.made(pictures=60)
    monkeypatch.setattr(painted, "paint", None)
    assert painted.made(pictures=60).fingerprint == before.fingerprint


class TestExperiment:
    """The paths of the experiment, each with the interpretation of its own result."""

    @pytest.fixture
    def learner(self, monkeypatch: pytest.MonkeyPatch) -> Learner:
        monkeypatch.setattr(experiment, "_TRIED", {})
        return Learner("experiment")

    @pytest.mark.parametrize(
        ("recipe", "key", "more"),
        [
            ("epochs=80", "nothing_changed", ()),
            ("dropout=0.9,0.9 epochs=4", "underfitted", ()),
            ("widths=8 epochs=3", "underfitted", ("small",)),
            ("weight_decay=0.0001 epochs=40", "overfitted", ()),
            (SOLUTION, "met", ()),
        ],
    )
    def test_a_recipe_is_interpreted(self, learner: Learner, recipe: str, key: str, more: tuple[str, ...]) -> None:
        outcome = learner("try", recipe.split())
        assert (outcome.key, outcome.more) == (key, more)
        assert outcome.done == (key == "met")
        assert learner.now.of(self.step, "answer")[-1]["outcome"]["figures"]["answer"] == recipe

    step = content.station("experiment").step("try")

    def test_a_conv_net_meets_it_and_its_architecture_is_named(self, learner: Learner) -> None:
        recipe = bonus.CONV.changed(epochs=8)
        changes = {name: value for name, value in recipe.to_dict().items() if value != nets.PLAIN.to_dict()[name]}
        words = [
            f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in changes.items()
        ]
        outcome = learner("try", words)
        assert outcome.key in ("met", "met_by_luck", "met_once")
        assert outcome.more[0] == "conv"

    def test_a_recipe_at_the_border_is_met_by_luck(self, learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
        """Other seeds decide: with them the same recipe misses."""
        train = nets.train

        def unlucky(recipe: Any, **settings: Any) -> nets.Trained:
            return train(nets.PLAIN.changed(epochs=2) if settings.get("seed", 0) else recipe, **settings)

        monkeypatch.setattr(nets, "train", unlucky)
        outcome = learner("try", SOLUTION.split())
        assert (outcome.key, outcome.misconception, outcome.done) == ("met_by_luck", "met_by_luck", False)
        assert outcome.figures["again"] == 0

    def test_a_training_that_takes_too_long_is_stopped(self, learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(nets, "MOST_SECONDS", 0.0)
        monkeypatch.setattr(nets.train, "__kwdefaults__", {**nets.train.__kwdefaults__, "seconds": 0.0})
        outcome = learner("try", ["epochs=30"])
        assert (outcome.key, outcome.figures["epochs"], outcome.figures["most"]) == ("stopped", 1, 30)

    def test_without_time_for_fresh_seeds_luck_is_left_open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert experiment.confirmed(nets.cured(), seconds=0.5) == experiment.Verdict("met_once")

    @pytest.mark.parametrize(("change", "parts"), [("noise=0", "data"), ("pictures=620", "data"), ("size=40", "data")])
    def test_what_belongs_to_the_problem_is_refused_by_its_fingerprint(
        self, learner: Learner, change: str, parts: str
    ) -> None:
        outcome = learner("try", ["epochs=20", change])
        assert (outcome.key, outcome.misconception) == ("data_touched", "data_touched")
        assert parts in outcome.figures["parts"]
        assert outcome.figures["before"] == painted.problem().fingerprint["data"][:12] != outcome.figures["after"]

    def test_looks_at_test_are_counted_and_named_when_the_goal_is_met(self, learner: Learner) -> None:
        assert learner("try", ["look=test"]).key == "nothing_to_look_at"
        learner("try", ["epochs=80"])
        looks = [learner("try", ["look=test"]) for _ in range(2)]
        assert [(one.key, one.misconception, one.figures["looks"]) for one in looks] == [
            ("looked_at_test", "looked_at_test", 1),
            ("looked_at_test", "looked_at_test", 2),
        ]
        outcome = learner("try", SOLUTION.split())
        assert (outcome.key, outcome.more, outcome.figures["looks"]) == ("met", ("tuned_on_test",), 2)

    @pytest.mark.parametrize("answer", ["banana=1", "epochs=0", "noise=much", "architecture=pretrained"])
    def test_what_no_recipe_can_be_is_refused_and_not_counted(self, learner: Learner, answer: str) -> None:
        with pytest.raises(InputError):
            learner("try", [answer])
        assert learner.events == []

    def test_half_way_and_good_but_memorising(self) -> None:
        """Interpretations that depend on two figures, from figures alone."""

        class Found:
            stopped = False

            def __init__(self, train: float, validation: float) -> None:
                self.figures = {"train": train, "validation": validation}

            def value(self, split: str) -> float:
                return self.figures[split]

        keys = {(0.91, 0.84): "half_way", (0.95, 0.86): "good_but_memorising", (0.86, 0.84): "underfitted"}
        for figures, key in keys.items():
            assert experiment.interpret(Found(*figures)) == key  # type: ignore[arg-type]


def lines(step: str) -> list[str]:
    return content.station("repair").step(step).start.split("\n")


def edited(step: str, place: int, line: str) -> str:
    """The code of a step with one line replaced, counted from 1."""
    return "\n".join([*lines(step)[: place - 1], line, *lines(step)[place:]])


REPAIRS = (
    ("softmax", edited("softmax", 3, "    return 1 / (1 + np.exp(-logits))"), "right"),
    ("softmax", edited("softmax", 3, "    return 0.5 + 0.5 * np.tanh(logits / 2)"), "right"),
    ("softmax", edited("softmax", 3, "    return logits"), "no_head"),
    ("softmax", edited("softmax", 3, "    return np.full(logits.shape, 0.4)"), "useless"),
    ("softmax", edited("softmax", 3, "    return logitz"), "does_not_run"),
    ("argmax", edited("argmax", 4, '    metrics=["binary_accuracy"],'), "right"),
    ("argmax", edited("argmax", 4, '    metrics=["subset_accuracy"],'), "alone"),
    ("argmax", edited("argmax", 4, "    metrics=[],"), "none"),
    ("argmax", edited("argmax", 3, '    loss="categorical_crossentropy",'), "categorical"),
    ("exact", edited("exact", 3, 'wanted = ["subset_accuracy", "macro_f1"]'), "right"),
    ("exact", edited("exact", 5, 'reported = ["accuracy", "subset_accuracy"]'), "argmax"),
    ("flat", edited("flat", 3, "    truth[row, [labels.index(name) for name in names]] = 1"), "right"),
    ("flat", edited("flat", 3, "    truth[row - 1, [labels.index(name) for name in names]] = 1"), "other"),
    ("leak", edited("leak", 2, "validation = np.isin(groups, rng.permutation(np.unique(groups))[:50])"), "right"),
    ("leak", edited("leak", 2, "validation = groups < 5"), "size"),
    ("cut_on_train", edited("cut_on_train", 3, 'rows = run.scores("validation")'), "right"),
    ("cut_on_train", edited("cut_on_train", 5, 'chosen_on, values = "test", cuts.values'), "on_test"),
    ("last_epoch", 'reported = history["val_loss"][kept - 1]', "right"),
    ("last_epoch", 'reported = min(history["val_loss"])', "right"),
    ("last_epoch", 'reported = history["loss"][-1] + 9', "other"),
    ("dropout_on", edited("dropout_on", 3, 'reported = tagfit.evaluate(truth, scores)["loss"]'), "right"),
    ("dropout_on", edited("dropout_on", 3, "reported = 0.0"), "other"),
)  # fmt: skip


@pytest.mark.parametrize(("step", "code", "key"), REPAIRS)
def test_a_repair_is_judged_by_what_it_yields(step: str, code: str, key: str) -> None:
    outcome = Learner("repair")(step, code)
    assert outcome.key == key
    assert outcome.done == (key == "right")


@pytest.mark.parametrize("step", [step.id for step in content.station("repair").steps])
def test_every_set_up_is_broken_as_it_is_given(step: str) -> None:
    outcome = Learner("repair")(step, "\n".join(lines(step)))
    assert (outcome.key, outcome.misconception) == ("still", "still")


def test_the_train_figure_is_no_validation_figure() -> None:
    value = nets.cured().value("train", "loss")
    assert Learner("repair")("last_epoch", f"reported = {value}").key == "train"


def test_code_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 0.3)
    with pytest.raises(sandbox.CodeError, match=r"0\.3"):
        sandbox.run("while True: pass", {}, ())


def test_the_bonus_is_judged_by_what_the_trainings_gave() -> None:
    outcome = Learner("bonus")("shuffled", "conv_falls")
    assert set(outcome.figures) == {f"{net}_{place}" for net in ("conv", "dense") for place in ("in_place", "shuffled")}
    assert (outcome.key, outcome.right) == ("conv_falls", True)
    assert outcome.figures["conv_in_place"] > outcome.figures["dense_in_place"]


@pytest.mark.parametrize(
    ("answer", "shuffled", "key", "right"),
    [
        ("both_fall", 0.80, "both_fall", False),
        ("none_falls", 0.80, "none_falls", False),
        ("conv_falls", 0.88, "otherwise", None),
        ("none_falls", 0.88, "otherwise", True),
    ],
)
def test_the_bonus_compares_a_prediction_with_what_came(
    answer: str, shuffled: float, key: str, right: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {"conv": iter((0.88, shuffled)), "dense": iter((0.86, 0.86))}

    class Found:
        def __init__(self, kind: str) -> None:
            self.kind = kind

        def value(self, _split: str) -> float:
            return next(figures[self.kind])

    monkeypatch.setattr(nets, "train", lambda recipe, **_: Found(recipe.architecture))
    monkeypatch.setattr(bonus, "grey", lambda in_order=True: None)
    outcome = Learner("bonus")("shuffled", answer)
    assert (outcome.key, outcome.right) == (key, right)
    assert outcome.misconception == ("" if right is not False else key)


def test_every_key_of_the_feedback_is_reached_by_some_test() -> None:
    """A text that no answer leads to is dead; these tests name all of them."""
    source = Path(__file__).read_text(encoding="utf-8")
    dead = [
        f"{station.id}.{step.id}: {key}"
        for station in content.stations()
        for step in station.steps
        if step.lab
        for key in feedback_keys(step)
        if f'"{key}"' not in source and not key.startswith("missed_") and not key.startswith("missing_")
    ]
    assert dead == []
