"""Corrections: the log of corrected tags, and its export as a new source."""

from __future__ import annotations

from tagfit.report import parts
from tagfit.report.parts import Part
from tagfit.studio import results
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame

SHOWN = 500


def corrections(desk: Desk) -> Part:
    """The corrections that stand, the last one first."""
    standing, entries = desk.corrections.standing(), desk.corrections.entries()
    rows = [[one.at.replace("T", " ")[:19], one.picture, one.label, one.was, one.now] for one in reversed(standing)]
    columns = ["time (UTC)", "picture", "label", "was", "is"]
    hidden = f" The last {SHOWN} of them." if len(rows) > SHOWN else ""
    said = f"Your own files are not changed; this is a separate log.{hidden}"
    shown = parts.table(columns, rows[:SHOWN], words=5, id="log", title="What stands", sentence=said)
    back = len(entries) - len(standing)
    count = "1 corrected tag" if len(standing) == 1 else f"{len(standing)} corrected tags"
    undone = f"; {back // 2} taken back" if back else ""
    none = "No tag was corrected yet: open a picture and press the number of a label."
    verdict = parts.verdict("good", f"{count}{undone}.") if entries else parts.verdict("hint", none)
    export = frame.action(
        "Export as a new source",
        desk.address("corrections", "export"),
        "Write the tags file",
        note="All rows with the corrected tags and the same splits. It is a new Problem: models on it are compared "
        "with each other, not with those on the old tags.",
    )
    undo = frame.action("Undo", desk.address("corrections", "undo"), "Take back the last one")
    return frame.page(
        "Corrections",
        verdict,
        command=("tagfit", "data", "corrected", desk.workspace.shown(desk.run.folder)),
        result=results.of_corrections(desk),
        sections=[shown if rows else None],
        ways=frame.ways(desk, "Corrections"),
        actions=[undo, export] if standing else [],
    )
