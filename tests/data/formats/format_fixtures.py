"""One small set, written in every format: what each format can say of it, in files as its own tools write them."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

Truth = dict[str, dict[str, str]]  # picture -> label -> P (present), A (absent), U (unknown)

LABELS = ("cat", "dog", "sun")
PICTURES = ("a", "b", "c", "d")
PLAIN: Truth = {
    "a": {"cat": "P", "dog": "P", "sun": "A"},
    "b": {"cat": "A", "dog": "P", "sun": "A"},
    "c": {"cat": "A", "dog": "A", "sun": "A"},
    "d": {"cat": "A", "dog": "A", "sun": "P"},
}
WITH_UNKNOWN: Truth = {**PLAIN, "d": {"cat": "U", "dog": "A", "sun": "P"}}
SPLITS = {"a": "train", "b": "train", "c": "validation", "d": "train"}
FOLDER_OF = {"train": "train", "validation": "valid", "test": "test"}


def png(number: int) -> bytes:
    """A picture of 3 x 2 pixels that no other number gives."""
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2), (number % 256, number // 256 % 256, 90)).save(buffer, format="PNG")
    return buffer.getvalue()


def picture(path: Path, number: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(PICTURES.index(path.stem) if number is None else number))


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def present(truth: Truth, name: str) -> list[str]:
    return [label for label in LABELS if truth[name][label] == "P"]


def coco_document(truth: Truth) -> dict[str, object]:
    categories = {label: 10 * number + 3 for number, label in enumerate(LABELS)}
    annotations: list[dict[str, object]] = []
    for number, name in enumerate(PICTURES):
        for label, state in truth[name].items():
            if state != "A":
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": 7 * number,
                        "category_id": categories[label],
                        "bbox": [0, 0, 2.5, 1],
                        "segmentation": [[0, 0, 1.5, 0, 1, 1]],
                        "iscrowd": int(name == "b"),
                        **({"ignore": 1} if state == "U" else {}),
                    }
                )
    return {
        "info": {"description": "made for tests"},
        "images": [
            {"id": 7 * number, "file_name": f"{name}.png", "width": 3, "height": 2}
            for number, name in enumerate(PICTURES)
        ],
        "annotations": annotations,
        "categories": [{"id": key, "name": label, "supercategory": "x"} for label, key in categories.items()],
    }


def write_coco(folder: Path) -> Path:
    for name in PICTURES:
        picture(folder / "images" / f"{name}.png")
    return text(folder / "set.json", json.dumps(coco_document(WITH_UNKNOWN)))


def write_voc(folder: Path) -> Path:
    home = folder / "VOCdevkit" / "VOC2012"
    for name in PICTURES:
        picture(home / "JPEGImages" / f"{name}.png")
        items = ""
        for label, state in WITH_UNKNOWN[name].items():
            difficult = {"P": "<difficult>0</difficult>", "U": "<difficult>1</difficult>"}.get(state)
            if difficult is not None:
                difficult = "" if label == "dog" else difficult
                items += f"<object><name>{label}</name>{difficult}<bndbox><xmin>1</xmin></bndbox></object>"
        text(home / "Annotations" / f"{name}.xml", f"<annotation><filename>{name}.png</filename>{items}</annotation>")
    lists = home / "ImageSets" / "Main"
    text(lists / "train.txt", "a\nb\nd\n")
    text(lists / "val.txt", "c\n")
    text(lists / "trainval.txt", "a\nb\nc\nd\n")
    text(lists / "cat_train.txt", "a  1\nb -1\nd  0\n")
    return folder / "VOCdevkit"


def write_yolo(folder: Path) -> Path:
    for name in PICTURES:
        split = "val" if SPLITS[name] == "validation" else "train"
        picture(folder / "images" / split / f"{name}.png")
        if name != "c":
            lines = [f"{LABELS.index(label)} 0.5 0.5 0.1 0.1\n" for label in present(PLAIN, name)]
            text(folder / "labels" / split / f"{name}.txt", "".join(lines))
    text(folder / "data.yaml", "train: ../images/train\nval: images/val\nnc: 3\nnames: ['cat', 'dog', 'sun']\n")
    return folder


def write_label_folders(folder: Path) -> Path:
    """Only what folders can say: every picture is in at least one, and one picture (a) is in two."""
    for name in PICTURES:
        for label in present(PLAIN, name) or ["none"]:
            picture(folder / label / f"{name}{'_copy' * (label == 'dog' and name == 'a')}.png", PICTURES.index(name))
    return folder


def write_imagefolder(folder: Path) -> Path:
    lines = []
    for name in PICTURES:
        picture(folder / "train" / f"{name}.png")
        lines.append(json.dumps({"file_name": f"{name}.png", "labels": present(PLAIN, name), "width": 3}))
    text(folder / "train" / "metadata.jsonl", "\n".join(lines) + "\n")
    return folder


def write_roboflow(folder: Path) -> Path:
    for split in ("train", "validation"):
        rows = [name for name in PICTURES if SPLITS[name] == split]
        for name in rows:
            picture(folder / FOLDER_OF[split] / f"{name}.png")
        lines = [", ".join(["filename", *LABELS])]
        signs = {"P": "1", "A": "0", "U": ""}
        lines += [", ".join([f"{name}.png", *(signs[WITH_UNKNOWN[name][one]] for one in LABELS)]) for name in rows]
        text(folder / FOLDER_OF[split] / "_classes.csv", "\n".join(lines) + "\n")
    return folder


def write_openimages(folder: Path) -> Path:
    keys = {label: f"/m/0{number}" for number, label in enumerate(LABELS)}
    confidence = {"P": "1", "A": "0.0", "U": "0.4"}
    rows = [["ImageID", "Source", "LabelName", "Confidence"]]
    for name in PICTURES:
        picture(folder / "images" / f"{name}.png")
        rows += [
            [name, "verification", keys[label], confidence[state]]
            for label, state in WITH_UNKNOWN[name].items()
            if not (name == "d" and label == "dog")  # left out: unknown
        ]
    text(folder / "class-descriptions.csv", "".join(f"{key},{label}\n" for label, key in keys.items()))
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return text(folder / "train-annotations-human-imagelabels.csv", buffer.getvalue())


def write_label_studio(folder: Path) -> Path:
    """Tasks as exported: two annotators on d who disagree about cat, one skipped, one region."""
    tasks = []
    for number, name in enumerate(PICTURES):
        picture(folder / "images" / f"{name}.png")

        def result(labels: list[str]) -> list[dict[str, object]]:
            return [{"from_name": "what", "to_name": "image", "type": "choices", "value": {"choices": labels}}]

        annotations: list[dict[str, object]] = [
            {"id": number, "was_cancelled": False, "result": result(present(PLAIN, name)) if name != "c" else []},
            {"id": 50 + number, "was_cancelled": True, "result": result(["sun"])},
        ]
        if name == "d":
            region = {"type": "rectanglelabels", "value": {"x": 1, "rectanglelabels": ["cat"]}, "from_name": "what"}
            annotations.append({"was_cancelled": False, "result": [*result(["sun"]), region]})
        tasks.append(
            {"id": number, "data": {"image": f"/data/upload/1/0123abcd-{name}.png"}, "annotations": annotations}
        )
    return text(folder / "project-1.json", json.dumps(tasks))


def write_cvat(folder: Path) -> Path:
    items = ""
    for number, name in enumerate(PICTURES):
        picture(folder / "images" / f"{name}.png")
        subset = "Validation" if SPLITS[name] == "validation" else "Train"
        shapes = "".join(
            f'<tag label="{label}" source="manual"></tag>' if label == "cat" else f'<box label="{label}" xtl="1"></box>'
            for label in present(PLAIN, name)
        )
        items += f'<image id="{number}" name="{name}.png" subset="{subset}" width="3">{shapes}</image>'
    labels = "".join(f"<label><name>{label}</name><attributes></attributes></label>" for label in LABELS)
    meta = f"<meta><task><labels>{labels}</labels></task></meta>"
    text(folder / "annotations.xml", f"<annotations><version>1.1</version>{meta}{items}</annotations>")
    return folder


def write_supervisely(folder: Path) -> Path:
    meta = {
        "classes": [{"title": "dog", "shape": "rectangle"}],
        "tags": [{"name": "cat", "value_type": "none"}, {"name": "sun", "value_type": "none"}],
    }
    text(folder / "meta.json", json.dumps(meta))
    for name in PICTURES:
        home = folder / ("val" if SPLITS[name] == "validation" else "train")
        picture(home / "img" / f"{name}.png")
        labels = present(PLAIN, name)
        document = {
            "tags": [{"name": label, "value": None} for label in labels if label != "dog"],
            "objects": [{"classTitle": "dog", "tags": [], "points": {}}] if "dog" in labels else [],
        }
        text(home / "ann" / f"{name}.png.json", json.dumps(document))
    return folder


def write_fiftyone(folder: Path) -> Path:
    values = {"a": [0, {"label": "dog"}], "b": "dog", "c": [], "d": {"label": "sun", "confidence": 0.5}}
    for name in PICTURES:
        picture(folder / "data" / f"{name}.png")
    text(folder / "labels.json", json.dumps({"classes": list(LABELS), "labels": values}))
    return folder


def write_createml(folder: Path) -> Path:
    items = []
    for name in PICTURES:
        picture(folder / f"{name}.png")
        labels: list[object] = [
            label if label == "cat" else {"label": label, "coordinates": {"x": 1}} for label in present(PLAIN, name)
        ]
        items.append({"image": f"{name}.png", "annotations": labels})
    return text(folder / "createml.json", json.dumps(items))


def add_to_tar(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def write_webdataset(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for split in ("train", "validation"):
        with tarfile.open(folder / f"{split}-0000.tar", "w") as tar:
            for name in (name for name in PICTURES if SPLITS[name] == split):
                add_to_tar(tar, f"{name}.png", png(PICTURES.index(name)))
                unknown = [label for label, state in WITH_UNKNOWN[name].items() if state == "U"]
                values = {"tags": present(PLAIN, name), "unknown": unknown, "id": 5}
                add_to_tar(tar, f"{name}.json", json.dumps(values).encode())
    text(folder / "labels.txt", "cat\ndog\nsun\n")
    return folder


FEATURES: dict[str, object] = {
    "image": {"_type": "Image"},
    "labels": {"feature": {"names": list(LABELS), "_type": "ClassLabel"}, "_type": "List"},
    "width": {"dtype": "int64", "_type": "Value"},
}


def huggingface_table(names: Sequence[str] = PICTURES, features: dict[str, object] = FEATURES) -> pa.Table:
    columns = {
        "image": [{"bytes": png(PICTURES.index(name)), "path": f"{name}.png"} for name in names],
        "labels": [[LABELS.index(label) for label in present(PLAIN, name)] for name in names],
        "width": [3 for _ in names],
    }
    schema = pa.schema(
        [
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            ("labels", pa.list_(pa.int64())),
            ("width", pa.int64()),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    return pa.table(columns, schema=schema)


def write_huggingface(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    for split in ("train", "validation"):
        names = [name for name in PICTURES if SPLITS[name] == split]
        pq.write_table(huggingface_table(names), folder / "data" / f"{split}-00000-of-00001.parquet", row_group_size=2)
    return folder


def write_saved(folder: Path) -> Path:
    """What ``Dataset.save_to_disk`` writes."""
    folder.mkdir(parents=True)
    for number, names in enumerate((PICTURES[:3], PICTURES[3:])):
        table = huggingface_table(names)
        path = str(folder / f"data-0000{number}-of-00002.arrow")
        with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    files = [{"filename": f"data-0000{number}-of-00002.arrow"} for number in range(2)]
    text(folder / "state.json", json.dumps({"_data_files": files, "_fingerprint": "f", "_split": None}))
    text(folder / "dataset_info.json", json.dumps({"features": FEATURES}))
    return folder


OPEN_IMAGES: Truth = {**WITH_UNKNOWN, "d": {"cat": "U", "dog": "U", "sun": "P"}}
WITH_NONE: Truth = {
    name: {**states, "none": "P" if name == "c" else "A"} for name, states in PLAIN.items()
}  # fmt: skip

# name of the format -> (how it is written, what it says)
WRITTEN: dict[str, tuple[Callable[[Path], Path], Truth]] = {
    "coco": (write_coco, WITH_UNKNOWN),
    "voc": (write_voc, WITH_UNKNOWN),
    "yolo": (write_yolo, PLAIN),
    "label-folders": (write_label_folders, WITH_NONE),
    "imagefolder": (write_imagefolder, PLAIN),
    "roboflow": (write_roboflow, WITH_UNKNOWN),
    "openimages": (write_openimages, OPEN_IMAGES),
    "label-studio": (write_label_studio, WITH_UNKNOWN),
    "cvat": (write_cvat, PLAIN),
    "supervisely": (write_supervisely, PLAIN),
    "fiftyone": (write_fiftyone, PLAIN),
    "webdataset": (write_webdataset, WITH_UNKNOWN),
    "huggingface": (write_huggingface, PLAIN),
    "createml": (write_createml, PLAIN),
}
