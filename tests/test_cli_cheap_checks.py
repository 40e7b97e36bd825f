"""Cheap checks before dear work: a wrong value of any option is reported before a picture is decoded or a net trained.

The options are those that the app has: one that is added without a wrong value here fails this test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from commands import Command
from tagfit.cli.app import app
from tagfit.data.pictures import decode
from tagfit.training import loop, memory, ranks, score

# A command line that works, in words of the fixtures; and where a wrong value of an option takes its place.
WORKING: dict[str, tuple[str, ...]] = {
    "data check": ("PHOTOS",),
    "data split": ("PHOTOS", "--out", "folds.csv"),
    "data corrected": ("RUN",),
    "data generate": ("generated",),
    "data convert": ("PHOTOS", "converted", "--to", "coco"),
    "keywords": ("PHOTOS",),
    "vocabulary suggest": ("PHOTOS",),
    "train": ("PHOTOS",),
    "runs": ("RUNS",),
    "recipes": (),
    "recipes show": ("plain-dense",),
    "recipes from-keras": ("KERAS",),
    "evaluate": ("RUN", "PHOTOS"),
    "thresholds": ("RUN",),
    "compare": ("RUN", "RUN"),
    "diagnose": ("RUN",),
    "report": ("RUN",),
    "cure": ("PHOTOS",),
    "verify": ("CERTIFICATE",),
    "suggest": ("RUN", "PHOTOS"),
    "drift": ("RUN", "PHOTOS"),
    "similar": ("RUN", "PICTURE"),
    "explain": ("RUN", "PICTURE"),
    "tag": ("RUN", "PHOTOS"),
    "watch": ("RUN", "PHOTOS", "--once"),
    "untag": ("PHOTOS",),
    "accept": ("PHOTOS",),
    "undo": ("a run",),
    "pack": ("RUN", "tagger"),
    "serve": ("RUN",),
    "demo": ("demo",),
    "learn": (),
    "learn station": ("tag",),
    "learn test": (),
    "learn practice": (),
    "learn recall": (),
    "learn progress": (),
    "studio": (".",),
}
FILE = "a file"  # that is there
BELOW_FILE = "a file/x"
# Wrong values by the name of a parameter, or of a command and its parameter. None: every value is a right one.
WRONG: dict[str, tuple[str, ...] | None] = {
    "source": ("nowhere.csv",),
    "validation": ("nowhere.csv",),
    "test": ("nowhere.csv",),
    "format": ("foo",),
    "separator": ("",),
    "unlisted": ("perhaps",),
    "minus_one": ("perhaps",),
    "blank": ("perhaps",),
    "rows": ("perhaps",),
    "encoding": ("klingon",),
    "images": ("nowhere", FILE),
    "image_column": ("nope",),
    "tags_column": ("nope", "a,,b", "a,a"),
    "label_columns": ("nope", "nope*", "tags:image", ",", "a,a"),
    "group_column": ("nope",),
    "ignore_columns": ("nope", "nope*", ","),
    "columns": (",", "a,a"),
    "none_label": ("",),
    "confidence_at_least": ("x", "0", "-1", "1.5", "nan"),
    "keywords": ("branch", "depth:0"),
    "untagged": ("perhaps",),
    "include_keywords": ("*",),  # the source is a table: no option of photographs has an effect
    "exclude_keywords": ("*",),
    "rename_keywords": ("kitty",),
    "reviewed": ("done",),
    "prefer_keywords": ("none",),
    "split_keywords": ("|",),
    "vocabulary": ("nowhere.toml", ".", FILE),
    "labels": ("no-such-label", ""),
    "exclude_labels": ("*",),
    "min_positives": ("-1", "x", "1000"),
    "cache_dir": (FILE, BELOW_FILE),
    "fit": ("stretch",),
    "size": ("0", "x", "100000"),
    "limit": ("0", "x"),
    "validation_fold": ("x", "3"),
    "test_fold": ("x", "3"),
    "validation_share": ("2", "-1", "x", "1", "0", "0.9"),
    "test_share": ("2", "-1", "x", "1", "0.9"),
    "split": ("foo",),
    "split_seed": ("-1", "x"),
    "seed": ("-1", "x"),
    "recipe": ("nope", "nope.toml"),
    "set_": ("epochs", "epochs=x", "banana=1", "augment=perhaps"),
    "device": ("tpu", "gpu"),
    "threads": ("0", "x"),
    "resume": ("nowhere", FILE),
    "join": ("nowhere", FILE),
    "run": ("nowhere", FILE),
    "scores": ("nowhere.npz", "."),
    "metrics": ("nope", "accuracy", ","),
    "thresholds": ("nowhere.json", ".", FILE),
    "intervals": ("x", "3"),
    "train": ("nowhere.npz", "."),
    "history": ("nowhere.json", "."),
    "cross_fit": ("1", "-1", "x"),
    "goal": ("val_acc>0.85", "accuracy>0.9", "nonsense"),
    "maximise": ("test.mAP", "nope"),
    "gap_at_most": ("-1", "x"),
    "trials": ("0", "x"),
    "budget": ("soon", "-1s"),
    "allow": ("everything",),
    "seeds": ("0", "x"),
    "search_on": ("1", "x"),
    "parallel": ("0", "x"),
    "mute": ("no-such-check",),
    "fail_on": ("everything",),
    "strategy": ("nope", "precision=2"),
    "by_label": ("sea", "sea:nope"),
    "models": ("nowhere", FILE),
    "certificate": ("nowhere", FILE),
    "pictures": ("nowhere.jpg",),
    "picture": ("nowhere.jpg", "."),
    "among": ("nowhere",),
    "count": ("0", "x"),
    "rate": ("0", "x", "0.9"),
    "drift pictures": ("nowhere.csv",),
    "drift model": ("nowhere", FILE),
    "backbone": ("nope",),
    "model": ("nowhere.keras", "."),
    "to": ("foo",),
    "folds": ("1", "x", "41"),
    "out": (BELOW_FILE,),
    "export": (BELOW_FILE,),
    "letter": (BELOW_FILE, "."),
    "folder": (BELOW_FILE,),
    "directory": (FILE, BELOW_FILE),
    "name": ("nope",),
    "library": ("caffe",),
    "start": ("nowhere",),
    "keywords folder": ("nowhere", FILE),
    "watch folder": ("nowhere", FILE),
    "settle": ("-1", "x"),
    "untag folder": ("nowhere", FILE),
    "accept folder": ("nowhere", FILE),
    "label": None,  # one that is on no photograph removes nothing
    "undo run": ("nowhere",),
    "untag reviewed": ("nowhere.csv",),
    "accept reviewed": ("nowhere.csv",),
    "untag run": ("nowhere",),
    "accept run": ("nowhere",),
    "where": ("pixels",),
    "for_": ("photos", "windows", ","),
    "top": ("0", "x"),
    "sidecar_name": ("tiny",),
    "parent": ("A/B", ""),
    "on_conflict": ("fight",),
    "keywords min_positives": ("-1", "x"),
    "keywords include_keywords": None,
    "keywords exclude_keywords": None,
    "keywords reviewed": None,
    "keywords split_keywords": None,
    "data split out": ("PHOTOS", BELOW_FILE),
    "data corrected folder": ("nowhere", FILE),
    "data convert out": ("PHOTOS", FILE, BELOW_FILE),
    "report out": (".", BELOW_FILE),
    "train out": ("RUN", BELOW_FILE),
    "thresholds out": (".", BELOW_FILE),
    "evaluate scores": ("nowhere.npz", "."),
    "evaluate split": ("foo",),
    "diagnose validation": ("nowhere.npz", "."),
    "diagnose goal": ("nonsense", "val_acc>0.85"),
    "diagnose metrics": None,  # names that are used elsewhere, such as Keras' accuracy
    "track": ("nope", "no,pe"),
    "runs folder": ("nowhere",),
    "pack folder": ("RUN", BELOW_FILE),
    "demo folder": (FILE, BELOW_FILE),
    "studio folder": ("nowhere", FILE),
    "int8_loss": ("x", "-1", "2", "nan"),
    "int8_metric": ("nope", "accuracy"),
    "port": ("-1", "x", "65536"),
    "host": ("nowhere", "", "1.2.3"),
    "token": ("short", "sixteen letters and a space", "sechzehn-zeichen-ä"),
    "workers": ("0", "x", "65"),
    "tag workers": ("cluster", "host:10001", "ray://host", "ray://host:x"),
    "serve model": ("nowhere", FILE),
    "explain model": ("nowhere", FILE),
    "explain labels": ("", "sea,sea"),
    "explain out": ("maps.jpg", BELOW_FILE),
    "progress": (".", BELOW_FILE),
    "content": ("nowhere", ".", FILE),
}
# Options and their values that are added so that only the wrong value is wrong.
TOGETHER = {
    "train resume": (),
    "cure resume": (),
    "cure join": (),
    "evaluate split": ("RUN",),
    "evaluate scores": (),
    "thresholds scores": (),
}


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, one in command.commands.items():
        if hasattr(one, "commands"):
            if name in WORKING:
                yield name, one
            yield from leaves(one, (*path, name))
        else:
            yield " ".join((*path, name)), one


COMMANDS = dict(leaves(typer.main.get_command(app)))
FLAGS = {
    (name, param.name) for name, command in COMMANDS.items() for param in command.params if getattr(param, "is_flag", 0)
}
CASES = [
    (name, param, value)
    for name, command in COMMANDS.items()
    for param in command.params
    if (name, param.name) not in FLAGS
    for value in (WRONG.get(f"{name} {param.name}", WRONG.get(str(param.name), ("?",))) or ())
]


def test_every_command_and_option_has_a_wrong_value_here() -> None:
    assert set(WORKING) == set(COMMANDS)
    unknown = [
        f"{name} {param.name}"
        for name, command in COMMANDS.items()
        for param in command.params
        if (name, param.name) not in FLAGS and f"{name} {param.name}" not in WRONG and param.name not in WRONG
    ]
    assert unknown == []


@pytest.fixture
def dear(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was decoded, trained or scored, which has to stay empty."""
    done: list[str] = []

    def count(owner: Any, name: str) -> None:
        monkeypatch.setattr(owner, name, lambda *_, **__: done.append(name) or pytest.fail(f"{name} was called"))

    count(decode, "decode")
    count(loop.Training, "__init__")
    for owner in (memory, ranks, score):
        count(owner, "probabilities")
    return done


