"""Writes a folder with annotations.json, as COCO instances or as LVIS where entries are unknown, and images/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tagfit.data.convert.pictures import FOLDER, Pictures, describe_row
from tagfit.data.pictures.accepted import opened
from tagfit.data.readers.coco import NEGATIVE, NOT_EXHAUSTIVE, OWN
from tagfit.data.tagged import TaggedSet
from tagfit.files import to_json, write_text


def write(data: TaggedSet, pictures: Pictures, out: Path) -> None:
    """Write one annotation, the size of the whole picture, for each label that is present.

    Where entries are unknown, each image lists the categories that are known to be absent (``neg_category_ids``).

    Raises:
        InputError: a picture cannot be read.
    """
    federated = not data.known.all()
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for row, name, content in pictures.each():
        path = out / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        with opened(content, name) as picture:
            width, height = picture.size
        image = {"id": row + 1, "file_name": f"{FOLDER}/{name}", "width": width, "height": height}
        if federated:
            absent = data.known[row] & (data.truth[row] == 0)
            image |= {NEGATIVE: (np.flatnonzero(absent) + 1).tolist(), NOT_EXHAUSTIVE: []}
        if described := describe_row(data, row):
            image[OWN] = described
        images.append(image)
        for column in np.flatnonzero(data.truth[row]).tolist():
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": row + 1, "category_id": column + 1, "iscrowd": 0,
                    "bbox": [0, 0, width, height], "area": width * height,
                }
            )  # fmt: skip
    categories = [{"id": number, "name": label} for number, label in enumerate(data.labels, 1)]
    document = {"images": images, "annotations": annotations, "categories": categories}
    write_text(out / "annotations.json", to_json(document, indent=None))
