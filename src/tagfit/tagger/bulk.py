"""Bulk tagging: many pictures into one file; interrupted at any moment, it continues where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tagfit.data.pictures.sources import Place
from tagfit.errors import InputError
from tagfit.files import disk_faults
from tagfit.tagger import stream
from tagfit.tagger.stream import TagEach, Tagged, pictures_at_once
from tagfit.tagger.tables import FORMATS, Record, require, write_table
from tagfit.tagger.tagger import Tagger

# One line for the tagger, then one for each picture; it becomes the table when all are there.
JOURNAL = ".part"


@dataclass(frozen=True)
class BulkTagged:
    """What was written.

    Attributes:
        out: the file.
        pictures: how many rows it has.
        unreadable: how many of them have a reason in place of tags.
        resumed: how many had been tagged before an interruption.
        seconds: of this call.
    """

    out: Path
    pictures: int
    unreadable: int
    resumed: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "out": str(self.out)}


def tag_to_file(
    model: Tagger,
    pictures: Sequence[Place],
    out: Path,
    on_tagged: Callable[[int, int], None] | None = None,
    tag_each: TagEach = stream.tag_each,
) -> BulkTagged:
    """Tag pictures and write one row each: picture, tags, a score per label, and why one could not be read.

    What is done is kept in ``<out>.part``; the same call after an interruption tags only the rest. Memory does not
    grow with the pictures but for their names.

    Args:
        model: of pictures.
        pictures: as ``picture_paths.list_pictures`` gives them.
        out: ``.csv``, ``.jsonl`` or ``.parquet``; not there yet.
        on_tagged: called with (pictures done, pictures in all).
        tag_each: who tags: this process, or the processes of a cluster.

    Raises:
        InputError: another ending, a file that exists, one that another process is writing, or an unfinished one of
            another tagger or other thresholds.
    """
    refuse(out)
    model.refuse_features()
    begun, journal = time.perf_counter(), out.with_name(out.name + JOURNAL)
    with _only_writer(journal):
        done, unreadable = _read_journal(journal, model)
        todo = [picture for picture in pictures if str(picture) not in done] if done else pictures
        resumed = count = len(done)
        if resumed and on_tagged is not None:
            on_tagged(count, count + len(todo))
        with disk_faults(journal), journal.open("a", encoding="ascii") as file:
            for tagged in tag_each(model, todo):
                for one in tagged:
                    file.write(_line([one.picture, one.tags, list(one.scores.values()), one.problem]))
                    unreadable += bool(one.problem)
                file.flush()
                count += len(tagged)
                if on_tagged is not None:
                    on_tagged(count, resumed + len(todo))
        write_table(out, model.labels, _records(journal, model.labels))
        journal.unlink()
    return BulkTagged(out, count, unreadable, resumed, time.perf_counter() - begun)


def refuse(out: Path) -> None:
    """Raise an InputError unless a table can be written at ``out``."""
    if out.suffix.lower() not in FORMATS:
        raise InputError(f"{out} has no ending that names a table", instead=f"a name with {' or '.join(FORMATS)}")
    require(out)
    if out.exists():
        raise InputError(f"{out} exists and is not overwritten", instead="another --out")


def _line(values: object) -> str:
    return json.dumps(values) + "\n"  # in ASCII, so that file names of any bytes come back as they were


def _read_journal(journal: Path, model: Tagger) -> tuple[set[str], int]:
    """The pictures that are done, and how many of them were unreadable.

    Only whole batches are kept: in another batch, the last digits of a score may differ.
    """
    assert model.preprocessing.size is not None
    batch = pictures_at_once(model.preprocessing.size)
    header = _line({"tagger": model.fingerprint})
    with disk_faults(journal):
        if not journal.exists():
            journal.parent.mkdir(parents=True, exist_ok=True)
            journal.write_text(header, encoding="ascii")
            return set(), 0
        with journal.open("r+b") as file:
            if file.readline() != header.encode():
                raise InputError(
                    f"{journal} was begun by another tagger, or with other thresholds",
                    instead="the same ones, another --out, or remove it",
                )
            done: set[str] = set()
            unreadable, end, some = 0, file.tell(), []
            for line in file:
                if not line.endswith(b"\n"):  # cut short by a kill
                    break
                some.append(line)
                if len(some) == batch:
                    read = [json.loads(one) for one in some]
                    done.update(picture for picture, *_ in read)
                    unreadable += sum(bool(problem) for *_, problem in read)
                    end, some = end + sum(map(len, some)), []
            file.truncate(end)
    return done, unreadable


def _records(journal: Path, labels: Sequence[str]) -> Iterator[Record]:
    with journal.open(encoding="ascii") as file:
        next(file)
        for line in file:
            picture, tags, scores, problem = json.loads(line)
            yield Tagged(picture, tuple(tags), dict(zip(labels, scores, strict=not problem)), problem).to_dict()


@contextmanager
def _only_writer(journal: Path) -> Iterator[None]:
    lock = FileLock(journal.with_name(journal.name + ".lock"))
    with disk_faults(journal):
        journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"{journal} is being written by another process", instead="wait for it to finish"
            ) from None
    try:
        yield
    finally:
        lock.release()
