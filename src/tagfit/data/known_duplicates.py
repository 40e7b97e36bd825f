"""Known duplicates: the near-duplicates of a set, kept next to its pictures, so that no command compares them twice."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from tagfit.data.inputs import Inputs
from tagfit.data.pictures.cache import default_dir
from tagfit.data.pictures.decode import decoder
from tagfit.data.pictures.duplicates import SEARCH, DuplicateGroup, DuplicateGroups, duplicate_groups
from tagfit.errors import InputError
from tagfit.files import to_json, write_text

# Fewer pictures are compared in less than a second.
FEWEST_KEPT = 1000


def known_duplicate_groups(inputs: Inputs, cache_dir: Path | None = None) -> DuplicateGroups:
    """The groups of :func:`duplicate_groups`, read from the cache if these pictures were compared before.

    Args:
        inputs: pictures, in the order that the groups' rows refer to.
        cache_dir: the picture cache; ``default_dir()`` if None.
    """
    if len(inputs.values) < FEWEST_KEPT:
        return duplicate_groups(inputs.values, inputs.digests)
    path = (cache_dir or default_dir()) / "duplicates" / f"{_key(inputs)}.json"
    if (known := _read(path, len(inputs.values))) is not None:
        return known
    found = duplicate_groups(inputs.values, inputs.digests)
    groups = [{"rows": group.rows, "reason": group.reason} for group in found]
    with suppress(InputError):  # a cache that cannot be written costs another search, and no result
        write_text(path, to_json({"pictures": found.n, "groups": groups}))
    return found


def _key(inputs: Inputs) -> str:
    """A hash of everything that the groups depend on."""
    made_by = json.dumps([SEARCH, inputs.size, inputs.fit, inputs.decoder, decoder()])
    return blake2b("\n".join([made_by, *inputs.digests.tolist()]).encode(), digest_size=16).hexdigest()


def _read(path: Path, pictures: int) -> DuplicateGroups | None:
    """The groups in a file; None if it is not there or was damaged."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        groups = tuple(DuplicateGroup(tuple(group["rows"]), group["reason"]) for group in kept["groups"])
        whole = kept["pictures"] == pictures and all(0 <= row < pictures for group in groups for row in group.rows)
        return DuplicateGroups(groups, pictures) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
