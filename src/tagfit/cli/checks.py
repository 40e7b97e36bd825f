"""The checks of single values: before anything is decoded, trained or written."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from tagfit.cli.checking import each, typed
from tagfit.cli.names import names_in
from tagfit.errors import Fault, InputError, MissingExtraError, gathered

TRAIN_EXTRA = ("torch", "optuna")
NAMED_METRICS = ("default", "all", "headline")


def needs_train_extra(purpose: str) -> Callable[[typer.Context], list[Fault]]:
    """A check for :func:`check_together` that what the extra ``train`` brings is installed."""

    def check(_: typer.Context) -> list[Fault]:
        faults: list[Fault] = []
        with gathered(faults):
            train_extra(purpose)
        return faults

    return check


def source(path: Path) -> None:
    """A source exists and can be opened."""
    from tagfit.data.readers.opening import place_of, refuse_missing

    refuse_missing(place_of(path))


def photo_folder(path: Path) -> None:
    """A folder exists."""
    if not path.is_dir():
        raise InputError(f"there is no folder {path}", instead="a folder of photographs")


def keywords(mode: str) -> None:
    """How keywords of photographs become labels."""
    from tagfit.photos.mapping import KeywordOptions

    KeywordOptions(keywords=mode)


def parent(name: str) -> None:
    """A keyword that can stand above others."""
    from tagfit.photos.planning import check_labels

    check_labels((), name)


def renames(given: list[str]) -> None:
    """``OLD=NEW``."""
    from tagfit.photos.mapping import renames_of

    renames_of(given)


def run(path: Path) -> None:
    """A run folder can be opened."""
    from tagfit.runs.run import open_run

    open_run(path)


def model(path: Path) -> None:
    """A run folder or a tagger's folder."""
    from tagfit.tagger import holds_tagger

    if not holds_tagger(path):
        run(path)


def file(path: Path) -> None:
    """A file exists and is not a folder."""
    if path.is_dir():
        raise InputError(f"{path} is a folder", instead="a file")
    if not path.exists():
        raise InputError(f"there is no file {path}")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} cannot be read: permission denied")


def pictures(path: Path) -> None:
    """A file or folder exists; a URL is opened later."""
    from tagfit.data.pictures.sources import as_url

    if as_url(path) is None and not path.exists():
        raise InputError(f"there is no file or folder {path}")


def table(path: Path) -> None:
    """A table of tagged pictures that can be written and is not there yet."""
    from tagfit.tagger.bulk import refuse

    refuse(path)
    output(path)


def run_or_scores(path: Path) -> None:
    """A run folder or a score file."""
    (run if path.is_dir() else file)(path)


def reportable(path: Path) -> None:
    """A run folder, the folder of a finished cure, or a score file."""
    if (path / "certificate.json").is_file():
        certificate(path)
    elif (path / "cure.json").is_file():
        finish = f"`tagfit cure --resume {path}` finishes it"
        raise InputError(f"{path} is a cure without a certificate", instead=finish)
    else:
        run_or_scores(path)


def thresholds(path: Path) -> None:
    """A thresholds file can be read."""
    from tagfit.evaluation.thresholds import Thresholds

    file(path)
    Thresholds.load(path)


def certificate(path: Path) -> None:
    """A certificate can be read."""
    from tagfit.curing.certificate import load

    load(path)


def begun_cure(path: Path) -> None:
    """The folder of a cure that was begun."""
    from tagfit.curing.request import read

    read(path)


def folder(path: Path) -> None:
    """A folder that is there or can be made, and in which files can be written."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file", instead="a folder")
    _writable(path)


def there(path: Path) -> None:
    """A folder that is there."""
    if not path.is_dir():
        raise InputError(f"{path} is a file" if path.exists() else f"there is no folder {path}", instead="a folder")


def new_folder(path: Path) -> None:
    """A folder that is empty or can be made."""
    from tagfit.runs.writing import refuse_used

    refuse_used(path)
    _writable(path)


def absent_folder(path: Path) -> None:
    """A folder that can be made and is not there yet."""
    from tagfit.data.convert.convert import refuse_existing

    refuse_existing(path)
    _writable(path)


def format_to_write(name: str) -> None:
    """What is needed to write a format is installed."""
    if name == "parquet":
        from tagfit.data.convert.write_parquet import require_pyarrow

        require_pyarrow()


def output(path: Path) -> None:
    """A file that can be written; one that is there is replaced."""
    if path.is_dir():
        raise InputError(f"{path} is a folder", instead="a file to write")
    _writable(path.parent)


def new_output(path: Path) -> None:
    """A file that can be written and is not there yet."""
    if path.exists():
        raise InputError(f"{path} exists and is not overwritten", instead="another --out")
    output(path)


def _writable(folder: Path) -> None:
    """Raise an InputError unless files can be written in a folder, or in the nearest of its parents that is there."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    reason = "is not a folder" if not there.is_dir() else "" if os.access(there, os.W_OK | os.X_OK) else "is read-only"
    if reason:
        raise InputError(f"cannot write in {folder}: {there} {reason}", instead="another place")


def device(name: str) -> None:
    """A device of this machine; without torch, the extra to install is named."""
    if name.lower() in ("gpu", "cuda:0"):
        raise InputError(
            f"--device {name}", instead="--device cuda or mps; a GPU is used by default where there is one"
        )
    with suppress(MissingExtraError):
        train_extra("training")
        from tagfit.training.machine import choose

        choose(_any_recipe(), name)


