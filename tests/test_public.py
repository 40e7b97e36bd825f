"""The public names: frozen, documented, cheap to import; the quickstart runs as it is written."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tagfit
from commands import environment

PUBLIC = {
    "Certificate", "Comparison", "Evaluation", "Findings", "Goal", "InputError", "Problem", "Recipe", "Run",
    "Scores", "TagClassifier",
    "TaggedSet", "Tagger", "Thresholds", "__version__", "calibrate", "card", "check", "choose_thresholds",
    "compare", "cure", "diagnose", "evaluate",
    "fit", "from_arrays", "gap", "join_cure",
    "explain",
    "drift", "open_run", "pack", "read", "read_scores", "resume", "resume_cure", "similar", "split", "suggest", "tag",
    "tag_to_file", "verify",
    "write_certificate_page",
}  # fmt: skip


def test_the_public_names_change_on_purpose_only() -> None:
    assert set(tagfit.__all__) == PUBLIC
    assert set(dir(tagfit)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC - {"__version__"}))
def test_every_public_name_says_what_it_is(name: str) -> None:
    thing = getattr(tagfit, name)
    text = inspect.getdoc(thing) or ""
    assert text.partition("\n")[0].strip(), name
    assert callable(thing)
    if inspect.isfunction(thing):
        assert "return" in thing.__annotations__, name


def public_calls() -> list[tuple[str, Callable[..., Any]]]:
    """Every public function, and of every public class its constructor and its public methods."""
    found: list[tuple[str, Callable[..., Any]]] = []
    for name in sorted(PUBLIC - {"__version__"}):
        thing = getattr(tagfit, name)
        found.append((name, thing))
        if inspect.isclass(thing):
            own = [(one, getattr(thing, one)) for base in thing.__mro__ for one in vars(base) if in_tagfit(base)]
            found += [
                (f"{name}.{one}", member)
                for one, member in own
                if one[0] != "_" and inspect.isroutine(member) and callable(member)
            ]
    return found


def in_tagfit(base: type) -> bool:
    return base.__module__.partition(".")[0] == "tagfit"


# scikit-learn's interface; and two that check every keyword against the fields of a file.
KEYWORDS_ARE_FIELDS = ("TagClassifier.set_params", "Recipe.changed", "Run.save_info")


def test_no_public_call_swallows_keywords() -> None:
    swallowing = [
        name
        for name, call in public_calls()
        if any(one.kind is one.VAR_KEYWORD for one in inspect.signature(call).parameters.values())
    ]
    assert sorted(swallowing) == sorted(KEYWORDS_ARE_FIELDS)


def test_type_checkers_and_editors_see_the_names_that_are_there() -> None:
    tree = ast.parse(Path(tagfit.__file__).read_text(encoding="utf-8"))
    seen = {
        (str(node.module), alias.asname)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tagfit")
        for alias in node.names
    }
    assert seen == {(module, name) for name, module in tagfit._PUBLIC.items()}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'accuracy'"):
        _ = tagfit.accuracy


def test_importing_tagfit_imports_nothing_else() -> None:
    code = "import sys; import tagfit, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"numpy", "torch", "PIL", "pydantic", "scipy", "sklearn", "typer", "rich"}


def test_the_quickstart_runs_as_written(
    photos: Path, tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(cache_dir))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").symlink_to(photos)

    pictures = tagfit.read("photos/")
    problem = tagfit.split(pictures, validation=0.15, test=0.15, seed=0, size=64)
    run = tagfit.fit(problem, "plain-dense", seed=0, out="runs/plain")
    judged = tagfit.evaluate(run)
    tagged = tagfit.tag(run, ["photos/images/00.jpg"])

    assert problem.splits == ("train", "validation", "test")
    assert set(judged) == {"train", "validation"}
    assert [set(record) for record in tagged] == [{"picture", "tags", "scores"}]
    assert (tmp_path / "runs" / "plain" / "weights.safetensors").exists()
    scores = run.scores("validation")
    again = tagfit.evaluate(scores.truth, scores.scores, labels=scores.labels, prevalence=run.prevalence)
    assert isinstance(again, tagfit.Evaluation)
    assert again["label_accuracy"] == judged["validation"]["label_accuracy"]


def test_a_run_from_python_knows_its_source_again(
    photos: Path, tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    problem = tagfit.split(tagfit.read("photos"), validation=0.2, test=0.1, seed=3, size=8, cache_dir=cache_dir)
    run = tagfit.fit(problem, tagfit.Recipe(widths=(4,), epochs=2), out=tmp_path / "run", threads=1)
    monkeypatch.chdir(tmp_path)
    assert set(tagfit.evaluate(run, splits=["test"])) == {"test"}
    run.save_info(state="interrupted")
    before = run.weights.read_bytes()
    assert tagfit.resume(run.folder).weights.read_bytes() == before


def test_a_run_on_arrays_takes_its_problem_along(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    problem = tagfit.split(tagfit.from_arrays(X, (X > 0).astype(np.uint8)), validation=0.2, test=0.2)
    run = tagfit.fit(problem, tagfit.Recipe(widths=(4,), epochs=2), out=tmp_path / "run", threads=1)
    with pytest.raises(tagfit.InputError, match="problem="):
        tagfit.evaluate(run, splits=["test"])
    assert set(tagfit.evaluate(run, splits=["test"], problem=problem)) == {"test"}
    run.save_info(state="interrupted")
    with pytest.raises(tagfit.InputError, match="problem="):
        tagfit.resume(run)
    assert tagfit.resume(run, problem=problem).state == "done"


def test_a_part_of_a_set_is_not_taken_for_the_whole_source(photos: Path) -> None:
    pictures = tagfit.read(photos)
    assert pictures.source is not None
    assert pictures.take(range(20)).source is None
