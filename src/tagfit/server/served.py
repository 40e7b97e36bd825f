"""Served: the tagger that is served, replaced by another one without a request being lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tagfit.tagger import Tagger
from tagfit.workflow.tagging import tagger_of


def load(folder: Path) -> Tagger:
    """The tagger of a folder, ready: its net is built and has scored a picture.

    Raises:
        InputError: no run and no tagger, one that is damaged, or one of rows of features.
    """
    model = tagger_of(folder)
    model.refuse_features()
    size = model.preprocessing.size
    assert size is not None
    model.probabilities(np.zeros((1, size, size, 3), np.uint8))
    return model


@dataclass
class Served:
    """The tagger that new requests get.

    Attributes:
        model: the tagger. A request takes it once, and is decoded, scored and answered by that one.
        name: of the model, in addresses.
        load: gives the tagger of now.
    """

    model: Tagger
    name: str
    load: Callable[[], Tagger]
    _reloading: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, folder: Path) -> Served:
        """The tagger of a folder, under the name of the folder.

        Raises:
            InputError: as :func:`load`.
        """
        return cls(load(folder), folder.resolve().name, lambda: load(folder))

    def reload(self) -> Tagger:
        """Replace the tagger by what the folder holds now; an error leaves it as it is.

        Raises:
            InputError: as :func:`load`.
        """
        with self._reloading:
            self.model = self.load()
            return self.model
