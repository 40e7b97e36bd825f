"""The checks of single values: before anything is decoded, trained or written."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from tagfit.cli.checking import each, typed
from tagfit.cli.names import names_in
from tagfit.errors import Fault, InputError, MissingExtraError, gathered

TRAIN_EXTRA = ("torch", "optuna")
ONNX_EXTRA = ("onnx", "onnxscript", "onnxruntime")
SERVE_EXTRA = ("starlette", "uvicorn", "python_multipart", "prometheus_client")
NAMED_METRICS = ("default", "all", "headline")


def needs_train_extra(purpose: str) -> Callable[[typer.Context], list[Fault]]:
    """A check for :func:`check_together` that what the extra ``train`` brings is installed."""

    def check(_: typer.Context) -> list[Fault]:
        faults: list[Fault] = []
        with gathered(faults):
            train_extra(purpose)
        return faults

    return check


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


def format_to_write(name: str) -> None:
    """What is needed to write a format is installed."""
    if name == "parquet":
        from tagfit.data.convert.write_parquet import require_pyarrow

        require_pyarrow()


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
    _installed(TRAIN_EXTRA, "train", purpose)


def watch_extra() -> None:
    """What the extra ``watch`` brings is installed."""
    _installed(("watchdog",), "watch", "watching a folder")


def serve_extra() -> None:
    """What the extra ``serve`` brings is installed."""
    _installed(SERVE_EXTRA, "serve", "tagfit serve")


def host(address: str) -> None:
    """An IP address that a server can listen on."""
    from tagfit.server.address import is_loopback

    is_loopback(address)


def token(text: str) -> None:
    """A token that requests can bring."""
    from tagfit.server.address import check_token

    check_token(text)


def workers(address: str) -> None:
    """A Ray cluster by its address, and what the extra ``ray`` brings is installed."""
    from tagfit.tagger.ray_cluster import check

    check(address)


def onnx_extra() -> None:
    """What the extra ``onnx`` brings is installed."""
    _installed(ONNX_EXTRA, "onnx", "--format onnx")


def tagger_extra(folder: Path) -> None:
    """What runs the model in a folder is installed: ONNX Runtime for an ONNX tagger, else torch."""
    from tagfit import tagger

    if tagger.engine_in(folder) == "onnx":
        tagger.require_onnx_runtime()
    else:
        train_extra("tagging pictures")


def tagger_format(name: str) -> None:
    """A format of taggers."""
    from tagfit.workflow.packing import FORMATS

    if name not in FORMATS:
        raise InputError(f"there is no format {name!r}", instead=" or ".join(FORMATS))


def int8_loss(loss: float) -> None:
    """What an 8-bit tagger may lose."""
    from tagfit.workflow.quantising import Int8

    Int8(loss=loss)


def metric(name: str) -> None:
    """The name of one metric."""
    from tagfit.evaluation.metrics import find

    find(name)


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
    if chosen.architecture == "pretrained":
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


def programs(names: str) -> None:
    """Programs whose ways of reading keywords are known."""
    from tagfit.photos.planning import programs_of

    programs_of(names)


def vocabulary(path: str) -> None:
    """A vocabulary file that does not contradict itself, or ``none``."""
    from tagfit.data.vocabulary_file import given

    given(path)


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


def _installed(modules: tuple[str, ...], extra: str, purpose: str) -> None:
    for name in modules:
        try:
            missing = importlib.util.find_spec(name) is None
        except ModuleNotFoundError:
            missing = True
        if missing:
            raise MissingExtraError(extra, purpose)
