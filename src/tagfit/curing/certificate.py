"""Certificate: the result of a cure as one document, sealed section by section, and the few questions asked of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.files import to_json, write_text
from tagfit.runs.run import Run, open_run

FORMAT = 1
CERTIFICATE = "certificate.json"
PAGE = "certificate.html"
MET, NOT_CONFIRMED, OUT_OF_REACH = 0, 3, 4
VERDICTS = {"confirmed": MET, "met": MET, "met, not confirmed": NOT_CONFIRMED, "out of reach": OUT_OF_REACH}
# What `verify` works out again from sources and weights, and what only its seal holds.
RECOMPUTED = (
    "the fingerprints of data and preprocessing, and every row behind them",
    "the metrics of the starting run and of the cured one on each split, from the stored weights",
    "whether the kept seed's figures, the means over seeds and the bounds agree, and what the verdict follows from",
    "the recipes, against the run folders; the number of trials, against the log of trials",
)
SEALED = (
    "the figures of the trials, and which of them came to their end",
    "the intervals, the optimism, the steps, the ablation and what is said about limits",
    "the curves of the trainings, and all times",
)
NO_SIGNATURE = (
    "The seals are hashes without a key: they show what was altered by accident or in passing, not who made it."
)


@dataclass(frozen=True, eq=False)
class Certificate:
    """What a cure found, beside the folder that proves it.

    Attributes:
        document: ``certificate.json``, plain JSON values.
        folder: of the cure.
        problem: what was cured; None where the certificate was read from its folder.
    """

    document: dict[str, Any]
    folder: Path
    problem: Problem | None = None

    @property
    def verdict(self) -> str:
        """``confirmed``, ``met`` (there is no test split), ``met, not confirmed`` or ``out of reach``."""
        return str(self.document["verdict"])

    @property
    def exit_code(self) -> int:
        """0 met, and confirmed where there is a test split; 3 met but not confirmed; 4 out of reach."""
        return VERDICTS[self.verdict]

    @property
    def run(self) -> Run:
        """The cured run: the median of the fresh seeds."""
        return open_run(self.folder / self.document["after"]["run"])

    @property
    def start(self) -> Run:
        """The starting run, as it was copied into the folder."""
        return open_run(self.folder / self.document["before"]["run"])

    @property
    def page(self) -> Path:
        """Where the page for people goes: the command writes it, from Python ``tagfit.write_certificate_page``."""
        return self.folder / PAGE

    def value(self, side: str, split: str, metric: str) -> float | None:
        """One metric, of side ``before`` or ``after``."""
        found: float | None = self.document[side]["splits"][split]["metrics"][metric]["value"]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return self.document

    def save(self) -> None:
        """Write ``certificate.json``, whole or not at all."""
        write_text(self.folder / CERTIFICATE, to_json(self.document) + "\n")

    def _repr_html_(self) -> str:
        import html

        lines = "".join(f"<p>{html.escape(line)}</p>" for line in self.document["paragraph"])
        return f"<b>{html.escape(self.document['sentence'])}</b>{lines}"


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the hash of each section under ``seals``."""
    plain = json.loads(to_json({name: section for name, section in document.items() if name != "seals"}))
    return {**plain, "seals": {name: seal(section) for name, section in plain.items()}}


def broken_seals(document: dict[str, Any]) -> list[str]:
    """The sections that are not as they were sealed, or came or went."""
    seals = document.get("seals")
    if not isinstance(seals, dict):
        return ["seals"]
    sections = {name: section for name, section in document.items() if name != "seals"}
    altered = [name for name, section in sections.items() if seals.get(name) != seal(section)]
    return altered + [name for name in seals if name not in sections]


def seal(section: Any) -> str:
    """The hash of a section: of its JSON with sorted keys, whatever its layout in the file."""
    text = json.dumps(section, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def file_seals(folder: Path, names: Iterator[str] | list[str]) -> dict[str, str]:
    """The hash of each file of a cure's folder, by its name from there."""
    return {name: blake2b((folder / name).read_bytes(), digest_size=16).hexdigest() for name in names}


def load(path: str | Path) -> Certificate:
    """A certificate, from its file or the folder of its cure.

    Raises:
        InputError: there is none, or it is of another format.
    """
    given = Path(path)
    file = given / CERTIFICATE if given.is_dir() else given
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the certificate {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is no JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f"{file} is no certificate of format {FORMAT}", instead="what `tagfit cure` wrote")
    missing = [name for name in ("verdict", "before", "after", "problem", "goal") if name not in document]
    if missing:
        raise InputError(f"{file} lacks {', '.join(missing)}", instead="the file as `tagfit cure` wrote it")
    return Certificate(document, file.parent)
