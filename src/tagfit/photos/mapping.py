"""Mapping: from the keywords of photographs to the labels that are trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tagfit.errors import Fault, InputError
from tagfit.photos.library import PREFER, Photo
from tagfit.photos.words import DEFAULT_EXCLUDE, Path, clean, fold, folded, matches

MODES = ("leaf", "path", "ancestors")
FORMS = "leaf, path, ancestors or depth:N"
UNTAGGED = ("unknown", "absent", "keep")


@dataclass(frozen=True)
class KeywordOptions:
    """Which keywords become labels, and how.

    Attributes:
        keywords: ``leaf`` (Rome), ``path`` (Places|Italy|Rome), ``ancestors`` (each beginning of the path), or
            ``depth:N`` (its first N words).
        untagged: what a photograph without keywords is: ``unknown`` (left out), ``absent`` (it has none of them), or
            ``keep`` (a row of which nothing is known, so that it can be reviewed).
        include, exclude: shell patterns over paths; case does not matter.
        rename: label to label; a keyword becomes the label that it is renamed to.
        reviewed: a keyword (or ``xmp:Label=Green``); if given, absent labels are known only where it is.
        prefer: where keywords count: ``sidecar``, ``embedded`` or ``union``.
        share_sidecars: one ``IMG.xmp`` belongs to the raw file and to the JPEG.
        split_flat: what separates the words of a path in fields without hierarchy, or ''.
    """

    keywords: str = "leaf"
    untagged: str = "unknown"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    reviewed: str = ""
    prefer: str = "sidecar"
    share_sidecars: bool = False
    split_flat: str = ""

    def __post_init__(self) -> None:
        """Refuse values that no option has.

        Raises:
            InputError: one fault per option.
        """
        faults = []
        depth = self.keywords.removeprefix("depth:")
        is_depth = depth != self.keywords and depth.isascii() and depth.isdigit() and 0 < int(depth) < 100
        if self.keywords not in MODES and not is_depth:
            faults.append(Fault(f"keywords is {self.keywords!r}", instead=FORMS))
        if self.untagged not in UNTAGGED:
            faults.append(Fault(f"untagged is {self.untagged!r}", instead=" or ".join(UNTAGGED)))
        if self.prefer not in PREFER:
            faults.append(Fault(f"prefer_keywords is {self.prefer!r}", instead=", ".join(PREFER)))
        if faults:
            raise InputError(faults)

    @classmethod
    def of(
        cls,
        *,
        keywords: str | None,
        untagged: str | None,
        include_keywords: str | Sequence[str],
        exclude_keywords: str | Sequence[str],
        rename_keywords: str | Sequence[str],
        reviewed: str | None,
        prefer_keywords: str | None,
        share_sidecars: bool,
        split_keywords: str | None,
    ) -> KeywordOptions:
        """The options that a user spelled, as ``tagfit.read`` takes them."""
        return cls(
            keywords=keywords or cls.keywords,
            untagged=untagged or cls.untagged,
            include=_several(include_keywords),
            exclude=_several(exclude_keywords),
            rename=renames_of(_several(rename_keywords)),
            reviewed=reviewed or "",
            prefer=prefer_keywords or cls.prefer,
            share_sidecars=share_sidecars,
            split_flat=split_keywords or "",
        )

    def to_dict(self) -> dict[str, Any]:
        """The arguments of ``tagfit.read``, as plain JSON values."""
        return {
            "keywords": self.keywords,
            "untagged": self.untagged,
            "include_keywords": list(self.include),
            "exclude_keywords": list(self.exclude),
            "rename_keywords": [f"{old}={new}" for old, new in self.rename.items()],
            "reviewed": self.reviewed or None,
            "prefer_keywords": self.prefer,
            "share_sidecars": self.share_sidecars,
            "split_keywords": self.split_flat or None,
        }

    def mapped(self, path: Path) -> list[str]:
        """The labels of one keyword."""
        if self.keywords == "leaf":
            names = [path[-1]]
        elif self.keywords == "path":
            names = ["|".join(path)]
        elif self.keywords == "ancestors":
            names = ["|".join(path[:length]) for length in range(1, len(path) + 1)]
        else:
            names = ["|".join(path[: int(self.keywords.removeprefix("depth:"))])]
        renamed = {fold(old): clean(new) for old, new in self.rename.items()}
        return [renamed.get(fold(name), name) for name in names]

    def is_wanted(self, path: Path) -> bool:
        """Whether ``include`` lets a keyword pass, and it is not the mark of a review."""
        if self.reviewed and "|".join(folded(path)) == fold(self.reviewed):
            return False
        return not self.include or matches(path, self.include)

    def is_reviewed(self, photo: Photo) -> bool:
        """Whether what a photograph lacks is known to be absent."""
        if not self.reviewed:
            return True
        name, _, value = self.reviewed.partition("=")
        if name == "xmp:Label":
            return any(fold(label) == fold(value) for label in photo.labels())
        return any("|".join(folded(path)) == fold(self.reviewed) for path in photo.paths(self.prefer))

    def paths(self, photo: Photo) -> list[Path]:
        """The keywords of a photograph that become labels."""
        exclude = [*DEFAULT_EXCLUDE, *self.exclude]
        return [path for path in photo.keywords(self.prefer, exclude, self.split_flat).paths if self.is_wanted(path)]


@dataclass
class Labelled:
    """Photographs with their labels.

    Attributes:
        labels: by the name of the photograph, each label in the spelling that most photographs use.
        guesses: by the name of the photograph, labels that tagfit added and nobody has confirmed: unknown.
        untagged: photographs without any keyword field, or with nothing but such guesses.
        problems: photographs left out, with the reason.
        collisions: leaves that stand for several paths.
        spellings: spellings of one label that differ by case only, the used one first.
    """

    labels: dict[str, list[str]] = field(default_factory=dict)
    guesses: dict[str, list[str]] = field(default_factory=dict)
    untagged: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)
    collisions: dict[str, list[str]] = field(default_factory=dict)
    spellings: list[list[str]] = field(default_factory=list)


def labelled(photos: Iterable[Photo], options: KeywordOptions) -> Labelled:
    """The labels of photographs, spelled alike everywhere."""
    found = Labelled()
    of_photo: dict[str, list[str]] = {}
    counts: dict[str, Counter[str]] = {}
    parents: dict[str, dict[Path, str]] = {}
    for photo in photos:
        if problem := photo.problem(options.prefer):
            found.problems[photo.name] = problem
            continue
        own = photo.own(options.prefer)
        if own:
            found.guesses[photo.name] = [name for path in own for name in options.mapped(path)]
        if not photo.is_tagged(options.prefer) or (own and not photo.keywords(options.prefer).paths):
            found.untagged.add(photo.name)
            continue
        of_photo[photo.name] = names = []
        for path in options.paths(photo):
            for name in options.mapped(path):
                names.append(name)
                counts.setdefault(fold(name), Counter())[name] += 1
                if options.keywords == "leaf":
                    parents.setdefault(fold(name), {})[folded(path[:-1])] = "|".join(path)
    best = {key: spelled[0] for key, count in counts.items() if (spelled := _by_use(count))}
    found.guesses = {
        photo: _once(best[fold(name)] for name in names if fold(name) in best) for photo, names in found.guesses.items()
    }
    found.labels = {photo: _once(best[fold(name)] for name in names) for photo, names in of_photo.items()}
    found.spellings = [_by_use(count) for count in counts.values() if len(count) > 1]
    found.collisions = {
        best[key]: sorted(named.values()) for key, named in parents.items() if len([one for one in named if one]) > 1
    }
    return found


def _by_use(count: Counter[str]) -> list[str]:
    return sorted(count, key=lambda name: (-count[name], name))


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def renames_of(given: Sequence[str]) -> dict[str, str]:
    """``OLD=NEW`` as a mapping.

    Raises:
        InputError: an item of another form.
    """
    found = {}
    for item in given:
        old, equals, new = item.partition("=")
        if not (old.strip() and equals and new.strip()):
            raise InputError(f"rename_keywords is {item!r}", instead="OLD=NEW, such as kitty=cat")
        found[old.strip()] = new.strip()
    return found
