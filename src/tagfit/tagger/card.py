"""Card: the README.md of a tagger, which says what it does, how well, compared with what, and where it ends."""

from __future__ import annotations

import html
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

import tagfit
from tagfit.backbones import BACKBONES, EXTRA, FOLDER_EXTRA, PIN
from tagfit.display import few
from tagfit.tagger.tagger import Tagger

PIPELINE, LIBRARY = "image-classification", "tagfit"
# Fewer pictures with a label than this say little about it.
FEW_PICTURES = 25
NOT_PUBLISHED = "not published"


def card(tagger: Tagger, name: str, files: Mapping[str, str], transformers: str) -> str:
    """The text of ``README.md``: the Hub's metadata, then Markdown.

    Args:
        tagger: what it is about.
        name: of the model.
        files: SHA-256 by name.
        transformers: why transformers cannot load it; empty where it can.
    """
    front = yaml.safe_dump(_metadata(tagger, name), sort_keys=False, allow_unicode=True)
    parts = [
        f"---\n{front}---",
        f"# {_cell(name)}",
        f"Gives a picture any number of {len(tagger.labels)} labels: {_cell(few(tagger.labels))}.",
        _use(tagger, name, transformers),
        *_evaluations(tagger),
        _calibration(tagger),
        _origin(tagger),
        _purpose(tagger),
        _limits(tagger),
        "## Files\n\n" + _table(["file", "SHA-256"], [[f"`{file}`", f"`{digest}`"] for file, digest in files.items()]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _metadata(tagger: Tagger, name: str) -> dict[str, Any]:
    """The front matter, as the Hub reads it."""
    kept = "safetensors" if tagger.graph is None else "onnx"
    found: dict[str, Any] = {
        "library_name": LIBRARY,
        "pipeline_tag": PIPELINE,
        "tags": ["multi-label-classification", LIBRARY, kept],
    }
    evaluation = tagger.measured.get("evaluation", {})
    if not evaluation:
        return found
    found["metrics"] = sorted({metric for one in evaluation.values() for metric in one["metrics"]})
    task = {"type": PIPELINE, "name": "Multi-label image classification"}
    results = [
        {
            "task": task,
            "dataset": {"type": "private", "name": _dataset(tagger), "split": split},
            "metrics": [
                {"type": metric, "name": metric, "value": values["value"]}
                for metric, values in one["metrics"].items()
                if values["value"] is not None
            ],
        }
        for split, one in evaluation.items()
    ]
    found["model-index"] = [{"name": name, "results": results}]
    return found


def _dataset(tagger: Tagger) -> str:
    data = tagger.origin.get("problem", {}).get("data", "")
    return f"{NOT_PUBLISHED}, fingerprint {data[:16]}" if data else NOT_PUBLISHED


def _use(tagger: Tagger, name: str, transformers: str) -> str:
    lines = ["## Use", "", f"    pip install {_installed(tagger)}"]
    if tagger.preprocessing.size is not None:
        lines.append(f"    tagfit tag {shlex.quote(name)} PICTURES --out tags.csv")
    load = f"tagfit.Tagger.load({json.dumps(name, ensure_ascii=False)})"
    lines += ["", f"In Python: `{load}`, with `tag(pictures)` and `probabilities(rows)`."]
    if tagger.graph is not None:
        lines += ["Without tagfit, `model.onnx` runs in any ONNX runtime; its metadata have labels and thresholds."]
    if transformers:
        lines += ["", f"transformers cannot load it: {transformers}."]
    else:
        lines += [
            "",
            "`AutoModelForImageClassification.from_pretrained` of transformers loads it, too. The sigmoids of its "
            "logits are the probabilities; its image processor resizes in its own way, so they may differ a little.",
        ]
    return "\n".join(lines)


def _installed(tagger: Tagger) -> str:
    """What pip has to install to run it."""
    if tagger.graph is not None:
        return "tagfit onnxruntime"
    recipe = tagger.recipe
    complete = recipe.tune == "all" and recipe.backbone in BACKBONES
    if recipe.architecture != "pretrained" or tagger.net_name is not None or complete:
        return "'tagfit[train]'"
    return f"'tagfit[{EXTRA if recipe.backbone in BACKBONES else FOLDER_EXTRA}]'"


def _evaluations(tagger: Tagger) -> list[str]:
    found = []
    for split, one in tagger.measured.get("evaluation", {}).items():
        rows = [
            [metric, *map(_number, (values["value"],)), _interval(values["interval"])]
            + [_number(values[baseline]) for baseline in ("nothing", "prevalence", "best_constant")]
            for metric, values in one["metrics"].items()
        ]
        heads = ["metric", "value", "95 % interval", "no labels at all", "prevalence as score", "best constant set"]
        labels = [
            [
                _cell(record["label"]),
                _number(record["threshold"]),
                f"{record['support']:g}",
                _number(record["precision"]),
                _number(record["recall"]),
                _number(record["f1"]),
                _interval(record["f1_interval"]),
                _number(record["ap"]),
            ]
            for record in one["labels"]
        ]
        of_labels = ["label", "threshold", "pictures with it", "precision", "recall", "F1", "95 % interval", "AP"]
        notes = [f"- {_cell(note)}" for note in one["notes"]]
        found.append(
            f"## Evaluation on {split}\n\n{one['n']} rows that it was not trained on. The last three columns are what "
            "trivial predictors score on the same rows.\n\n"
            + _table(heads, rows)
            + "\n\n"
            + _table(of_labels, labels)
            + ("\n\n" + "\n".join(notes) if notes else "")
        )
    return found or ["## Evaluation\n\nThis tagger was written without an evaluation; `tagfit pack` adds one."]


def _calibration(tagger: Tagger) -> str:
    measured = tagger.measured.get("calibration")
    if tagger.calibration is None or not measured:
        return "## Calibration\n\nScores are not calibrated: they order pictures, but 0.8 does not mean 80 %."
    rows = [[_cell(label), _number(one["before"]), _number(one["after"])] for label, one in measured["errors"].items()]
    return (
        f"## Calibration\n\nPlatt scaling of each label, fitted on {measured['split']}. Calibration error before "
        "and after (cross-fitted):\n\n" + _table(["label", "before", "after"], rows)
    )


def _origin(tagger: Tagger) -> str:
    origin, recipe = tagger.origin, tagger.recipe
    net = tagger.net_name or recipe.architecture
    if recipe.architecture == "pretrained" and tagger.net_name is None:
        name, _, digest = recipe.backbone.partition(PIN)
        known = BACKBONES.get(name)
        trained_on = f", trained on {known.data}" if known else ""
        how = {"head": "a head on the frozen backbone", "last": "a head on a backbone whose last blocks were tuned,"}
        net = how.get(recipe.tune, "a head on a backbone that was tuned,")
        net += f" {Path(name).name}{trained_on} (SHA-256 {known.sha256 if known else digest})"
    rows = [["net", _cell(net)], ["input", _cell(tagger.preprocessing.shape)]]
    rows += [[_cell(key), _cell(str(value))] for key, value in origin.items() if isinstance(value, str | int)]
    rows += [[f"fingerprint of {key}", f"`{value}`"] for key, value in origin.get("problem", {}).items()]
    rows += [["fingerprint of this tagger", f"`{tagger.fingerprint}`"], ["tagfit", tagfit.__version__]]
    if "onnx" in tagger.measured:
        rows.append(
            ["largest difference of the graph from torch", f"{tagger.measured['onnx']['largest_difference']:.1e}"]
        )
    return "## Origin\n\n" + _table(["", ""], rows)


def _purpose(tagger: Tagger) -> str:
    return (
        "## Intended use\n\nTagging pictures like those that it was trained on, where a wrong or missing tag can be "
        "noticed and corrected: search, sorting, a first pass before people look. The thresholds "
        f"({_cell(tagger.thresholds.strategy)}) weigh wrong against missing tags; other uses need other thresholds."
    )


def _limits(tagger: Tagger) -> str:
    lines = [
        "It knows only its labels, and gives each picture scores, whatever the picture shows.",
        "The figures hold for pictures from the same source. Other cameras, places, times or people were not measured.",
    ]
    if tagger.preprocessing.size is not None:
        size = tagger.preprocessing.size
        lines.append(
            f"It sees pictures at {size} x {size} pixels; what is too small to be seen there is not recognised."
        )
    evaluation = tagger.measured.get("evaluation", {})
    if "test" not in evaluation:
        lines.append("There are no figures on test pictures: those on validation were seen while the net was chosen.")
    for split, one in evaluation.items():
        rare = [record["label"] for record in one["labels"] if record["support"] < FEW_PICTURES]
        if rare:
            lines.append(f"Fewer than {FEW_PICTURES} rows of {split} have {_cell(few(rare))}: little is known of them.")
        weak = _no_better(one)
        if weak:
            lines.append(f"On {split} it is not shown to be better than a trivial predictor in {', '.join(weak)}.")
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _no_better(evaluation: Mapping[str, Any]) -> list[str]:
    """The metrics whose interval does not exclude the best of the baselines."""
    found = []
    for metric, values in evaluation["metrics"].items():
        if metric == "calibration_error":  # a constant is calibrated, and says nothing
            continue
        baselines = [values[name] for name in ("nothing", "prevalence", "best_constant") if values[name] is not None]
        if not baselines or values["interval"] is None:
            continue
        low, high = values["interval"]
        higher = values["better"] == "higher"
        if (low <= max(baselines)) if higher else (high >= min(baselines)):
            found.append(metric)
    return found


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _cell(text: str) -> str:
    """Any text, as Markdown shows it literally on one line."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{sign}" if sign in "\\`*_[]|#" else sign for sign in escaped)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
