"""Training logs of other libraries, as they write them: one value per epoch, nothing dropped in silence."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagfit.diagnosis.histories import Curves
from tagfit.errors import InputError
from tagfit.history import Epoch

RUNNING, VALIDATION = [0.7, 0.5, 0.4, 0.3], [0.8, 0.6, 0.5, 0.55]


def read(given: Any) -> Curves:
    curves = Curves.of(given)
    assert curves is not None
    return curves


def written(folder: Path, name: str, text: str) -> Curves:
    (folder / name).write_text(text, encoding="utf-8")
    return read(folder / name)


def table(delimiter: str, header: str, rows: list[list[Any]]) -> str:
    lines = [
        header.replace(",", delimiter),
        *(delimiter.join("" if v is None else str(v) for v in row) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def assert_both(curves: Curves) -> None:
    assert curves.running_loss is not None
    assert curves.running_loss.tolist() == RUNNING
    assert curves.train_loss is None
    assert curves.validation_loss is not None
    assert curves.validation_loss.tolist() == VALIDATION
    assert curves.diverged_at is None


def by_row(values: list[float]) -> dict[str, float]:
    return {str(at): value for at, value in enumerate(values)}


KERAS = {"loss": RUNNING, "val_loss": VALIDATION}
RECORDS = [{"loss": one, "val_loss": two} for one, two in zip(RUNNING, VALIDATION, strict=True)]
JSON_FORMS = {
    "keras": KERAS,
    "keras-callback": {"params": {"epochs": 4}, "epoch": [0, 1, 2, 3], "history": KERAS},
    "pandas-columns": {name: by_row(values) for name, values in KERAS.items()},
    "pandas-index": {str(at): record for at, record in enumerate(RECORDS)},
    "pandas-records": RECORDS,
    "pandas-split": {"columns": list(KERAS), "index": [0, 1, 2, 3], "data": [list(one.values()) for one in RECORDS]},
}


@pytest.mark.parametrize("form", JSON_FORMS)
def test_json_of_keras_and_of_pandas(form: str, tmp_path: Path) -> None:
    assert_both(written(tmp_path, "history.json", json.dumps(JSON_FORMS[form])))


def test_the_form_is_recognised_by_content_and_not_by_the_ending(tmp_path: Path) -> None:
    rows = [[at, one, two] for at, (one, two) in enumerate(zip(RUNNING, VALIDATION, strict=True))]
    for number, delimiter in enumerate(",;\t|"):
        assert_both(written(tmp_path, f"training{number}.log", table(delimiter, "epoch,loss,val_loss", rows)))
    assert_both(written(tmp_path, "spaces.txt", table(" ", "epoch,loss,val_loss", rows)))
    assert_both(written(tmp_path, "lines.log", "".join(json.dumps(record) + "\n" for record in RECORDS)))


def test_a_semicolon_table_with_decimal_commas(tmp_path: Path) -> None:
    rows = "".join(f"{one};{two}\n".replace(".", ",") for one, two in zip(RUNNING, VALIDATION, strict=True))
    assert_both(written(tmp_path, "excel.csv", "loss;val_loss\n" + rows))


def test_rows_of_lightning_belong_to_their_epoch(tmp_path: Path) -> None:
    rows: list[list[Any]] = []
    for epoch in range(4):
        rows += [[epoch, 3 * epoch + step, 1e-3, RUNNING[epoch] + 0.01 * (2 - step), None] for step in range(3)]
        rows.append([epoch, 3 * epoch + 2, None, None, VALIDATION[epoch]])
    curves = written(tmp_path, "metrics.csv", table(",", "epoch,step,lr-Adam,train_loss,val_loss", rows))
    assert_both(curves)
    assert curves.learning_rate is not None
    assert curves.learning_rate.tolist() == [1e-3] * 4
    assert any("16 rows of the history belong to 4 epochs" in note for note in curves.notes)


def test_a_log_that_was_appended_to_counts_the_later_training(tmp_path: Path) -> None:
    rows = [[epoch, 9.0, 9.0] for epoch in range(3)]
    rows += [[at, one, two] for at, (one, two) in enumerate(zip(RUNNING, VALIDATION, strict=True))]
    again = written(tmp_path, "again.csv", table(",", "epoch,loss,val_loss", rows))
    assert_both(again)
    assert any("goes back" in note for note in again.notes)
    resumed = [[0, RUNNING[0], VALIDATION[0]], [1, 9.0, 9.0], *rows[4:]]
    assert_both(written(tmp_path, "resumed.csv", table(",", "epoch,loss,val_loss", resumed)))


def test_fastai_with_times_that_are_no_numbers(tmp_path: Path) -> None:
    rows = [[at, one, two, 0.9, "00:12"] for at, (one, two) in enumerate(zip(RUNNING, VALIDATION, strict=True))]
    curves = written(tmp_path, "history.csv", table(",", "epoch,train_loss,valid_loss,accuracy_multi,time", rows))
    assert_both(curves)
    assert list(curves.others) == ["accuracy_multi"]
    assert any("time" in note for note in curves.notes)


def test_timm(tmp_path: Path) -> None:
    rows = [[at, one, two, 61.0, 0.01] for at, (one, two) in enumerate(zip(RUNNING, VALIDATION, strict=True))]
    assert_both(written(tmp_path, "summary.csv", table(",", "epoch,train_loss,eval_loss,eval_top1,lr", rows)))


def test_hugging_face_logs_several_times_an_epoch(tmp_path: Path) -> None:
    log: list[dict[str, Any]] = []
    for epoch in range(4):
        log.append({"epoch": epoch + 0.5, "loss": RUNNING[epoch] + 0.1, "learning_rate": 1e-4, "step": 2 * epoch + 1})
        log.append({"epoch": epoch + 1.0, "loss": RUNNING[epoch], "learning_rate": 1e-4, "step": 2 * epoch + 2})
        log.append({"epoch": epoch + 1.0, "eval_loss": VALIDATION[epoch], "step": 2 * epoch + 2})
    log.append({"epoch": 4.0, "train_loss": 0.47, "train_runtime": 12.0, "step": 8})
    assert_both(written(tmp_path, "trainer_state.json", json.dumps({"best_metric": None, "log_history": log})))


def test_validation_every_second_epoch(tmp_path: Path) -> None:
    curves = written(tmp_path, "freq.json", json.dumps({"loss": RUNNING, "val_loss": [0.6, 0.55]}))
    assert curves.validation_loss is not None
    np.testing.assert_array_equal(curves.validation_loss, [np.nan, 0.6, np.nan, 0.55])
    assert any("validation_freq=2" in note for note in curves.notes)
    with pytest.raises(InputError, match="validation_freq"):
        Curves.of({"loss": RUNNING, "val_loss": [0.6, 0.5, 0.4]})


def test_frames_keras_histories_and_own_epochs() -> None:
    assert_both(read(SimpleNamespace(history=KERAS)))
    frame: Any = type("Frame", (dict,), {"columns": list(KERAS)})(KERAS)
    assert_both(read(frame))
    own = read(
        [
            Epoch(
                epoch=at + 1,
                running_loss=loss,
                train_loss=0.4,
                validation_loss=0.5,
                train_label_accuracy=0.8,
                validation_label_accuracy=0.7,
                monitored=0.5,
                learning_rate=1e-3,
                seconds=1.0,
            )
            for at, loss in enumerate(RUNNING)
        ]
    )
    assert own.train_loss is not None
    assert own.running_loss is not None


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        (json.dumps({"loss": [0.7, 0.5, float("nan"), float("nan")], "val_loss": VALIDATION}), 3),
        (json.dumps({"loss": RUNNING, "val_loss": [float("nan"), 0.6, float("nan"), 0.5]}), None),
        (json.dumps({"loss": RUNNING, "val_loss": [0.8, float("inf"), 0.5, 0.5]}), 2),
        ("epoch,loss,val_loss\n0,0.7,0.8\n1,nan,NaN\n2,nan,NaN\n", 2),
        ("epoch,loss,val_loss\n0,0.7,0.8\n1,0.5,0.6\n2,,\n3,,\n", 3),
        (json.dumps({"loss": [0.7, None, None], "val_loss": [0.8, None, None]}), 2),
        (json.dumps({"loss": [0.7, 0.6, 0.5], "val_loss": [0.8, None, None]}), None),
        ("epoch,loss,val_loss\n0,0.7,\n1,0.5,0.6\n2,0.5,\n", None),
    ],
)
def test_nan_and_infinity_are_told_from_values_that_were_left_out(text: str, epoch: int | None, tmp_path: Path) -> None:
    assert written(tmp_path, "history", text).diverged_at == epoch


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]", "no columns"),
        ("{", "cannot be read"),
        ("loss", "no columns"),
        ('{"loss": [0.5, "high"]}', "'high'"),
        ("epoch,loss\n1,0.5\n10000000,0.4\n", "10000000"),
        ("epoch,loss\n-3,0.5\n", "-3"),
    ],
)
def test_what_is_no_history_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        written(tmp_path, "history", text)


def test_a_history_without_a_loss_says_which_columns_it_has() -> None:
    assert any("no loss was recognised" in note and "acc" in note for note in read({"acc": [0.1, 0.2]}).notes)


@given(st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), st.floats(), st.text(max_size=3))), max_size=12))
def test_any_records_give_curves_or_a_clear_refusal(rows: list[tuple[int, Any]]) -> None:
    try:
        curves = Curves.of([{"epoch": epoch, "val_loss": value} for epoch, value in rows])
    except InputError:
        return
    if curves is not None:
        assert curves.validation_loss is not None
        assert not np.isinf(curves.validation_loss).any()
