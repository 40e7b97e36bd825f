"""Lists of names on the command line, and the words that people type for commands, options and recipe fields."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

# What other tools call a command -> how it is called here.
COMMANDS = {
    "fit": "tagfit train SOURCE",
    "learn": "tagfit train SOURCE",
    "run": "tagfit train SOURCE",
    "resume": "tagfit train --resume RUN",
    "predict": "tagfit tag RUN PICTURE",
    "infer": "tagfit tag RUN PICTURE",
    "inference": "tagfit tag RUN PICTURE",
    "classify": "tagfit tag RUN PICTURE",
    "label": "tagfit tag RUN PICTURE",
    "eval": "tagfit evaluate RUN",
    "score": "tagfit evaluate RUN",
    "metrics": "tagfit evaluate RUN",
    "validate": "tagfit evaluate RUN",
    "test": "tagfit evaluate RUN --split test",
    "threshold": "tagfit thresholds RUN",
    "calibrate": "tagfit thresholds RUN",
    "diff": "tagfit compare RUN RUN",
    "saliency": "tagfit explain MODEL PICTURE",
    "gradcam": "tagfit explain MODEL PICTURE",
    "debug": "tagfit diagnose RUN",
    "analyse": "tagfit diagnose RUN",
    "analyze": "tagfit diagnose RUN",
    "summary": "tagfit report RUN",
    "html": "tagfit report RUN",
    "tune": "tagfit cure RUN",
    "search": "tagfit cure RUN",
    "optimise": "tagfit cure RUN",
    "optimize": "tagfit cure RUN",
    "fix": "tagfit cure RUN",
    "export": "tagfit pack RUN FOLDER",
    "save": "tagfit pack RUN FOLDER",
    "check": "tagfit data check SOURCE",
    "inspect": "tagfit data check SOURCE",
    "split": "tagfit data split SOURCE --out FILE",
    "generate": "tagfit data generate DIR",
    "list": "tagfit runs",
    "ls": "tagfit runs",
    "show": "tagfit recipes show NAME",
    "models": "tagfit recipes",
    "help": "tagfit --help",
    "version": "tagfit --version",
}

# What other tools call an option -> what does the same here.
OPTIONS = {
    "gpu": "--device cuda",
    "cuda": "--device cuda",
    "cpu": "--device cpu",
    "gpus": "--device cuda",
    "accelerator": "--device",
    "workers": "--threads",
    "num_workers": "--threads",
    "jobs": "--threads",
    "n_jobs": "--threads",
    "random_state": "--seed",
    "random_seed": "--seed",
    "o": "--out",
    "output": "--out",
    "output_dir": "--out",
    "out_dir": "--out",
    "save_dir": "--out",
    "config": "--recipe",
    "preset": "--recipe",
    "params": "--set",
    "val": "--validation-share",
    "val_split": "--validation-share",
    "val_size": "--validation-share",
    "validation_split": "--validation-share",
    "validation_size": "--validation-share",
    "test_size": "--test-share",
    "test_split": "--test-share",
    "fold": "--validation-fold",
    "img_size": "--size",
    "image_size": "--size",
    "imgsz": "--size",
    "resolution": "--size",
    "sep": "--separator",
    "delimiter": "--separator",
    "cache": "--cache-dir",
    "classes": "--labels",
    "sample": "--limit",
    "max_samples": "--limit",
    "threshold": "--thresholds",
    "metric": "--metrics",
    "strategy": "--for",
    "target": "--goal",
    "max_trials": "--trials",
    "n_trials": "--trials",
    "timeout": "--budget",
    "time": "--budget",
    "max_gap": "--gap-at-most",
    "maximize": "--maximise",
    "ignore": "--mute",
    "html": "--out",
    "letter": "--out",
    "checkpoint": "--resume",
    "continue": "--resume",
}

# What other tools call a hyper-parameter -> the field of a recipe.
FIELDS = {
    "lr": "learning_rate",
    "batch": "batch_size",
    "bs": "batch_size",
    "epoch": "epochs",
    "n_epochs": "epochs",
    "num_epochs": "epochs",
    "max_epochs": "epochs",
    "optimizer": "optimiser",
    "optim": "optimiser",
    "wd": "weight_decay",
    "l2": "weight_decay",
    "lr_schedule": "schedule",
    "lr_scheduler": "schedule",
    "scheduler": "schedule",
    "hidden": "widths",
    "hidden_units": "widths",
    "layers": "widths",
    "units": "widths",
    "arch": "architecture",
    "model": "architecture",
    "early_stopping": "patience",
    "dropout_rate": "dropout",
    "smoothing": "label_smoothing",
    "clip": "gradient_clip",
    "grad_clip": "gradient_clip",
    "augmentation": "augment",
    "batch_norm": "norm",
    "class_weight": "positive_weights",
    "pos_weight": "positive_weights",
}


def names_in(text: str) -> list[str]:
    """The names in ``a, b``."""
    return [name.strip() for name in text.split(",") if name.strip()]


def command_for(word: str, commands: Sequence[str], path: str) -> str:
    """The command line that a word which is no command may have meant; ``path`` is the command that it follows."""
    from tagfit.recipe import NAMED

    if word.lower() in COMMANDS:
        return COMMANDS[word.lower()]
    if word in NAMED:
        return f"tagfit recipes show {word}"
    near = difflib.get_close_matches(word, commands, n=3)
    return (
        f"did you mean {' or '.join(f'{path} {name}' for name in near)}?" if near else f"one of {', '.join(commands)}"
    )


def option_for(flag: str, value: str, options: Sequence[str], path: str) -> str:
    """What does the work of an option that a command does not have.

    Args:
        flag: as typed, such as ``--lr``.
        value: what was given to it, or a placeholder.
        options: those that the command has.
        path: the command, such as ``tagfit train``.
    """
    name = flag.lstrip("-").replace("-", "_").lower()
    field = field_for(name)
    if field is not None:
        setting = f"--set {field}={value}"
        return setting if "--set" in options else f"tagfit train SOURCE {setting}"
    known = OPTIONS.get(name, "")
    if known.partition(" ")[0] in options:
        return known
    if name in ("label", "labels") and "--labels" in options:
        return "--labels"
    near = difflib.get_close_matches(flag, options, n=2, cutoff=0.75)
    return f"did you mean {' or '.join(near)}?" if near else f"see {path} --help"


def field_for(name: str) -> str | None:
    """The field of a recipe that a name may mean."""
    from tagfit.recipe import Recipe

    return name if name in Recipe.model_fields else FIELDS.get(name)
