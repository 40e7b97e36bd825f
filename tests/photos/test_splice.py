"""Splicing: what is added is there, what was there stays, byte for byte; what cannot be written safely is refused."""

from __future__ import annotations

import difflib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photo_files import RDF, chunk, iptc, jpeg, pixels, png, segment, write, xmp

from tagfit.photos.containers import blocks_in
from tagfit.photos.embedding import picture_data, with_packet
from tagfit.photos.metadata import of_packets
from tagfit.photos.splice import EMPTY, RefusedError, with_added, with_removed

ADDED = {
    "dc:subject": ["cat & <dog>"],
    "lr:hierarchicalSubject": ["AI|cat & <dog>"],
    "tagfit:Added": ["AI|cat & <dog>"],
}
HEAD = f'<rdf:RDF xmlns:rdf="{RDF}" xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description rdf:about="">'
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)
END = "</rdf:Description></rdf:RDF>"
DEFAULT = (
    f'<RDF xmlns="{RDF}"><Description about="urn:x&amp;y"><subject xmlns="http://purl.org/dc/elements/1.1/">'
    f'<Bag xmlns="{RDF}"><li>a</li></Bag></subject></Description></RDF>'
)
MANNERS = {
    "adobe": xmp({"dc:subject": ["a", "b"]}),
    "windows": xmp({"dc:subject": ["a"]}, newline="\r\n"),
    "tabs": xmp({"dc:subject": ["a"]}).replace(b"  ", b"\t"),
    "one line": (HEAD + "<dc:subject><rdf:Bag><rdf:li>a</rdf:li></rdf:Bag></dc:subject>" + END).encode(),
    "empty bag": (HEAD + "<dc:subject><rdf:Bag/></dc:subject>" + END).encode(),
    "open bag": (HEAD + "<dc:subject><rdf:Bag></rdf:Bag></dc:subject>" + END).encode(),
    "empty property": (HEAD + "<dc:subject />" + END).encode(),
    "blank property": (HEAD + "<dc:subject> </dc:subject>" + END).encode(),
    "no keywords": xmp({}),
    "closed description": HEAD.replace('about="">', 'about=""/></rdf:RDF>').encode(),
    "closed rdf": f'<rdf:RDF xmlns:rdf="{RDF}"/>'.encode(),
    "default namespace": DEFAULT.encode(),
    "other prefix": (HEAD + END).replace("rdf:", "r:").replace("xmlns:rdf", "xmlns:r").encode(),
    "utf-16": ("\ufeff" + HEAD + "<dc:subject><rdf:Seq><rdf:li>猫</rdf:li></rdf:Seq></dc:subject>" + END).encode(
        "utf-16-le"
    ),
    "odd tags": (
        HEAD
        + "<!-- > --><dc:subject\n><rdf:Bag  ><rdf:li\txml:lang='a>b' >a</rdf:li\n><!-- end --></rdf:Bag ></dc:subject>"
        "<?other data?>" + END
    ).encode(),
    "padded": xmp({"dc:subject": ["a"]}) + b" \n" * 200 + b"\0\0",
    "qualified": (
        HEAD + "<dc:subject><rdf:Bag><rdf:li rdf:parseType='Resource'><rdf:value>a</rdf:value></rdf:li></rdf:Bag>"
        "</dc:subject>" + END
    ).encode(),
    "empty": EMPTY,
}


def inserted_only(old: bytes, new: bytes) -> bool:
    """Whether ``old`` is ``new`` without some bytes of it, apart from an empty tag that was opened."""
    opened = old.replace(b" />", b"/>")
    matcher = difflib.SequenceMatcher(None, opened.decode("latin1"), new.decode("latin1").replace(" />", "/>"), False)
    lost = "".join(
        opened.decode("latin1")[a:b] for kind, a, b, _, _ in matcher.get_opcodes() if kind in ("delete", "replace")
    )
    return lost.replace("/", "").replace(" ", "") == ""


@pytest.mark.parametrize("manner", MANNERS)
def test_words_are_added_and_nothing_else_changes(manner: str) -> None:
    old = MANNERS[manner]
    before = of_packets([old])
    new = with_added(old, ADDED)
    after = of_packets([new])
    assert inserted_only(old, new)
    assert after.fields["dc:subject"] == [*before.fields.get("dc:subject", []), "cat & <dog>"]
    assert after.fields["lr:hierarchicalSubject"] == ["AI|cat & <dog>"]
    assert after.own == (("AI", "cat & <dog>"),)
    assert after.warnings == before.warnings
    assert (b"\r\n" in old) == (b"\r\n" in new)
    assert with_added(new, ADDED) == new
    assert with_added(new, {"dc:subject": ["CAT &  <Dog>"]}) == new


@pytest.mark.parametrize("manner", MANNERS)
def test_what_was_added_can_be_removed_alone(manner: str) -> None:
    old = MANNERS[manner]
    new = with_removed(with_added(old, ADDED), ADDED)
    kept = of_packets([old]).fields
    assert of_packets([new]).fields == {name: values for name, values in kept.items() if values}
    if kept.get("dc:subject"):
        assert new == old


