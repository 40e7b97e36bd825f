"""Roles that the names and the cells of columns tell."""

from __future__ import annotations

from tagfit import literals
from tagfit.data.labels import Selection, listed
from tagfit.data.readers.assigned_roles import Assigned
from tagfit.data.readers.column_names import (
    CONFIDENCE_NAMES,
    IMAGE_NAMES,
    ROW_NAMES,
    SINGULAR,
    TAG_NAMES,
    WEAK_IMAGE_NAMES,
    WEAK_TAG_NAMES,
    quoted,
    spelled,
    taken_for_a_role,
)
from tagfit.data.readers.delimited import normalised
from tagfit.errors import Fault, InputError


def picture_column(assigned: Assigned) -> int:
    """The column that names the picture.

    Raises:
        InputError: none does, or several do.
    """
    asked = [index for index, (role, _) in assigned.why.items() if role == "picture"]
    if asked:
        return asked[0]
    free = assigned.free()
    by_name = assigned.names.among(free, IMAGE_NAMES)
    weak = assigned.names.among(free, WEAK_IMAGE_NAMES)
    likely = [index for index in by_name if not assigned.contents.is_binary(index)] or by_name
    found = [index for index in likely if assigned.finds_pictures(index)] if len(likely) > 1 else []
    if likely:
        return _chosen_image(assigned, (found or likely)[0], "by its name")
    by_content = [index for index in free if assigned.contents.looks_like_pictures(index)]
    if not by_content and not weak:
        by_content = [index for index in free if assigned.contents.is_varied(index) and assigned.finds_pictures(index)]
    if len(by_content) > 1:
        names = [assigned.table.header[index] for index in by_content]
        raise InputError(
            Fault(
                f"several columns name pictures: {listed(names)}",
                assigned.names.place,
                " or ".join(f"--image-column {quoted(name)}" for name in names[:3]),
            )
        )
    if by_content:
        return _chosen_image(assigned, by_content[0], "its cells name picture files")
    if weak:
        return _chosen_image(assigned, weak[0], "by its name")
    raise InputError(
        Fault(
            f"no image column among {listed(assigned.table.header)}",
            assigned.names.place,
            f"one of {', '.join(IMAGE_NAMES[:4])} or the like; --image-column NAME for any other name; "
            "--columns image,tags for a table without a header",
        )
    )


def _chosen_image(assigned: Assigned, index: int, why: str) -> int:
    assigned.take(index, "picture", why)
    return index


def columns_of_rows(assigned: Assigned) -> dict[str, int]:
    """Role -> column, of those that describe a row: group, split, fold and weight."""
    found = {role: index for index, (role, _) in assigned.why.items() if role == "group"}
    for role, names in ROW_NAMES.items():
        candidates = [
            index for index in assigned.names.among(assigned.free(), names) if any(assigned.contents.sample[index])
        ]
        if candidates and role not in found:
            found[role] = candidates[0]
            assigned.take(candidates[0], role, "by its name")
    return found


def binary_columns(assigned: Assigned) -> list[int]:
    """The columns of 0 and 1; one that is named like a column of tags is one only if others are, or by its name.

    Tags may be called ``x``, ``y`` or ``0``: a column ``tags`` that holds nothing else holds tags.
    """
    found = [index for index in assigned.free() if assigned.contents.is_label(index)]
    named = {index for index in found if assigned.names.normal[index] in TAG_NAMES}
    digits = {index for index in named if assigned.contents.holds_digits(index)}
    others = any(index not in named for index in found)
    return [
        index
        for index in found
        if index not in named or (index in digits and (others or assigned.names.normal[index] in SINGULAR))
    ]


