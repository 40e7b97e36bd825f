"""Pack a run: a tagger in a folder of its own, with what is known about how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from numpy.typing import ArrayLike

from tagfit import tagger
from tagfit.arguments import checked
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.evaluation.calibration import calibrate as fit_calibration
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.scaling import Scaling
from tagfit.evaluation.thresholds import Thresholds
from tagfit.runs.run import Run, open_run
from tagfit.runs.writing import refuse_used
from tagfit.scores import Scores
from tagfit.scoring import OnDecoded, note_look, reopen
from tagfit.tagger import Tagger, onnx_graph
from tagfit.workflow.quantising import Int8, quantise
from tagfit.workflow.references import reference_of

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

Format = Literal["safetensors", "onnx"]
FORMATS: tuple[Format, ...] = ("safetensors", "onnx")
# Of the metrics in the card: those that other programs know, and those that need no threshold.
METRICS = ("macro_f1", "micro_f1", "sample_f1", "mAP", "label_accuracy", "subset_accuracy", "calibration_error", "loss")
CALIBRATED_ON = "validation"
REFERENCE = "reference"


@checked(threshold="thresholds=", calibration="calibrate=True")
def pack(
    run: Run | str | Path,
    folder: str | Path,
    *,
    thresholds: float | Mapping[str, float] | ArrayLike | Thresholds = 0.5,
    format: Format = "safetensors",  # noqa: A002 - the word that everybody tries
    calibrate: bool = False,
    int8: bool = False,
    int8_loss: float = Int8.loss,
    int8_metric: str = Int8.metric,
    drift: bool = True,
    problem: Problem | None = None,
    net: NetFactory | None = None,
    on_decoded: OnDecoded | None = None,
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
        int8: compute with 8 bits, with ranges taken from pictures of train; needs ``format="onnx"``. Thresholds that
            were chosen by a strategy are chosen again on validation. Nothing is written if it may lose too much.
        int8_loss: what may be lost of ``int8_metric`` on validation, at the worse end of the 95 % interval of the
            paired difference from float32.
        int8_metric: a metric.
        drift: keep scores and features of at most 1000 pictures of validation, for ``tagfit.drift``.
        problem: what the run was trained on, for 8 bits and for the pictures of validation that ``tagfit.drift``
            compares with; None reads it again from its sources. Where they are gone, the tagger is without the latter.
        net: the factory that the run was trained with, if any.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: no weights yet, a folder in use, no validation split to calibrate on, a net that ONNX lacks, or
            8 bits that lose too much.
    """
    if format not in FORMATS:
        raise InputError(f"format is {format!r}", instead=" or ".join(FORMATS))
    if int8 and format != "onnx":
        raise InputError("int8 is for ONNX taggers", instead="format='onnx'")
    allowed = Int8(int8_loss, int8_metric)
    path = Path(folder)
    refuse_used(path)
    opened = run if isinstance(run, Run) else open_run(run)
    made = tagger.of_run(opened, thresholds, net=net)
    scored = {name: opened.scores(name) for name in opened.scored_splits if name != "train"}
    if format == "onnx" and int8:
        made, scored = quantise(onnx_graph.to_onnx(made), reopen(opened, on_decoded, problem), scored, allowed)
    if calibrate:
        made, scored = _calibrated(made, scored)
    if format == "onnx" and not int8:
        made = onnx_graph.to_onnx(made)
    if "test" in scored:
        note_look(opened, "pack")
    evaluation = {
        name: evaluate(scores, thresholds=made.thresholds, prevalence=opened.prevalence, metrics=METRICS).to_dict()
        for name, scores in scored.items()
    }
    if drift:
        made = _with_reference(made, opened, problem, on_decoded)
    return replace(made, measured={**made.measured, "evaluation": evaluation}).save(path)


def _with_reference(made: Tagger, run: Run, problem: Problem | None, on_decoded: OnDecoded | None) -> Tagger:
    """The Tagger with what it gives for pictures of validation, or with the reason why these cannot be read."""
    if made.preprocessing.size is None:
        return made
    try:
        found = reference_of(run, made, problem, on_decoded)
    except InputError as error:
        return replace(made, measured={**made.measured, REFERENCE: {"missing": error.faults[0].what}})
    about = {"pictures": len(found.features), "features": found.features.shape[1]}
    return replace(made, reference=found, measured={**made.measured, REFERENCE: about})


def _calibrated(made: Tagger, scored: Mapping[str, Scores]) -> tuple[Tagger, dict[str, Scores]]:
    """The Tagger with probabilities, and the scores it gives.

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
    about = {
        "split": CALIBRATED_ON,
        "errors": {one.label: {"before": one.before, "after": one.after} for one in found.labels},
    }
    graph = None if made.graph is None else onnx_graph.calibrated(made.graph, scaling)
    moved = replace(made, calibration=scaling, thresholds=scaling.thresholds(made.thresholds), graph=graph)
    return replace(moved, measured={**made.measured, "calibration": about}), after