@pytest.fixture
def places(photos: Path, photo_run: Path, tmp_path: Path) -> dict[str, str]:
    (tmp_path / FILE).write_text("{}")
    return {"PHOTOS": str(photos), "RUN": str(photo_run), "RUNS": str(photo_run.parent), "KERAS": FILE, "PICTURE": FILE}


def words_for(name: str, param: Any, value: str, places: dict[str, str]) -> list[str]:
    """A command line that works but for ``value``."""
    words = list(TOGETHER.get(f"{name} {param.name}", WORKING[name]))
    if param.param_type_name == "argument":
        arguments = [one for one in COMMANDS[name].params if one.param_type_name == "argument"]
        words[arguments.index(param)] = value
        return [*name.split(), *(places.get(word, word) for word in words)]
    if param.opts[0] in words:
        words[words.index(param.opts[0]) + 1] = value
    else:
        words += [param.opts[0], value]
    return [*name.split(), *(places.get(word, word) for word in words)]


@pytest.mark.parametrize(
    ("name", "param", "value"), CASES, ids=lambda one: one if isinstance(one, str) else str(one.name)
)
def test_a_wrong_value_is_reported_before_anything_dear_is_done(
    tagfit: Command, places: dict[str, str], dear: list[str], tmp_path: Path, name: str, param: Any, value: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    said = tagfit.refused(*words_for(name, param, value, places))
    assert "error: " in said
    names = (*param.opts, param.opts[0].lstrip("-"), value, places.get(value, value))
    assert any(one in said for one in names if one), said
    assert dear == []
    assert sorted(tmp_path.rglob("*")) == before


CHECKED = {
    name: {
        param.opts[0]: value
        for one, param, value in CASES
        if one == name and param.param_type_name == "option" and param.callback is not None
    }
    for name in WORKING
}


@pytest.mark.parametrize("name", [name for name, options in CHECKED.items() if options])
def test_all_wrong_values_are_reported_at_once(
    tagfit: Command, places: dict[str, str], dear: list[str], name: str
) -> None:
    """What is known without reading the source: each wrong option is named, in one message."""
    arguments = [word for word in WORKING[name] if word not in ("--out", "folds.csv")]
    words = [*arguments, *(word for pair in CHECKED[name].items() for word in pair)]
    said = tagfit.refused(*name.split(), *(places.get(word, word) for word in words))
    assert [option for option in CHECKED[name] if option not in said] == []
    assert dear == []