REFUSED = {
    "an attribute": HEAD.replace('about=""', 'about="" dc:subject="a"') + END,
    "not an rdf array": HEAD + "<dc:subject>a</dc:subject>" + END,
    "an rdf:Alt": HEAD + "<dc:subject><rdf:Alt><rdf:li>a</rdf:li></rdf:Alt></dc:subject>" + END,
    "occurs 2 times": HEAD + "<dc:subject><rdf:Bag/></dc:subject>" * 2 + END,
    "not declared": HEAD.replace("xmlns:dc", "xmlns:other") + "<dc:subject><rdf:Bag/></dc:subject>" + END,
    "other than rdf:li": HEAD + "<dc:subject><rdf:Bag><rdf:_1>a</rdf:_1></rdf:Bag></dc:subject>" + END,
    "0 rdf:RDF": "<x/>",
    "not well-formed": HEAD,
    "DOCTYPE": "<!DOCTYPE x>" + HEAD + END,
    "has attributes": HEAD + "<dc:subject rdf:parseType='Resource'/>" + END,
}


@pytest.mark.parametrize("why", REFUSED)
def test_forms_that_are_refused(why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        with_added(REFUSED[why].encode(), ADDED)


@given(
    st.sampled_from(sorted(MANNERS)),
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip), min_size=1, max_size=4
    ),
)
@settings(max_examples=200, deadline=None)
def test_any_words_in_any_manner(manner: str, words: list[str]) -> None:
    old = MANNERS[manner]
    try:
        new = with_added(old, {"dc:subject": words, "digiKam:TagsList": words})
    except RefusedError:
        return
    before, after = of_packets([old]), of_packets([new])
    values = after.fields["dc:subject"]
    assert values[: len(before.fields.get("dc:subject", []))] == before.fields.get("dc:subject", [])


@pytest.mark.parametrize(
    "old",
    [
        jpeg(),
        jpeg(MANNERS["adobe"]),
        jpeg(MANNERS["padded"], record=iptc([b"sky"], utf8=True), windows="cat"),
        pixels(3),
        png(),
        png(MANNERS["adobe"]),
        png(MANNERS["adobe"], packed=True),
    ],
)
def test_a_picture_gets_another_packet_and_keeps_its_pixels(old: bytes) -> None:
    packets = blocks_in(old).packets
    new = with_packet(old, with_added(packets[0] if packets else EMPTY, ADDED))
    assert picture_data(new) == picture_data(old)
    assert blocks_in(new).iptc == blocks_in(old).iptc
    assert of_packets(blocks_in(new).packets).own == (("AI", "cat & <dog>"),)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (jpeg(EMPTY, more=segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + EMPTY)), "more than one XMP"),
        (jpeg(EMPTY, more=segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 40)), "ExtendedXMP"),
        (jpeg(more=segment(0xE2, b"MPF\0II*\0")), "several pictures"),
        (jpeg(more=segment(0xEB, b"JP....jumbc2pa")), "content credentials"),
        (png(profile=EMPTY), "Raw profile"),
        (png()[:33] + chunk(b"caBX", b"x") + png()[33:], "content credentials"),
        (jpeg()[:60], "cut off"),
        (b"RIFF\0\0\0\0WEBP", "not supported"),
        (b"GIF89a", "not supported"),
    ],
)
def test_pictures_that_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        with_packet(data, EMPTY)


def test_a_packet_that_is_too_long_for_jpeg_is_refused() -> None:
    with pytest.raises(RefusedError, match="65502"):
        with_packet(jpeg(), xmp({"dc:subject": ["a" * 65000]}))


def listed(value: object) -> list[object]:
    """ExifTool gives a list of one item as the item."""
    return value if isinstance(value, list) else [value]


def seen(path: Path) -> dict[str, object]:
    done = subprocess.run(["exiftool", "-j", "-G1", "-a", "-struct", str(path)], capture_output=True, check=False)
    tags: dict[str, object] = json.loads(done.stdout)[0]
    volatile = ("System:", "SourceFile", "ExifTool:", "File:")
    return {name: value for name, value in tags.items() if not name.startswith(volatile)}


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed (apt: libimage-exiftool-perl)")
@pytest.mark.parametrize("manner", ["adobe", "windows", "tabs", "one line", "no keywords", "odd tags"])
def test_exiftool_sees_old_and_new_words_and_no_other_change(manner: str, tmp_path: Path) -> None:
    old = MANNERS[manner]
    files = {"sidecar.xmp": (old, with_added(old, ADDED))}
    if manner in ("adobe", "no keywords"):
        files["a.jpg"] = (jpeg(old, windows="w"), with_packet(jpeg(old, windows="w"), with_added(old, ADDED)))
        files["a.png"] = (png(old), with_packet(png(old), with_added(old, ADDED)))
    for name, (before, after) in files.items():
        was, now = seen(write(tmp_path / "old" / name, before)), seen(write(tmp_path / "new" / name, after))
        had = was.pop("XMP-dc:Subject", [])
        words = now.pop("XMP-dc:Subject")
        assert [*(had if isinstance(had, list) else [had]), "cat & <dog>"] == (
            words if isinstance(words, list) else [words]
        )
        assert now.pop("XMP-lr:HierarchicalSubject") in ("AI|cat & <dog>", ["AI|cat & <dog>"])
        assert now.pop("XMP-tagfit:Added") in ("AI|cat & <dog>", ["AI|cat & <dog>"])
        assert now == was