def train_extra(purpose: str) -> None:
    """What the extra ``train`` brings is installed."""
    for name in TRAIN_EXTRA:
        try:
            missing = importlib.util.find_spec(name) is None
        except ModuleNotFoundError:
            missing = True
        if missing:
            raise MissingExtraError("train", purpose)


def metrics(text: str) -> None:
    """Names of metrics, or one of the named sets."""
    from tagfit.evaluation.metrics import find

    if text in NAMED_METRICS:
        return
    if not names_in(text):
        raise InputError("no metric is named", instead="names with commas, default or all")
    each(find)(names_in(text))


def split(name: str) -> None:
    """A split that a run may have."""
    if name not in ("train", "validation", "test"):
        raise InputError(f"there is no split {name!r}", instead="train, validation or test")


def strategy(text: str) -> None:
    """A strategy for thresholds."""
    from tagfit.evaluation.strategy_names import parse

    parse(text)


def picture_size(size: int) -> None:
    """A side length that pictures can be decoded to."""
    from tagfit.data.pictures.decode import check_size

    check_size(size)


def separator(text: str) -> None:
    """Any text but an empty one."""
    from tagfit.data.readers.tag_cells import read_cells

    read_cells((), text)


def column_names(text: str) -> None:
    """Names of columns, none empty and none twice."""
    from tagfit.data.readers.delimited import columns_named

    columns_named(text)


def none_label(text: str) -> None:
    """The name of a tag."""
    if not text.strip():
        raise InputError("--none-label is empty", instead="the tag that says there is none, such as 'No Finding'")


def confidence(cut: float) -> None:
    """From which confidence on a label is present."""
    if not 0 < cut <= 1:
        raise InputError(f"--confidence-at-least is {cut:g}", instead="a number above 0, at most 1")


def encoding(name: str) -> None:
    """The name of an encoding of text."""
    import codecs

    try:
        codecs.lookup(name)
    except LookupError:
        raise InputError(f"there is no encoding {name!r}", instead="a name such as utf-8, cp1252 or gb18030") from None


def labels(text: str) -> None:
    """Names of labels, or a file of them."""
    from tagfit.data.labels import requested

    requested(text)


def recipe(name: str) -> None:
    """A named recipe, or a recipe file."""
    from tagfit.recipe import find

    find(name)


def settings(context: typer.Context, value: list[str] | None) -> list[str] | None:
    """``--set``: fields and values of the recipe that ``--recipe`` names, else of one of the two defaults."""
    from tagfit.recipe import FOR_FEATURES, FOR_PICTURES, assign, find

    named = typed(context).get("recipe")
    if value and not named:
        with suppress(InputError):
            assign(find(FOR_PICTURES), value)
            return value
    base = _any_recipe()
    with gathered([]):  # a wrong --recipe is reported by its own check
        base = find(named or FOR_FEATURES)
    if value:
        assign(base, value)
    return value


def backbone_name(name: str) -> None:
    """A backbone whose weights are installed."""
    from tagfit.backbones import find, pinned

    _ = find(pinned(name)).path


def backbone(context: typer.Context) -> None:
    """The weights that ``--recipe`` and ``--set`` ask for are installed."""
    from tagfit.backbones import find as find_backbone
    from tagfit.recipe import assign, find

    chosen = _any_recipe()
    with gathered([]):  # wrong recipes and settings are reported by their own checks
        chosen = assign(find(typed(context).get("recipe") or "regularised-dense"), typed(context).get("set_") or [])
    if chosen.frozen:
        _ = find_backbone(chosen.backbone).path


def goal(context: typer.Context, value: list[str] | None) -> list[str] | None:
    """``--goal`` of a cure. For a run, ``tagfit.cure`` checks it before it reads anything, with the run's figures."""
    from tagfit.goal import Goal

    if value and not (Path(typed(context).get("start") or "") / "run.json").is_file():
        Goal(*value)
    return value


def allowed(word: str) -> None:
    """What a cure does only where it is allowed; a pretrained backbone has to be installed."""
    from tagfit.backbones import best_installed

    if word not in ("augment", "pretrained"):
        raise InputError(f"--allow {word}", instead="augment or pretrained")
    if word == "pretrained":
        best_installed()


def bounds(text: str) -> None:
    """A goal that is only compared with what was reached."""
    from tagfit.goal import read_bounds

    read_bounds(text)


def maximise(text: str) -> None:
    """A figure that a cure can maximise."""
    from tagfit.goal import Goal

    Goal(maximise=text)


def gap(value: float) -> None:
    """A largest gap between train and validation."""
    from tagfit.goal import Goal

    Goal(gap_at_most=value)


def duration(text: str) -> None:
    """A time such as ``90s`` or ``10m``."""
    from tagfit.curing.request import duration as seconds

    seconds(text)


def check_codes(codes: list[str]) -> None:
    """Codes of checks of the diagnosis."""
    from tagfit.diagnosis.diagnose import refuse_unknown

    refuse_unknown(codes)


def _any_recipe() -> Any:
    from tagfit.recipe import NAMED

    return NAMED["regularised-dense"]
