"""Ways through the stations: answers that are right, and one for each named mistake, with the feedback they get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tagfit.data.scenes.scene import LABELS, truth_of
from tagfit.lesson import content
from tagfit.lesson.content import Station, Step, message
from tagfit.lesson.labs import tag

SOLUTION = content.station("experiment").step("try").solution
TRUE_ROWS = [[label for label, on in zip(LABELS, row, strict=True) if on] for row in truth_of(list(tag.drawn()))]
ORDER = ("mAP", "macro_f1", "loss", "subset_accuracy", "label_accuracy", "argmax_accuracy")
BY_SIZE = ("label_accuracy", "macro_f1", "subset_accuracy", "mAP", "argmax_accuracy", "loss")
RIGHT_CODES = (
    "near-duplicates-across-splits", "overfitting", "label-shares-differ", "healthy", "underfitting", "labels-permuted",
)  # fmt: skip


# Of the experiment, the mistakes that a short walk makes: what costs little time, and ends otherwise.
SHORT = ("data_touched", "underfitted")


class Way(NamedTuple):
    """An answer to a step, and the key of the feedback that it gets; one of several where chance decides."""

    station: str
    step: str
    answer: Any
    key: str

    @property
    def keys(self) -> list[str]:
        """The keys that are accepted."""
        return self.key.split("|")


def code(step: str, place: int, line: str) -> str:
    """The code of a step of station 8 with one line replaced, counted from 1."""
    lines = content.station("repair").step(step).start.split("\n")
    return "\n".join([*lines[: place - 1], line, *lines[place:]])


def as_given(step: str) -> str:
    """The code of a step of station 8 as the learner finds it."""
    return content.station("repair").step(step).start


def swapped(place: int) -> list[str]:
    """The findings of station 6 with a pair exchanged, so that the run at ``place`` is wrong."""
    answer = list(RIGHT_CODES)
    other = place + 1 if place + 1 < len(answer) else place - 1
    answer[place], answer[other] = answer[other], answer[place]
    return answer


def without(option: str) -> list[str]:
    """All options of the comparison in station 10 but one."""
    return [one.id for one in content.station("explain").step("compare").options if one.id != option]


# Of each step the wrong ways first, and the right one last.
WRITTEN = tuple(
    Way(*one)
    for one in (
        ("tag", "tags", [row[:1] for row in TRUE_ROWS], "one_each"),
        ("tag", "tags", [*TRUE_ROWS[:-1], ["beach", "snow", "trees"]], "differs"),
        ("tag", "tags", TRUE_ROWS, "agreed"),
        ("tag", "lost", 7, "per_picture"),
        ("tag", "lost", 23, "all"),
        ("tag", "lost", 8, "kept"),
        ("tag", "lost", 0, "none_loses"),
        ("tag", "lost", 11, "wrong"),
        ("tag", "lost", 15, "right"),
        ("heads", "predict", "three", "three"),
        ("heads", "predict", "none", "none"),
        ("heads", "predict", "one", "one"),
        ("heads", "move", [0.9, 0.9, 0], "as_probabilities"),
        ("heads", "move", [3, 3, 0], "zero_is_no"),
        ("heads", "move", [1, 1, -1], "too_timid"),
        ("heads", "move", [3, -3, -3], "other_side"),
        ("heads", "move", [3, 3, -3], "right"),
        ("heads", "coupled", "stays", "stays"),
        ("heads", "coupled", "falls_both", "falls_both"),
        ("heads", "coupled", "softmax_only", "softmax_only"),
        ("cut", "highest_recall", 0.5, "half"),
        ("cut", "highest_recall", 0.1, "too_low"),
        ("cut", "highest_recall", 0.8, "too_high"),
        ("cut", "highest_recall", None, "right"),  # measured
        ("cut", "ties", 6, "counted_ties"),
        ("cut", "ties", 5, "counted_below"),
        ("cut", "ties", 1, "wrong"),
        ("cut", "ties", 3, "right"),
        ("cut", "one_or_many", "same_gain", "same_gain"),
        ("cut", "one_or_many", "no_gain", "no_gain"),
        ("cut", "one_or_many", "more_on_validation", "right|more_on_validation"),
        ("worth", "rank", BY_SIZE, "by_size"),
        ("worth", "rank", ("label_accuracy", *(one for one in ORDER if one != "label_accuracy")), "accuracy_first"),
        ("worth", "rank", ORDER[::-1], "worst_not_seen"),
        ("worth", "rank", ORDER, "right"),
        ("worth", "nothing", 0.5, "half"),
        ("worth", "nothing", 0, "zero"),
        ("worth", "nothing", 0.03, "prevalence"),
        ("worth", "nothing", 0.8, "wrong"),
        ("worth", "nothing", 0.97, "right"),
        ("worth", "keras", "one", "one"),
        ("worth", "keras", "zero", "zero"),
        ("worth", "keras", "low", "low"),
        ("memorise", "expect", [0.6, 0.5, 0.4, 0.3, 0.2], "keeps_falling"),
        ("memorise", "expect", [0.6, 0.5, 0.5, 0.5, 0.5], "flat"),
        ("memorise", "expect", [0.5, 0.45, 0.5, 0.6, 0.7], "rises"),
        ("memorise", "accuracy", 0.98, "too_high"),
        ("memorise", "accuracy", 0.5, "too_low"),
        ("memorise", "accuracy", None, "right"),  # measured
        ("memorise", "above", "better", "better"),
        ("memorise", "above", "bug", "bug"),
        ("memorise", "above", "memorised", "memorised"),
        *(
            ("diagnose", "match", swapped(place), f"missed_{RIGHT_CODES[min(place, 4)].replace('-', '_')}")
            for place in range(5)
        ),
        ("diagnose", "match", RIGHT_CODES, "right"),
        ("experiment", "try", ["look=test"], "nothing_to_look_at"),
        ("experiment", "try", ["epochs=150"], "nothing_changed"),
        ("experiment", "try", ["dropout=0.9", "epochs=4"], "underfitted"),
        ("experiment", "try", ["widths=8", "epochs=3"], "underfitted"),
        ("experiment", "try", ["architecture=conv", "widths=4,8", "epochs=1"], "underfitted"),
        ("experiment", "try", ["noise=0"], "data_touched"),
        ("experiment", "try", ["size=12"], "data_touched"),
        ("experiment", "try", ["look=test"], "looked_at_test"),
        ("experiment", "try", SOLUTION.split(), "met"),
        ("repair", "softmax", as_given("softmax"), "still"),
        ("repair", "softmax", code("softmax", 3, "    return logits"), "no_head"),
        ("repair", "softmax", code("softmax", 3, "    return np.full(logits.shape, 0.4)"), "useless"),
        ("repair", "softmax", code("softmax", 3, "    return logitz"), "does_not_run"),
        ("repair", "softmax", code("softmax", 3, "    return 1 / (1 + np.exp(-logits))"), "right"),
        ("repair", "argmax", as_given("argmax"), "still"),
        ("repair", "argmax", code("argmax", 4, '    metrics=["subset_accuracy"],'), "alone"),
        ("repair", "argmax", code("argmax", 4, "    metrics=[],"), "none"),
        ("repair", "argmax", code("argmax", 3, '    loss="categorical_crossentropy",'), "categorical"),
        ("repair", "argmax", code("argmax", 4, '    metrics=["binary_accuracy"],'), "right"),
        ("repair", "exact", as_given("exact"), "still"),
        ("repair", "exact", code("exact", 5, 'reported = ["accuracy", "subset_accuracy"]'), "argmax"),
        ("repair", "exact", code("exact", 3, 'wanted = ["subset_accuracy", "macro_f1"]'), "right"),
        ("repair", "flat", as_given("flat"), "still"),
        ("repair", "flat", code("flat", 3, "    truth[row - 1, [labels.index(one) for one in names]] = 1"), "other"),
        ("repair", "flat", code("flat", 3, "    truth[row, [labels.index(name) for name in names]] = 1"), "right"),
        ("repair", "leak", as_given("leak"), "still"),
        ("repair", "leak", code("leak", 2, "validation = groups < 5"), "size"),
        ("repair", "leak", code("leak", 2, "validation = np.isin(groups, rng.permutation(150)[:50])"), "right"),
        ("repair", "cut_on_train", as_given("cut_on_train"), "still"),
        ("repair", "cut_on_train", code("cut_on_train", 5, 'chosen_on, values = "test", cuts.values'), "on_test"),
        ("repair", "cut_on_train", code("cut_on_train", 3, 'rows = run.scores("validation")'), "right"),
        ("repair", "last_epoch", as_given("last_epoch"), "still"),
        ("repair", "last_epoch", None, "train"),  # measured
        ("repair", "last_epoch", 'reported = history["loss"][-1] + 9', "other"),
        ("repair", "last_epoch", 'reported = history["val_loss"][kept - 1]', "right"),
        ("repair", "dropout_on", as_given("dropout_on"), "still"),
        ("repair", "dropout_on", code("dropout_on", 3, "reported = 0.0"), "other"),
        ("repair", "dropout_on", code("dropout_on", 3, 'reported = tagfit.evaluate(truth, scores)["loss"]'), "right"),
        ("bonus", "shuffled", "both_fall", "both_fall|otherwise"),
        ("bonus", "shuffled", "none_falls", "none_falls|otherwise"),
        ("bonus", "shuffled", "conv_falls", "conv_falls|otherwise"),
        ("explain", "verdict", "It is bad because it learns too much.", "no_numbers"),
        ("explain", "verdict", "Overfits, 0.8.", "no_remedy"),
        ("explain", "verdict", "It overfits: 1.0 on train and 0.8 on validation, so stop earlier.", "compared"),
        *(
            ("explain", "compare", without(one), f"missing_{one}")
            for one in ("both", "chance", "turn", "remedy", "unknown")
        ),
        ("explain", "compare", without(""), "complete"),
    )
)


def typed(step: Step, answer: Any, code: str) -> list[str]:
    """What a learner types to give an answer; ``code`` is what is edited."""
    place = {option.id: str(number) for number, option in enumerate(step.options, start=1)}
    if step.kind == "choice":
        return [place[answer]]
    if step.kind in ("many", "order"):
        return [", ".join(place[one] for one in answer)]
    if step.kind == "tags":
        return [" ".join(place[one] for one in row) or "0" for row in answer]
    if step.kind == "code":
        lines = zip(code.split("\n"), answer.split("\n"), strict=True)
        return [*(f"{row} {new}" for row, (old, new) in enumerate(lines, start=1) if old != new), message("word_done")]
    if step.kind in ("curve", "recipe"):
        return [" ".join(map(str, answer))]
    return [str(answer)]


def measured(way: Way) -> Way:
    """A way whose answer follows from the trained nets."""
    if way.answer is not None:
        return way
    from tagfit.lesson.labs import cut, nets

    answer: Any = {
        "highest_recall": lambda: cut.best().cut,
        "accuracy": lambda: round(nets.start().value("validation"), 2),
        "last_epoch": lambda: f"reported = {nets.cured().value('train', 'loss')}",
    }[way.step]()
    return way._replace(answer=answer)


def of_options(station: Station, step: Step) -> Iterator[Way]:
    """The ways of a step that its options judge: each wrong option, then what is right."""
    right = [one.id for one in step.options if one.right]
    for option in step.options:
        if step.kind == "many":
            chosen = [one.id for one in step.options if one.right != (one.id == option.id)]
            yield Way(station.id, step.id, chosen, option.id)
        elif not option.right:
            yield Way(station.id, step.id, option.id, option.id)
    yield Way(station.id, step.id, right if step.kind == "many" else right[0], right[0])


def of_station(station: Station) -> list[Way]:
    """All ways of a station, step by step."""
    found: list[Way] = []
    for step in station.steps:
        found += [one for one in WRITTEN if (one.station, one.step) == (station.id, step.id)] or of_options(
            station, step
        )
    return found


def walks(station: Station, *, short: bool = False) -> list[list[Way]]:
    """Walks through a station from its first step, which together take every way.

    With ``short`` they take what is right, after one mistake in the first step that is asked again.

    A step that ends with its first answer takes one way per walk. The other steps are skipped until the last walk,
    which takes all of their ways, ends the station, and begins with the last ways of the others: those that are right.
    """
    ways = {step.id: [one for one in of_station(station) if one.step == step.id] for step in station.steps}
    if short:
        asked_again = [step.id for step in station.steps if not step.once]
        mistaken = "try" if "try" in ways else next(iter(asked_again))
        mistakes = {name: [one for one in found[:-1] if one.key in SHORT] or found[:1] for name, found in ways.items()}
        ways = {name: [*(mistakes[name] if name == mistaken else []), found[-1]] for name, found in ways.items()}
    once = [step.id for step in station.steps if step.once]
    count = max((len(ways[name]) for name in once), default=1)
    before = [[ways[name][number] for name in once if number < len(ways[name]) - 1] for number in range(count - 1)]
    last = [way for step in station.steps for way in (ways[step.id][-1:] if step.once else ways[step.id])]
    return [*before, last]
