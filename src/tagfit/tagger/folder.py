"""The folder of a Tagger: ``tagger.json`` with ``weights.safetensors`` or ``model.onnx``; loading never runs code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors import numpy as tensors

import tagfit
from tagfit.data.pictures.decode import DECODER
from tagfit.data.problem import Preprocessing
from tagfit.errors import InputError
from tagfit.evaluation.scaling import Scaling
from tagfit.evaluation.thresholds import Thresholds
from tagfit.files import disk_faults, to_json, write_text, written_whole
from tagfit.recipe import parse
from tagfit.runs.run import Run, open_run
from tagfit.tagger import card, hub, onnx_graph
from tagfit.tagger.reference import Reference
from tagfit.tagger.tagger import Tagger, ThresholdsLike, fingerprint
from tagfit.training.torch_import import torch_for
from tagfit.vocabulary import Vocabulary

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

FORMAT = 2
READ = (1, FORMAT)  # 1 had neither calibration nor ONNX, and no hashes of files
ABOUT, WEIGHTS, GRAPH = "tagger.json", "weights.safetensors", "model.onnx"
REFERENCE = "validation.safetensors"
CARD = "README.md"  # the one file that may be edited
# What the fingerprint is of, in addition to the weights or the graph.
SETTINGS_OF_1 = ("labels", "preprocessing", "recipe", "net", "thresholds")
SETTINGS = (*SETTINGS_OF_1, "calibration", "engine")


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
        vocabulary=_vocabulary(about),
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
    if made.graph is not None:
        made = replace(made, graph=onnx_graph.with_settings(made.graph, made.settings()))
    of_hub, not_in_transformers = hub.hub_files(made)
    net_file = {WEIGHTS: tensors.save(dict(made.weights))} if made.graph is None else {GRAPH: made.graph}
    reference = {} if made.reference is None else {REFERENCE: made.reference.to_bytes()}
    files = {**net_file, **of_hub, **reference}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    for name, data in files.items():
        with written_whole(path / name) as file:
            file.write(data)
    write_text(path / CARD, card.card(made, path.name, hashes, not_in_transformers))
    about = {
        "format": FORMAT,
        "tagfit": tagfit.__version__,
        **made.settings(),
        "origin": made.origin,
        "measured": made.measured,
        "fingerprint": made.fingerprint,
        "files": hashes,
    }
    write_text(path / ABOUT, to_json({**about, "sha256": _hash_of(about)}) + "\n")
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
    if about.get("format") not in READ:
        raise InputError(
            f"{path} has tagger format {about.get('format')!r}", instead=f"this tagfit reads {READ[0]} and {READ[1]}"
        )
    try:
        first = about["format"] == READ[0]
        files = _checked_files(path, {WEIGHTS: None} if first else about["files"])
        weights = _weights(path / WEIGHTS, files[WEIGHTS]) if WEIGHTS in files else {}
        graph, reference = files.get(GRAPH), files.get(REFERENCE)
        # Of what is stored, not of what it is read as: a later tagfit may know more fields of a recipe.
        named = (*(SETTINGS_OF_1 if first else SETTINGS), *(["vocabulary"] if "vocabulary" in about else []))
        stored = {name: about[name] for name in named}
        same = first or about["sha256"] == _hash_of({name: about[name] for name in about if name != "sha256"})
        if not same or fingerprint(stored, weights, graph) != about["fingerprint"]:
            raise InputError(f"{path} changed since it was written: its fingerprint is not the one it holds")
        if about["preprocessing"]["decoder"] != DECODER:
            raise InputError(
                f"{path} was trained on pictures of decoder {about['preprocessing']['decoder']}, not of this tagfit's",
                instead=f"tagfit {about['tagfit']}, which wrote it",
            )
        if graph is None:
            _refuse_another_net(about["net"], net, path)
        calibration = about.get("calibration")
        return Tagger(
            labels=tuple(about["labels"]),
            preprocessing=Preprocessing.from_dict(about["preprocessing"]),
            recipe=parse(about["recipe"], where=str(path / ABOUT)),
            weights=weights,
            thresholds=Thresholds.from_dict(about["thresholds"]).in_order(about["labels"]),
            origin=about["origin"],
            calibration=None if calibration is None else Scaling.from_dict(calibration, about["labels"]),
            graph=graph,
            measured=about.get("measured", {}),
            net_name=about["net"],
            net=None if graph is not None else net,
            vocabulary=_vocabulary(about),
            reference=None
            if reference is None
            else Reference.from_bytes(reference, len(about["labels"]), str(path / REFERENCE)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path / ABOUT} is damaged: {error!r}") from None


def _vocabulary(about: Mapping[str, Any]) -> Vocabulary | None:
    said = about.get("vocabulary")
    return None if said is None else Vocabulary.from_dict(said)


def _checked_files(path: Path, hashes: dict[str, str | None]) -> dict[str, bytes]:
    """Weights or graph of a Tagger, after all its files were found as they were written."""
    found = {}
    for name, expected in hashes.items():
        if Path(name).name != name:
            raise InputError(f"{path / ABOUT} names a file outside of its folder: {name!r}")
        try:
            with (path / name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
                if name in (WEIGHTS, GRAPH, REFERENCE):
                    found[name] = file.read()
        except OSError as error:
            raise InputError(f"cannot read {path / name}: {error.strerror}") from None
        if expected is not None and digest != expected:
            raise InputError(
                f"{path / name} changed since it was written, or was not copied whole: its SHA-256 is not the one in "
                f"{ABOUT}",
                instead="copy the folder again, or pack the run again",
            )
    return found


def _hash_of(about: dict[str, Any]) -> str:
    plain = json.loads(to_json(about))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def holds_tagger(folder: str | Path) -> bool:
    """Whether a folder says that it is a Tagger."""
    return (Path(folder) / ABOUT).is_file()


def engine_in(folder: str | Path) -> str:
    """``onnx`` for the folder of an ONNX tagger, ``torch`` for any other and for that of a run."""
    return str(_read_about(Path(folder)).get("engine", "torch")) if holds_tagger(folder) else "torch"


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


def _weights(path: Path, data: bytes) -> dict[str, Any]:
    try:
        return dict(tensors.load(data))
    except (SafetensorError, KeyError) as error:
        raise InputError(f"{path} cannot be read as safetensors: {error}") from None


def _read_weights(path: Path) -> dict[str, Any]:
    try:
        return _weights(path, path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None


def _refuse_another_net(recorded: str | None, net: NetFactory | None, folder: Path) -> None:
    if recorded is None and net is None:
        return
    with torch_for("a net of your own"):
        from tagfit.training import own_net
    own_net.refuse_another(recorded, net, str(folder))
