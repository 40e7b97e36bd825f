"""Roles: which column of a table names the picture, holds tags, is a label, describes the row, or is ignored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tagfit import literals
from tagfit.data.labels import Selection, listed
from tagfit.data.readers.column_names import (
    CONFIDENCE_NAMES,
    IMAGE_NAMES,
    LIKELY_NAMES,
    ROW_NAMES,
    SINGULAR,
    TAG_NAMES,
    WEAK_IMAGE_NAMES,
    ColumnNames,
    quoted,
    spelled,
    taken_for_a_role,
)
from tagfit.data.readers.contents import Contents, ends_like_picture
from tagfit.data.readers.delimited import Table, normalised
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import ColumnRole
from tagfit.errors import Fault, InputError

PICTURES_FOUND = 0.5  # share of a column's cells that name files


@dataclass(frozen=True)
class Roles:
    """Which column is what; numbers are positions in the header.

    Attributes:
        image: the column that names the picture.
        tags: columns whose cells hold tags; several are read as one list. Empty where there are label columns.
        labels: label name -> its column of 0 and 1.
        of_row: role in ``row_columns.ROW_COLUMNS`` -> its column.
        confidence: in a table of one row per label, how sure the label is.
        owners: columns whose values repeat and that look like what splits must not tear apart.
        columns: every column with its role and the reason.
        warnings: what is suspicious.
    """

    image: int
    tags: tuple[int, ...]
    labels: dict[str, int]
    of_row: dict[str, int]
    confidence: int | None
    owners: tuple[int, ...]
    columns: tuple[ColumnRole, ...]
    warnings: tuple[Fault, ...] = ()


def find_roles(table: Table, options: TableOptions, is_picture: Callable[[str], bool]) -> Roles:
    """The role of each column: as the options say, else by its name, else by what its cells hold.

    Args:
        table: N rows.
        options: the columns that the user names, and the selection of labels, which names columns as well.
        is_picture: whether there is a picture file of a name.

    Raises:
        InputError: columns that are not there, names that occur twice, or a tie, with the options that decide it.
    """
    return _Finder(table, options, is_picture).roles()


@dataclass
class _Finder:
    table: Table
    options: TableOptions
    is_picture: Callable[[str], bool]
    why: dict[int, tuple[str, str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contents = Contents(self.table)
        self.names = ColumnNames(self.table.header, f"{self.table.path.name}, row 1", self.faults)

    def roles(self) -> Roles:
        tags = self._take_what_is_asked_for()
        image = self._image()
        of_row = self._of_row()
        binary = self._binary()
        if not tags and not self.options.label_columns:
            tags = self._tags(binary)
        confidence = self._confidence(tags)
        if confidence is None and self.options.confidence_at_least is not None:
            self.faults.append(self._no_confidence(tags))
        if not tags and not self.options.label_columns:
            self._labels(binary)
        self._report_swallowed_labels(of_row)
        if self.faults:
            raise InputError(self.faults)
        for index in self._free():
            self._take(index, "ignored", self.contents.reason(index, bool(tags)))
        labels = {self.table.header[index]: index for index in sorted(self.why) if self.why[index][0] == "label"}
        if not tags and not labels:
            raise InputError(self._nothing_to_learn())
        ignored = [index for index in sorted(self.why) if self.why[index][0] == "ignored"]
        return Roles(
            image=image,
            tags=tuple(tags),
            labels=labels,
            of_row=of_row,
            confidence=confidence,
            owners=tuple(index for index in ignored if self.contents.looks_like_owner(index)),
            columns=tuple(
                ColumnRole(self.table.header[index], *self.why[index]) for index in range(len(self.table.header))
            ),
            warnings=tuple(self.warnings),
        )

    # What the user names.

    def _take_what_is_asked_for(self) -> list[int]:
        """Give the columns that the options name their roles; the columns of tags among them."""
        self._refuse_what_is_no_header()
        options = self.options
        for index in self.names.matching(options.ignore_columns, "ignore_columns"):
            self._take(index, "ignored", "as asked")
        for index, name in enumerate(self.table.header):
            if not name:
                self._take(index, "ignored", "it has no name")
            elif options.none_label is not None and normalised(name) == normalised(options.none_label):
                self._take(index, "ignored", "it says that there is none, as asked")
        if options.group_column is not None:
            self._take(self.names.find(options.group_column, "group_column"), "group", "as asked")
        if options.image_column is not None:
            self._take(self.names.find(options.image_column, "image_column"), "picture", "as asked")
        tags = [self.names.find(name, "tags_column") for name in options.tags_column or ()]
        for index in tags:
            self._take(index, "tags", "as asked")
        if tags and options.label_columns:
            self.faults.append(Fault("both --tags-column and --label-columns are given", "", "one of the two"))
        named = {self.table.header.index(name) for name in options.label_columns if name in self.table.header}
        for index in self.names.matching(options.label_columns, "label_columns"):
            # A pattern such as * does not take the column that names the picture, nor what another option takes.
            if index in named or (index not in self.why and self.names.normal[index] not in LIKELY_NAMES):
                self._take(index, "label", "as asked")
        if self.faults:
            raise InputError(self.faults)
        return tags

    def _refuse_what_is_no_header(self) -> None:
        seen: set[str] = set()
        for index, name in enumerate(self.table.header):
            if self.options.columns is None and ends_like_picture(name) and self.contents.looks_like_pictures(index):
                self.faults.append(
                    Fault(
                        f"the first row names a picture, {name!r}: the table has no header",
                        self.names.place,
                        "--columns image,tags names the columns",
                    )
                )
        for name in self.table.header:
            if name and name in seen:
                self.faults.append(Fault(f"the column {name!r} occurs twice", self.names.place))
            seen.add(name)

    # What the names and the cells say.

    def _image(self) -> int:
        asked = [index for index, (role, _) in self.why.items() if role == "picture"]
        if asked:
            return asked[0]
        free = self._free()
        by_name = self.names.among(free, IMAGE_NAMES)
        weak = self.names.among(free, WEAK_IMAGE_NAMES)
        likely = [index for index in by_name if not self.contents.is_binary(index)] or by_name
        found = [index for index in likely if self._finds_pictures(index)] if len(likely) > 1 else []
        if likely:
            return self._chosen_image((found or likely)[0], "by its name")
        by_content = [index for index in free if self.contents.looks_like_pictures(index)]
        if not by_content and not weak:
            by_content = [index for index in free if self.contents.is_varied(index) and self._finds_pictures(index)]
        if len(by_content) > 1:
            names = [self.table.header[index] for index in by_content]
            raise InputError(
                Fault(
                    f"several columns name pictures: {listed(names)}",
                    self.names.place,
                    " or ".join(f"--image-column {quoted(name)}" for name in names[:3]),
                )
            )
        if by_content:
            return self._chosen_image(by_content[0], "its cells name picture files")
        if weak:
            return self._chosen_image(weak[0], "by its name")
        raise InputError(
            Fault(
                f"no image column among {listed(self.table.header)}",
                self.names.place,
                f"one of {', '.join(IMAGE_NAMES[:4])} or the like; --image-column NAME for any other name; "
                "--columns image,tags for a table without a header",
            )
        )

    def _chosen_image(self, index: int, why: str) -> int:
        self._take(index, "picture", why)
        return index

    def _of_row(self) -> dict[str, int]:
        found = {role: index for index, (role, _) in self.why.items() if role == "group"}
        for role, names in ROW_NAMES.items():
            candidates = [index for index in self.names.among(self._free(), names) if any(self.contents.sample[index])]
            if candidates and role not in found:
                found[role] = candidates[0]
                self._take(candidates[0], role, "by its name")
        return found

    def _binary(self) -> list[int]:
        """The columns of 0 and 1; one that is named like a column of tags is so only beside others, or by one name.

        Tags may be called ``x``, ``y`` or ``0``: a column ``tags`` that holds nothing else holds tags.
        """
        found = [index for index in self._free() if self.contents.is_label(index)]
        named = {index for index in found if self.names.normal[index] in TAG_NAMES}
        digits = {index for index in named if self.contents.holds_digits(index)}
        beside = any(index not in named for index in found)
        return [
            index
            for index in found
            if index not in named or (index in digits and (beside or self.names.normal[index] in SINGULAR))
        ]

    def _tags(self, binary: list[int]) -> list[int]:
        filled = [
            index
            for index in self._free()
            if any(not literals.is_nothing(cell) for cell in self.contents.sample[index])
        ]
        by_name = self.names.among(self._free(), TAG_NAMES)
        named = [index for index in by_name if index in filled and not self.contents.holds_vectors(index)]
        named = named or by_name[:1]
        tags = [index for index in named if index not in binary]
        if not tags and len(named) == 1 and binary == named:
            name = quoted(self.table.header[named[0]])
            self.faults.append(
                Fault(
                    f"the column {name} holds nothing but 0 and 1: two tags of these names, or one label?",
                    self.names.place,
                    f"--tags-column {name} for two tags, --label-columns {name} for one label",
                )
            )
            return []
        first = tags[:1]
        others = [
            index
            for index in tags[1:]
            if any(self.contents.sample[index]) and not self.contents.same_cells(index, tags[0])
        ]
        if others:
            names = [self.table.header[index] for index in (*first, *others)]
            self.faults.append(self._tie_of_tags(names))
        if first:
            self._take(first[0], "tags", "by its name")
            return first
        if binary:
            return []
        by_content = [index for index in filled if self.contents.looks_like_sets(index)]
        if len(by_content) > 1:
            self.faults.append(self._tie_of_tags([self.table.header[index] for index in by_content]))
        if len(by_content) == 1:
            self._take(by_content[0], "tags", "its cells hold sets of few values")
        return by_content[:1]

    def _tie_of_tags(self, names: list[str]) -> Fault:
        ways = [f"--tags-column {quoted(name)}" for name in names[:3]]
        both = f", or --tags-column {quoted(','.join(names[:3]))} for all of them"
        return Fault(f"several columns may hold the tags: {listed(names)}", self.names.place, " or ".join(ways) + both)

    def _confidence(self, tags: list[int]) -> int | None:
        if len(tags) != 1:
            return None
        for index in self.names.among(self._free(), CONFIDENCE_NAMES):
            if self.contents.holds_shares(index):
                self._take(index, "confidence", "by its name")
                return index
        return None

    def _no_confidence(self, tags: list[int]) -> Fault:
        what = "no column of tags and no" if not tags else "several columns of tags and no" if len(tags) > 1 else "no"
        return Fault(
            f"--confidence-at-least is given, but there is {what} column of confidences from 0 to 1",
            self.names.place,
            f"a column named {', '.join(CONFIDENCE_NAMES[:3])} or the like in a table with one row per label",
        )

    def _labels(self, binary: list[int]) -> None:
        selection: Selection = self.options.selection
        wanted = set(self.options.order if selection.labels is None else selection.labels)
        for index in self._free():
            name = self.table.header[index]
            if selection.excludes(name):
                self._take(index, "ignored", "excluded")
            elif name in wanted:
                self._take(index, "label", "it is asked for by name")
            elif index in binary:
                if wanted:
                    self._take(index, "ignored", "not among the labels asked for")
                else:
                    self._take(index, "label", "its cells are 0 and 1")
        for role in ROW_NAMES:
            for index, (taken, why) in list(self.why.items()):
                if taken == role and why == "by its name" and self.table.header[index] in wanted:
                    self._take(index, "label", "it is asked for by name")

    def _report_swallowed_labels(self, of_row: dict[str, int]) -> None:
        """A column of 0 and 1 named as a role beside other columns of 0 and 1 may be a label of that name: say so."""
        for role, index in list(of_row.items()):
            if self.why[index][0] == "label":
                del of_row[role]
        labels = [self.table.header[index] for index, (role, _) in self.why.items() if role == "label"]
        if not labels or self.options.label_columns or self.options.selection.labels is not None:
            return
        for role, index in of_row.items():
            name = self.table.header[index]
            if self.why[index][1] == "as asked" or not self.contents.is_binary(index) or normalised(name) == "isvalid":
                continue
            names = sorted([*labels, name], key=self.table.header.index)
            says = taken_for_a_role(name, role, labels, quoted(spelled(names, self.table.header)))
            fault = Fault(says.what, self.names.place, says.instead)
            (self.faults if role == "split" else self.warnings).append(fault)

    # Questions about one column.

    def _take(self, index: int, role: str, why: str) -> None:
        if index >= 0:
            self.why[index] = (role, why)

    def _free(self) -> list[int]:
        return [index for index in range(len(self.table.header)) if index not in self.why]

    def _finds_pictures(self, index: int) -> bool:
        filled = [cell for cell in self.contents.sample[index] if cell][:50]
        return bool(filled) and sum(map(self.is_picture, filled)) >= PICTURES_FOUND * len(filled)

    def _nothing_to_learn(self) -> Fault:
        return Fault(
            f"neither a tags column nor 0/1 columns among {listed(self.table.header)}",
            self.names.place,
            f"one of {', '.join(TAG_NAMES[:3])}, or one 0/1 column per label; --tags-column NAME or --label-columns "
            "NAME,... for other names",
        )
