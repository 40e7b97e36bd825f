"""The folder of a Tagger: ``tagger.json`` and ``weights.safetensors``; loading it never runs code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors import numpy as tensors

import tagfit
from tagfit import recipe as recipes
from tagfit.data.pictures import decode as decoding
from tagfit.data.problem import Preprocessing
from tagfit.errors import InputError
from tagfit.evaluation.thresholds import Thresholds
from tagfit.files import disk_faults, to_json, write_text, written_whole
from tagfit.runs.run import Run, open_run
from tagfit.tagger.tagger import Tagger, ThresholdsLike, fingerprint
from tagfit.training.torch_import import torch_for

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

FORMAT = 1
ABOUT, WEIGHTS = "tagger.json", "weights.safetensors"
SETTINGS = ("labels", "preprocessing", "recipe", "net", "thresholds")  # what the fingerprint is of, beside the weights


def of_run(run: Run | str | Path, thresholds: ThresholdsLike = 0.5, *, net: NetFactory | None = None) -> Tagger:
    """The Tagger of a trained run.

    Args:
        run: a Run, or its folder.
        thresholds: one number, one per label, or Thresholds.
        net: the factory that the run was trained with, if it was.

    Raises:
        InputError: no run, one that has no weights yet, another net, or thresholds of other labels.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    if not opened.weights.exists():
        raise InputError(
            f"the run {opened.folder} has no weights yet",
            instead=f"`tagfit train --resume {opened.folder}` finishes it",
        )
    labels, about, info = opened.labels, opened.problem, opened.info
    _refuse_another_net(info.get("net"), net, opened.folder)
    tagger = Tagger(
        labels=labels,
        preprocessing=Preprocessing.from_dict(about["preprocessing"]),
        recipe=opened.recipe,
        weights=_read_weights(opened.weights),
        thresholds=Thresholds.fixed(0.5, labels),
        origin={"run": opened.name, "recipe": info["recipe"], "seed": info["seed"], "problem": about["fingerprint"]},
        net_name=info.get("net"),
        net=net,
    )
    return tagger.at(thresholds)


def save(
    tagger: Tagger | Run | str | Path,
    folder: str | Path,
    thresholds: ThresholdsLike | None = None,
    *,
    net: NetFactory | None = None,
) -> Tagger:
    """Write a Tagger, or that of a run, into a new folder.

    Args:
        tagger: a Tagger, a Run, or the folder of a run.
        folder: new or empty.
        thresholds: to be saved in it; None for the Tagger's own, for a run 0.5.
        net: the factory that the run was trained with, if it was. Its name is stored, its code is not.

    ``tagger.json`` is written last and holds the fingerprint, so a folder that is not whole cannot be loaded.

    Raises:
        InputError: as :func:`of_run`; a folder that is in use; a disk that is full.
    """
    made = tagger if isinstance(tagger, Tagger) else of_run(tagger, net=net)
    if thresholds is not None:
        made = made.at(thresholds)
    path = Path(folder)
    with disk_faults(path):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError(f"{path} exists and is not empty", instead="a new folder")
    with written_whole(path / WEIGHTS) as file:
        file.write(tensors.save(dict(made.weights)))
    about = {
        "format": FORMAT,
        "tagfit": tagfit.__version__,
        **made.settings(),
        "origin": made.origin,
        "fingerprint": made.fingerprint,
    }
    write_text(path / ABOUT, to_json(about) + "\n")
    return made


def load(folder: str | Path, *, net: NetFactory | None = None) -> Tagger:
    """Read what :func:`save` wrote.

    Args:
        folder: of the Tagger.
        net: the factory that it was trained with, if it was.

    Raises:
        InputError: no such folder, no Tagger in it, one of another format, one that was changed since, or another net.
    """
    path = Path(folder)
    about = _read_about(path)
    if about.get("format") != FORMAT:
        raise InputError(f"{path} has tagger format {about.get('format')!r}", instead=f"this tagfit reads {FORMAT}")
    weights = _read_weights(path / WEIGHTS)
    try:
        # Of what is stored, not of what it is read as: a later tagfit may know more fields of a recipe.
        found = fingerprint({name: about[name] for name in SETTINGS}, weights)
        if found != about["fingerprint"]:
            raise InputError(f"{path} changed since it was written: its fingerprint is not the one it holds")
        if about["preprocessing"]["decoder"] != decoding.DECODER:
            raise InputError(
                f"{path} was trained on pictures of decoder {about['preprocessing']['decoder']}, not of this tagfit's",
                instead=f"tagfit {about['tagfit']}, which wrote it",
            )
        _refuse_another_net(about["net"], net, path)
        return Tagger(
            labels=tuple(about["labels"]),
            preprocessing=Preprocessing.from_dict(about["preprocessing"]),
            recipe=recipes.parse(about["recipe"], where=str(path / ABOUT)),
            weights=weights,
            thresholds=Thresholds.from_dict(about["thresholds"]).in_order(about["labels"]),
            origin=about["origin"],
            net_name=about["net"],
            net=net,
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{path / ABOUT} is damaged: {error!r}") from None


def holds_tagger(folder: str | Path) -> bool:
    """Whether a folder says that it is a Tagger."""
    return (Path(folder) / ABOUT).is_file()


def _read_about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads((path / ABOUT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        what = f"holds no {ABOUT}" if path.exists() else "does not exist"
        of_run = f"Tagger.of_run({str(path)!r}), or `tagfit pack {path}`" if (path / "run.json").exists() else ""
        raise InputError(f"{path} is not a tagger: it {what}", instead=of_run) from None
    except OSError as error:
        raise InputError(f"cannot read {path / ABOUT}: {error.strerror}") from None
    except ValueError as error:  # no UTF-8, or no JSON
        raise InputError(f"{path / ABOUT} is not JSON: {error}") from None
    if not isinstance(about, dict):
        raise InputError(f"{path / ABOUT} holds no JSON object")
    return about


def _read_weights(path: Path) -> dict[str, Any]:
    try:
        return dict(tensors.load(path.read_bytes()))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (SafetensorError, KeyError) as error:
        raise InputError(f"{path} cannot be read as safetensors: {error}") from None


def _refuse_another_net(recorded: str | None, net: NetFactory | None, folder: Path) -> None:
    if recorded is None and net is None:
        return
    with torch_for("a net of your own"):
        from tagfit.training import own_net
    own_net.refuse_another(recorded, net, str(folder))
