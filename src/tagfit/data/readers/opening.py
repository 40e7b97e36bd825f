"""From what the user names to a place that readers can look at: a file, a folder, or what an archive holds."""

from __future__ import annotations

from pathlib import Path

from tagfit.data.pictures.archives import ZipStore, kind_of, open_archive
from tagfit.data.pictures.remote import open_remote
from tagfit.data.pictures.sources import Member, Place, as_url, listing, start_of
from tagfit.data.readers.options import folder_of_images
from tagfit.errors import InputError

# Files that are zips and not archives of a data set: NumPy's, and office documents.
NPZ_MEMBER, OFFICE_MEMBER = ".npy", "[Content_Types].xml"


def place_of(source: str | Path) -> Place:
    """The file, folder or URL that ``source`` names; for an archive the folder, or the only file, that it holds.

    Raises:
        InputError: nothing lies there, or an archive that cannot be used.
    """
    if url := as_url(source):
        return open_remote(url)
    path = Path(source)
    if not path.is_file() or path.suffix.lower() in (".npz", ".xlsx", ".parquet"):
        return path
    kind = kind_of(start_of(path, 512))
    if not kind:
        return path
    store = open_archive(path, kind)
    if isinstance(store, ZipStore) and _is_document(store):
        return path
    root = Member(store)
    children = listing(root)
    return children[0] if len(children) == 1 and children[0].is_file() else root


def images_of(images: str | Path, source: Path | None) -> Place:
    """The folder of pictures that ``--images`` names: a folder, an archive or a URL."""
    if as_url(images):
        return place_of(images)
    folder = folder_of_images(Path(images), source)
    place = place_of(folder)
    return folder if place == folder else place


def refuse_missing(source: str | Place) -> None:
    """Refuse a source that is not there, or cannot be opened.

    Raises:
        InputError: with the reason.
    """
    place = place_of(source) if isinstance(source, str) else source
    if place.is_dir():
        return
    try:
        if place.exists() and not place.is_file():
            raise InputError(f"{place} is neither a file nor a folder")
    except (OSError, ValueError) as error:
        raise InputError(f"{str(place)!r} cannot be opened: {error}") from None
    start_of(place, 1)


def _is_document(store: ZipStore) -> bool:
    names = store.names()
    return OFFICE_MEMBER in names or (bool(names) and all(name.endswith(NPZ_MEMBER) for name in names))
