"""Words: how keywords are cleaned, compared, and put together from several fields into paths."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

Path = tuple[str, ...]
KEPT = 1 << 16  # of words: a library repeats them thousands of times
DEFAULT_EXCLUDE = ("darktable|*", "_Digikam_Internal_Tags_|*")
FLAT = ("dc:subject", "iptc:Keywords", "exif:XPKeywords")
SLASHED = ("digiKam:TagsList", "MicrosoftPhoto:LastKeywordXMP")
PIPED = ("lr:hierarchicalSubject", "mwg-kw:Keywords", "acdsee:keywords", "mediapro:CatalogSets")
# The order of the fields wherever they are listed and joined.
FIELDS = (
    "dc:subject",
    "lr:hierarchicalSubject",
    "digiKam:TagsList",
    "MicrosoftPhoto:LastKeywordXMP",
    "mwg-kw:Keywords",
    "acdsee:categories",
    "acdsee:keywords",
    "mediapro:CatalogSets",
    "expressionmedia:CatalogSets",
    "iptc:Keywords",
    "exif:XPKeywords",
)
STEMS = (("ie", "y"), ("se", "s"), ("xe", "x"), ("che", "ch"), ("she", "sh"), ("oe", "o"), ("ve", "f"))
NO_PLURAL = ("ss", "us", "is")
IPTC_LIMIT = 64  # bytes of a keyword; programs cut longer ones


@lru_cache(KEPT)
def clean(text: str) -> str:
    """NFC, without NUL, whitespace runs as one space, trimmed."""
    return " ".join(unicodedata.normalize("NFC", text.replace("\0", "")).split())


@lru_cache(KEPT)
def fold(text: str) -> str:
    """What two spellings of one keyword have in common."""
    return clean(text).casefold()


@lru_cache(KEPT)
def stem(text: str) -> str:
    """What an English word in lower case and its plural have in common; ``bus`` and ``glass`` are no plurals."""
    if len(text) > 3 and text.endswith("s") and not text.endswith(NO_PLURAL):
        text = text[:-1]
    for ending, instead in STEMS:
        if text.endswith(ending) and len(text) > len(ending) + 1:
            return text.removesuffix(ending) + instead
    return text


@lru_cache(KEPT)
def folded(path: Path) -> Path:
    """A path by which it is compared."""
    return tuple(map(fold, path))


def path_of(field: str, value: str, split_flat: str = "") -> Path:
    """A value of a field as the path it stands for; empty where it is blank.

    Args:
        field: one of FIELDS, except ``acdsee:categories``, whose value is a tree.
        value: as it was read.
        split_flat: what separates a hierarchy in flat fields; '' where those hold single words.
    """
    separator = split_flat if field in FLAT else "/" if field in SLASHED else "|"
    parts = value.split(separator) if separator else [value]
    return tuple(part for part in map(clean, parts) if part)


@dataclass(frozen=True)
class Keywords:
    """The keywords of one photograph out of all fields that count.

    Attributes:
        paths: each keyword with its ancestors; no path is the beginning of another one.
        flat: every distinct word.
        excluded: paths that patterns leave out.
    """

    paths: tuple[Path, ...] = ()
    flat: tuple[str, ...] = ()
    excluded: tuple[Path, ...] = ()


def merged(paths: Iterable[Path], exclude: Sequence[str] = (), own: Iterable[Path] = ()) -> Keywords:
    """Paths of all fields as one set of keywords.

    A single word that is part of some path says nothing new. What ``own`` names, or ``exclude`` matches, is left out of
    ``paths`` together with the single words that it explains.

    Args:
        paths: in the order of FIELDS.
        exclude: shell patterns over the path, joined by ``|``; case does not matter.
        own: paths that tagfit added and nobody has confirmed.
    """
    given = list(paths)
    single = {folded(path): path for path in reversed(given) if len(path) == 1}
    longer: dict[Path, Path] = {}
    for path in given:
        if len(path) > 1:
            longer.setdefault(folded(path), path)
    beginnings = {key[:length] for key in longer for length in range(1, len(key))}
    longer = {key: path for key, path in longer.items() if key not in beginnings}
    explained = {part for key in longer for part in key}
    words = [path for path in _distinct(given) if len(path) == 1 and folded(path) in single]
    everything = [*longer.values(), *(path for path in words if folded(path)[0] not in explained)]
    flat = _distinct([*words, *((part,) for path in longer.values() for part in path)])
    ours = {folded(path) for path in own}
    left_out = [path for path in everything if folded(path) in ours or matches(path, exclude)]
    gone = {folded(path) for path in left_out}
    return Keywords(
        paths=tuple(path for path in everything if folded(path) not in gone),
        flat=tuple(path[0] for path in flat),
        excluded=tuple(left_out),
    )


def matches(path: Path, patterns: Sequence[str]) -> bool:
    """Whether a pattern over the whole path, joined by ``|``, matches; case does not matter."""
    text = "|".join(folded(path))
    return any(fnmatchcase(text, fold(pattern)) for pattern in patterns)


def without_cut(fields: Mapping[str, Sequence[str]]) -> list[str]:
    """The IPTC keywords that are not just a word of ``dc:subject`` cut at IPTC's limit."""
    whole = [clean(value) for value in fields.get("dc:subject", ())]
    kept = []
    for value in fields.get("iptc:Keywords", ()):
        length = len(value.encode("utf-8", "surrogatepass"))
        is_cut = IPTC_LIMIT - 3 <= length <= IPTC_LIMIT and any(
            word != clean(value) and word.startswith(clean(value)) for word in whole
        )
        if not is_cut:
            kept.append(value)
    return kept


def _distinct(paths: Iterable[Path]) -> list[Path]:
    found: dict[Path, Path] = {}
    for path in paths:
        if path:
            found.setdefault(folded(path), path)
    return list(found.values())
