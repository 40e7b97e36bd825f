"""Npz: the arrays of an ``.npz`` file, read so that nothing in it can run code."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError

LARGEST_OBJECTS = 1 << 28  # bytes of an object array that are looked through for texts


def load_arrays(path: Path, *, right_form: str, only: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """All arrays of the file by name.

    Arrays of Python objects, as which scikit-learn and pandas keep texts, are read where they hold nothing but texts,
    numbers, True, False and None: their pickle is looked through, and no function that it names is called.

    Args:
        path: the file.
        right_form: what the user should have written, for the error.
        only: the names of the arrays that are wanted; None for all.

    Raises:
        InputError: no such file, a broken one, or an array of other objects.
    """
    try:
        content = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers that old versions wrote
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                if not isinstance(file, np.lib.npyio.NpzFile):
                    raise InputError(f"{path} holds one array", instead=right_form)
                return {name: _array(file, name, path) for name in file.files if only is None or name in only}
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except InputError:
        raise
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} cannot be read as .npz: {error}") from None
    except Exception as error:  # noqa: BLE001 - broken bytes make zipfile, zlib and numpy raise nearly anything
        text = "it is a pickle, which could run code" if "allow_pickle" in str(error) else str(error)
        raise InputError(f"{path} cannot be read as .npz: {text}", instead=f"plain arrays, {right_form}") from None


def _array(file: Any, name: str, path: Path) -> NDArray[Any]:
    member = name if name in file.zip.namelist() else f"{name}.npy"
    with file.zip.open(member) as stream:
        shape, dtype = _header(stream)
        if dtype is None or not dtype.hasobject:
            return np.asarray(file[name])
        objects = _plain_objects(stream.read(LARGEST_OBJECTS)) if dtype == np.dtype(object) else None
    if objects is None or len(objects) != int(np.prod(shape)):
        raise InputError(
            f"the array {name!r} in {path} holds Python objects, which could run code",
            instead=f"{name}=list(names) or {name}.astype(str) where they are texts, numbers as an array of numbers",
        )
    array = np.empty(len(objects), dtype=object)
    array[:] = objects
    texts = array.astype(np.str_) if all(isinstance(value, str) for value in objects) else array
    return texts.reshape(shape)


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any] | None]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        return (), None
    return shape, dtype


class _Stub:
    """Stands for the array that a pickle would build: it keeps what the pickle says and does nothing."""

    def __init__(self, *_: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _reconstruct(*_: Any) -> _Stub:
    return _Stub()


class _Reader(pickle.Unpickler):
    """Reads the pickle of an object array; the names that NumPy writes into it stand for stubs, others are refused."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if module.partition(".")[0] == "numpy" and name in ("_reconstruct", "ndarray", "dtype"):
            return _reconstruct if name == "_reconstruct" else _Stub
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError(f"persistent id {pid!r}")


def _plain_objects(content: bytes) -> list[Any] | None:
    stream: BinaryIO = io.BytesIO(content)
    try:
        loaded = _Reader(stream).load()
    except Exception:  # noqa: BLE001 - a pickle of anything else raises anything
        return None
    members = loaded.state[-1] if isinstance(loaded, _Stub) and isinstance(loaded.state, tuple) else None
    if not isinstance(members, list):
        return None
    plain = all(value is None or type(value) in (str, int, float, bool) for value in members)
    return members if plain else None
