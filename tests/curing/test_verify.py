"""Verification: an untouched certificate holds, and every kind of alteration is found and named."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import tagfit
from tagfit.curing.certificate import Certificate, sealed
from tagfit.errors import InputError

Alter = Callable[[Path, Path], None]


@pytest.fixture
def moved(cured: Path, noisy: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of a cure and of its source, the one pointing at the other, sealed like that."""
    source = tmp_path / "noisy.npz"
    shutil.copy(noisy, source)
    document = json.loads((cured / "certificate.json").read_text())
    document["problem"]["source"]["data"] = str(source)
    (cured / "certificate.json").write_text(json.dumps(sealed(document)))
    return cured, source


def test_what_was_not_touched_holds(moved: tuple[Path, Path]) -> None:
    found = tagfit.verify(moved[0])
    assert found.altered == ()
    assert found.holds
    assert found.same_machine
    assert len(found.checks) == 8


def test_it_holds_wherever_the_folder_lies(moved: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.move(moved[0], tmp_path / "elsewhere")
    assert tagfit.verify(tmp_path / "elsewhere" / "certificate.json").holds


def test_other_libraries_are_given_more_room(moved: tuple[Path, Path]) -> None:
    document = json.loads((moved[0] / "certificate.json").read_text())
    document["machine"]["torch"] = "1.0"
    document["after"]["splits"]["validation"]["metrics"]["loss"]["value"] += 5e-5
    (moved[0] / "certificate.json").write_text(json.dumps(sealed(document)))
    found = tagfit.verify(moved[0])
    assert not found.same_machine
    assert found.holds


def arrays(source: Path, change: Callable[[dict[str, Any]], None]) -> None:
    held = dict(np.load(source))
    change(held)
    np.savez(source, **held)


def a_pixel(_folder: Path, source: Path) -> None:
    def change(held: dict[str, Any]) -> None:
        held["X"][5, 3] += 1e-3

    arrays(source, change)


def a_tag(_folder: Path, source: Path) -> None:
    def change(held: dict[str, Any]) -> None:
        held["Y"][5, 1] = 1 - held["Y"][5, 1]

    arrays(source, change)


def a_split(_folder: Path, source: Path) -> None:
    def change(held: dict[str, Any]) -> None:
        held["split"] = held["split"].astype("U10")
        held["split"][5] = "validation"

    arrays(source, change)


def the_label_order(_folder: Path, source: Path) -> None:
    def change(held: dict[str, Any]) -> None:
        held["Y"], held["labels"] = held["Y"][:, [1, 0, 2]], held["labels"][[1, 0, 2]]

    arrays(source, change)


def a_row_gone(_folder: Path, source: Path) -> None:
    def change(held: dict[str, Any]) -> None:
        held |= {name: held[name][:-1] for name in ("X", "Y", "split")}

    arrays(source, change)


def a_weight(folder: Path, _source: Path) -> None:
    path = run_of(folder) / "weights.safetensors"
    tensors = load_file(path)
    name = sorted(tensors)[0]
    tensors[name] = tensors[name] + np.float32(0.01)
    save_file(tensors, path)


def a_weight_of_the_start(folder: Path, _source: Path) -> None:
    path = folder / "start" / "weights.safetensors"
    tensors = load_file(path)
    save_file({name: value * np.float32(1.001) for name, value in tensors.items()}, path)


def a_recipe_field(folder: Path, _source: Path) -> None:
    path = run_of(folder) / "recipe.toml"
    path.write_text(re.sub("^epochs = .*$", "epochs = 77", path.read_text(), flags=re.MULTILINE))


def a_recipe_field_of_the_certificate(folder: Path, _source: Path) -> None:
    certificate(folder, lambda document: document["after"]["recipe"].update(epochs=78))


def a_figure(folder: Path, _source: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["after"]["splits"]["validation"]["metrics"]["label_accuracy"]["value"] += 0.01

    certificate(folder, change)


def a_figure_and_its_seal(folder: Path, _source: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["after"]["splits"]["test"]["metrics"]["label_accuracy"]["value"] += 0.01

    certificate(folder, change, seal=True)


def a_mean_and_its_seal(folder: Path, _source: Path) -> None:
    certificate(folder, lambda document: document["means"].update({"validation.label_accuracy": 0.99}), seal=True)


def the_verdict_and_its_seal(folder: Path, _source: Path) -> None:
    certificate(folder, lambda document: document.update(verdict="out of reach"), seal=True)


def an_interval(folder: Path, _source: Path) -> None:
    certificate(folder, lambda document: document["optimism"].update(low=0.5))


def a_trial(folder: Path, _source: Path) -> None:
    lines = (folder / "trials.jsonl").read_text().splitlines()
    (folder / "trials.jsonl").write_text("\n".join(lines[:-1]) + "\n")


def the_number_of_trials_and_its_seal(folder: Path, _source: Path) -> None:
    certificate(folder, lambda document: document["search"].update(trials=1), seal=True)


def a_score(folder: Path, _source: Path) -> None:
    path = run_of(folder) / "scores" / "validation.npz"
    held = dict(np.load(path))
    held["scores"][0, 0] = 1 - held["scores"][0, 0]
    np.savez(path, **held)


def run_of(folder: Path) -> Path:
    document = json.loads((folder / "certificate.json").read_text())
    return folder / str(document["after"]["run"])


def certificate(folder: Path, change: Callable[[dict[str, Any]], object], *, seal: bool = False) -> None:
    document = json.loads((folder / "certificate.json").read_text())
    change(document)
    (folder / "certificate.json").write_text(json.dumps(sealed(document) if seal else document))


@pytest.mark.parametrize(
    ("alter", "named"),
    [
        (a_pixel, "5: its content (pixels or features) was altered"),
        (a_tag, "5: the tag 'sun' was"),
        (a_split, "5: its split was train, now validation"),
        (the_label_order, "the labels are now sun, sea, people"),
        (a_row_gone, "the row is gone"),
        (a_weight, "weights.safetensors was altered"),
        (a_weight_of_the_start, "start/weights.safetensors was altered"),
        (a_recipe_field, "after: the recipe's epochs is 77"),
        (a_recipe_field_of_the_certificate, "certified was 78"),
        (a_figure, "after, validation: label_accuracy is certified as"),
        (a_figure_and_its_seal, "after, test: label_accuracy is certified as"),
        (a_mean_and_its_seal, "the mean of validation.label_accuracy is certified as 0.99"),
        (the_verdict_and_its_seal, "from the bounds follows"),
        (an_interval, "the section 'optimism' of the certificate was altered"),
        (a_trial, "trials.jsonl was altered"),
        (the_number_of_trials_and_its_seal, "the search counts 1 trials"),
        (a_score, "scores/validation.npz was altered"),
    ],
)
def test_every_alteration_is_found_and_named(moved: tuple[Path, Path], alter: Alter, named: str) -> None:
    alter(*moved)
    found = tagfit.verify(moved[0])
    assert not found.holds
    assert any(named in one for one in found.altered), found.altered


def test_a_weight_altered_beside_its_hash_is_found_by_scoring(moved: tuple[Path, Path]) -> None:
    from tagfit.curing.certificate import file_seals

    a_weight(*moved)
    certificate(moved[0], lambda document: document.update(files=file_seals(moved[0], document["files"])), seal=True)
    altered = tagfit.verify(moved[0]).altered
    assert any("the weights give" in one for one in altered)
    assert not any("was altered" in one for one in altered)


def test_a_source_that_is_gone_is_said(moved: tuple[Path, Path]) -> None:
    moved[1].unlink()
    found = tagfit.verify(moved[0])
    assert any("the source cannot be read" in one for one in found.altered)


@pytest.mark.parametrize("damage", ["[]", "{", '{"format": 99}', '{"format": 1}'])
def test_what_is_no_certificate_is_refused(tmp_path: Path, damage: str) -> None:
    (tmp_path / "certificate.json").write_text(damage)
    with pytest.raises(InputError, match=r"certificate\.json"):
        tagfit.verify(tmp_path)


def test_sections_that_are_missing_or_of_another_form_are_altered_and_no_crash(
    finished: Certificate, moved: tuple[Path, Path]
) -> None:
    folder = moved[0]
    whole = json.loads((folder / "certificate.json").read_text())
    for name in whole:
        for value in (None, [], {}, "x", 3):
            if value == whole[name]:
                continue
            damaged = {**whole, name: value}
            (folder / "certificate.json").write_text(json.dumps(damaged))
            try:
                assert not tagfit.verify(folder).holds, (name, value)
            except InputError:
                assert name in ("format", "before", "after", "problem", "goal", "verdict"), name
