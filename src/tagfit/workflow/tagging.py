"""Tag pictures with a run or a Tagger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from tagfit import tagger
from tagfit.arguments import checked
from tagfit.evaluation.thresholds import Thresholds
from tagfit.runs.run import Run, open_run
from tagfit.tagger import Tagger

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory


@checked(pictures="picture files, or folders that hold some", threshold="thresholds=")
def tag(
    model: Run | Tagger | str | Path,
    pictures: Iterable[str | Path] | str | Path,
    *,
    thresholds: float | Mapping[str, float] | ArrayLike | Thresholds | None = None,
    net: NetFactory | None = None,
    on_tagged: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Tag pictures; the result has one record per picture: ``{"picture", "tags", "scores"}``.

    Args:
        model: a Run, a Tagger, or the folder of either.
        pictures: files, or folders whose pictures are taken.
        thresholds: one number, one per label (an array or ``{label: number}``), or Thresholds; None for the Tagger's
            own, and 0.5 for a run.
        net: the factory that the model was trained with, if any.
        on_tagged: called with (pictures done, pictures in all).

    Raises:
        InputError: no picture at all. One that cannot be read has the reason under "problem".
    """
    if isinstance(model, str | Path):
        model = tagger.load(model, net=net) if tagger.holds_tagger(model) else open_run(model)
    if isinstance(model, Run):
        model = tagger.of_run(model, net=net)
    if thresholds is not None:
        model = model.at(thresholds)
    return model.tag(pictures, on_tagged)
