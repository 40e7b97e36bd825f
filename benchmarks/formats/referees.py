"""The other readers' view of the small test set: where they agree with tagfit, and where they do not.

Two environments, since tagfit does not depend on the referees: write the sets and tagfit's truth with its own Python,
then compare with a Python that has pycocotools, datasets and webdataset.

python benchmarks/formats/referees.py write DIR
python-with-referees benchmarks/formats/referees.py compare DIR
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

LABELS = ("cat", "dog", "sun")
CONVERTED = ("coco", "parquet", "webdataset")


def write(folder: Path) -> None:
    """The small set of the tests in every format, and what tagfit reads from each."""
    tests = Path(__file__).parents[2] / "tests"
    sys.path[:0] = [str(tests / "data" / "formats"), str(tests)]
    from format_fixtures import WRITTEN
    from test_every_format import states

    from tagfit.data.convert.convert import convert
    from tagfit.data.read import read

    found: dict[str, object] = {}
    for name, (maker, _) in WRITTEN.items():
        source = maker(folder / name)
        data = read(source, learnable=False)
        found[name] = {"source": str(source), "truth": states(data)}
        if name == "voc":
            for to in CONVERTED:
                convert(data, to, folder / f"converted-{to}")
                found[f"converted-{to}"] = {"source": str(folder / f"converted-{to}"), "truth": states(data)}
    (folder / "truth.json").write_text(json.dumps(found))


def stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def by_pycocotools(source: str) -> dict[str, set[str]]:
    from pycocotools.coco import COCO

    coco = COCO(source if source.endswith(".json") else f"{source}/annotations.json")
    names = {one["id"]: one["name"] for one in coco.loadCats(coco.getCatIds())}
    return {
        stem(image["file_name"]): {names[one["category_id"]] for one in coco.imgToAnns[image["id"]]}
        for image in coco.loadImgs(coco.getImgIds())
    }


def by_datasets(kind: str) -> Callable[[str], dict[str, set[str]]]:
    def read(source: str) -> dict[str, set[str]]:
        import datasets

        if kind == "imagefolder":
            splits: Iterable[datasets.Dataset] = datasets.load_dataset("imagefolder", data_dir=source).values()
        else:
            files = sorted(map(str, Path(source).rglob("*.parquet")))
            splits = datasets.load_dataset("parquet", data_files=files).values()
        found = {}
        for split in splits:
            feature = split.features["labels"]
            undecoded = split.cast_column("image", datasets.Image(decode=False))
            for row in undecoded:
                inner = getattr(feature, "feature", None)
                names = [inner.int2str(one) if hasattr(inner, "int2str") else one for one in row["labels"]]
                found[stem(row["image"]["path"])] = set(names)
        return found

    return read


def by_webdataset(source: str) -> dict[str, set[str]]:
    import webdataset

    shards = sorted(map(str, Path(source).glob("*.tar")))
    samples = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False)
    return {stem(sample["__key__"]): set(json.loads(sample["json"])["tags"]) for sample in samples}


REFEREES: dict[str, tuple[str, Callable[[str], dict[str, set[str]]]]] = {
    "coco": ("pycocotools", by_pycocotools),
    "converted-coco": ("pycocotools", by_pycocotools),
    "huggingface": ("datasets", by_datasets("parquet")),
    "imagefolder": ("datasets", by_datasets("imagefolder")),
    "converted-parquet": ("datasets", by_datasets("parquet")),
    "webdataset": ("webdataset", by_webdataset),
    "converted-webdataset": ("webdataset", by_webdataset),
}


def compare(folder: Path) -> None:
    written = json.loads((folder / "truth.json").read_text())
    for name, (referee, read) in REFEREES.items():
        truth = written[name]["truth"]
        try:
            theirs = read(written[name]["source"])
        except Exception as error:  # noqa: BLE001 - a referee that fails says so in the table
            print(f"{name:22} {referee:12} failed: {type(error).__name__}: {error}")
            continue
        differ = [
            f"{picture}/{label}: {state}, theirs {'P' if label in theirs[picture] else 'A'}"
            for picture, labels in truth.items()
            if picture in theirs
            for label, state in labels.items()
            if (state == "P") != (label in theirs[picture]) or (state == "U" and label in theirs[picture])
        ]
        missing = sorted(truth.keys() - theirs.keys())
        verdict = f"differs: {differ}, missing {missing}" if differ or missing else "agrees"
        print(f"{name:22} {referee:12} {verdict}")


if __name__ == "__main__":
    {"write": write, "compare": compare}[sys.argv[1]](Path(sys.argv[2]))
