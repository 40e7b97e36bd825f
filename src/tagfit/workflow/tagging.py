"""Tag pictures with a run or a Tagger, into records or into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from tagfit import tagger
from tagfit.arguments import checked
from tagfit.evaluation.thresholds import Thresholds
from tagfit.runs.run import Run, open_run
from tagfit.tagger import Tagger, bulk, ray_cluster, stream
from tagfit.tagger.bulk import BulkTagged
from tagfit.tagger.picture_paths import list_pictures

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory


Model = Run | Tagger | str | Path
PICTURES = "picture files, or folders that hold some"


@checked(pictures=PICTURES, threshold="thresholds=", out="tagfit.tag_to_file(model, pictures, out)")
def tag(
    model: Model,
    pictures: Iterable[str | Path] | str | Path,
    *,
    thresholds: float | Mapping[str, float] | ArrayLike | Thresholds | None = None,
    net: NetFactory | None = None,
    on_tagged: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Tag pictures; the result has one record per picture: ``{"picture", "tags", "scores"}``.

    Args:
        model: a Run, a Tagger, or the folder of either.
        pictures: files, folders, archives, or URLs of a folder.
        thresholds: one number, one per label (an array or ``{label: number}``), or Thresholds; None for the Tagger's
            own, and 0.5 for a run.
        net: the factory that the model was trained with, if any.
        on_tagged: called with (pictures done, pictures in all).

    Raises:
        InputError: no picture at all. One that cannot be read has the reason under "problem".
    """
    return tagger_of(model, thresholds, net).tag(pictures, on_tagged)


@checked(pictures=PICTURES, threshold="thresholds=")
def tag_to_file(
    model: Model,
    pictures: Iterable[str | Path] | str | Path,
    out: str | Path,
    *,
    thresholds: float | Mapping[str, float] | ArrayLike | Thresholds | None = None,
    net: NetFactory | None = None,
    workers: str | None = None,
    on_tagged: Callable[[int, int], None] | None = None,
) -> BulkTagged:
    """Tag any number of pictures into a table; interrupted, the same call continues where it was.

    Args:
        model, pictures, thresholds, net, on_tagged: as for :func:`tag`.
        out: a new ``.csv``, ``.jsonl`` or ``.parquet``: picture, tags, a score per label, and the reason where a
            picture could not be read.
        workers: a Ray cluster that tags in place of this process: ``ray://HOST:PORT``, ``auto`` (the one that this
            machine is a part of) or ``local`` (one that is started on this machine). Its machines read the pictures.

    Raises:
        InputError: no picture at all, a file that exists or cannot be written, an unfinished one (``<out>.part``) of
            another tagger or other thresholds, or a cluster that cannot be reached, lacks something or has no free CPU.
    """
    bulk.refuse(Path(out))
    chosen = tagger_of(model, thresholds, net)
    with nullcontext(stream.tag_each) if workers is None else ray_cluster.connected(workers) as tag_each:
        files = list_pictures([pictures] if isinstance(pictures, str | Path) else pictures)
        return bulk.tag_to_file(chosen, files, Path(out), on_tagged, tag_each)


def tagger_of(
    model: Model,
    thresholds: float | Mapping[str, float] | ArrayLike | Thresholds | None = None,
    net: NetFactory | None = None,
) -> Tagger:
    """The Tagger that ``model`` names; the arguments are those of :func:`tag`."""
    if (run := run_of(model)) is not None:
        model = tagger.of_run(run, net=net)
    elif isinstance(model, str | Path):
        model = tagger.load(model, net=net)
    assert isinstance(model, Tagger)
    return model if thresholds is None else model.at(thresholds)


def run_of(model: Model) -> Run | None:
    """The Run that ``model`` names; None for a Tagger."""
    if isinstance(model, str | Path):
        return None if tagger.holds_tagger(model) else open_run(model)
    return model if isinstance(model, Run) else None
