"""Tables with one row per label, with and without a confidence."""

from __future__ import annotations

from pathlib import Path

import pytest
from table_sources import advised, refusal, table, tags

from tagfit.data.read import read

LONG = "image_id,annotator,class_name,score\na,v,/m/1,1\na,v,/m/2,0\na,v,/m/3,1\nb,v,/m/2,1\nb,v,/m/1,0.4\n"


def test_with_a_confidence_what_is_not_listed_is_unknown(tmp_path: Path) -> None:
    source = table(tmp_path, LONG)
    assert tags(source) == ["/m/1 /m/3", "?/m/1 /m/2 ?/m/3"]
    assert tags(source, unlisted="absent") == ["/m/1 /m/3", "?/m/1 /m/2"]
    assert "'score': confidence" in "".join(read(source, learnable=False).notes)
    assert tags(source, ignore_columns="score", unlisted="unknown")[0] == "/m/1 /m/2 /m/3"


def test_without_a_confidence_rows_of_a_picture_add_up(tmp_path: Path) -> None:
    source = table(tmp_path, "image,class_name,x_min\na.jpg,sea,3\na.jpg,sun,4\na.jpg,sea,5\nb.jpg,sun,1\nc.jpg,,2\n")
    data = read(source)
    assert tags(data) == ["sea sun", "sun", ""]
    assert any("5 rows are 3 pictures" in note for note in data.notes)
    source.write_text("image,tags\na.jpg,sea\na.jpg,!sun\nb.jpg,sun\nb.jpg,!sea\n")
    assert tags(source, unlisted="unknown") == ["sea", "sun"]


def test_rows_that_contradict_each_other_are_a_fault(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.jpg,sea\na.jpg,!sea\na.jpg,sun\nb.jpg,sun\nb.jpg,sea\n")
    message = refusal(source)
    assert "row 3: conflicting tags: row 2 says another thing of 'sea' on 'a.jpg'" in message


def test_one_repeated_picture_is_no_long_table_unless_the_user_says_so(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.jpg,sea\nb.jpg,sun\nc.jpg,sea\nc.jpg,sun\nd.jpg,sea\n")
    data = read(source)
    assert data.ids.tolist() == ["a.jpg", "b.jpg", "d.jpg"]
    assert advised(str(data.quarantined[0])) == [{"rows": "label"}]
    assert tags(source, rows="label") == ["sea", "sun", "sea sun", "sea"]
    long = table(tmp_path, "image,tags\na.jpg,sea\na.jpg,sun\nb.jpg,sun\n", name="long.csv")
    assert tags(long) == ["sea sun", "sun"]
    assert len(read(long, rows="picture", learnable=False)) == 1


def test_a_confidence_outside_0_to_1_is_a_fault(tmp_path: Path) -> None:
    rows = "".join(f"a,v,/m/{label},1\n" for label in range(900))
    source = table(tmp_path, "image_id,annotator,class_name,score\n" + rows + "b,v,/m/1,7\n")
    assert "row 902: the confidence is '7'" in refusal(source)


MACHINE = "image_id,class_name,score\na,sea,0.9\na,sun,0.5\na,sky,0.2\nb,sea,0\nb,sun,0.7\nb,sky,0.69\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"confidence_at_least": 0.7}, ["sea ?sky ?sun", "?sky sun"]),
        ({"confidence_at_least": 0.5}, ["sea ?sky sun", "sky sun"]),
        ({"confidence_at_least": 0.7, "unlisted": "absent"}, ["sea", "sun"]),
    ],
)
def test_from_a_cut_on_a_label_is_present_and_below_it_as_if_not_listed(
    options: dict[str, object], expected: list[str], tmp_path: Path
) -> None:
    source = table(tmp_path, MACHINE)
    assert tags(source, **options) == expected
    assert any(
        f"from a confidence of {options['confidence_at_least']}" in n
        for n in read(source, learnable=False, **options).notes
    )


def test_confidences_between_0_and_1_alone_are_refused_with_the_cut_that_reads_them(tmp_path: Path) -> None:
    source = table(tmp_path, MACHINE.replace("sea,0\n", "sea,0.1\n"))
    (option,) = advised(refusal(source))
    assert tags(source, confidence_at_least=float(option["confidence_at_least"])) == ["sea ?sky sun", "?sea sky sun"]


def test_the_same_label_below_the_cut_and_above_it_is_present(tmp_path: Path) -> None:
    source = table(tmp_path, "image_id,class_name,score\na,sea,0.9\na,sea,0.2\na,sun,0\nb,sun,0.8\nb,sea,0\n")
    assert tags(source, confidence_at_least=0.5) == ["sea", "sun"]


@pytest.mark.parametrize("cut", [0.0, -1.0, 1.01])
def test_a_cut_outside_0_to_1_or_without_confidences_is_refused(cut: float, tmp_path: Path) -> None:
    assert f"confidence_at_least is {cut!r}" in refusal(table(tmp_path, MACHINE), confidence_at_least=cut)
    plain = table(tmp_path, "image,tags\na.jpg,sea\nb.jpg,sun\n", name="plain.csv")
    assert "no column of confidences" in refusal(plain, confidence_at_least=0.5)
