"""Reading: how long the texts of a station take to read, for a check that the course fits into its hour."""

from __future__ import annotations

import re

from tagfit.lesson.content import Station, Step

# Of adults reading for understanding.
WORDS_PER_MINUTE = 230
_WORD = re.compile(r"\w[\w'.-]*")


def words(text: str) -> int:
    """How many words a text has; a figure counts as one."""
    return len(_WORD.findall(re.sub(r"\{[^}]*\}", "0", text)))


def minutes(station: Station) -> float:
    """Minutes to read what a learner reads who is right after one mistake per step and one hint."""
    texts = [station.intro, station.outro, *(text for step in station.steps for text in _read(step))]
    return sum(map(words, texts)) / WORDS_PER_MINUTE


def _read(step: Step) -> list[str]:
    """Prompt, options, code, one hint, the longest feedback of a mistake, and that of the right answer."""
    wrong = [option.feedback for option in step.options if option.misconception]
    wrong += [step.feedback[key] for key in step.misconceptions]
    right = [text for key, text in step.feedback.items() if key not in step.misconceptions]
    right += [option.feedback for option in step.options if option.right]
    longest = [max(found, key=words) for found in (wrong, right) if found]
    return [step.prompt, *(option.text for option in step.options), step.start, *step.hints[:1], *longest]
