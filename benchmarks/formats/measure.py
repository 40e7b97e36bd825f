"""How fast each format is read, and in how much memory: generated sets, each read in a process of its own.

python benchmarks/formats/measure.py [NAME ...] [--scale 1.0] [--folder DIR]

Pictures are hard links to a few tiny PNG files, so that what is measured is the reading of labels with the look at
each header, and not the disk. Sizes at scale 1 are those of the published sets.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

LINKS = 30_000  # hard links to one file: fewer than file systems allow
LABELS = [f"label {number:02}" for number in range(80)]


def png(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), (number % 256, number // 256 % 256, 7)).save(buffer, format="PNG")
    return buffer.getvalue()


def pictures(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(names), LINKS):
        first = folder / names[start]
        first.write_bytes(png(start // LINKS))
        for name in names[start + 1 : start + LINKS]:
            os.link(first, folder / name)


def names(count: int) -> list[str]:
    return [f"{number:012}.png" for number in range(count)]


def tags(generator: random.Random) -> list[int]:
    return generator.sample(range(len(LABELS)), generator.choice([0, 1, 2, 3, 4, 5]))


def coco(folder: Path, scale: float) -> Path:
    """118,287 pictures, 860,000 annotations with polygons, in about 450 MB, as instances_train2017.json."""
    count, generator = int(118_287 * scale), random.Random(0)
    pictures(folder / "train2017", names(count))
    path = folder / "annotations" / "instances_train2017.json"
    path.parent.mkdir()
    polygon = [round(generator.random() * 640, 2) for _ in range(2000)]
    with path.open("w") as file:
        file.write('{"info": {"year": 2017}, "licenses": [], "images": [')
        file.write(
            ", ".join(
                json.dumps({"license": 3, "file_name": name, "height": 427, "width": 640, "id": 2 * number,
                            "coco_url": f"http://images.cocodataset.org/train2017/{name}", "flickr_url": "x" * 60,
                            "date_captured": "2013-11-14 16:28:13"})
                for number, name in enumerate(names(count))
            )
        )  # fmt: skip
        file.write('], "annotations": [')
        for number in range(int(860_000 * scale)):
            start = generator.randrange(1900)
            shape = polygon[start : start + generator.choice([20, 40, 60, 90])]
            item = {"segmentation": [shape], "area": 702.1, "iscrowd": 0, "image_id": 2 * generator.randrange(count),
                    "bbox": shape[:4], "category_id": generator.randrange(80) + 1, "id": number}  # fmt: skip
            file.write(", " * (number > 0) + json.dumps(item))
        items = [{"supercategory": "x", "id": number + 1, "name": label} for number, label in enumerate(LABELS)]
        file.write(f'], "categories": {json.dumps(items)}}}')
    return path


def voc(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(17_125 * scale))
    pictures(folder / "JPEGImages", files)
    (folder / "Annotations").mkdir()
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"
    for name in files:
        items = "".join(
            f"<object><name>{LABELS[tag]}</name><pose>Left</pose><truncated>0</truncated><difficult>0</difficult>{box}</object>"
            for tag in tags(generator)
        )
        (folder / "Annotations" / f"{name[:-4]}.xml").write_text(
            f"<annotation><filename>{name}</filename>{items}</annotation>"
        )
    return folder


def yolo(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(20_000 * scale))
    pictures(folder / "images" / "train", files)
    (folder / "labels" / "train").mkdir(parents=True)
    for name in files:
        lines = "".join(f"{tag} 0.5 0.5 0.1 0.1\n" for tag in tags(generator))
        (folder / "labels" / "train" / f"{name[:-4]}.txt").write_text(lines)
    (folder / "data.yaml").write_text(f"train: images/train\nnames: {json.dumps(LABELS)}\n")
    return folder


def openimages(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(41_620 * scale))
    pictures(folder / "images", files)
    path = folder / "labels.csv"
    with path.open("w") as file:
        file.write("ImageID,Source,LabelName,Confidence\n")
        for name in files:
            file.writelines(
                f"{name[:-4]},verification,/m/{tag},{generator.randrange(2)}\n"
                for tag in generator.sample(range(80), 14)
            )
    return path


def roboflow(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(50_000 * scale))
    pictures(folder / "train", files)
    with (folder / "train" / "_classes.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["filename", *LABELS])
        for name in files:
            on = set(tags(generator))
            writer.writerow([name, *(int(number in on) for number in range(len(LABELS)))])
    return folder


def imagefolder(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(50_000 * scale))
    pictures(folder, files)
    with (folder / "metadata.jsonl").open("w") as file:
        for name in files:
            file.write(json.dumps({"file_name": name, "tags": [LABELS[tag] for tag in tags(generator)]}) + "\n")
    return folder


def label_folders(folder: Path, scale: float) -> Path:
    count = int(20_000 * scale)
    for label in range(20):
        place = folder / LABELS[label]
        place.mkdir(parents=True)
        for number in range(count // 20):
            (place / f"{number}.png").write_bytes(png(label * count + number))
    return folder


def label_studio(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(50_000 * scale))
    pictures(folder, files)
    tasks = [
        {
            "id": number,
            "data": {"image": f"/data/upload/1/0123abcd-{name}"},
            "annotations": [
                {
                    "result": [
                        {
                            "type": "choices",
                            "from_name": "x",
                            "value": {"choices": [LABELS[tag] for tag in tags(generator)]},
                        }
                    ]
                }
            ],
        }
        for number, name in enumerate(files)
    ]
    path = folder / "project.json"
    path.write_text(json.dumps(tasks))
    return path


def cvat(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(50_000 * scale))
    pictures(folder / "images", files)
    with (folder / "annotations.xml").open("w") as file:
        file.write("<annotations><version>1.1</version>")
        for number, name in enumerate(files):
            items = "".join(f'<box label="{LABELS[tag]}" xtl="1.0" ytl="2.0"/>' for tag in tags(generator))
            file.write(f'<image id="{number}" name="{name}">{items}</image>')
        file.write("</annotations>")
    return folder


def supervisely(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(20_000 * scale))
    pictures(folder / "ds" / "img", files)
    (folder / "ds" / "ann").mkdir()
    for name in files:
        document = {"tags": [{"name": LABELS[tag], "value": None} for tag in tags(generator)], "objects": []}
        (folder / "ds" / "ann" / f"{name}.json").write_text(json.dumps(document))
    return folder


def fiftyone(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(50_000 * scale))
    pictures(folder / "data", files)
    labels = {name[:-4]: tags(generator) for name in files}
    (folder / "labels.json").write_text(json.dumps({"classes": LABELS, "labels": labels}))
    return folder


def createml(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    files = names(int(50_000 * scale))
    pictures(folder, files)
    box = {"x": 10, "y": 20, "width": 30, "height": 40}
    items = [
        {"image": name, "annotations": [{"label": LABELS[tag], "coordinates": box} for tag in tags(generator)]}
        for name in files
    ]
    path = folder / "annotations.json"
    path.write_text(json.dumps(items))
    return path


def huggingface(folder: Path, scale: float) -> Path:
    """10^6 rows with embedded pictures; only labels and paths are read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    generator = random.Random(0)
    features = {
        "image": {"_type": "Image"},
        "labels": {"feature": {"names": LABELS, "_type": "ClassLabel"}, "_type": "List"},
    }
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("image", picture), ("labels", pa.list_(pa.int64()))],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    count, content = int(1_000_000 * scale), png(0)
    folder.mkdir()
    path = folder / "train.parquet"
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, count, 10_000):
            rows = range(start, min(count, start + 10_000))
            columns = {
                "image": [{"bytes": content, "path": f"{row:012}.png"} for row in rows],
                "labels": [tags(generator) for _ in rows],
            }
            writer.write_table(pa.table(columns, schema=schema))
    return path


