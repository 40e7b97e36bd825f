"""Verification: an untouched certificate holds, and every kind of alteration is found and named."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from curable import ATTESTED, OVERFITTING, write_noisy
from safetensors.numpy import load_file, save_file

import tagfit
from tagfit.curing import summary
from tagfit.curing import verify as verifying
from tagfit.curing.certificate import Certificate, file_seals, sealed
from tagfit.curing.document import Document
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.scores import Scores

Alter = Callable[[Path, Path], None]


@pytest.fixture
def moved(cured: Path, noisy: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of a cure and of its source, the one pointing at the other, sealed like that."""
    source = tmp_path / "noisy.npz"
    shutil.copy(noisy, source)
    path = cured / "start" / "problem.json"
    path.write_text(path.read_text().replace(str(noisy), str(source)))
    reseal(cured, lambda document: document["problem"]["source"].update(data=str(source)))
    return cured, source


def certificate(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((folder / "certificate.json").read_text())
    change(document)
    (folder / "certificate.json").write_text(json.dumps(document))


def reseal(folder: Path, change: Callable[[dict[str, Any]], object] = lambda _document: None) -> None:
    """Change a certificate, take the hashes of its files again, and seal it."""
    document = json.loads((folder / "certificate.json").read_text())
    change(document)
    document["files"] = file_seals(folder, document["files"])
    (folder / "certificate.json").write_text(json.dumps(sealed(document)))


def test_what_was_not_touched_holds(moved: tuple[Path, Path]) -> None:
    found = tagfit.verify(moved[0])
    assert found.altered == ()
    assert found.holds
    assert found.same_machine


def test_it_holds_wherever_the_folder_lies(moved: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.move(moved[0], tmp_path / "elsewhere")
    assert tagfit.verify(tmp_path / "elsewhere" / "certificate.json").holds


def test_other_libraries_are_given_more_room(finished: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    scored = verifying.scored

    def elsewhere(*given: Any) -> Scores:
        found = scored(*given)
        return replace(found, scores=np.clip(found.scores + np.float32(5e-5), 0, 1))

    monkeypatch.setattr(verifying, "scored", elsewhere)
    assert any("from what the weights give" in one for one in tagfit.verify(finished).altered)
    other = {**finished.to_dict(), "machine": {**finished.to_dict()["machine"], "torch": "1.0"}}
    found = tagfit.verify(replace(finished, raw=sealed(other)))
    assert not found.same_machine
    assert found.holds


def test_without_torch_it_holds_to_what_another_machine_gives(
    moved: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("tagfit.curing.evidence.version", version)
    found = tagfit.verify(moved[0])
    assert found.holds
    assert not found.same_machine


def test_a_later_look_at_test_is_no_alteration(moved: tuple[Path, Path], problem: Problem) -> None:
    for path in (moved[0] / "start", run_of(moved[0])):
        ledger = path / "test_looks.jsonl"
        ledger.write_text(f'{ledger.read_text()}{{"at": "2999-01-01T00:00:00+00:00", "why": "evaluate"}}\n')
    for path in (moved[0] / "seeds").iterdir():
        tagfit.evaluate(path, splits=["test"], problem=problem)
    assert tagfit.verify(moved[0]).altered == ()


def test_rows_with_weights_hold_as_certified(tmp_path: Path) -> None:
    source = write_noisy(tmp_path / "plain.npz")
    held = dict(np.load(source))
    weights = np.random.default_rng(3).uniform(0.1, 5.0, len(held["X"]))
    np.savez(tmp_path / "weighted.npz", **held, weights=weights)
    problem = tagfit.split(tagfit.read(tmp_path / "weighted.npz"))
    start = tagfit.fit(problem, OVERFITTING, out=tmp_path / "run")
    found = tagfit.cure(start, "macro_f1>=0.99", trials=1, seeds=2, out=tmp_path / "cure")
    assert tagfit.verify(found.folder).altered == ()
    stored = found.start.scores("validation")
    right = ((stored.scores > 0.5) == stored.truth).mean()
    assert found.value("before", "validation", "label_accuracy") != pytest.approx(right), "else weights do nothing"


@pytest.mark.parametrize("name", ["earlier_met", "earlier_out_of_reach"])
def test_a_certificate_of_the_first_release_holds_and_keeps_its_form(
    name: str, problem: Problem, tmp_path: Path
) -> None:
    shutil.unpack_archive(Path(__file__).parent / f"{name}.zip", tmp_path)
    raw = json.loads((tmp_path / "certificate.json").read_text())
    found = tagfit.verify(tmp_path, problem=problem)
    assert found.altered == ()
    seals = raw.pop("seals")
    document = Document.model_validate_json(json.dumps(raw))
    assert json.dumps(document.model_dump(mode="json")) == json.dumps(raw)
    for forge in (
        lambda document: document.update(sentence="Met and confirmed, with room to spare."),
        lambda document: document["means"].update({"validation.label_accuracy": 0.999}),
        lambda document: document["files"].pop("start/weights.safetensors"),
    ):
        forged = json.loads(json.dumps({**raw, "seals": seals}))
        forge(forged)
        assert not tagfit.verify(Certificate(sealed(forged), tmp_path), problem=problem).holds


# --- what was altered without sealing it anew, or in the files ---


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


def run_of(folder: Path) -> Path:
    document = json.loads((folder / "certificate.json").read_text())
    return folder / str(document["after"]["run"])


def other_seed(folder: Path) -> Path:
    """A fresh seed of the winner that was not kept."""
    document = json.loads((folder / "certificate.json").read_text())
    return folder / next(str(one["run"]) for one in document["seeds"] if not one["kept"])


def scaled(path: Path, factor: float) -> None:
    save_file({name: np.asarray(value * np.float32(factor)) for name, value in load_file(path).items()}, path)


def a_weight(folder: Path, _source: Path) -> None:
    scaled(run_of(folder) / "weights.safetensors", 1.001)


def a_weight_of_the_start(folder: Path, _source: Path) -> None:
    scaled(folder / "start" / "weights.safetensors", 1.001)


def a_weight_of_another_seed(folder: Path, _source: Path) -> None:
    scaled(other_seed(folder) / "weights.safetensors", 1.001)


def a_weight_of_another_seed_and_its_hash(folder: Path, source: Path) -> None:
    scaled(other_seed(folder) / "weights.safetensors", 1.1)
    reseal(folder)


def a_recipe_field(folder: Path, _source: Path) -> None:
    path = run_of(folder) / "recipe.toml"
    path.write_text(re.sub("^epochs = .*$", "epochs = 77", path.read_text(), flags=re.MULTILINE))


def a_recipe_field_of_the_certificate(folder: Path, _source: Path) -> None:
    certificate(folder, lambda document: document["after"]["recipe"].update(epochs=78))


def a_figure(folder: Path, _source: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["after"]["splits"]["validation"]["metrics"]["label_accuracy"]["value"] += 0.01

    certificate(folder, change)


def an_interval(folder: Path, _source: Path) -> None:
    certificate(folder, lambda document: document["optimism"].update(low=0.5))


def a_trial(folder: Path, _source: Path) -> None:
    lines = (folder / "trials.jsonl").read_text().splitlines()
    (folder / "trials.jsonl").write_text("\n".join(lines[:-1]) + "\n")


def a_score(folder: Path, _source: Path) -> None:
    path = run_of(folder) / "scores" / "validation.npz"
    held = dict(np.load(path))
    held["scores"][0, 0] = 1 - held["scores"][0, 0]
    np.savez(path, **held)


def a_score_and_its_hash(folder: Path, source: Path) -> None:
    a_score(folder, source)
    reseal(folder)


def a_true_tag_of_the_stored_scores_and_its_hash(folder: Path, _source: Path) -> None:
    path = run_of(folder) / "scores" / "test.npz"
    held = dict(np.load(path))
    held["truth"] = (held["scores"] > 0.5).astype(np.uint8)
    np.savez(path, **held)
    reseal(folder)


def the_request_and_its_hash(folder: Path, _source: Path) -> None:
    path = folder / "cure.json"
    path.write_text(path.read_text().replace("label_accuracy>=0.71", "label_accuracy>=0.99"))
    reseal(folder)


def a_seed_that_leads_out_of_the_folder(folder: Path, _source: Path) -> None:
    seed = other_seed(folder)
    shutil.move(seed, folder.parent / "outside")
    seed.symlink_to(folder.parent / "outside")


def a_log_that_leads_out_of_the_folder(folder: Path, _source: Path) -> None:
    shutil.move(folder / "trials.jsonl", folder.parent / "outside.jsonl")
    (folder / "trials.jsonl").symlink_to(folder.parent / "outside.jsonl")


def a_seed_gone(folder: Path, _source: Path) -> None:
    shutil.rmtree(other_seed(folder))


def weights_cut_short_and_their_hash(folder: Path, _source: Path) -> None:
    path = run_of(folder) / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    reseal(folder)


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
        (a_weight_of_another_seed, "weights.safetensors was altered"),
        (a_weight_of_another_seed_and_its_hash, "from what the weights give"),
        (a_recipe_field, "recipe.toml was altered"),
        (a_recipe_field_of_the_certificate, "after.recipe.epochs is certified as 78"),
        (a_figure, "after.splits.validation.metrics.label_accuracy.value is certified as"),
        (an_interval, "the section 'optimism' of the certificate was altered"),
        (a_trial, "trials.jsonl was altered"),
        (a_score, "scores/validation.npz was altered"),
        (a_score_and_its_hash, "from what the weights give"),
        (a_true_tag_of_the_stored_scores_and_its_hash, "the truth of the stored scores"),
        (the_request_and_its_hash, "goal.bounds.0 is certified as 'validation.label_accuracy>=0.71'"),
        (a_seed_that_leads_out_of_the_folder, "leads out of the folder of the cure"),
        (a_log_that_leads_out_of_the_folder, "trials.jsonl leads out of the folder of the cure"),
        (a_seed_gone, "is listed, and is not a file of this cure"),
        (weights_cut_short_and_their_hash, "cannot be read as safetensors"),
    ],
)
def test_every_alteration_is_found_and_named(moved: tuple[Path, Path], alter: Alter, named: str) -> None:
    alter(*moved)
    found = tagfit.verify(moved[0])
    assert not found.holds
    assert any(named in one for one in found.altered), found.altered


def test_a_source_that_is_gone_is_named(moved: tuple[Path, Path]) -> None:
    moved[1].unlink()
    found = tagfit.verify(moved[0])
    assert any("the source cannot be read" in one for one in found.altered)


@pytest.mark.parametrize("damage", ["[]", "{", '{"format": 99}'])
def test_what_is_no_certificate_is_refused(tmp_path: Path, damage: str) -> None:
    (tmp_path / "certificate.json").write_text(damage)
    with pytest.raises(InputError, match=r"certificate\.json"):
        tagfit.verify(tmp_path)


@pytest.mark.parametrize("value", [None, [], {}, "x", 3, True])
def test_sections_that_are_missing_or_have_another_form_are_named(finished: Certificate, value: Any) -> None:
    whole = finished.to_dict()
    for name in whole:
        for damaged in ({**whole, name: value}, {one: whole[one] for one in whole if one != name}):
            if damaged == whole:
                continue
            assert not tagfit.verify(replace(finished, raw=damaged)).holds, (name, value)
            resealed = tagfit.verify(replace(finished, raw=sealed(damaged)))
            assert not resealed.holds or name in (*ATTESTED, "seals"), (name, value)


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_numbers_that_are_not_finite_are_named(finished: Certificate, number: str) -> None:
    document = finished.to_dict()
    document = {**document, "means": {**document["means"], "validation.label_accuracy": 12345.25}}
    raw = json.loads(json.dumps(sealed(document)).replace("12345.25", number))
    assert any("finite" in one or "means" in one for one in tagfit.verify(replace(finished, raw=raw)).altered)


def test_a_certificate_is_shown_on_one_screen(finished: Certificate, out_of_reach: Certificate) -> None:
    for certificate in (finished, out_of_reach):
        shown = repr(certificate)
        assert certificate.document.sentence in shown
        assert len(shown.splitlines()) < 40
        assert certificate.to_dict() == json.loads((certificate.folder / "certificate.json").read_text())
        assert certificate.document.sentence.replace(">", "&gt;") in certificate._repr_html_()


@pytest.mark.parametrize(
    ("before", "after", "allowed", "said"),
    [
        (False, False, False, "Augmentation was not allowed."),
        (False, False, True, "Augmentation was allowed and is not used."),
        (False, True, True, "Augmentation was allowed and is used."),
        (True, True, False, "The starting run augments its pictures; the cured run does too."),
        (True, False, False, "The starting run augments its pictures; the cured run does not."),
    ],
)
def test_the_summary_says_whether_pictures_were_augmented(
    finished: Certificate, before: bool, after: bool, allowed: bool, said: str
) -> None:
    document = finished.document

    def side(one: Any, augment: bool) -> Any:
        return one.model_copy(update={"recipe": {**one.recipe, "augment": augment}})

    changed = document.model_copy(
        update={
            "before": side(document.before, before),
            "after": side(document.after, after),
            "asked": document.asked.model_copy(update={"augment": allowed}),
        }
    )
    assert summary.paragraph(changed)[-1].endswith(said)


@pytest.mark.parametrize("earlier", ["the best that was found has", "the best result found is"])
def test_an_out_of_reach_sentence_of_an_earlier_release_still_compares_equal(earlier: str) -> None:
    figures = "label_accuracy 0.801 on validation and 0.912 on train (mean of 3 fresh seeds)."
    present = summary.in_present_words(f"Out of reach: {earlier} {figures}")
    assert present == f"Out of reach: the best trial has {figures}"
