"""The form of a vocabulary file: its keys and the types of their values, all faults at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from tagfit.errors import Fault, InputError
from tagfit.photos.words import clean

FLAGS = ("ignore_case", "ignore_plurals")
EXAMPLES = {
    "synonyms": 'cat = ["kitty", "pussycat"]',
    "implies": 'beach = ["nature", "sea"]',
    "exclusive": 'season = ["spring", "summer", "autumn", "winter"]',
}


def checked_form(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The fields of a Vocabulary out of the values of a file.

    Raises:
        InputError: every key that there is not and every value of another form.
    """
    faults: list[Fault] = []
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in FLAGS:
            if isinstance(value, bool):
                found[name] = value
            else:
                faults.append(Fault(f"{name} is {value!r}", where, "true or false"))
        elif name in EXAMPLES:
            found[name] = _words(name, value, where, faults)
        else:
            near = difflib.get_close_matches(name, [*FLAGS, *EXAMPLES], n=1)
            instead = f"did you mean {near[0]}?" if near else f"there are {', '.join([*FLAGS, *EXAMPLES])}"
            faults.append(Fault(f"there is no key {name!r}", where, instead))
    if faults:
        raise InputError(faults, what=f"{where} cannot be read as a vocabulary")
    return found


def _words(section: str, value: Any, where: str, faults: list[Fault]) -> dict[str, tuple[str, ...]]:
    """The lists of words of one section."""
    if not isinstance(value, Mapping):
        faults.append(Fault(f"{section} is {value!r}", where, f"[{section}] with lines such as {EXAMPLES[section]}"))
        return {}
    found = {}
    for name, given in value.items():
        words = [given] if isinstance(given, str) else given
        place = f"{where} [{section}]"
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            faults.append(Fault(f"{name} is {given!r}", place, f"a list of words, such as {EXAMPLES[section]}"))
            continue
        blank = [word for word in (name, *words) if not clean(word) or clean(word) != word]
        if blank:
            faults.append(Fault(f"{name} names {blank[0]!r}", place, "no blanks at the ends of a word"))
        found[name] = tuple(words)
    return found
