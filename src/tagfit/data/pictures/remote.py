"""Remote folders as stores, through fsspec: ``s3://``, ``gs://``, ``https://`` and what else it has drivers for."""

from __future__ import annotations

import io
from collections.abc import Collection
from functools import cached_property
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Member, Store, UnavailableError
from tagfit.errors import Fault, InputError, MissingExtraError

# What tells the versions of a file apart without reading it, in the words of the various drivers.
VERSION_KEYS = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "mtime", "updated", "size")
WITHOUT_LISTING = frozenset({"http", "https"})


def open_remote(url: str) -> Member:
    """The remote file or folder at a URL.

    Raises:
        InputError: the URL carries credentials, nothing is there, it cannot be reached, or the extra is missing.
    """
    _refuse_credentials(url)
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError("remote", f"reading {url}") from None
    try:
        system, path = fsspec.core.url_to_fs(url.rstrip("/"))
    except ImportError as error:  # the driver of a protocol
        what = f"{url} needs a package that is not installed: {error}"
        raise InputError(what, instead="tagfit[remote] brings the one for s3") from None
    except ValueError as error:
        raise InputError(f"{url} is not a URL that is read: {error}") from None
    except Exception as error:  # noqa: BLE001 - some drivers connect already here
        raise _unavailable(url, error) from None
    try:
        info = system.info(path)
    except FileNotFoundError as error:
        if isinstance(error.__cause__, OSError):  # the driver of http says this of a server that is not there as well
            raise _unavailable(url, error.__cause__) from None
        raise InputError(f"there is no file or folder {url}") from None
    except Exception as error:  # noqa: BLE001 - each driver raises its own
        raise _unavailable(url, error) from None
    if info.get("type") == "directory":
        return Member(RemoteStore(url.rstrip("/"), system, path))
    address, _, name = url.rstrip("/").rpartition("/")
    return Member(RemoteStore(address, system, path.rpartition("/")[0]), name)


class RemoteStore(Store):
    """The files below a remote folder, listed once."""

    quick = False
    is_remote = True

    def __init__(self, address: str, system: Any, root: str) -> None:
        super().__init__(address)
        self._system = system
        self._root = root.rstrip("/")
        self._is_listed = urlsplit(address).scheme not in WITHOUT_LISTING

    def __reduce__(self) -> tuple[type[RemoteStore], tuple[str, Any, str]]:
        """Without the listing, which reading needs not and which may be long."""
        return type(self), (self.address, self._system, self._root)

    @cached_property
    def _infos(self) -> dict[str, dict[str, Any]]:
        """What the listing says of each file, by its path below the root."""
        if not self._is_listed:
            return {}
        try:
            found: dict[str, dict[str, Any]] = self._system.find(self._root, detail=True)
        except Exception as error:  # noqa: BLE001 - each driver raises its own
            raise _unavailable(self.address, error) from None
        start = len(self._root) + 1 if self._root else 0
        return {path[start:]: info for path, info in found.items() if len(path) > start}

    def names(self) -> Collection[str]:
        return self._infos

    def has_file(self, name: str) -> bool:
        if self._is_listed:
            return name in self._infos
        # Asking for each picture would take a request each; one that is missing is found when it is fetched.
        return name[name.rfind(".") :].lower() in SUFFIXES or bool(self._system.exists(self._path(name)))

    def read(self, name: str, limit: int | None = None) -> bytes:
        try:
            content: bytes = self._system.cat_file(self._path(name), start=None if limit is None else 0, end=limit)
        except FileNotFoundError:
            raise InputError(Fault("there is no such file", f"{self.address}/{name}")) from None
        except Exception as error:  # noqa: BLE001 - each driver raises its own
            raise _unavailable(f"{self.address}/{name}", error) from None
        return content

    def open(self, name: str) -> BinaryIO:
        try:
            return io.BufferedReader(self._system.open(self._path(name), "rb"))
        except Exception as error:  # noqa: BLE001 - each driver raises its own
            raise _unavailable(f"{self.address}/{name}", error) from None

    def version(self, name: str) -> str:
        info = self._infos.get(name, {})
        return " ".join(f"{key}={info[key]}" for key in VERSION_KEYS if info.get(key) is not None)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name


def _unavailable(url: str, error: Exception) -> UnavailableError:
    said = str(error).strip().partition("\n")[0] or type(error).__name__
    return UnavailableError(f"{url} cannot be reached: {said}")


def _refuse_credentials(url: str) -> None:
    """A URL is written into the run folder: no key may be in it.

    Raises:
        InputError: it has a user, a password or a query; none of its text is repeated.
    """
    for part in url.split("::"):
        try:
            pieces = urlsplit(part)
        except ValueError:
            raise InputError("the URL is not well-formed") from None
        if "@" in pieces.netloc or pieces.query:
            raise InputError(
                f"the {pieces.scheme}:// URL carries a user or a query, which may hold a key; run folders keep URLs",
                instead="credentials from the environment, such as AWS_ACCESS_KEY_ID, AWS_PROFILE or ~/.netrc",
            )
