"""The vocabulary: its form, its contradictions, what it says of words, and what it suggests."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import Command
from tagfit.errors import InputError
from tagfit.photos.words import stem
from tagfit.vocabulary import Vocabulary
from tagfit.vocabulary.suggest import suggested

TEXT = """
ignore_case = true
ignore_plurals = true
[synonyms]
cat = ["kitty"]
[implies]
beach = ["sea"]
sea = ["water", "nature"]
kitchen = ["indoors"]
nature = ["outdoors"]
[exclusive]
place = ["indoors", "outdoors"]
season = ["summer", "winter"]
"""
KNOWN = Vocabulary.parse(TEXT, "vocabulary.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ignore_case = 1", ["ignore_case is 1 (true or false)"]),
        ("sinonyms = {}", ["there is no key 'sinonyms' (did you mean synonyms?)"]),
        ("[implies]\nbeach = 3", ["[implies]: beach is 3 (a list of words"]),
        ("synonyms = 3\nwords = 2", ["synonyms is 3", "there is no key 'words'"]),
        ('[synonyms]\ncat = ["kitty "]', ["cat names 'kitty ' (no blanks at the ends of a word)"]),
        ("[synonyms", ["is not valid TOML"]),
        ("a = " + "[" * 5000, ["is not valid TOML"]),
        ('[synonyms]\ncat = ["kitty"]\npet = ["kitty"]', ["'kitty' is a synonym of 'cat', 'pet'"]),
        (
            '[synonyms]\ncat = ["kitty"]\nkitty = ["puss"]',
            ["'kitty' is a synonym of 'cat' and has synonyms of its own"],
        ),
        ('ignore_case = true\n[synonyms]\ncat = ["a"]\nCat = ["b"]', ["'cat', 'Cat' are one label"]),
        ('[implies]\na = ["b"]\nb = ["c"]\nc = ["a"]', ["'a' implies 'b' implies 'c' implies 'a'"]),
        ('[synonyms]\na = ["b"]\n[implies]\na = ["b"]', ["'a' implies 'a'"]),
        ('[exclusive]\none = ["a"]\ntwo = ["b", "b"]', ["one names 'a' (two labels or more)", "two names 'b' twice"]),
        ('[implies]\na = ["b"]\n[exclusive]\nx = ["a", "b"]', ["'a' implies 'b' and excludes it (x)"]),
        (
            '[implies]\na = ["b"]\nb = ["c"]\nz = ["z"]\n[exclusive]\nx = ["c", "d"]\n'
            'y = ["a", "c"]\n[synonyms]\np = ["q"]\nr = ["q"]',
            ["'q' is a synonym of 'p', 'r'", "'z' implies 'z'", "'a' implies 'c' and excludes it (y)"],
        ),
        (
            '[implies]\na = ["b", "c"]\n[exclusive]\nx = ["b", "c"]',
            ["'a' implies 'b' and 'c', which exclude"],
        ),
    ],
)
def test_everything_that_is_wrong_with_a_file_is_said_at_once(text: str, said: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        Vocabulary.parse(text, "words.toml")
    assert [one for one in said if one not in str(caught.value)] == []
    assert "words.toml" in str(caught.value)


def test_words_become_labels() -> None:
    assert KNOWN.label("Kitties") == "cat"
    assert KNOWN.label("tree") == "tree"
    assert KNOWN.renamed({"Tree": 2, "trees": 5, "KITTY": 1}) == {"Tree": "trees", "trees": "trees", "KITTY": "cat"}
    assert KNOWN.with_implied(["Beach"]) == ["beach", "sea", "water", "nature", "outdoors"]
    assert KNOWN.rivals("beach") == {"indoors"}
    assert KNOWN.respelled(["Trees", "dog"], ["tree"]) == ["tree", "dog"]


def test_tags_get_what_they_imply_and_lose_what_is_excluded() -> None:
    settled, excluded = KNOWN.settled({"kitchen": 0.8, "beach": 0.6, "sea": 0.7, "cat": 0.5})
    assert (settled, excluded) == ({"kitchen": 0.8, "cat": 0.5, "indoors": 0.8}, ["sea", "beach"])
    assert KNOWN.settled({"summer": 0.9}, ["Winter"]) == ({}, ["summer"])
    assert KNOWN.settled({"beach": 0.6, "water": 0.9})[0]["water"] == 0.9


def test_the_digest_is_of_what_is_said_and_not_of_how() -> None:
    again = Vocabulary.parse("# a comment\n" + TEXT.replace('"water", "nature"', '"nature", "water"'), "x")
    assert again.digest == KNOWN.digest == Vocabulary.from_dict(json.loads(json.dumps(KNOWN.to_dict()))).digest
    assert Vocabulary.parse(TEXT.replace("water", "waves"), "x").digest != KNOWN.digest


WORD = st.sampled_from("abcdefg")
WORDS = st.dictionaries(WORD, st.lists(WORD, min_size=1, max_size=3), max_size=4)


@given(WORDS, WORDS, st.dictionaries(WORD, st.floats(0, 1), max_size=5), st.lists(WORD, max_size=2))
def test_what_is_settled_contradicts_nothing(
    implies: dict[str, list[str]], exclusive: dict[str, list[str]], scores: dict[str, float], present: list[str]
) -> None:
    try:
        known = Vocabulary.from_dict({"implies": implies, "exclusive": exclusive})
    except InputError:
        return
    settled, excluded = known.settled(scores, present)
    assert {*settled} | {*excluded} >= {*scores}
    assert not {*settled} & {*excluded} & {*scores}
    for label in settled:
        assert {*known.implied.get(label, ())} <= {*settled}
        assert not known.rivals(label) & ({*settled} | {*known.with_implied(present)})


@pytest.mark.parametrize(
    "pair",
    ["house houses", "bus buses", "glass glasses", "city cities", "cookie cookies", "leaf leaves", "rose roses",
     "potato potatoes", "shoe shoes", "box boxes", "beach beaches", "car cars"],
)  # fmt: skip
def test_a_word_and_its_plural_have_one_stem(pair: str) -> None:
    one, several = pair.split()
    assert stem(one) == stem(several)


@pytest.mark.parametrize("pair", ["bus bu", "glass glas", "tennis tenni", "cat car"])
def test_other_words_have_stems_of_their_own(pair: str) -> None:
    one, other = pair.split()
    assert stem(one) != stem(other)


def tags(*rows: tuple[str, int]) -> tuple[list[str], np.ndarray, np.ndarray]:
    labels = sorted({word for words, _ in rows for word in words.split(",") if word})
    sets = [words.split(",") for words, count in rows for _ in range(count)]
    truth = np.array([[label in one for label in labels] for one in sets], dtype=np.uint8)
    return labels, truth, np.ones(truth.shape, dtype=bool)


def test_spellings_are_suggested_with_the_way_they_differ() -> None:
    counts = {"cat": 40, "Cat": 3, "cats": 2, "sea-side": 5, "sea side": 4, "elephant": 50, "elefant": 1, "elphant": 2}
    others = {"mouse": 30, "house": 30, "year 2023": 50, "year 2024": 2}
    found = suggested(*tags(*(counts | others).items()))
    assert {(one.label, one.words, one.why) for one in found.synonyms} == {
        ("cat", ("Cat", "cats"), "plural"),
        ("sea-side", ("sea side",), "hyphens or spaces"),
        ("elephant", ("elphant",), "one letter"),
    }


def test_implied_labels_are_no_coincidences() -> None:
    always, few, common = ("beach,sky", 40), ("owl,tree", 3), ("tree,air", 100)
    found = suggested(*tags(always, few, common, ("sky", 20), ("tree,air,bird", 40), ("", 40)))
    assert [(one.label, one.implies, one.both, one.pictures) for one in found.implies][:3] == [
        ("air", "tree", 140, 140), ("beach", "sky", 40, 40), ("bird", "air", 40, 40),
    ]  # fmt: skip
    assert {one.label for one in found.implies} == {"air", "beach", "bird"}
    assert found.implies[1].at_least == pytest.approx(0.05 ** (1 / 40))
    known = Vocabulary.from_dict({"implies": {"beach": ["sky"]}})
    assert "beach" not in {one.label for one in suggested(*tags(always, ("sky", 20), ("", 40)), known).implies}


def test_a_label_on_nearly_every_picture_is_implied_by_none() -> None:
    assert suggested(*tags(("photo,cat", 40), ("photo", 860), ("", 30))).implies == ()


def test_random_tags_suggest_nothing() -> None:
    labels = [f"{a}{b}" * 3 for a in "kmnprtvw" for b in "aeiou"]
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = (rng.random((300, 40)) < rng.random(40) * 0.97).astype(np.uint8)
        assert suggested(labels, truth, np.ones(truth.shape, dtype=bool)).implies == ()


def test_the_file_is_valid_without_effect_and_with_each_suggestion_accepted() -> None:
    found = suggested(*tags(("cat,animal", 40), ("animal", 9), ('Cat,"', 3), ("line\nbreak,x", 40), ("", 100)))
    text = found.toml("photos\n[x]")
    assert Vocabulary.parse(text, "x") == Vocabulary()
    accepted = "\n".join(line[2:] if " = [" in line else line for line in text.split("\n"))
    assert tomllib.loads(accepted)["synonyms"] == {"cat": ["Cat"]}
    assert tomllib.loads(accepted)["implies"]["cat"] == ["animal"]


def test_the_command_writes_or_prints_them(tagfit: Command, photos: Path, tmp_path: Path) -> None:
    printed = tagfit("vocabulary", "suggest", photos)
    assert (printed.code, Vocabulary.parse(printed.out, "x")) == (0, Vocabulary())
    assert tagfit("vocabulary", "suggest", photos, "-o", "words.toml").code == 0
    assert (tmp_path / "words.toml").read_text() == printed.out
    assert "exists" in tagfit.refused("vocabulary", "suggest", photos, "-o", "words.toml")
    assert set(tagfit("vocabulary", "suggest", photos, "--json").json) == {"pictures", "synonyms", "implies", "out"}
