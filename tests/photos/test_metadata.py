"""Metadata of one file: each container, each field, each encoding, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photo_files import RDF, exif, heic, iptc, jpeg, png, segment, tiff, webp, xmp

from tagfit.photos.containers import blocks_in
from tagfit.photos.metadata import Metadata, of_blocks, of_packets
from tagfit.photos.unreadable import UnreadableError
from tagfit.photos.words import DEFAULT_EXCLUDE

PACKET = xmp({"dc:subject": ["cat", "Zürich"], "lr:hierarchicalSubject": ["Animals|cat"]})
DESCRIPTION = f'<rdf:RDF xmlns:rdf="{RDF}" xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description rdf:about="">'
DAMAGE = st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=4)), max_size=4)
END = "</rdf:Description></rdf:RDF>"


def in_picture(data: bytes) -> Metadata:
    return of_blocks(blocks_in(data))


def paths(said: Metadata, *exclude: str) -> list[str]:
    return ["|".join(path) for path in said.keywords(exclude).paths]


@pytest.mark.parametrize(
    "data",
    [
        jpeg(PACKET),
        jpeg(PACKET, windows="cat"),
        png(PACKET),
        png(PACKET, packed=True),
        png(profile=PACKET),
        tiff(PACKET),
        tiff(PACKET, order=">"),
        webp(PACKET),
        heic(PACKET),
    ],
    ids=["jpeg", "jpeg+exif", "png", "packed png", "raw profile", "tiff", "big endian", "webp", "heic"],
)
def test_xmp_in_every_container(data: bytes) -> None:
    said = in_picture(data)
    assert said.fields["dc:subject"] == ["cat", "Zürich"]
    assert paths(said) == ["Animals|cat", "Zürich"]


@pytest.mark.parametrize(
    ("record", "guessed"),
    [
        (iptc(["Zürich".encode()], utf8=True), False),
        (iptc(["Zürich".encode()]), True),
        (iptc(["Zürich".encode("cp1252")]), True),
        (iptc([b"Zurich"]), False),
    ],
    ids=["declared", "utf-8", "cp1252", "ascii"],
)
def test_iptc_in_its_encodings(record: bytes, guessed: bool) -> None:
    for said in (in_picture(jpeg(record=record)), in_picture(tiff(b"", record))):
        assert [word.replace("u", "ü") for word in said.fields["iptc:Keywords"]] == ["Zürich"]
        assert said.guessed == guessed


def test_windows_keywords_are_separated_by_semicolons_only() -> None:
    said = in_picture(jpeg(windows="cat;Rome, Italy; Żółć;"))
    assert paths(said) == ["cat", "Rome, Italy", "Żółć"]


def test_a_word_that_iptc_cut_is_the_word_itself() -> None:
    long = "a" * 70
    said = in_picture(jpeg(xmp({"dc:subject": [long]}), record=iptc([long[:64].encode(), b"sky"])))
    assert paths(said) == [long, "sky"]


def test_extended_xmp_counts_only_whole_and_by_its_name() -> None:
    guid = b"A" * 32
    note = '\n   <xmpNote:HasExtendedXMP xmlns:xmpNote="http://ns.adobe.com/xmp/note/">' + guid.decode()
    main = xmp({}, inside=note + "</xmpNote:HasExtendedXMP>")
    more = xmp({"dc:subject": ["big"]})
    half = len(more) // 2

    def part(offset: int, data: bytes, name: bytes = guid) -> bytes:
        size = len(more).to_bytes(4, "big") + offset.to_bytes(4, "big")
        return segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + name + size + data)

    assert paths(in_picture(jpeg(main, more=part(half, more[half:]) + part(0, more[:half])))) == ["big"]
    assert paths(in_picture(jpeg(main, more=part(0, more[:half])))) == []
    assert paths(in_picture(jpeg(main, more=part(0, more, b"B" * 32)))) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_packets_in_all_unicode_encodings(encoding: str, mark: str) -> None:
    text = mark + "<?xml version='1.0' encoding='latin1'?>" + PACKET.decode().partition("?>")[2].lstrip()
    assert paths(of_packets([text.encode(encoding) + "\0 \n".encode(encoding)])) == ["Animals|cat", "Zürich"]


@pytest.mark.parametrize(
    ("inside", "words", "warned"),
    [
        ("<dc:subject><rdf:Seq><rdf:li>a</rdf:li></rdf:Seq></dc:subject>", ["a"], False),
        ("<dc:subject><rdf:Alt><rdf:li xml:lang='x-default'>a</rdf:li></rdf:Alt></dc:subject>", ["a"], False),
        ("<dc:subject>a, b</dc:subject>", ["a, b"], True),
        ("<dc:subject><rdf:Bag><rdf:li><!-- c -->a&amp;b</rdf:li></rdf:Bag></dc:subject>", ["a&b"], False),
        (
            "<dc:subject><rdf:Bag><rdf:li rdf:parseType='Resource'><rdf:value>a</rdf:value></rdf:li></rdf:Bag>"
            "</dc:subject>",
            ["a"],
            False,
        ),
        ("<dc:subject><rdf:Bag><rdf:li rdf:resource='urn:a'/></rdf:Bag></dc:subject>", ["urn:a"], False),
        (
            "<dc:subject><rdf:Bag><rdf:li>a</rdf:li></rdf:Bag></dc:subject>"
            "<dc:subject><rdf:Bag><rdf:li>b</rdf:li></rdf:Bag></dc:subject>",
            ["a", "b"],
            True,
        ),
        ("<dc:subject/>", [], False),
    ],
)
def test_forms_of_a_property(inside: str, words: list[str], warned: bool) -> None:
    said = of_packets([(DESCRIPTION + inside + END).encode()])
    assert said.fields == {"dc:subject": words}
    assert bool(said.warnings) == warned
    assert said.explicit_empty == (not words)


def test_a_prefix_that_is_not_declared_is_read() -> None:
    said = of_packets([PACKET.replace(b'xmlns:dc="http://purl.org/dc/elements/1.1/"', b"")])
    assert said.fields["dc:subject"] == ["cat", "Zürich"]
    assert said.warnings == ["a namespace prefix is not declared"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty file"),
        (b" \0\n", "nothing but padding"),
        (PACKET[:300], "not well-formed"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "DOCTYPE"),
        (PACKET.decode().encode("latin1", "replace").replace(b"cat", b"caf\xe9"), "not valid utf-8"),
        (b"<a>" * 300 + b"</a>" * 300, "more than 200"),
        (b"<a>\xed\xa0\x80</a>", "not valid utf-8"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        of_packets([data])


def test_hierarchies_of_all_fields_join() -> None:
    tree = '<Categories><Category Assigned="1">Trip<Category Assigned="1">Day</Category></Category></Categories>'
    said = of_packets(
        [
            xmp(
                {
                    "dc:subject": ["Rome", "A/B", " cat ", "Cat", "cafe\u0301", "café"],
                    "lr:hierarchicalSubject": ["Places", "Places|Italy|Rome", "A/B|C"],
                    "digiKam:TagsList": ["/Pets/cat/", "2024"],
                    "MicrosoftPhoto:LastKeywordXMP": ["places/italy/rome"],
                    "mediapro:CatalogSets": ["Sets|one"],
                },
                inside="<acdsee:categories>" + tree.replace("<", "&lt;") + "</acdsee:categories>",
            )
        ]
    )
    assert paths(said) == ["Places|Italy|Rome", "A/B|C", "Pets|cat", "Trip|Day", "Sets|one", "café", "2024"]


def test_what_programs_add_for_themselves_is_no_keyword() -> None:
    words = ["darktable", "changed", "nef", "föhr"]
    said = of_packets([xmp({"dc:subject": words, "lr:hierarchicalSubject": ["darktable|changed|nef", "trip|föhr"]})])
    assert paths(said, *DEFAULT_EXCLUDE) == ["trip|föhr"]


def test_what_tagfit_added_is_not_truth() -> None:
    said = of_packets(
        [xmp({"dc:subject": ["garden", "cat"], "lr:hierarchicalSubject": ["AI|cat"], "tagfit:Added": ["AI|cat"]})]
    )
    assert said.own == (("AI", "cat"),)
    assert paths(said) == ["garden"]


@given(kind=st.integers(0, 7), damage=DAMAGE, cut=st.integers(0, 10**6))
@settings(max_examples=400, deadline=None)
def test_damaged_files_are_read_or_refused(kind: int, damage: list[tuple[int, bytes]], cut: int) -> None:
    whole = [
        jpeg(PACKET, record=iptc([b"sky"], utf8=True), windows="cat"),
        png(PACKET, packed=True),
        png(profile=PACKET),
        tiff(PACKET, iptc([b"sky"])),
        webp(PACKET),
        heic(PACKET),
        exif("cat;dog"),
        PACKET,
    ][kind]
    data = bytearray(whole)
    for place, value in damage:
        at = place % len(data)
        data[at : at + len(value)] = value
    broken = bytes(data[: len(data) - cut % len(data)] if cut % 3 == 0 else data)
    try:
        said = of_packets([broken]) if whole is PACKET else in_picture(broken)
    except UnreadableError:
        return
    said.keywords()


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    from tagfit.photos.metadata import of_sidecar

    with pytest.raises(UnreadableError, match="No such file"):
        of_sidecar(tmp_path / "gone.xmp")
