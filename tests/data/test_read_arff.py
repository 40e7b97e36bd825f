"""ARFF dense and sparse with MULAN's XML: values, unknowns, nominal features, and faults with their rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tagfit.data.read import read
from tagfit.errors import InputError

XML = '<?xml version="1.0"?><labels xmlns="http://mulan.sourceforge.net/labels">{}</labels>'
HEADER = (
    "% made here\n@relation t\n@attribute f1 numeric\n@attribute 'a b' {0,1}\n"
    "@attribute f2 REAL\n@attribute sea {1,0}\n"
)


def arff(folder: Path, text: str, *, name: str = "t-train.arff", labels: tuple[str, ...] = ("sea", "a b")) -> Path:
    (folder / "t.xml").write_text(XML.format("".join(f'<label name="{label}"></label>' for label in labels)))
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["t.arff", "t-train.arff", "t-test-sparse.arff"])
def test_dense_rows_in_the_order_of_the_xml(tmp_path: Path, name: str) -> None:
    data = read(arff(tmp_path, HEADER + "@DATA\n1.5,1,-2,0\n% note\n0,?,3e1,1\n", name=name), learnable=False)
    assert data.labels == ("sea", "a b")
    assert data.truth.tolist() == [[0, 1], [1, 0]]
    assert data.known.tolist() == [[True, True], [True, False]]
    assert data.arrays is not None
    assert data.arrays.tolist() == [[1.5, -2.0], [0.0, 30.0]]


def test_sparse_rows_say_the_same_as_dense_ones(tmp_path: Path) -> None:
    dense = read(arff(tmp_path, HEADER + "@data\n1,1,0,1\n0,0,2.5,0\n"))
    sparse = read(arff(tmp_path, HEADER + "@data\n{0 1, 1 1}\n{2 2.5,3 0}\n"))
    assert np.array_equal(dense.truth, sparse.truth)
    assert np.array_equal(np.asarray(dense.arrays), np.asarray(sparse.arrays))


def test_nominal_features(tmp_path: Path) -> None:
    header = "@relation t\n@attribute colour {red, 'light blue', green}\n@attribute flag {no,yes}\n@attribute x {0,1}\n"
    data = read(arff(tmp_path, header + "@data\n'light blue',yes,1\nred,no,0\n", labels=("x",)))
    assert data.arrays is not None
    assert data.arrays.tolist() == [[0, 1, 0, 1], [1, 0, 0, 0]]
    assert "colour" in data.notes[0]


def test_faults_of_all_rows_with_their_rows(tmp_path: Path) -> None:
    text = HEADER + "@data\n1,1,1\n1,2,1,0\nx,1,1,0\n{9 1}\n{0 1,0 2}\n{0 1\n1,1,1,0\n"
    with pytest.raises(InputError) as raised:
        read(arff(tmp_path, text))
    assert [fault.where.split("row ")[1] for fault in raised.value.faults] == ["8", "9", "10", "11", "12", "13"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("@relation t\n@data\n1\n", "attributes are missing"),
        ("@relation t\n@attribute a string\n@data\nx\n", "row 2"),
        ("@relation t\n@attribute a numeric\n", "no @data"),
        (HEADER, "no @data"),
        (HEADER + "@data\n", "no rows"),
        (HEADER + "@data\n?,1,1,0\n", "'f1' is missing"),
        (HEADER.replace("{1,0}", "numeric") + "@data\n1,1,1,3\n", "the label 'sea' is 3"),
        (HEADER.replace("{1,0}", "{1,2}") + "@data\n1,1,1,2\n", "the label 'sea' has the values"),
        (HEADER.replace("sea", "lake") + "@data\n1,1,1,0\n", "'sea' of the XML is not an attribute"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(InputError) as raised:
        read(arff(tmp_path, text))
    assert part in str(raised.value)


def test_the_xml_is_there_and_harmless(tmp_path: Path) -> None:
    source = arff(tmp_path, HEADER + "@data\n1,1,1,0\n1,0,1,1\n")
    bomb = '<!DOCTYPE l [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><labels><label name="&b;"/></labels>'
    for wrong in (bomb, "<labels>", "<labels></labels>", "", '<labels><label name="sea"/><label name="sea"/></labels>'):
        (tmp_path / "t.xml").write_text(wrong)
        with pytest.raises(InputError, match=r"t\.xml"):
            read(source)
    (tmp_path / "t.xml").unlink()
    with pytest.raises(InputError, match=r"looked for 't-train\.xml', 't\.xml'"):
        read(source)
