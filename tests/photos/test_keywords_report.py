"""``tagfit keywords``: what is reported of a library, and that nothing is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from photo_files import iptc, jpeg, write, xmp
from PIL import Image

from commands import Command


def states(folder: Path) -> dict[Path, tuple[int, bytes]]:
    """Time and content of everything below a folder."""
    return {path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")}


def test_the_report_says_what_is_there_and_changes_nothing(
    tagfit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Pictures"
    inside = "<lr:hierarchicalSubject>x</lr:hierarchicalSubject>"
    write(folder / "a.jpg", jpeg(xmp({"dc:subject": ["tree"]})))
    write(folder / "a.jpg.xmp", xmp({"dc:subject": ["tree", "Rome, Italy"]}))
    write(folder / "b.jpg", jpeg(record=iptc([b"Trees", "Zürich".encode("cp1252")])))
    write(
        folder / "c.jpg",
        jpeg(xmp({"dc:subject": ["Tree"]}, inside=inside)),
    )
    write(folder / "d.jpg", jpeg())
    write(folder / "e.jpg", jpeg())
    write(folder / "sub" / "e.xmp", b"")
    write(folder / "e.xmp", b"")
    write(folder / "f.NEF", b"II*\0" + b"\x08\0\0\0" + bytes(6))
    before = states(folder)
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("a picture was opened"))
    report = tagfit("keywords", folder, "--json").json
    assert states(folder) == before
    assert (report["photographs"], report["sidecars"], report["tagged"], report["untagged"]) == (6, 2, 3, 2)
    assert report["labels"] == {"Tree": 2, "Rome, Italy": 1, "Trees": 1, "Zürich": 1, "x": 1}
    assert report["unreadable"] == {"e.xmp": "empty file"}
    assert report["disagreements"] == {"a.jpg": "a.jpg.xmp counts; other keywords in embedded"}
    assert report["guessed_iptc"] == ["b.jpg"]
    assert report["similar"] == [["Tree", "Trees"]]
    assert report["spellings"] == [["Tree", "tree"]]
    assert report["separators"] == ["Rome, Italy"]
    assert report["odd"] == {"c.jpg": ["lr:hierarchicalSubject is not an rdf array"]}
    assert report["ignored"] == {"sub/e.xmp": "there is no picture of this name"}
    text = tagfit("keywords", folder, "--min-positives", 2).out
    assert "trained on: 3 photographs, 1 labels" in text
