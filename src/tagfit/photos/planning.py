"""Planning: what is written where, so that every program sees the new words and none loses one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tagfit.errors import Fault, InputError
from tagfit.photos.change import Change, change_of, read_target
from tagfit.photos.containers import blocks_in
from tagfit.photos.embedding import with_packet
from tagfit.photos.library import EMBEDDED, Library, Photo
from tagfit.photos.metadata import Metadata
from tagfit.photos.sidecars import RAW
from tagfit.photos.splice import EMPTY, ILLEGAL, RefusedError, with_added
from tagfit.photos.unreadable import UnreadableError
from tagfit.photos.words import Path as Word
from tagfit.photos.words import clean, fold, folded, merged

MARK = "tagfit:Added"
# Fields that are added to where they are; the first two are created where they are not.
HIERARCHIES = {
    "lr:hierarchicalSubject": "|",
    "digiKam:TagsList": "/",
    "MicrosoftPhoto:LastKeywordXMP": "/",
    "mediapro:CatalogSets": "|",
    "expressionmedia:CatalogSets": "|",
}
CREATED = ("lr:hierarchicalSubject", "digiKam:TagsList")
WHERE = ("sidecar", "embed", "both")
PROGRAMS = ("digikam", "darktable", "immich", "photoprism", "lightroom", "windows", "apple")
NO_SIDECARS = ("windows", "apple")  # of these, only what is in the picture is seen
EMBEDDABLE = (".jpg", ".jpeg", ".jpe", ".png")
NAMES = ("auto", "long", "short")
CONFLICTS = ("skip", "union")


@dataclass(frozen=True)
class WriteOptions:
    """How words are written.

    Attributes:
        where: ``sidecar``, ``embed`` or ``both``.
        sidecar_name: of a new sidecar: ``long`` (IMG.jpg.xmp), ``short`` (IMG.xmp), or ``auto``: by ``programs``.
        parent: a keyword above all new ones in hierarchies, or ''.
        on_conflict: where sidecar and picture have different keywords: ``skip``, or ``union``.
        programs: out of PROGRAMS, those that have to see the words.
        mark: note the words as added by tagfit; False for those that a person has confirmed.
    """

    where: str = "sidecar"
    sidecar_name: str = "auto"
    parent: str = ""
    on_conflict: str = "skip"
    programs: tuple[str, ...] = ()
    mark: bool = True


@dataclass
class PhotoPlan:
    """What happens to one photograph.

    Attributes:
        name: of the photograph.
        old: keywords that it has.
        new: words that are added, with their scores.
        there: predicted words that it has already.
        rejected: predicted words that tagfit added before and that were removed since.
        excluded: predicted words that others exclude, as a vocabulary says.
        changes: the files to write.
        skipped: why nothing is written although there are new words; '' otherwise.
        warnings: what another program may do to it.
    """

    name: str
    old: list[str] = field(default_factory=list)
    new: dict[str, float] = field(default_factory=dict)
    there: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    skipped: str = ""
    warnings: list[str] = field(default_factory=list)


def programs_of(names: str) -> tuple[str, ...]:
    """The programs in ``digikam,windows``.

    Raises:
        InputError: one that is not among PROGRAMS.
    """
    found = tuple(name.strip().lower() for name in names.split(",") if name.strip())
    faults = [
        Fault(f"there is no program {name!r}", instead=", ".join(PROGRAMS)) for name in found if name not in PROGRAMS
    ]
    if faults or (names and not found):
        raise InputError(faults or [Fault(f"{names!r} names no program", instead=", ".join(PROGRAMS))])
    return found


def check_labels(labels: Iterable[str], parent: str = "") -> None:
    """Refuse words that the fields of keywords cannot hold exactly; ``|`` separates a path.

    Raises:
        InputError: all of them.
    """
    faults = []
    for label in (*labels, *([parent] if parent else [])):
        parts = label.split("|")
        if "/" in label or ILLEGAL.search(label) or any(not part or part != clean(part) for part in parts):
            what = f"the label {label!r} cannot be written as a keyword"
            faults.append(Fault(what, instead="no / and no control signs or blanks at its ends; rename it"))
    if faults:
        raise InputError(faults)


def plans(library: Library, wanted: Mapping[str, Mapping[str, float]], options: WriteOptions) -> list[PhotoPlan]:
    """The plan of each photograph that ``wanted`` names.

    Args:
        library: as it was read just now.
        wanted: labels with their scores, by the name of the photograph.
        options: how they are written.
    """
    owners = Counter(sidecar for photo in library.photos for sidecar in photo.sidecars)
    stems = Counter(fold(os.path.splitext(photo.name)[0]) for photo in library.photos)
    found = []
    for photo in library.photos:
        if photo.name not in wanted:
            continue
        plan = _sorted_words(photo, wanted[photo.name])
        if plan.new:
            try:
                _refuse_what_is_unsafe(photo, options, owners)
                plan.changes = _changes(photo, [*plan.new], options, stems)
            except RefusedError as error:
                plan.skipped = str(error)
            if options.where == "both" and photo.file.suffix.lower() not in EMBEDDABLE:
                plan.warnings.append("only a sidecar is written: keywords are embedded in JPEG and PNG")
            if "lightroom" in options.programs and options.where == "sidecar" and not _is_raw(photo):
                plan.warnings.append("Lightroom reads sidecars of raw files only: --where both")
            if any(said.darktable for said in photo.said.values()):
                plan.warnings.append("darktable overwrites its sidecars unless it reads them again when it starts")
        found.append(plan)
    return found


def _sorted_words(photo: Photo, wanted: Mapping[str, float]) -> PhotoPlan:
    """The predicted words by what is known of them."""
    everything = merged(photo.paths("union"))
    there = {fold(word) for word in everything.flat}
    rejected = {fold(path[-1]) for path in photo.own("union")} - there
    plan = PhotoPlan(photo.name, old=["|".join(path) for path in everything.paths])
    for label, score in wanted.items():
        leaf = fold(label.split("|")[-1])
        if leaf in there:
            plan.there.append(label)
        elif leaf in rejected:
            plan.rejected.append(label)
        else:
            plan.new[label] = score
    return plan


def _refuse_what_is_unsafe(photo: Photo, options: WriteOptions, owners: Mapping[Path, int]) -> None:
    for place, why in photo.broken.items():
        raise RefusedError(f"{'its metadata' if place == EMBEDDED else place} cannot be read: {why}")
    if photo.ambiguous:
        raise RefusedError(f"the names of sidecars differ only by case: {', '.join(photo.ambiguous)}")
    shared = [sidecar.name for sidecar in photo.sidecars if owners[sidecar] > 1]
    if shared:
        raise RefusedError(f"{shared[0]} belongs to several pictures")
    sidecars = {place: _flat(said) for place, said in photo.said.items() if place != EMBEDDED and said.fields}
    embedded = _flat(photo.said[EMBEDDED])
    if options.where == "embed" and sidecars:
        raise RefusedError(f"programs read the keywords of {next(iter(sidecars))} instead of those in the picture")
    if options.on_conflict == "union" or not sidecars:
        return
    joined = set.union(*sidecars.values())
    if any(words != joined for words in sidecars.values()):
        raise RefusedError("its sidecars have different keywords")
    if missing := sorted(embedded - joined):
        raise RefusedError(f"the picture has keywords that its sidecar lacks: {', '.join(missing)}")


def _flat(said: Metadata) -> set[str]:
    return {fold(word) for word in merged(said.paths()).flat}


def _changes(photo: Photo, labels: Sequence[str], options: WriteOptions, stems: Mapping[str, int]) -> list[Change]:
    parent = tuple(options.parent.split("|")) if options.parent else ()
    new = [(*parent, *label.split("|")) for label in labels]
    place = photo.paths("union") if options.on_conflict == "union" else photo.paths()
    if options.where == "embed":
        return [_embedded(photo, place, new, options.mark)]
    targets = photo.sidecars or _new_sidecars(photo, options, stems)
    changes = [_sidecar(photo, target, place, new, options.mark) for target in targets]
    if options.where == "both" and photo.file.suffix.lower() in EMBEDDABLE:
        changes.append(_embedded(photo, place, new, options.mark))
    return changes


def _new_sidecars(photo: Photo, options: WriteOptions, stems: Mapping[str, int]) -> list[Path]:
    """Where there is none: the long name, the short one, or both where the programs look for different ones."""
    long = photo.file.with_name(f"{photo.file.name}.xmp")
    if options.sidecar_name == "auto" and "lightroom" in options.programs and _is_raw(photo):
        others = set(options.programs) - {"lightroom", *NO_SIDECARS}
        return [*([long] if others else []), _short_sidecar(photo, stems)]
    return [_short_sidecar(photo, stems) if options.sidecar_name == "short" else long]


def _is_raw(photo: Photo) -> bool:
    return photo.file.suffix.lower() in RAW


def _short_sidecar(photo: Photo, stems: Mapping[str, int]) -> Path:
    if stems[fold(os.path.splitext(photo.name)[0])] > 1:
        raise RefusedError("another picture has the same name before the dot: --sidecar-name long")
    return photo.file.with_suffix(".xmp")


def _sidecar(photo: Photo, target: Path, seed: Sequence[Word], new: Sequence[Word], mark: bool) -> Change:
    said = photo.said.get(target.name, Metadata())
    old = read_target(target) if target in photo.sidecars else None
    if old is None and os.path.lexists(target):
        raise RefusedError(f"{target.name} has appeared since the folder was read")
    content = with_added(EMPTY if old is None else old, additions(said, seed, new, mark))
    return replace(change_of(target, old, content), words=_joined(new) if mark else ())


def _embedded(photo: Photo, seed: Sequence[Word], new: Sequence[Word], mark: bool) -> Change:
    said = photo.said[EMBEDDED]
    if said.refused:
        raise RefusedError(said.refused)
    old = read_target(photo.file)
    try:
        packets = blocks_in(old).packets
    except UnreadableError as error:
        raise RefusedError(str(error)) from None
    packet = with_added(packets[0] if packets else EMPTY.strip(), additions(said, seed, new, mark))
    return replace(change_of(photo.file, old, with_packet(old, packet)), words=_joined(new) if mark else ())


def _joined(paths: Sequence[Word]) -> tuple[str, ...]:
    return tuple("|".join(path) for path in paths)


def additions(said: Metadata, seed: Sequence[Word], new: Sequence[Word], mark: bool = True) -> dict[str, list[str]]:
    """What each field of a file gets so that no program loses a word.

    Programs stop at the first field that they know. So a field that is created holds all words that were there: those
    of ``seed``, every value of every field of the photograph.

    Args:
        said: what the file says now.
        seed: the keywords of the photograph, as paths.
        new: the paths to add.
        mark: note them as added by tagfit.
    """
    leaves = [path[-1] for path in new]
    added = {"dc:subject": leaves if "dc:subject" in said.fields else [*_distinct(path[-1] for path in seed), *leaves]}
    everything = merged(seed).paths
    for name, separator in HIERARCHIES.items():
        if name in said.fields:
            added[name] = [separator.join(path) for path in new]
        elif name in CREATED and not any(separator in part for path in (*everything, *new) for part in path):
            added[name] = [separator.join(path) for path in (*everything, *new)]
    if mark:
        added[MARK] = ["|".join(path) for path in new]
    return added


def _distinct(words: Iterable[str]) -> list[str]:
    found: dict[Word, str] = {}
    for word in words:
        found.setdefault(folded((word,)), word)
    return list(found.values())
