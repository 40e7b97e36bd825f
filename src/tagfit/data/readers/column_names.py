"""Column names: what the columns of tables of pictures are usually called, and how the user names them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tagfit.data.labels import listed
from tagfit.data.readers.delimited import normalised
from tagfit.errors import Fault

# By name, the likeliest first; compared without case, blanks and punctuation.
IMAGE_NAMES = (
    "image", "filename", "path", "sourcefile", "file", "filepath", "imagepath", "imagename", "imagefile",
    "imagefilename", "fname", "img", "imgpath", "imgname", "imgfile", "picture", "photo", "picturename", "photoname",
    "imageindex", "imageid", "imgid", "photoid", "pictureid",
)  # fmt: skip
# Names of pictures too, where nothing else in the table names one.
WEAK_IMAGE_NAMES = ("id", "name", "key", "uid", "uuid", "imdbid", "imageurl", "url", "uri", "index")
TAG_NAMES = (
    "tags", "labels", "keywords", "tag", "label", "keyword", "findinglabels", "findinglabel", "attributeids",
    "attributes", "genre", "genres", "categories", "category", "classes", "class", "classname", "labelname", "target",
    "targets", "subject", "subjects", "hierarchicalsubject", "concepts", "findings",
)  # fmt: skip
# Columns of codes, where nothing else in the table is named like tags.
WEAK_TAG_NAMES = (
    "attributesid", "attributeid", "classid", "classids", "categoryid", "categoryids", "labelid", "labelids", "tagid",
    "tagids",
)  # fmt: skip
SINGULAR = ("tag", "label", "keyword", "class", "category", "target", "genre", "subject")
ROW_NAMES = {
    "split": ("split", "subset", "partition", "isvalid"),
    "fold": ("fold", "kfold"),
    "group": ("group", "groups", "groupid"),
    "weight": ("weight", "weights", "sampleweight"),
}
CONFIDENCE_NAMES = ("confidence", "score", "probability", "prob", "certainty")
LIKELY_NAMES = frozenset((*IMAGE_NAMES, *WEAK_IMAGE_NAMES))


@dataclass
class ColumnNames:
    """Finds the columns that the user names; what is not there goes to ``faults``.

    Attributes:
        header: the names of the columns.
        place: where they stand, for messages.
        faults: one for each name or pattern that no column has.
    """

    header: list[str]
    place: str
    faults: list[Fault]

    def __post_init__(self) -> None:
        self.normal = [normalised(name) for name in self.header]

    def find(self, name: str, option: str) -> int:
        """The position of a column by its name, whatever its case, blanks and punctuation; -1 where it is not there."""
        header = self.header
        if name in header:
            return header.index(name)
        alike = [index for index, other in enumerate(self.normal) if other and other == normalised(name)]
        if len(alike) == 1:
            return alike[0]
        near = difflib.get_close_matches(name, header, n=3)
        self.faults.append(
            Fault(
                f"there is no column {name!r}, which {flag(option)} names",
                self.place,
                f"did you mean {listed(near)}?" if near else f"there are {listed(header)}",
            )
        )
        return -1

    def matching(self, patterns: Sequence[str], option: str) -> list[int]:
        """The columns that names, patterns and ranges (``FIRST:LAST``) stand for, in the order of the table."""
        header = self.header
        found: set[int] = set()
        for pattern in patterns:
            first, colon, last = pattern.partition(":")
            if pattern in header:
                found.add(header.index(pattern))
            elif colon and first and last:
                found.update(self._range(first, last, option))
            elif any(sign in pattern for sign in "*?["):
                matches = [index for index, name in enumerate(header) if name and fnmatchcase(name, pattern)]
                if not matches:
                    what = f"no column matches {pattern!r}, which {flag(option)} names"
                    self.faults.append(Fault(what, self.place, f"there are {listed(header)}"))
                found.update(matches)
            else:
                found.add(self.find(pattern, option))
        return sorted(found - {-1})

    def among(self, columns: Sequence[int], names: Sequence[str]) -> list[int]:
        """Those of ``columns`` that have one of ``names`` (normalised), in the order of the names."""
        return sorted(
            (index for index in columns if self.normal[index] in names),
            key=lambda index: names.index(self.normal[index]),
        )

    def _range(self, first: str, last: str, option: str) -> range:
        ends = self.find(first, option), self.find(last, option)
        if min(ends) < 0:
            return range(0)
        if ends[0] > ends[1]:
            self.faults.append(Fault(f"'{first}:{last}' ends before it begins", self.place, f"{last}:{first}"))
        return range(ends[0], ends[1] + 1)


def flag(option: str) -> str:
    """An option as the command line has it."""
    return f"--{option.replace('_', '-')}"


def quoted(name: str) -> str:
    """A name as a shell takes it."""
    return name if all(sign.isalnum() or sign in "_-,:." for sign in name) else f"'{name}'"


def spelled(names: Sequence[str], header: Sequence[str]) -> str:
    """Names as an option takes them: a range where they stand side by side and are many."""
    positions = sorted(header.index(name) for name in names)
    if len(positions) > 3 and positions == list(range(positions[0], positions[-1] + 1)):
        return f"{header[positions[0]]}:{header[positions[-1]]}"
    return ",".join(header[position] for position in positions)


def taken_for_a_role(name: str, role: str, labels: Sequence[str], all_labels: str) -> Fault:
    """What to say of a column of 0 and 1 that is named as a role, where labels are columns of 0 and 1 as well.

    Args:
        name: the column.
        role: one of ROW_NAMES.
        labels: the columns that are taken as labels.
        all_labels: these and the column, as ``--label-columns`` takes them.
    """
    alike = f"holds nothing but 0 and 1 like the labels {listed(labels)}"
    as_label = f"--label-columns {all_labels}"
    if role == "split":
        return Fault(
            f"the column {name!r} {alike}: is it a label or a split?",
            instead=f"{as_label} for a label, --ignore-columns {quoted(name)} to leave it out; train, validation or "
            "test in each row for a split",
        )
    meaning = {"group": "the group of each row", "weight": "the weight of each row"}.get(role, "the fold of each row")
    return Fault(
        f"the column {name!r} is taken as {meaning}, though it {alike}", instead=f"{as_label} if it is a label"
    )
