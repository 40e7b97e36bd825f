"""argmax-accuracy: Keras' accuracy on a multi-hot truth, told from label accuracy under the same name."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

CODE = "argmax-accuracy"


def test_the_accuracy_of_a_keras_log_fires_with_what_a_label_accuracy_would_say() -> None:
    case = ill(CODE)
    found = look(CODE, case)
    assert found.outcome == "fired"
    right = ((case.validation.scores > 0.5) == case.validation.truth).mean()
    assert np.isclose(found.evidence["label_accuracy"], right)


def test_label_accuracy_under_that_name_passes() -> None:
    case = well()
    right = float(((case.validation.scores > 0.5) == case.validation.truth).mean())
    case.history["val_accuracy"] = [right] * len(case.history["val_loss"])
    assert look(CODE, case).outcome == "passed"


def test_one_tag_a_row_passes_and_no_named_metric_inconclusive() -> None:
    truth = np.eye(3, dtype=int)[np.arange(30) % 3]
    assert look(CODE, validation=(truth, 0.9 * truth), metrics=["accuracy"]).outcome == "passed"
    assert look(CODE, validation=(truth, 0.9 * truth)).outcome == "inconclusive"
