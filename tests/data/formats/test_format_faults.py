"""Broken files of each format: refused under the format's own name, with the place and all faults at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from format_fixtures import WITH_UNKNOWN, WRITTEN, coco_document, picture, text

from tagfit.data.read import read
from tagfit.errors import InputError

# format, file in it, what is replaced, by what, what the message must hold
REPLACED = [
    ("coco", "set.json", '"images": [{', '"pictures": [{', ["as COCO", "there is no 'images'", "a list of images"]),
    ("coco", "set.json", '"categories": [', '"categories": 3, "x": [', ["'categories' is a number"]),
    ("coco", "set.json", '"annotations": [', '"annotations" [', ["not JSON", "line 1, column"]),
    ("coco", "set.json", '"id": 0, "file_name"', '"id": 7, "file_name"', ["images[1]", "id 7 is used twice"]),
    ("coco", "set.json", '"image_id": 21', '"image_id": 99', ["annotations[3]", "image_id 99", "annotations[4]"]),
    ("coco", "set.json", '"category_id": 13', '"category_id": null', ["category_id None", "annotations[1]"]),
    ("coco", "set.json", '"name": "dog"', '"name": "cat"', ["categories[1]", "'cat' is used twice"]),
    ("coco", "set.json", '"a.png"', '"../../z.png"', ["images[0]", "leaves the folder"]),
    ("coco", "set.json", '"a.png"', '"/etc/passwd"', ["images[0]", "leaves the folder"]),
    ("coco", "set.json", '"info": {', '"info": ' + 5000 * "[" + 5000 * "]" + ', "x": {', ["nested too deeply"]),
    ("coco", "set.json", '"width": 3', '"width": ' + 5000 * "9", ["cannot be read"]),
    ("voc", "a.xml", "<object>", "<object", ["a.xml, line 1", "not well-formed"]),
    ("voc", "a.xml", "<annotation>", '<!DOCTYPE a [<!ENTITY b "c">]><annotation>', ["a.xml", "document type"]),
    ("voc", "a.xml", "<name>cat</name>", "", ["a.xml, object 1", "no name"]),
    ("voc", "d.xml", ">1</difficult>", ">maybe</difficult>", ["d.xml, object 1", "difficult is 'maybe'"]),
    ("voc", "val.txt", "c\n", "c\na\n", ["val.txt, line 2", "'a' is in train"]),
    ("voc", "cat_train.txt", "b -1", "b 7", ["cat_train.txt, line 2", "'b 7'"]),
    ("yolo", "data.yaml", "names: [", "names: !!python/object/apply:os.system [", ["as YOLO", "data.yaml, line 4"]),
    ("yolo", "data.yaml", "names: ['cat'", "names: ['dog'", ["used twice", "dog"]),
    ("yolo", "data.yaml", "names: ['cat', 'dog', 'sun']", "names: {0: cat, 2: dog}", ["without a gap"]),
    ("yolo", "data.yaml", "val: images/val", "val: images/other", ["'images/other'", "no picture"]),
    ("yolo", "a.txt", "1 0.5", "7 0.5", ["train/a.txt, line 2", "'7'", "0 to 2"]),
    ("yolo", "a.txt", "0 0.5", "cat 0.5", ["train/a.txt, line 1", "'cat'"]),
    ("imagefolder", "metadata.jsonl", '"file_name": "a.png"', '"file": "a.png"', ["row 1", "file_name is None"]),
    ("imagefolder", "metadata.jsonl", '["dog"]', '[["dog"]]', ["row 2", "'labels' holds a list"]),
    ("imagefolder", "metadata.jsonl", '["dog"]', '["dog"', ["row 2", "not JSON"]),
    ("roboflow", "_classes.csv", "filename, cat", "picture, cat", ["train/_classes.csv, row 1", "as Roboflow"]),
    ("roboflow", "_classes.csv", "a.png, 1", "a.png, maybe", ["row 2", "'cat' holds 'maybe'"]),
    ("roboflow", "_classes.csv", ", 1, 1, 0", ", 1, 1", ["row 2", "3 cells, the header has 4"]),
    ("roboflow", "_classes.csv", ", cat, dog, sun", ", cat, dog, cat", ["occurs twice"]),
    ("openimages", "train-annotations-human-imagelabels.csv", "0.4", "much", ["row 11", "'much'"]),
    ("openimages", "train-annotations-human-imagelabels.csv", "0.4", "40", ["row 11", "'40'", "0 to 1"]),
    ("openimages", "train-annotations-human-imagelabels.csv", "b,verification", '"b,verification', ["as Open Images"]),
    ("label-studio", "project-1.json", '"data": {"image"', '"x": {"image"', ["is JSON of no", "'x'", "label-studio"]),
    ("label-studio", "project-1.json", '{"choices": ["cat", "dog"]}', '{"choices": [3]}', ["[0].annotations[0]"]),
    ("label-studio", "project-1.json", '"result": []', '"result": 7', ["[2].annotations[0].result", "is a number"]),
    ("cvat", "annotations.xml", 'tag label="cat"', "tag", ["annotations.xml, image 1", "has no label"]),
    ("cvat", "annotations.xml", 'tag label="cat"', 'tag label="cow"', ["image 1", "'cow'", "declares"]),
    ("cvat", "annotations.xml", "</meta>", "</meta><track/>", ["as CVAT", "tracks of a video"]),
    ("cvat", "annotations.xml", 'name="b.png"', 'name=""', ["image 2", "no name"]),
    ("cvat", "annotations.xml", "<version>", "<version", ["as CVAT", "annotations.xml, line 1"]),
    ("supervisely", "a.png.json", '"name": "cat"', '"name": 4', ["train/ann/a.png.json, tags[0]"]),
    ("supervisely", "a.png.json", '"classTitle": "dog"', '"class": "dog"', ["objects[0]", "None"]),
    ("supervisely", "a.png.json", '"tags": [', '"tags" [', ["a.png.json, line 1", "not JSON"]),
    ("supervisely", "meta.json", '"title": "dog"', '"title": 5', ["meta.json, classes[0]"]),
    ("fiftyone", "labels.json", '"sun"]', '"dog"]', ["listed twice"]),
    ("fiftyone", "labels.json", "[0, {", "[9, {", ["labels['a']", "holds 9"]),
    ("fiftyone", "labels.json", '"b": "dog"', '"b": "cow"', ["labels['b']", "'cow'"]),
    ("fiftyone", "labels.json", '"labels": {', '"labels": 3, "x": {', ["as FiftyOne", "a number"]),
    ("createml", "createml.json", '["cat"', "[17", ["createml.json[0]", "17"]),
    ("createml", "createml.json", '"image": "b.png"', '"image": 5', ["createml.json[1]", "no picture"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "said"), REPLACED, ids=[f"{case[0]}-{case[3][:20]}" for case in REPLACED]
)
def test_a_broken_file_is_refused_with_its_place(
    name: str, file: str, old: str, new: str, said: list[str], tmp_path: Path
) -> None:
    source = WRITTEN[name][0](tmp_path / "set")
    path = sorted((tmp_path / "set").rglob(file))[0]
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))
    with pytest.raises(InputError) as error:
        read(source, learnable=False)
    assert [word for word in said if word not in str(error.value)] == [], str(error.value)


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    document = coco_document(WITH_UNKNOWN)
    document["annotations"] = [{"image_id": 99, "category_id": 3}, {"image_id": 0, "category_id": 99}, 7]
    document["images"] = [{"id": 0, "file_name": "a.png"}, {"id": True, "file_name": "b.png"}, {"id": 2}]
    source = text(tmp_path / "set.json", json.dumps(document))
    with pytest.raises(InputError) as error:
        read(source)
    assert [fault.where for fault in error.value.faults] == [
        f"set.json, {place}"
        for place in ("images[1]", "images[2]", "annotations[0]", "annotations[1]", "annotations[2]")
    ]


def test_captions_name_no_labels(tmp_path: Path) -> None:
    document = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "caption": "a dog"}]}
    with pytest.raises(InputError, match="captions"):
        read(text(tmp_path / "captions.json", json.dumps(document)))


def test_json_min_has_texts_lists_and_several_annotators(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.png")
    about = {"annotator": 1, "annotation_id": 2, "lead_time": 3.5, "created_at": "2026-01-01"}
    records = [
        {"image": "/data/upload/0123abcd-a.png", "choice": "cat", "id": 1, **about},
        {"image": "/data/upload/0123abcd-a.png", "choice": {"choices": ["cat", "dog"]}, "id": 1, **about},
        {"image": "/data/local-files/?d=b.png", "choice": "dog", "id": 2, **about},
        {"image": "c.png", "id": 3, **about},
    ]
    data = read(text(tmp_path / "min.json", json.dumps(records)), learnable=False)
    assert data.labels == ("cat", "dog")
    assert data.truth.tolist() == [[1, 0], [0, 1], [0, 0]]
    assert data.known.tolist() == [[True, False], [True, True], [True, True]]
    for record in records:
        record["camera"] = "left"
        record["site"] = "north"
        record.pop("choice", None)
    with pytest.raises(InputError, match=r"'camera', 'site' may hold the choices"):
        read(text(tmp_path / "min.json", json.dumps(records)))


def test_one_name_in_two_controls_is_two_labels(tmp_path: Path) -> None:
    def result(control: str, answer: str) -> dict[str, object]:
        return {"from_name": control, "type": "choices", "value": {"choices": [answer]}}

    picture(tmp_path / "a.png")
    task = {"data": {"image": "a.png"}, "annotations": [{"result": [result("sea", "yes"), result("sun", "no")]}]}
    other = {"data": {"image": "b.png"}, "annotations": [{"result": [result("sea", "no"), result("sun", "yes")]}]}
    picture(tmp_path / "b.png")
    data = read(text(tmp_path / "tasks.json", json.dumps([task, other])), learnable=False)
    assert data.labels == ("sea=no", "sea=yes", "sun=no", "sun=yes")
    assert data.truth.tolist() == [[0, 1, 1, 0], [1, 0, 0, 1]]


def test_what_nobody_annotated_is_unknown(tmp_path: Path) -> None:
    source = WRITTEN["label-studio"][0](tmp_path / "set")
    tasks = json.loads(source.read_text())
    tasks[0]["annotations"] = [{"was_cancelled": True, "result": []}]
    data = read(text(source, json.dumps(tasks)), learnable=False)
    assert data.known.tolist()[0] == [False, False, False]
    home = WRITTEN["fiftyone"][0](tmp_path / "other")
    table = home / "labels.json"
    table.write_text(table.read_text().replace('"c": []', '"c": null'))
    assert read(home, learnable=False).known.tolist()[2] == [False, False, False]


def test_one_picture_with_two_truths_is_quarantined(tmp_path: Path) -> None:
    source = WRITTEN["roboflow"][0](tmp_path / "set")
    table = tmp_path / "set" / "train" / "_classes.csv"
    table.write_text(table.read_text() + "b.png, 1, 1, 1\n")
    data = read(source, learnable=False)
    assert [fault.where for fault in data.quarantined] == ["train/_classes.csv, row 3", "train/_classes.csv, row 5"]
    table.write_text(table.read_text().replace("b.png, 1, 1, 1", "b.png, 0, 1, 0"))
    data = read(source, learnable=False)
    assert data.quarantined == ()
    assert "read once" in data.warnings[0].what


def test_lvis_says_what_was_looked_for(tmp_path: Path) -> None:
    document = coco_document(WITH_UNKNOWN)
    cat, dog, sun = (item["id"] for item in document["categories"])  # type: ignore[index, attr-defined]
    document["annotations"] = [{"image_id": 0, "category_id": cat}, {"image_id": 7, "category_id": dog}]
    document["images"] = [
        {"id": 0, "coco_url": "http://x/val2017/a.png", "neg_category_ids": [sun], "not_exhaustive_category_ids": []},
        {"id": 7, "coco_url": "http://x/val2017/b.png", "neg_category_ids": [], "not_exhaustive_category_ids": [dog]},
    ]  # fmt: skip
    for name in "ab":
        picture(tmp_path / "val2017" / f"{name}.png")
    data = read(text(tmp_path / "lvis.json", json.dumps(document)), learnable=False)
    assert data.truth.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert data.known.tolist() == [[True, False, True], [False, True, False]]


def test_panoptic_segments_are_labels(tmp_path: Path) -> None:
    document = coco_document(WITH_UNKNOWN)
    cat, dog, _ = (item["id"] for item in document["categories"])  # type: ignore[index, attr-defined]
    document["annotations"] = [{"image_id": 0, "segments_info": [{"category_id": cat}, {"category_id": dog}]}]
    document["images"] = [{"id": 0, "file_name": "a.png"}]
    picture(tmp_path / "a.png")
    data = read(text(tmp_path / "panoptic.json", json.dumps(document)), learnable=False)
    assert data.tags(0) == ("cat", "dog")


def test_the_pictures_of_a_split_come_from_its_own_folder(tmp_path: Path) -> None:
    """Two files of one name in two folders: each split must get its own."""
    for split, number in (("train2017", 0), ("val2017", 1)):
        picture(tmp_path / split / "1.png", number)
        document = {
            "images": [{"id": 1, "file_name": "1.png"}],
            "annotations": [{"image_id": 1, "category_id": 1}] if number else [],
            "categories": [{"id": 1, "name": "dog"}],
        }
        text(tmp_path / "annotations" / f"instances_{split}.json", json.dumps(document))
    data = read(tmp_path, learnable=False)
    assert data.files is not None
    assert data.split is not None
    said = {(Path(str(file)).parent.name, split) for file, split in zip(data.files, data.split.tolist(), strict=True)}
    assert said == {("train2017", "train"), ("val2017", "validation")}
    assert len(set(data.ids.tolist())) == 2
    single = read(tmp_path / "annotations" / "instances_val2017.json", learnable=False)
    assert str(single.files[0]).endswith("val2017/1.png")  # type: ignore[index]


def test_a_picture_without_metadata_is_not_dropped_in_silence(tmp_path: Path) -> None:
    source = WRITTEN["imagefolder"][0](tmp_path / "set")
    picture(tmp_path / "set" / "train" / "extra.png", 9)
    (fault,) = read(source, learnable=False).quarantined
    assert "extra.png" in fault.where
    assert "does not name it" in fault.what


def test_yolo_says_how_many_text_files_are_missing(tmp_path: Path) -> None:
    data = read(WRITTEN["yolo"][0](tmp_path / "set"), learnable=False)
    assert any("1 of 4 pictures have no text file" in note for note in data.notes)


def test_files_of_one_name_and_other_content_are_other_pictures(tmp_path: Path) -> None:
    for number, label in enumerate(("cat", "dog")):
        picture(tmp_path / label / "1.png", number)
    data = read(tmp_path, learnable=False)
    assert [data.tags(row) for row in range(len(data))] == [("cat",), ("dog",)]
