"""Tagger: preprocessing, weights, thresholds and label names, everything needed to tag a picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit import processors
from tagfit.arguments import checked
from tagfit.data.pictures.decode import DECODER
from tagfit.data.problem import Preprocessing
from tagfit.display import Shown, few
from tagfit.errors import InputError
from tagfit.evaluation.scaling import Scaling
from tagfit.evaluation.thresholds import Thresholds
from tagfit.files import to_json
from tagfit.recipe import Recipe
from tagfit.runs.run import Run
from tagfit.tagger.onnx_engine import OnnxEngine
from tagfit.tagger.picture_paths import list_pictures
from tagfit.tagger.reference import Reference
from tagfit.tagger.stream import tag_each
from tagfit.training.represented import Represented
from tagfit.training.torch_import import torch_for
from tagfit.vocabulary import Vocabulary

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory
    from tagfit.training.scorer import Scorer

# One number, one per label in order, or by name.
ThresholdsLike = float | Mapping[str, float] | ArrayLike | Thresholds


@dataclass(frozen=True, eq=False, repr=False)
class Tagger(Shown):
    """A trained net with everything it needs, and no picture or tag that it was trained on.

    Attributes:
        labels: L names, in the order of the net's outputs.
        preprocessing: how a row becomes the input of the net.
        recipe: how the net is built.
        weights: NumPy arrays by name.
        thresholds: what is predicted, for these labels in this order.
        origin: where it comes from (run, seed, fingerprint of the Problem), plain JSON values; it changes no tag.
        calibration: slope and offset of each label's logit; None where the net's own probabilities are used.
        graph: the whole net as the bytes of an ONNX graph, in place of weights; None for one that torch runs.
        measured: what was measured when it was made (evaluation, difference of the graph), plain JSON values.
        net_name: of the factory that made the net in place of the recipe's layers; None where none did.
        net: that factory; a graph needs none.
        vocabulary: what the labels imply and exclude, or None; tags follow it.
        reference: what it gives for pictures of validation, for ``tagfit.drift``; None where it was made without them.
    """

    labels: tuple[str, ...]
    preprocessing: Preprocessing
    recipe: Recipe
    weights: Mapping[str, NDArray[Any]]
    thresholds: Thresholds
    origin: dict[str, Any]
    calibration: Scaling | None = None
    graph: bytes | None = None
    measured: dict[str, Any] = field(default_factory=dict)
    net_name: str | None = None
    net: NetFactory | None = None
    vocabulary: Vocabulary | None = None
    reference: Reference | None = None

    @property
    def fingerprint(self) -> str:
        """One hash of all that tags depend on: two taggers of equal fingerprint tag alike."""
        return fingerprint(self.settings(), self.weights, self.graph)

    def lines(self) -> list[str]:
        """The Tagger in a few lines."""
        count, net = sum(value.size for value in self.weights.values()), self.net_name or self.recipe.architecture
        kept = f"{count} weights" if self.graph is None else f"an ONNX graph of {len(self.graph) / 1e6:.1f} MB"
        return [
            f"Tagger: {len(self.labels)} labels, {self.preprocessing.shape}, {net}, {kept}",
            f"  labels: {few(self.labels)}",
            f"  thresholds: {self.thresholds.strategy}" + (", calibrated" if self.calibration else ""),
            f"  from: {few(f'{name} {value}' for name, value in self.origin.items() if isinstance(value, str | int))}",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: :meth:`settings`, origin and fingerprint; not the weights."""
        return {**self.settings(), "origin": self.origin, "fingerprint": self.fingerprint}

    def settings(self) -> dict[str, Any]:
        """All that tags depend on besides the weights, as plain JSON values."""
        vocabulary = {} if self.vocabulary is None else {"vocabulary": self.vocabulary.to_dict()}
        return {
            **vocabulary,
            "labels": list(self.labels),
            "preprocessing": {**self.preprocessing.to_dict(), "decoder": DECODER},
            "recipe": self.recipe.model_dump(mode="json"),
            "net": self.net_name,
            "thresholds": self.thresholds.to_dict(),
            "calibration": None if self.calibration is None else self.calibration.to_dict(),
            "engine": self.engine,
        }

    @property
    def engine(self) -> str:
        """What computes the probabilities: ``onnx`` (ONNX Runtime) or ``torch``."""
        return "torch" if self.graph is None else "onnx"

    @classmethod
    @checked()
    def of_run(
        cls, run: Run | str | Path, thresholds: ThresholdsLike = 0.5, *, net: NetFactory | None = None
    ) -> Tagger:
        """The Tagger of a trained run: see ``tagfit.tagger.folder.of_run``."""
        from tagfit.tagger.folder import of_run

        return of_run(run, thresholds, net=net)

    @classmethod
    @checked()
    def load(cls, folder: str | Path, *, net: NetFactory | None = None) -> Tagger:
        """Read a Tagger from its folder: see ``tagfit.tagger.folder.load``."""
        from tagfit.tagger.folder import load

        return load(folder, net=net)

    @checked()
    def save(self, folder: str | Path, thresholds: ThresholdsLike | None = None) -> Tagger:
        """Write the Tagger to a new folder: see ``tagfit.tagger.folder.save``."""
        from tagfit.tagger.folder import save

        return save(self, folder, thresholds)

    @checked()
    def at(self, thresholds: ThresholdsLike) -> Tagger:
        """The same with other thresholds: one number, one per label (an array or ``{label: number}``), or Thresholds.

        Raises:
            InputError: thresholds of other labels, or outside [0, 1].
        """
        given = thresholds if isinstance(thresholds, Thresholds) else Thresholds.fixed(thresholds, self.labels)
        return replace(self, thresholds=given.in_order(self.labels))

    def probabilities(
        self,
        inputs: NDArray[Any],
        rows: NDArray[np.int64] | None = None,
        *,
        digests: NDArray[np.str_] | None = None,
        cache_dir: Path | None = None,
    ) -> NDArray[np.float32]:
        """Probabilities of shape (n, L), computed on the processor.

        Args:
            inputs: (N, size, size, 3) uint8 pixels, or (N, D) float32 features, not yet shifted and scaled.
            rows: (n,) which of them; None for all.
            digests: (N,) of the contents, under which a backbone's features are kept; None keeps nothing.
            cache_dir: where they are kept; None for the default.

        Raises:
            InputError: rows of another shape than those trained on.
        """
        self._refuse_another_shape(inputs)
        if self.graph is not None:
            return self._onnx(inputs, rows)
        return self._torch(inputs, rows, digests=digests, cache_dir=cache_dir)

    @cached_property
    def _onnx(self) -> OnnxEngine:
        assert self.graph is not None
        return OnnxEngine(self.graph)

    @cached_property
    def _onnx_of_one_thread(self) -> OnnxEngine:
        assert self.graph is not None
        return OnnxEngine(self.graph, threads=1)

    @cached_property
    def _torch(self) -> Scorer:
        with torch_for("scoring"):
            from tagfit.training.scorer import Scorer
        settings = (self.recipe, self.weights, self.preprocessing, len(self.labels))
        return Scorer(*settings, scaling=self.calibration, device="cpu", net=self.net)

    def side_by_side(self) -> tuple[int, Callable[[NDArray[Any]], NDArray[np.float32]]]:
        """How many threads may score at the same time, and what each of them calls.

        Threads that each score their own pictures do not wait for one another, unlike those that share a picture. Torch
        uses all processors in one call.
        """
        if self.graph is None:
            return 1, self.probabilities
        return processors.for_computing(), self._onnx_of_one_thread

    def represent(
        self,
        inputs: NDArray[Any],
        digests: NDArray[np.str_] | None = None,
        on_extracted: Callable[[int, int], None] | None = None,
    ) -> Represented:
        """The scores of rows with their features: see ``tagfit.training.represent``.

        Args:
            inputs: as of :meth:`probabilities`.
            digests: (N,) of the contents, under which a backbone's features are kept; None keeps nothing.
            on_extracted: called with (pictures done, N) while a backbone extracts.

        Raises:
            InputError: rows of another shape than those trained on.
        """
        self._refuse_another_shape(inputs)
        if self.graph is not None:
            return self._onnx.represent(inputs)
        with torch_for("scoring"):
            from tagfit.training.represent import represent
        return represent(
            self.recipe,
            self.weights,
            self.preprocessing,
            inputs,
            len(self.labels),
            digests=digests,
            scaling=self.calibration,
            net=self.net,
            on_extracted=on_extracted,
        )

    @checked(pictures="picture files, or folders that hold some")
    def tag(
        self, pictures: Iterable[str | Path] | str | Path, on_tagged: Callable[[int, int], None] | None = None
    ) -> list[dict[str, Any]]:
        """Tags and scores of pictures, one record each: ``{"picture", "tags", "scores"}``.

        Args:
            pictures: files, or folders whose pictures are taken.
            on_tagged: called with (pictures done, pictures in all).

        Raises:
            InputError: no picture at all. One that cannot be read has its reason under "problem".
        """
        self.refuse_features()
        files = list_pictures([pictures] if isinstance(pictures, str | Path) else pictures)
        records: list[dict[str, Any]] = []
        for tagged in tag_each(self, files):
            records += [one.to_dict() for one in tagged]
            if on_tagged is not None:
                on_tagged(len(records), len(files))
        return records

    def refuse_features(self) -> None:
        """Raise an InputError unless this was trained on pictures."""
        if self.preprocessing.size is None:
            raise InputError(
                "this was trained on rows of features, not on pictures",
                instead="`tagfit evaluate RUN SOURCE` takes rows of features",
            )

    def _refuse_another_shape(self, inputs: NDArray[Any]) -> None:
        size = self.preprocessing.size
        expected = (len(self.preprocessing.mean),) if size is None else (size, size, 3)
        if inputs.shape[1:] != expected:
            raise InputError(f"rows of shape {inputs.shape[1:]}", instead=f"{expected}, as was trained on")


def fingerprint(settings: dict[str, Any], weights: Mapping[str, NDArray[Any]], graph: bytes | None = None) -> str:
    """The hash of :meth:`Tagger.settings` and weights or graph, the same before they are written and after."""
    plain = json.loads(to_json(settings))
    hashed = blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=16)
    for name, value in sorted(weights.items()):
        little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        hashed.update(f"\n{name} {little.dtype.str} {value.shape}\n".encode())
        hashed.update(little.tobytes())
    if graph is not None:
        hashed.update(graph)
    return hashed.hexdigest()
