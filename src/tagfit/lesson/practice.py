"""Practice: which of its items comes next, from the events: each until it is right, then its check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tagfit.lesson import bank
from tagfit.lesson.bank import Item

ANSWER, CHECK, AGAIN = "practice", "practice_check", "practice_again"


@dataclass(frozen=True)
class Last:
    """The last answer.

    Attributes:
        item: it was given to.
        is_check: whether to the check of the item.
        answer: the place of the chosen option.
        right: whether it was right.
    """

    item: Item
    is_check: bool
    answer: int
    right: bool


@dataclass(frozen=True)
class Now:
    """Where a learner is in practice.

    Attributes:
        item: the next one; None after the last.
        check: whether its check comes next.
        first_tries: how many items were right at the first try.
        last: the last answer; None before the first.
        tries: item -> whether its first answer was right, of items that are done.
    """

    item: Item | None
    check: bool
    first_tries: int
    last: Last | None
    tries: dict[str, bool]


def next_item(events: Sequence[Mapping[str, Any]]) -> Now:
    """Where a learner is, after all events since practice was last started."""
    starts = [place for place, one in enumerate(events) if one["kind"] == AGAIN]
    own = [one for one in events[starts[-1] if starts else 0 :] if one["kind"] in (ANSWER, CHECK)]
    tries: dict[str, bool] = {}
    for one in own:
        if one["kind"] == ANSWER:
            tries.setdefault(one["item"], bool(one["right"]))
    solved = {one["item"] for one in own if one["kind"] == ANSWER and one["right"]}
    done = {one["item"] for one in own if one["kind"] == CHECK}
    item = next((one for one in bank.practice() if one.id not in done), None)
    items = {one.id: one for one in bank.practice()}
    last = None
    if own and own[-1]["item"] in items:
        end = own[-1]
        last = Last(items[end["item"]], end["kind"] == CHECK, int(end["answer"]), bool(end["right"]))
    tries = {name: right for name, right in tries.items() if name in done}
    return Now(item, item is not None and item.id in solved, sum(tries.values()), last, tries)


def answered(item: Item, place: int, *, check: bool) -> dict[str, Any]:
    """The event of an answer to an item, or to its check."""
    asked = bank.asked_check(item, 0) if check else bank.asked_item(item, 0)
    return {"kind": CHECK if check else ANSWER, "item": item.id, "answer": place, "right": asked.chosen(place).right}
