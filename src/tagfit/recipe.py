"""Recipe: the architecture and the training hyper-parameters, which are all that a cure may change."""

from __future__ import annotations

import difflib
import html
import json
import reprlib
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from tagfit.arguments import checked
from tagfit.backbones import pinned
from tagfit.errors import Fault, InputError, gathered
from tagfit.files import write_text

# Beside its own error tomllib lets through what Python says of bytes, of giant numbers and of lists nested too deep.
TOML_FAULTS = (ValueError, RecursionError)

Share = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1, le=65536)]
Exponent = Annotated[float, Field(ge=0, le=10)]


class Recipe(BaseModel):
    """How a net is built and trained. Data, splits, labels and preprocessing cannot be expressed here: see Problem.

    The head has one logit per label and each entry a loss of its own; softmax is not an option.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    architecture: Literal["dense", "conv", "pretrained"] = Field(
        "dense", description="dense layers, a small residual conv net, or dense layers on a pretrained backbone"
    )
    widths: Annotated[tuple[Width, ...], Field(max_length=16)] = Field(
        (128, 64), description="units of each hidden layer, or channels of each conv stage"
    )
    depth: Annotated[int, Field(ge=1, le=16)] = Field(1, description="residual blocks per conv stage")
    backbone: Annotated[str, Field(min_length=1)] = Field(
        "efficientnet-lite0",
        description="pretrained: the net that gives the dense layers features, a name or the folder of a model",
    )
    backbone_size: Annotated[int, Field(ge=0, le=4096)] = Field(
        0, description="pretrained: side of the pictures that the backbone gets, in pixels; 0 for its own"
    )
    tune: Literal["head", "last", "all"] = Field(
        "head", description="pretrained: the dense layers alone are trained, or the last blocks of the backbone, or all"
    )
    activation: Literal["relu", "gelu", "silu", "tanh"] = "relu"
    norm: Literal["none", "batch"] = Field("none", description="normalisation after each hidden layer")
    dropout: Annotated[tuple[Share, ...], Field(min_length=1, max_length=16)] = Field(
        (0.0,),
        description="share of units dropped, one value per hidden layer or one for all; conv: one, before the head",
    )

    optimiser: Literal["adam", "adamw", "sgd"] = Field("adam", description="adam couples weight decay, adamw does not")
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3
    schedule: Literal["constant", "cosine", "one-cycle"] = Field(
        "constant", description="how the learning rate changes from step to step"
    )
    warmup: Share = Field(
        0.0, description="share of all steps over which the learning rate rises; one-cycle has its own warmup"
    )
    backbone_learning_rate: Annotated[float, Field(gt=0, le=10)] = Field(
        1e-4, description="of the last block of a backbone that is tuned; learning_rate is that of the dense layers"
    )
    layer_decay: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="learning rate of each block of a backbone, as a share of that of the block after it"
    )
    batch_statistics: Literal["frozen", "updated"] = Field(
        "frozen", description="means and variances in the batch norm of a backbone that is tuned"
    )
    drop_path: Share = Field(
        0.0,
        description="tuned EfficientNets: share of pictures that skip the last block in training; earlier ones less",
    )
    frozen_branch: bool = Field(
        False,
        description="tuned backbones: the logits are averaged with those of a `pretrained` head on the published one",
    )
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 32
    epochs: Annotated[int, Field(ge=1, le=100_000)] = Field(50, description="at most this many")
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.0
    loss: Literal["bce", "focal", "asymmetric"] = Field(
        "bce",
        description="binary cross-entropy, or weighted less on easy entries; `loss` as a metric is always bce",
    )
    focal_gamma: Exponent = Field(2.0, description="focal: exponent that down-weights easy entries; 0 for bce")
    focal_alpha: Share = Field(0.0, description="focal: weight of present entries, absent ones 1 - alpha; 0 for none")
    asymmetric_gamma_positive: Exponent = Field(0.0, description="asymmetric: exponent for easy present entries")
    asymmetric_gamma_negative: Exponent = Field(4.0, description="asymmetric: exponent for easy absent entries")
    asymmetric_clip: Share = Field(0.05, description="asymmetric: absent entries below this probability weigh nothing")
    label_smoothing: Share = Field(0.0, description="targets become t (1 - s) + s / 2")
    positive_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: absent over present entries in train, per label"
    )
    gradient_clip: Annotated[float, Field(ge=0)] = Field(0.0, description="largest norm of the gradient; 0 for none")
    ema: Share = Field(
        0.0, description="decay per step of a running average of the weights, used for scoring; 0 for none"
    )
    augment: bool = Field(
        False,
        description="random flips and small rotations, zooms and shifts of the training pictures; not for dense",
    )
    views: Annotated[int, Field(ge=1, le=64)] = Field(
        8, description="pretrained with augment: how many augmented views of a picture a frozen part is run on"
    )

    patience: Annotated[int, Field(ge=0)] = Field(
        0, description="epochs without a better `monitor` before it stops; 0 for never"
    )
    monitor: Literal["loss", "label_accuracy", "macro_f1", "mAP"] = Field(
        "loss", description="the validation metric that patience watches and the best weights are chosen by"
    )
    restore_best: bool = Field(False, description="keep the weights of the best epoch, not of the last")

    if not TYPE_CHECKING:  # type checkers know the fields; this only changes what a wrong one raises

        def __init__(self, **fields: Any) -> None:
            try:
                super().__init__(**fields)
            except ValidationError as error:
                raise InputError([_fault(problem) for problem in error.errors()]) from None

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth_value(cls, value: Any, info: ValidationInfo) -> Any:
        """Python treats true as 1, but ``patience = true`` is a mistake."""
        assert info.field_name is not None
        values = value if isinstance(value, list | tuple) else (value,)
        if cls.model_fields[info.field_name].annotation is not bool and any(isinstance(item, bool) for item in values):
            raise ValueError("true and false are not valid here")
        return value

    @field_validator("backbone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        return pinned(value)

    @model_validator(mode="after")
    def _fits_together(self) -> Recipe:
        given, widths = len(self.dropout), len(self.widths)
        problems = []
        if self.architecture == "conv":
            if not widths:
                problems.append("a conv net needs at least one stage in widths")
            if given > 1:
                problems.append(f"dropout has {given} values; a conv net has one, before its head")
        elif given not in (1, widths):
            problems.append(f"dropout has {given} values for {widths} widths; give one, or one per width")
        if self.augment and self.architecture == "dense":
            problems.append("augment = true needs architecture = 'conv' or 'pretrained'")
        if self.tune != "head" and self.architecture != "pretrained":
            problems.append(f"tune = '{self.tune}' needs architecture = 'pretrained'")
        if self.drop_path and not self.tuned:
            problems.append(f"drop_path = {self.drop_path:g} needs tune = 'last' or 'all'")
        if self.frozen_branch and not self.tuned:
            problems.append("frozen_branch = true needs tune = 'last' or 'all'")
        if self.norm == "batch" and self.batch_size < 2:
            problems.append("norm = 'batch' needs a batch_size of at least 2")
        if self.warmup and self.schedule == "one-cycle":
            problems.append("schedule = 'one-cycle' has its own warmup; set warmup = 0")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def changed(self, **fields: Any) -> Recipe:
        """This recipe with some fields changed, checked as a whole.

        Raises:
            InputError: an unknown field or a value out of its range.
        """
        return parse({**self.model_dump(), **fields}, where="")

    @property
    def frozen(self) -> bool:
        """Whether only a head is trained, on the features of a backbone that stays as it is."""
        return self.architecture == "pretrained" and self.tune == "head"

    @property
    def tuned(self) -> bool:
        """Whether a backbone is trained, or its last blocks."""
        return self.architecture == "pretrained" and self.tune != "head"

    @property
    def channels_first(self) -> bool:
        """Whether the net takes pictures, or maps of a backbone, as (n, channels, h, w)."""
        return self.architecture == "conv" or self.tuned

    def to_toml(self) -> str:
        """The recipe as TOML, every field spelled out."""
        return "".join(f"{line}\n" for line in toml_lines(self.model_dump(mode="json")))

    def __repr__(self) -> str:
        defaults = type(self).model_fields
        changed = [f"{name}={value!r}" for name, value in self if value != defaults[name].default]
        return f"Recipe({', '.join(changed)})"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.to_toml())}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, every field."""
        return self.model_dump(mode="json")

    @checked()
    def save(self, path: str | Path) -> None:
        """Write :meth:`to_toml` to ``path``, whole or not at all."""
        write_text(Path(path), self.to_toml())

    @classmethod
    @checked()
    def load(cls, path: str | Path) -> Recipe:
        """Read a recipe file, or take a named recipe, such as ``Recipe.load("plain-dense")``.

        Raises:
            InputError: neither; no TOML; unknown fields, values out of range; all of them at once.
        """
        return find(path)


