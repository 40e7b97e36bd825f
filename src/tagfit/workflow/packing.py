"""Pack a run: a tagger in a folder of its own, with what is known about how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import ArrayLike

from tagfit import tagger
from tagfit.arguments import checked
from tagfit.errors import InputError
from tagfit.evaluation.calibration import calibrate as fit_calibration
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.scaling import Scaling
from tagfit.evaluation.thresholds import Thresholds
from tagfit.runs.run import Run, open_run
from tagfit.runs.writing import refuse_used
from tagfit.scores import Scores
from tagfit.scoring import note_look
from tagfit.tagger import Tagger, onnx_graph

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

Format = Literal["safetensors", "onnx"]
FORMATS: tuple[Format, ...] = ("safetensors", "onnx")
# Of the metrics in the card: those that other programs know, and those that need no threshold.
METRICS = ("macro_f1", "micro_f1", "sample_f1", "mAP", "label_accuracy", "subset_accuracy", "calibration_error", "loss")
CALIBRATED_ON = "validation"


@checked(threshold="thresholds=", calibration="calibrate=True")
def pack(
    run: Run | str | Path,
    folder: str | Path,
    *,
    thresholds: float | Mapping[str, float] | ArrayLike | Thresholds = 0.5,
    format: Format = "safetensors",  # noqa: A002 - the word that everybody tries
    calibrate: bool = False,
    net: NetFactory | None = None,
) -> Tagger:
    """Write the tagger of a run into a new folder, with its evaluation on validation, and on test if that was scored.

    Args:
        run: a Run, or its folder.
        folder: new or empty.
        thresholds: one number, one per label (an array or ``{label: number}``), or Thresholds.
        format: "safetensors" for weights that torch runs, "onnx" for one graph that ONNX Runtime runs without torch; a
            graph that differs from torch is not written.
        calibrate: make scores probabilities, by Platt scaling fitted on validation. Thresholds are moved along, so that
            tags stay the same.
        net: the factory that the run was trained with, if any.

    Raises:
        InputError: no weights yet, a folder in use, no validation split to calibrate on, a net that ONNX lacks.
    """
    if format not in FORMATS:
        raise InputError(f"format is {format!r}", instead=" or ".join(FORMATS))
    path = Path(folder)
    refuse_used(path)
    opened = run if isinstance(run, Run) else open_run(run)
    made = tagger.of_run(opened, thresholds, net=net)
    measured: dict[str, Any] = {}
    scored = {name: opened.scores(name) for name in opened.scored_splits if name != "train"}
    if "test" in scored:
        note_look(opened, "pack")
    if calibrate:
        made, scored, measured["calibration"] = _calibrated(made, scored)
    measured["evaluation"] = {
        name: evaluate(scores, thresholds=made.thresholds, prevalence=opened.prevalence, metrics=METRICS).to_dict()
        for name, scores in scored.items()
    }
    made = replace(made, measured=measured)
    if format == "onnx":
        made = onnx_graph.to_onnx(made)
    return made.save(path)


def _calibrated(made: Tagger, scored: Mapping[str, Scores]) -> tuple[Tagger, dict[str, Scores], dict[str, Any]]:
    """The Tagger with probabilities, the scores it gives, and the calibration errors before and after.

    The scores of validation are cross-fitted: each by a calibration that had not seen its picture.
    """
    if CALIBRATED_ON not in scored:
        raise InputError("the run has no validation split to calibrate on", instead="a run with validation pictures")
    found = fit_calibration(scored[CALIBRATED_ON], method="platt")
    scaling = Scaling.of(found)
    after = {
        name: found.scores if name == CALIBRATED_ON else replace(scores, scores=scaling.apply(scores.scores))
        for name, scores in scored.items()
    }
    errors = {one.label: {"before": one.before, "after": one.after} for one in found.labels}
    moved = scaling.thresholds(made.thresholds)
    return replace(made, calibration=scaling, thresholds=moved), after, {"split": CALIBRATED_ON, "errors": errors}
