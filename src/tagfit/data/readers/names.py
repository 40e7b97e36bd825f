"""The names of the formats, apart from their readers so that the command line can list them without loading any."""

from __future__ import annotations

from typing import Literal

FormatName = Literal[
    "csv", "excel", "folder", "npz", "arff", "coco", "voc", "yolo", "openimages", "roboflow", "imagefolder",
    "label-folders", "huggingface", "webdataset", "label-studio", "cvat", "supervisely", "fiftyone", "createml",
    "photo-keywords",
]  # fmt: skip
