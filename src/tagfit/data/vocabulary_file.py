"""Where the vocabulary of a source comes from: what the user names, or ``vocabulary.toml`` next to the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tagfit.data.pictures.sources import Place
from tagfit.errors import InputError
from tagfit.vocabulary import FILE, Vocabulary

NONE = "none"
VocabularyLike = str | Path | Mapping[str, Any] | Vocabulary


def given(vocabulary: VocabularyLike | None) -> Vocabulary | None:
    """The vocabulary that the user names; None where nothing is named, or ``none``.

    Raises:
        InputError: no such file, or one that cannot be used.
    """
    if vocabulary is None or isinstance(vocabulary, Vocabulary):
        return vocabulary
    if isinstance(vocabulary, Mapping):
        return Vocabulary.from_dict(vocabulary)
    return None if str(vocabulary) == NONE else load(Path(vocabulary))


def load(path: Place) -> Vocabulary:
    """The vocabulary in a file.

    Raises:
        InputError: it cannot be read, or contradicts itself.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"{path} cannot be read as a vocabulary: {reason}", instead=f"a {FILE}, or none") from None
    return Vocabulary.parse(text, str(path))


def found_at(place: Place) -> Vocabulary | None:
    """The vocabulary in a folder, or in the folder of a file; None where there is none.

    Raises:
        InputError: as :func:`load`.
    """
    file = (place if place.is_dir() else place.parent) / FILE
    return load(file) if file.is_file() else None


def vocabulary_of(place: Place, named: VocabularyLike | None) -> Vocabulary | None:
    """The vocabulary of a source: the named one, or else the one that lies with it.

    Raises:
        InputError: as :func:`load`.
    """
    return found_at(place) if named is None else given(named)


def to_plain(vocabulary: VocabularyLike | None) -> Any:
    """What :func:`given` takes, as plain JSON values that name the same from any folder."""
    if isinstance(vocabulary, Vocabulary):
        return vocabulary.to_dict()
    if vocabulary is None or isinstance(vocabulary, Mapping) or str(vocabulary) == NONE:
        return vocabulary
    return str(Path(vocabulary).absolute())
