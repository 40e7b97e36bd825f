"""Question pages: practice, all questions and the misconceptions as Markdown, to read without the program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tagfit.lesson import bank, content
from tagfit.lesson.bank import Asked, Concept, Item, word

SEED = 0  # of the order of options, and of the figures


def practice_page() -> str:
    """The five items of practice: questions first, then what a learner reads after the answer."""
    blocks = [f"# {word('page_practice')}", word("page_practice_intro")]
    for number, item in enumerate(bank.practice(), start=1):
        blocks += _item(number, item)
    blocks += [f"## {word('page_answers')}"]
    for number, item in enumerate(bank.practice(), start=1):
        blocks += _solved(number, item)
    return _page(blocks)


def questions_page() -> str:
    """All questions of the bank by concept, those with figures drawn once; the answers are at the end."""
    blocks = [f"# {word('page_questions')}", word("page_questions_intro")]
    stations = content.course().stations
    numbered = list(enumerate(((one, asked) for one in bank.concepts() for asked in _asked(one)), start=1))
    seen = ""
    for number, (concept, asked) in numbered:
        if concept.id != seen:
            seen = concept.id
            number_of = stations.index(concept.station) + 1
            blocks += [f"## {_plain(concept.title)}", word("page_station", number=number_of, name=concept.station)]
        blocks += [f"**{number}.** ({word(asked.difficulty)}) {_plain(asked.ask)}", _options(asked)]
    blocks += [f"## {word('page_answers')}"]
    for number, (_, asked) in numbered:
        blocks += [f"**{number}.** {_key(asked)}", _reasons(asked)]
    return _page(blocks)


def misconceptions_page() -> str:
    """The mistakes that the wrong options stand for, each with what corrects it and where it is asked."""
    used = _uses()
    lines = [f"- {_plain(text)} ({', '.join(used[name])})" for name, text in bank.misconceptions().items()]
    return _page([f"# {word('page_misconceptions')}", word("page_misconceptions_intro"), "\n".join(lines)])


def pages() -> dict[str, str]:
    """File name -> text of every page."""
    return {
        "practice.md": practice_page(),
        "questions.md": questions_page(),
        "misconceptions.md": misconceptions_page(),
    }


def _item(number: int, item: Item) -> Iterator[str]:
    asked, check = bank.asked_item(item, SEED), bank.asked_check(item, SEED)
    yield f"## {number}. {_plain(item.title)} ({word(item.difficulty)})"
    yield _plain(item.ask)
    yield _options(asked)
    yield f"<details><summary>{word('page_hint')}</summary>\n\n{_plain(item.hint)}\n\n</details>"
    yield _plain(word("practice_check", ask=check.ask))
    yield _options(check)


def _solved(number: int, item: Item) -> Iterator[str]:
    asked, check = bank.asked_item(item, SEED), bank.asked_check(item, SEED)
    yield f"### {number}. {_plain(item.title)}"
    yield f"{_key(asked)}\n\n{_reasons(asked)}"
    yield word("practice_steps")
    yield "\n".join(f"{place}. {_plain(text)}" for place, text in enumerate(item.steps, start=1))
    yield word("practice_mistakes")
    yield "\n".join(f"- {_plain(bank.misconceptions()[name])}" for name in item.mistakes)
    yield f"{word('page_check')} {_key(check)}\n\n{_reasons(check)}"


def _asked(concept: Concept) -> list[Asked]:
    return [bank.asked(one.id, SEED) for one in concept.questions]


def _options(asked: Asked) -> str:
    return "\n".join(f"- {_letter(place)}) {_plain(option.text)}" for place, option in enumerate(asked.options))


def _key(asked: Asked) -> str:
    return word("page_key", letter=_letter(asked.key), text=_plain(asked.options[asked.key].text))


def _reasons(asked: Asked) -> str:
    """Why each option is right or wrong; a wrong one with what corrects its mistake."""
    lines = []
    for place, option in enumerate(asked.options):
        taught = bank.misconceptions()[option.misconception] if option.misconception else ""
        lines.append(f"- {_letter(place)}) {_plain(' '.join(part for part in (option.why, taught) if part))}")
    return "\n".join(lines)


def _uses() -> dict[str, list[str]]:
    """Misconception -> titles of the concepts whose questions, or of the items whose options, stand for it."""
    places: list[tuple[str, Sequence[bank.Option]]] = [
        (concept.title, question.options) for concept in bank.concepts() for question in concept.questions
    ]
    places += [(item.title, [*item.options, *item.check.options]) for item in bank.practice()]
    found: dict[str, dict[str, None]] = {}
    for title, options in places:
        for option in options:
            if option.misconception:
                found.setdefault(option.misconception, {})[_plain(title)] = None
    return {name: list(titles) for name, titles in found.items()}


def _letter(place: int) -> str:
    return "abcdefgh"[place]


def _plain(text: str) -> str:
    """``text`` as Markdown prints it unchanged."""
    for sign in "\\`*_<":
        text = text.replace(sign, f"\\{sign}")
    return text


def _page(blocks: Sequence[str]) -> str:
    return "\n\n".join(blocks) + "\n"