def tags_columns(assigned: Assigned, binary: list[int]) -> list[int]:
    """The column whose cells hold tags, by its name or by its cells; a tie is a fault."""
    filled = [
        index
        for index in assigned.free()
        if any(not literals.is_nothing(cell) for cell in assigned.contents.sample[index])
    ]
    by_name = assigned.names.among(assigned.free(), TAG_NAMES) or assigned.names.among(filled, WEAK_TAG_NAMES)
    named = [index for index in by_name if index in filled and not assigned.contents.holds_vectors(index)]
    named = named or by_name[:1]
    tags = [index for index in named if index not in binary]
    if not tags and len(named) == 1 and binary == named:
        name = quoted(assigned.table.header[named[0]])
        assigned.faults.append(
            Fault(
                f"the column {name} holds nothing but 0 and 1: two tags of these names, or one label?",
                assigned.names.place,
                f"--tags-column {name} for two tags, --label-columns {name} for one label",
            )
        )
        return []
    first = tags[:1]
    others = [
        index
        for index in tags[1:]
        if any(assigned.contents.sample[index]) and not assigned.contents.same_cells(index, tags[0])
    ]
    if others:
        names = [assigned.table.header[index] for index in (*first, *others)]
        assigned.faults.append(_tie_of_tags(assigned, names))
    if first:
        assigned.take(first[0], "tags", "by its name")
        return first
    if binary:
        return []
    by_content = [index for index in filled if assigned.contents.looks_like_sets(index)]
    if len(by_content) > 1:
        assigned.faults.append(_tie_of_tags(assigned, [assigned.table.header[index] for index in by_content]))
    if len(by_content) == 1:
        assigned.take(by_content[0], "tags", "its cells hold sets of few values")
    return by_content[:1]


def _tie_of_tags(assigned: Assigned, names: list[str]) -> Fault:
    ways = [f"--tags-column {quoted(name)}" for name in names[:3]]
    both = f", or --tags-column {quoted(','.join(names[:3]))} for all of them"
    return Fault(f"several columns may hold the tags: {listed(names)}", assigned.names.place, " or ".join(ways) + both)


def confidence_column(assigned: Assigned, tags: list[int]) -> int | None:
    """The column that says how sure the label of a row is, or None."""
    if len(tags) != 1:
        return None
    for index in assigned.names.among(assigned.free(), CONFIDENCE_NAMES):
        if assigned.contents.holds_shares(index):
            assigned.take(index, "confidence", "by its name")
            return index
    return None


def no_confidence(assigned: Assigned, tags: list[int]) -> Fault:
    """What is wrong where a confidence is asked for and there is no column of them."""
    what = "no column of tags and no" if not tags else "several columns of tags and no" if len(tags) > 1 else "no"
    return Fault(
        f"--confidence-at-least is given, but there is {what} column of confidences from 0 to 1",
        assigned.names.place,
        f"a column named {', '.join(CONFIDENCE_NAMES[:3])} or the like in a table with one row per label",
    )


def take_labels(assigned: Assigned, binary: list[int]) -> None:
    """Make labels of the columns of 0 and 1, or of those that are asked for by name."""
    selection: Selection = assigned.options.selection
    wanted = set(assigned.options.order if selection.labels is None else selection.labels)
    for index in assigned.free():
        name = assigned.table.header[index]
        if selection.excludes(name):
            assigned.take(index, "ignored", "excluded")
        elif name in wanted:
            assigned.take(index, "label", "it is asked for by name")
        elif index in binary:
            if wanted:
                assigned.take(index, "ignored", "not among the labels asked for")
            else:
                assigned.take(index, "label", "its cells are 0 and 1")
    for role in ROW_NAMES:
        for index, (taken, why) in list(assigned.why.items()):
            if taken == role and why == "by its name" and assigned.table.header[index] in wanted:
                assigned.take(index, "label", "it is asked for by name")


def report_swallowed_labels(assigned: Assigned, of_row: dict[str, int]) -> None:
    """A column of 0 and 1 named as a role, with other columns of 0 and 1, may be a label of that name: say so."""
    for role, index in list(of_row.items()):
        if assigned.why[index][0] == "label":
            del of_row[role]
    labels = [assigned.table.header[index] for index, (role, _) in assigned.why.items() if role == "label"]
    if not labels or assigned.options.label_columns or assigned.options.selection.labels is not None:
        return
    for role, index in of_row.items():
        name = assigned.table.header[index]
        if (
            assigned.why[index][1] == "as asked"
            or not assigned.contents.is_binary(index)
            or normalised(name) == "isvalid"
        ):
            continue
        names = sorted([*labels, name], key=assigned.table.header.index)
        says = taken_for_a_role(name, role, labels, quoted(spelled(names, assigned.table.header)))
        fault = Fault(says.what, assigned.names.place, says.instead)
        (assigned.faults if role == "split" else assigned.warnings).append(fault)
