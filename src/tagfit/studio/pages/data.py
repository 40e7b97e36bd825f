"""Data: what the sources of a run hold: splits, labels, unknown tags, and which pictures to look at."""

from __future__ import annotations

from typing import Any

import numpy as np

from tagfit.report import parts
from tagfit.report.parts import Cell, Part
from tagfit.studio import results
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.trainer import Trainer, source_words
from tagfit.studio.views import NEXT

# Views of the grid that are worth a look, with why.
QUEUES = (
    ("suspect", "suspect tags", "confident scores contradict them: probably wrong tags"),
    ("untagged", "no tag", "nothing is in them, or nobody tagged them"),
    ("unknown", "unknown tags", "neither present nor absent is known: the most worth tagging first"),
    ("duplicate", "near copies", "nearly the same picture as another of the split"),
)


def data(desk: Desk, trainer: Trainer) -> Part:
    """The splits and labels that the run was trained on, without the test split's tags."""
    record = desk.record
    shown = [split for split in desk.splits if split != "test"]
    sizes = {split: len(ids) for split, ids in record["ids"].items()}
    counts = {split: _counts(desk, split) for split in shown}
    rows = ", ".join(f"{split} {count:,}" for split, count in sizes.items())
    labels = tuple(record["labels"])
    rare = _rare(labels, counts)
    said = f"{sum(sizes.values()):,} rows ({rows}) with {len(labels)} labels." + (f" {rare}" if rare else "")
    read = {name: record["source"].get(name) for name in ("data", "read")}
    source, options = source_words(desk.workspace, trainer, read) if read["data"] else ("", [])
    return frame.page(
        f"Data of {desk.workspace.shown(desk.run.folder)}",
        parts.verdict("hint" if rare else "good", said),
        command=("tagfit", "data", "check", source, *options) if source else (),
        result=results.of_check(desk, source) if desk.problem() is not None else None,
        sections=[_labels(labels, counts), _queues(desk, shown), _fingerprints(record)],
        ways=frame.ways(desk, "Data"),
    )


def _counts(desk: Desk, split: str) -> dict[str, Any]:
    """Rows, and per label the present and the unknown tags of a split."""
    scores = desk.scores(split)
    present = ((scores.truth == 1) & scores.known).sum(axis=0)
    return {"rows": len(scores), "present": present, "unknown": (~scores.known).sum(axis=0)}


def _rare(labels: tuple[str, ...], counts: dict[str, dict[str, Any]]) -> str:
    """Which labels no split can be judged by."""
    never = [
        f"{labels[column]} in {split}"
        for split, one in counts.items()
        for column in np.flatnonzero(one["present"] == 0).tolist()
    ]
    if not never:
        return ""
    more = f" and {len(never) - 3} more" if len(never) > 3 else ""
    return f"No picture has {', '.join(never[:3])}{more}."


def _labels(labels: tuple[str, ...], counts: dict[str, dict[str, Any]]) -> Part:
    doubtful = any(one["unknown"].any() for one in counts.values())
    columns = ["label"]
    for split in counts:
        columns += [f"{split}: present", "share", *(["unknown"] if doubtful else [])]
    order = np.argsort(-sum(one["present"] for one in counts.values()), kind="stable") if counts else range(len(labels))
    rows = []
    for column in order:
        cells: list[Cell] = [labels[column]]
        for one in counts.values():
            present, unknown = int(one["present"][column]), int(one["unknown"][column])
            known = one["rows"] - unknown
            cells += [
                f"{present:,}",
                f"{present / known:.1%}" if known else "",
                *([f"{unknown:,}"] if doubtful else []),
            ]
        rows.append(cells)
    said = "The most frequent label first; the share is of the rows whose tag is known."
    return parts.table(columns, rows, id="labels", title="Labels", sentence=said)


def _queues(desk: Desk, splits: list[str]) -> Part:
    rows: list[list[Cell]] = [
        [
            parts.link(
                f"{name} in {split}", desk.address(split, "pictures", show=show, sort=NEXT if show == "unknown" else "")
            ),
            f"{why}; few in train, whose tags the model has seen" if (split, show) == ("train", "suspect") else why,
        ]
        for split in splits
        for show, name, why in QUEUES
    ]
    return parts.table(
        ["pictures", "why"], rows, words=2, id="queues", title="Worth a look",
        sentence="Open one, and correct its tags with the keyboard.",
    )  # fmt: skip


def _fingerprints(record: dict[str, Any]) -> Part:
    rows = [[what, str(value)] for what, value in record["fingerprint"].items()]
    said = "Two runs are comparable where these are equal."
    return parts.table(["of", "fingerprint"], rows, words=2, id="fingerprints", title="Fingerprints", sentence=said)