def toml_lines(values: dict[str, Any]) -> list[str]:
    """``field = value`` lines. JSON writes texts, numbers, booleans and lists as TOML does, each on one line."""
    return [f"{name} = {json.dumps(value)}" for name, value in values.items()]


def parse(values: dict[str, Any], where: str) -> Recipe:
    """Plain values -> Recipe. ``where`` names their place in the error."""
    try:
        return Recipe(**values)
    except InputError as error:
        raise InputError([replace(fault, where=where) for fault in error.faults]) from None
    except TypeError:  # keys that are no texts
        raise InputError(Fault("a field of a recipe has a name that is not a text", where)) from None


def load(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        InputError: no such file, not TOML, unknown fields, values out of range; all of them at once.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot read the recipe {path}: {error.strerror}") from None
    except TOML_FAULTS as error:
        raise InputError(
            f"{path} is not valid TOML: {error}", instead="start from `tagfit recipes show NAME`"
        ) from None
    return parse(values, where=str(path))


@checked()
def find(name: str | Path) -> Recipe:
    """A named recipe, or the recipe in a file.

    Raises:
        InputError: neither; the named ones are listed.
    """
    if str(name) in NAMED:
        return NAMED[str(name)]
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return load(path)
    raise InputError(f"there is no recipe {str(name)!r}", instead=f"a file, or one of {', '.join(NAMED)}")


def assign(recipe: Recipe, settings: list[str]) -> Recipe:
    """Apply ``field=value`` settings, as given with ``--set``. Values are TOML; a list may be written ``128,64``."""
    changes: dict[str, Any] = {}
    faults: list[Fault] = []
    for setting in settings:
        field, equals, value = setting.partition("=")
        field = field.strip()
        if not equals:
            faults.append(Fault(f"--set {setting}", instead="--set field=value, such as --set epochs=20"))
        elif field not in Recipe.model_fields:
            faults.append(_unknown_field(field, "--set"))
        else:
            changes[field] = _value(field, value.strip())
    changed = recipe
    with gathered(faults):
        changed = recipe.changed(**changes)
    if faults:
        raise InputError(faults)
    return changed


def _value(field: str, text: str) -> Any:
    as_list = field in ("widths", "dropout") and not text.startswith("[")
    try:
        found = tomllib.loads(f"value = {f'[{text}]' if as_list else text}")
    except TOML_FAULTS:
        return text
    return found["value"] if len(found) == 1 else text


# Where a field is given as an argument of a function that has it in its recipe.
AS_OVERRIDE = {field: f"overrides={{{field!r}: ...}}" for field in Recipe.model_fields}


def _fault(problem: Any) -> Fault:
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return _unknown_field(field, "")
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "tuple_type":
        message = "give a list, such as [0.4, 0.3]" if field == "dropout" else "give a list, such as [128, 64]"
    if not field:
        return Fault(message)
    return Fault(f"{field} = {reprlib.repr(problem['input'])}: {message[0].lower()}{message[1:]}")


def _unknown_field(field: str, where: str) -> Fault:
    close = difflib.get_close_matches(field, Recipe.model_fields, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the fields are {', '.join(Recipe.model_fields)}"
    return Fault(f"{field!r} is not a field of a recipe", where, hint)


NAMED: dict[str, Recipe] = {
    # At a constant rate the loss jumps in single epochs, also in the last; with other bits, another net.
    "plain-dense": Recipe(widths=(64, 32), schedule="cosine", epochs=80),
    "regularised-dense": Recipe(
        widths=(128, 64), norm="batch", dropout=(0.4, 0.3), epochs=50, patience=5, restore_best=True
    ),
    "plain-conv": Recipe(architecture="conv", widths=(32, 64, 128, 256), epochs=40),
    "regularised-conv": Recipe(
        architecture="conv",
        widths=(24, 48, 96, 192),
        norm="batch",
        dropout=(0.2,),
        optimiser="adamw",
        learning_rate=3e-3,
        schedule="one-cycle",
        epochs=48,
        weight_decay=0.2,
        ema=0.98,
        augment=True,
        monitor="mAP",
        restore_best=True,
    ),
    "pretrained": Recipe(
        architecture="pretrained",
        backbone="efficientnet-lite2",
        widths=(256,),
        dropout=(0.5,),
        optimiser="adamw",
        learning_rate=1e-3,
        schedule="cosine",
        epochs=12,
        weight_decay=2.0,
    ),
    "fine-tuned": Recipe(
        architecture="pretrained",
        backbone="efficientnet-lite2",
        tune="last",
        frozen_branch=True,
        drop_path=0.2,
        views=4,
        widths=(),
        dropout=(0.3,),
        optimiser="adamw",
        learning_rate=1e-3,
        backbone_learning_rate=3e-4,
        layer_decay=0.95,
        schedule="cosine",
        warmup=0.1,
        epochs=6,
        weight_decay=0.05,
        ema=0.98,
        augment=True,
        monitor="mAP",
    ),
}
SUMMARIES: dict[str, str] = {
    "plain-dense": "what people start with: two dense layers and nothing against overfitting",
    "regularised-dense": "dense layers with batch norm, dropout and early stopping",
    "plain-conv": "a conv net with nothing against overfitting",
    "regularised-conv": "a small residual conv net with batch norm, weight decay, averaged weights and augmentation",
    "pretrained": "a small head on the features of a net that was trained on ImageNet: for photographs",
    "fine-tuned": "a net that was trained on ImageNet, its last stages trained further: more accurate, in minutes",
}
# What is trained where no recipe is named.
FOR_FEATURES, FOR_PICTURES = "regularised-dense", "regularised-conv"


def default_name(input_shape: tuple[int, ...]) -> str:
    """The named recipe for inputs of shape (D,) or (H, W, 3); pictures that are too small for it get the dense one."""
    smallest = 2 ** len(NAMED[FOR_PICTURES].widths)
    return FOR_PICTURES if len(input_shape) == 3 and min(input_shape[:2]) >= smallest else FOR_FEATURES
