"""Tables with one row per label, with and without a confidence."""

from __future__ import annotations

from pathlib import Path

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