def webdataset(folder: Path, scale: float) -> Path:
    generator = random.Random(0)
    folder.mkdir()

    def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))

    count = int(50_000 * scale)
    for shard in range(5):
        with tarfile.open(folder / f"train-{shard:04}.tar", "w") as tar:
            for number in range(count // 5):
                add(tar, f"{number + shard * count:09}.png", png(number))
                labels = json.dumps({"tags": [LABELS[tag] for tag in tags(generator)]})
                add(tar, f"{number + shard * count:09}.json", labels.encode())
    return folder


SETS: dict[str, Callable[[Path, float], Path]] = {
    "coco": coco, "voc": voc, "yolo": yolo, "openimages": openimages, "roboflow": roboflow, "imagefolder": imagefolder,
    "label-folders": label_folders, "label-studio": label_studio, "cvat": cvat, "supervisely": supervisely,
    "fiftyone": fiftyone, "createml": createml, "huggingface": huggingface, "webdataset": webdataset,
}  # fmt: skip


def read_once(path: str) -> None:
    """In a process of its own: print rows, seconds, seconds of processor time and peak memory in MB."""
    from tagfit.data.read import read

    start, busy = time.perf_counter(), time.process_time()
    data = read(path, learnable=False)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    print(json.dumps([len(data), seconds, busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def measured(chosen: list[str], scale: float, folder: Path) -> Iterator[str]:
    for name in chosen:
        path = SETS[name](folder / name, scale)
        done = subprocess.run(
            [sys.executable, __file__, "--read", str(path)], capture_output=True, text=True, check=True
        )
        rows, seconds, busy, memory = json.loads(done.stdout)
        # On a machine that does other work as well, the processor time is what says something.
        times = f"{seconds:6.2f} s ({busy:6.2f} s of processor)"
        yield f"{name:14} {rows:9,} rows {times} {rows / busy:10,.0f} rows/s {memory:7,.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(SETS))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--read", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read_once(arguments.read)
        return
    for name in arguments.names:
        with tempfile.TemporaryDirectory() as folder:
            for line in measured([name], arguments.scale, Path(folder)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
