"""tagfit diagnose: files of any framework, JSON, the exit code, the letter."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from diagnosing import SMALL, ill, well
from planted import Case

from tagfit.cli.command import Command
from tagfit.cli.diagnose import diagnose
from tagfit.errors import InputError

app = typer.Typer()
app.command(cls=Command)(diagnose)


def called(*arguments: str) -> int:
    code = app([str(one) for one in arguments], standalone_mode=False)
    return code if isinstance(code, int) else 0


def files(case: Case, folder: Path) -> list[str]:
    arguments = []
    for name, part in (("train", case.train), ("validation", case.validation)):
        np.savez(folder / f"{name}.npz", truth=part.truth, scores=part.scores, inputs=part.inputs)
        arguments += [f"--{name}", str(folder / f"{name}.npz")]
    (folder / "history.json").write_text(json.dumps(case.history))
    return [*arguments, "--history", str(folder / "history.json")]


def test_json_holds_one_outcome_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(*files(ill("overfitting", SMALL), tmp_path), "--json") == 0
    found = {one["code"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert found["overfitting"]["outcome"] == "fired"
    assert found["group-across-splits"]["outcome"] == "inconclusive"


def test_fail_on_issue_exits_with_4_only_where_one_fired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(*files(ill("overfitting", SMALL), tmp_path), "--fail-on", "issue", "--mute", "suspect-tags") == 4
    assert "ISSUE" in capsys.readouterr().out
    assert called(*files(well(), tmp_path), "--fail-on", "issue") == 0


def test_logits_in_a_csv_are_a_finding_and_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = ill("logits-as-scores").validation
    lines = ["beach,beach_score,sea,sea_score"]
    lines += [f"{t[0]},{s[0]},{t[1]},{s[1]}" for t, s in zip(part.truth, part.scores, strict=True)]
    (tmp_path / "scores.csv").write_text("\n".join(lines))
    assert called("--validation", str(tmp_path / "scores.csv"), "--fail-on", "issue") == 4
    assert "logits-as-scores" in capsys.readouterr().out


def test_the_letter_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "letter.html"
    assert called(*files(ill("overfitting", SMALL), tmp_path), "-o", str(path), "--all") == 0
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "passed: softmax-head" in capsys.readouterr().out


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to diagnose"):
        called()
    with pytest.raises(InputError, match="there is no file"):
        called("--train", str(tmp_path / "none.npz"))
    with pytest.raises(InputError, match=r"(?s)none.*void"):
        called("--train", str(tmp_path / "none.npz"), "--validation", str(tmp_path / "void.csv"))
    np.savez(tmp_path / "half.npz", truth=np.eye(3))
    with pytest.raises(InputError, match="lacks truth or scores"):
        called("--train", str(tmp_path / "half.npz"))
    with pytest.raises(InputError, match="needs a RUN"):
        called(*files(well(), tmp_path), "--cross-fit", "5")
