"""Certificate: the result of a cure as one document, sealed section by section, and the folder that proves it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from tagfit.curing.document import Document, Verdict
from tagfit.curing.names import CERTIFICATE
from tagfit.data.problem import Problem
from tagfit.display import card
from tagfit.errors import Fault, InputError
from tagfit.files import to_json, write_text
from tagfit.runs.run import Run, open_run

FORMAT: Final = 1
PAGE = "certificate.html"
NO_SIGNATURE = (
    "The seals are hashes without a key: they reveal careless changes, and do not prove who made the certificate."
)


@dataclass(frozen=True, eq=False, repr=False)
class Certificate:
    """What a cure found, and the folder that proves it.

    Attributes:
        raw: ``certificate.json`` as it was read or will be written, plain JSON values, perhaps altered.
        folder: of the cure.
        problem: what was cured; None where the certificate was read from its folder.
    """

    raw: dict[str, Any]
    folder: Path
    problem: Problem | None = None

    @cached_property
    def document(self) -> Document:
        """The typed sections.

        Raises:
            InputError: sections are missing or have another form; all of them are named.
        """
        plain = {name: section for name, section in self.raw.items() if name != "seals"}
        try:
            return Document.model_validate_json(json.dumps(plain))
        except (ValidationError, RecursionError) as error:
            problems = error.errors() if isinstance(error, ValidationError) else []
            faults = [Fault(one["msg"], ".".join(map(str, one["loc"]))) for one in problems]
            what = f"{self.folder / CERTIFICATE} does not have the form that `tagfit cure` writes"
            raise InputError(faults or [Fault("nested too deeply")], what=what) from None

    @property
    def verdict(self) -> Verdict:
        """``confirmed``, ``met`` (there is no test split), ``met, not confirmed`` or ``out of reach``."""
        return self.document.verdict

    @property
    def run(self) -> Run:
        """The cured run: the median of the fresh seeds."""
        return open_run(self.folder / self.document.after.run)

    @property
    def start(self) -> Run:
        """The starting run, as it was copied into the folder."""
        return open_run(self.folder / self.document.before.run)

    @property
    def page(self) -> Path:
        """The path of the HTML page: the command writes it, from Python ``tagfit.write_certificate_page``."""
        return self.folder / PAGE

    def value(self, side: str, split: str, metric: str) -> float | None:
        """One metric, of side ``before`` or ``after``; None where it is undefined."""
        return (self.document.before if side == "before" else self.document.after).value(split, metric)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as in ``certificate.json``."""
        return self.raw

    def save(self) -> None:
        """Write ``certificate.json``, whole or not at all."""
        write_text(self.folder / CERTIFICATE, to_json(self.raw) + "\n")

    def __repr__(self) -> str:
        return "\n".join([f"Certificate({str(self.folder)!r})", self.document.sentence, *self.document.paragraph])

    def _repr_html_(self) -> str:
        return card(self)


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the hash of each section under ``seals``."""
    plain = json.loads(to_json({name: section for name, section in document.items() if name != "seals"}))
    return {**plain, "seals": {name: seal(section) for name, section in plain.items()}}


def broken_seals(document: dict[str, Any]) -> list[str]:
    """The sections that are not as they were sealed, or that were added or removed."""
    seals = document.get("seals")
    if not isinstance(seals, dict):
        return ["seals"]
    sections = {name: section for name, section in document.items() if name != "seals"}
    altered = [name for name, section in sections.items() if seals.get(name) != seal(section)]
    return altered + [name for name in seals if name not in sections]


def seal(section: Any) -> str:
    """The hash of a section: of its JSON with sorted keys, whatever its layout in the file."""
    text = json.dumps(section, sort_keys=True, ensure_ascii=False)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def file_seals(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The hash of each file of a cure's folder, by its name from there."""
    return {name: blake2b((folder / name).read_bytes(), digest_size=16).hexdigest() for name in names}


def load(path: str | Path) -> Certificate:
    """A certificate, from its file or the folder of its cure.

    Raises:
        InputError: there is none, or it has another format. What was altered in one is found by ``verify``.
    """
    given = Path(path)
    file = given / CERTIFICATE if given.is_dir() else given
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the certificate {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not valid JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f"{file} is not a certificate of format {FORMAT}", instead="a file that `tagfit cure` wrote")
    return Certificate(document, file.parent)
