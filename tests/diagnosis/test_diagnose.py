"""All checks together: one outcome each, the order, muting, JSON, one screen, what is taken and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from diagnosing import MIDDLE, ill, well
from planted import PLANTERS

from tagfit.diagnosis.diagnose import CHECKS, PRECLUDES, diagnose
from tagfit.diagnosis.finding import Estimate
from tagfit.errors import InputError
from tagfit.files import to_json
from tagfit.scores import Scores


def test_every_check_has_a_planted_fault_and_ends_in_exactly_one_outcome() -> None:
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    assert set(codes) == set(PLANTERS)
    found = diagnose(**well(MIDDLE, 3).arguments())
    assert sorted(finding.code for finding in found) == sorted(codes)
    assert {finding.outcome for finding in found} <= {"fired", "passed", "inconclusive"}


def test_the_faults_that_come_first_and_what_they_silence_are_checks() -> None:
    codes = {check.code for check in CHECKS}
    assert set(PRECLUDES) <= codes
    for code, silenced in PRECLUDES.items():
        assert silenced <= codes
        assert code not in silenced


def test_a_healthy_model_is_left_alone() -> None:
    assert diagnose(**well(MIDDLE, 3).arguments()).fired == ()


def test_issues_come_first_and_muted_checks_not_at_all() -> None:
    found = diagnose(**ill("overfitting").arguments(), mute=["memorising"])
    order = [(finding.outcome, finding.severity) for finding in found]
    assert order[0] == ("fired", "issue")
    assert order == sorted(
        order, key=lambda one: (["fired", "inconclusive", "passed"].index(one[0]), one[1] != "issue")
    )
    assert "memorising" not in [finding.code for finding in found]


def test_json_is_plain_and_shows_intervals_by_name() -> None:
    document = json.loads(to_json(diagnose(**ill("overfitting").arguments()).to_dict()))
    found = next(one for one in document["findings"] if one["code"] == "overfitting")
    assert {"code", "outcome", "severity", "title", "evidence", "remedy"} <= set(found)
    assert set(found["evidence"]["gap"]["mAP"]) == set(Estimate._fields)
    assert found["remedy"]["recipe"]["restore_best"] is True


def test_the_terminal_form_fits_one_screen_and_escapes_names() -> None:
    case = ill("suspect-tags")
    labels = ["\x1b[31mred", *"bcdef"]
    for name in ("missing-tags", "threshold-costs-f1", "trivial-goal", "group-across-splits", "copied-labels"):
        PLANTERS[name](case, 2, np.random.default_rng(0))
    lines = diagnose(**case.arguments(), labels=labels).lines()
    assert sum(1 + len(line) // 120 for line in lines) <= 45
    assert "\x1b" not in "".join(lines)


def test_scores_mappings_and_tuples_are_the_same_to_it() -> None:
    part = well().validation
    told = [
        diagnose(validation=given).to_dict()["findings"]
        for given in (
            (part.truth, part.scores),
            {"truth": part.truth, "scores": part.scores},
            Scores.of(part.truth, part.scores),
        )
    ]
    outcomes = [[one["outcome"] for one in findings if one["family"] != "split"] for findings in told]
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_unknown_entries_take_part_in_nothing() -> None:
    case = well()
    known = np.ones(case.validation.truth.shape, dtype=bool)
    known[::3, 0] = False
    garbage = case.validation.scores.copy()
    garbage[~known] = 1.0
    told = [
        diagnose(validation={"truth": case.validation.truth, "scores": scores, "known": known}, mute=["softmax-head"])
        for scores in (case.validation.scores, garbage)
    ]
    for code in ("suspect-tags", "miscalibration", "threshold-costs-f1", "validation-too-small"):
        first, second = (json.dumps(found[code].to_dict(), default=str) for found in told)
        assert first == second, code


def test_what_cannot_be_diagnosed_is_refused_with_the_right_form() -> None:
    part = well().validation
    with pytest.raises(InputError, match="nothing to diagnose"):
        diagnose()
    with pytest.raises(InputError, match="did you mean overfitting"):
        diagnose(validation=(part.truth, part.scores), mute=["overfiting"])
    with pytest.raises(InputError, match="different labels"):
        diagnose(train=(part.truth, part.scores), validation=(part.truth[:, :2], part.scores[:, :2]))
    with pytest.raises(InputError, match="different lengths"):
        diagnose(history={"loss": [1.0, 0.5, 0.4], "val_loss": [1.0, 0.9]})
    with pytest.raises(InputError, match=r"validation\.label_accuracy>=0\.85"):
        diagnose(validation=(part.truth, part.scores), goal="better please")
    with pytest.raises(InputError, match="no rows"):
        diagnose(validation=(np.zeros((0, 3)), np.zeros((0, 3))))


def test_arrays_are_diagnosed_without_torch_and_the_import_is_light() -> None:
    code = (
        "import sys; import tagfit.diagnosis.diagnose as d; "
        "heavy = [m for m in ('torch', 'sklearn') if m in sys.modules]; "
        "import numpy as np; r = np.random.default_rng(0); y = r.integers(0, 2, (60, 3)); "
        "d.diagnose(train=(y, r.random(y.shape)), validation=(y[:30], r.random((30, 3)))); "
        "print(heavy, [m for m in ('torch', 'scipy.stats') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[-2] == "[] []"


def test_a_history_without_a_curve_is_refused_as_such(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("hello\nworld\n", encoding="utf-8")
    for history in (path, {}):
        with pytest.raises(InputError, match="the history holds no curve"):
            diagnose(history=history)
    with pytest.raises(InputError, match="the history holds no curve"):
        diagnose(validation=([[0, 1], [1, 0]], [[0.1, 0.9], [0.8, 0.2]]), history=path)
