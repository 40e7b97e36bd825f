"""Reads YOLO: pictures in images/, a text file for each in labels/, and data.yaml with the names."""

from __future__ import annotations

import posixpath
from typing import Any

import yaml

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Place, content_of, files_below
from tagfit.data.readers.annotations import Annotations, split_of
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

NAME = "YOLO"
SPLIT_KEYS = {"train": "train", "val": "validation", "valid": "validation", "test": "test"}
YAML_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
NAME_LISTS = ("classes.txt", "obj.names", "_darknet.labels")
NOT_LABELS = frozenset((*NAME_LISTS, "train.txt", "val.txt", "valid.txt", "test.txt", "README.txt"))


def recognise(look: Look) -> bool:
    """A YAML file with ``names``, or a folder with one, or with images/ next to labels/ or a list of class names."""
    if not look.is_folder:
        return look.suffix in (".yaml", ".yml") and ("names:" in look.text or "\ntrain:" in look.text)
    if any((child := look.child(name)) is not None and recognise(child) for name in YAML_NAMES):
        return True
    labels = look.child("labels")
    return (labels is not None and labels.is_folder and look.child("images") is not None) or any(
        look.child(name) is not None for name in NAME_LISTS[1:]
    )


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of a YOLO set: a class is present where a line of the picture's text file begins with its number.

    A picture without a text file, or with an empty one, is background: every class is absent.

    Raises:
        InputError: all faults, each with file and line.
    """
    annotations = Annotations(NAME, place, options)
    home = place if place.is_dir() else place.parent
    config = _config(place)
    names = _names(config, home, annotations)
    for name in names:
        annotations.label(name)
    pictures = _pictures(config, home, annotations)
    annotations.refuse_if_faulty()
    missing = 0
    for path, (picture, split) in pictures.items():
        row = annotations.picture(path, path, split, picture)
        labels = _labels_of(path, home)
        if labels is None:
            missing += 1
        else:
            _read_labels(labels, row, len(names), annotations)
    if pictures and missing == len(pictures):
        annotations.fault(f"none of its {missing} pictures has a text file", instead="images/a.jpg, labels/a.txt")
    elif missing:
        annotations.notes.append(f"{missing} of {len(pictures)} pictures have no text file: background, no label")
    return annotations.finish()


def _config(place: Place) -> dict[str, Any]:
    """What data.yaml says; empty where there is none."""
    file = place
    if place.is_dir():
        found = [place / name for name in YAML_NAMES if (place / name).is_file()]
        if not found:
            return {}
        file = found[0]
    heading = f"{file} cannot be read as {NAME}"
    try:
        config = yaml.safe_load(content_of(file).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(Fault("it is not UTF-8", file.name), what=heading) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = file.name if mark is None else f"{file.name}, line {mark.line + 1}, column {mark.column + 1}"
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise InputError(Fault(f"it is not YAML that is read here: {problem}", where), what=heading) from None
    except (RecursionError, ValueError) as error:
        raise InputError(Fault(f"it cannot be parsed: {error}", file.name), what=heading) from None
    if not isinstance(config, dict):
        raise InputError(Fault("it holds no keys", file.name, "names, train and val"), what=heading)
    return config


def _names(config: dict[str, Any], home: Place, annotations: Annotations) -> list[str]:
    """The class names in the order of their numbers."""
    given = config.get("names")
    where = "names"
    if given is None:
        for name in NAME_LISTS:
            for file in (home / name, home / "labels" / name):
                if file.is_file():
                    where = file.name
                    given = content_of(file).decode("utf-8", "replace").split("\n")
                    given = [line.strip() for line in given if line.strip()]
                    break
    if isinstance(given, dict):
        wrong = [key for key in given if not isinstance(key, int) or isinstance(key, bool)]
        if wrong or sorted(given) != list(range(len(given))):
            annotations.fault(f"its keys are {sorted(map(str, given))[:8]}", where, "0, 1, 2 ... without a gap")
            return []
        given = [given[key] for key in range(len(given))]
    if not isinstance(given, list) or not given:
        what = "there are no class names" if given is None else f"names is {given!r}"
        annotations.fault(what, "", "a data.yaml with names: [dog, cat], or a classes.txt")
        return []
    names = [str(name).strip() for name in given]
    if len(set(names)) < len(names) or "" in names:
        twice = sorted({name for name in names if names.count(name) > 1 or not name})
        annotations.fault(f"class names are empty or used twice: {twice}", where, "one name for each class")
    return names


def _pictures(config: dict[str, Any], home: Place, annotations: Annotations) -> dict[str, tuple[Place, str]]:
    """Every picture by its path below ``home``, with its split."""
    inside = {path: file for path, file in files_below(home) if posixpath.splitext(path)[1].lower() in SUFFIXES}
    found: dict[str, tuple[Place, str]] = {}
    for key, split in SPLIT_KEYS.items():
        given = config.get(key)
        for item in given if isinstance(given, list) else [given]:
            if isinstance(item, str) and item:
                for path in _listed(item, config, home, inside, key, annotations):
                    found[path] = (inside[path], split)
            elif item is not None:
                annotations.fault(f"{key} is {item!r}", "data.yaml", "a folder such as images/train")
    if found or annotations.faults:
        return found
    return {path: (file, _split_of_path(path)) for path, file in inside.items()}


def _listed(
    item: str, config: dict[str, Any], home: Place, inside: dict[str, Place], key: str, annotations: Annotations
) -> list[str]:
    """The pictures that an entry of data.yaml means: those in a folder, or those that a text file lists."""
    base = config.get("path") if isinstance(config.get("path"), str) else ""
    # Exports write paths as seen from another folder (`../train/images`, an absolute path): the tail is what holds.
    candidates = [posixpath.normpath(posixpath.join(base or "", item)), posixpath.normpath(item)]
    tails = [tail for path in candidates for tail in _tails(path)]
    for tail in tails:
        if tail.endswith(".txt") and (home / tail).is_file():
            return _in_text_file(home / tail, tail, inside, annotations)
        prefix = "" if tail == "." else f"{tail}/"
        paths = [path for path in inside if path.startswith(prefix)]
        if paths:
            return paths
    if key != "test":  # a test folder is often named and not published
        annotations.fault(f"{key} names {item!r}, which contains no pictures", "data.yaml", "a folder in this one")
    else:
        annotations.notes.append(f"{key} names {item!r}, which is not here")
    return []


def _tails(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part not in ("", "..")]
    return ["/".join(parts[start:]) for start in range(len(parts))] or ["."]


def _in_text_file(file: Place, name: str, inside: dict[str, Place], annotations: Annotations) -> list[str]:
    found = []
    for number, line in enumerate(content_of(file).decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        path = next((tail for tail in _tails(posixpath.normpath(line.strip())) if tail in inside), None)
        if path is None:
            annotations.fault(f"there is no picture {line.strip()!r}", f"{name}, line {number}")
        else:
            found.append(path)
    return found


def _split_of_path(path: str) -> str:
    return next((split for part in path.split("/")[:-1] if (split := split_of(part))), "")


def _labels_of(path: str, home: Place) -> Place | None:
    """The text file of a picture: the last ``images`` in its path becomes ``labels``, or it is next to the picture."""
    stem = posixpath.splitext(path)[0]
    head, found, tail = f"/{stem}".rpartition("/images/")
    candidates = [f"{head}/labels/{tail}.txt"[1:]] if found else []
    for candidate in (*candidates, f"{stem}.txt"):
        file = home / candidate
        if file.name not in NOT_LABELS and file.is_file():
            return file
    return None


def _read_labels(file: Place, row: int, classes: int, annotations: Annotations) -> None:
    try:
        lines = content_of(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        annotations.fault("it is not UTF-8 text", str(file))
        return
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        token = words[0]
        if token.isascii() and token.isdigit() and len(token) < 10 and int(token) < classes:
            annotations.mark(row, int(token))
        else:
            what = f"the line begins with {token!r}"
            annotations.fault(what, f"{_short(file)}, line {number}", f"the number of a class, 0 to {classes - 1}")


def _short(file: Place) -> str:
    return f"{file.parent.name}/{file.name}"
