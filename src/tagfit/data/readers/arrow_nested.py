"""Objects in a row of a Parquet or Arrow file, each with fields: the fields as columns of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

LISTS = ("List", "Sequence", "LargeList")


def fields_of_objects(schema: pa.Schema) -> dict[str, tuple[str, str]]:
    """``objects.category`` -> (objects, category), for structs of lists and lists of structs with texts or integers."""
    import pyarrow as pa

    found = {}
    for column in schema:
        kind, in_list = column.type, is_list(column.type)
        struct = kind.value_type if in_list else kind
        if not pa.types.is_struct(struct) or struct.get_field_index("bytes") >= 0:
            continue
        for at in range(struct.num_fields):
            one = struct.field(at)
            inner = one.type.value_type if is_list(one.type) and not in_list else one.type
            if pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_integer(inner):
                found[f"{column.name}.{one.name}"] = (column.name, one.name)
    return found


def type_of_field(kind: pa.DataType, field: str) -> pa.DataType:
    """The type of a field of objects as a column."""
    import pyarrow as pa

    return pa.list_(kind.value_type.field(field).type) if is_list(kind) else kind.field(field).type


def field_column(column: Any, field: str) -> Any:
    """A field of a column of objects: a list for each row, null where there are no objects."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not is_list(column.type):
        return pc.struct_field(column, field)
    rows = column.combine_chunks()
    rows = rows.combine_chunks() if isinstance(rows, pa.ChunkedArray) else rows
    lengths = pc.fill_null(pc.list_value_length(rows), 0).cast("int32")
    ends = pc.cumulative_sum(lengths).to_pylist()
    starts = [
        None if missing else start for start, missing in zip([0, *ends], rows.is_null().to_pylist(), strict=False)
    ]
    offsets = pa.array([*starts, ends[-1] if ends else 0], pa.int32())
    return pa.chunked_array([pa.ListArray.from_arrays(offsets, pc.struct_field(rows.flatten(), field))])


def feature_of_field(feature: Any, field: str) -> Any:
    """The feature of a field, however ``datasets`` writes lists and structs."""
    if isinstance(feature, list) and len(feature) == 1:
        feature = feature[0]
    if isinstance(feature, dict) and feature.get("_type") in LISTS:
        feature = feature.get("feature")
    return feature.get(field) if isinstance(feature, dict) else None


def is_list(kind: pa.DataType) -> bool:
    """Whether a type is a list of any kind."""
    import pyarrow as pa

    return any(check(kind) for check in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))


def class_names(feature: Any) -> list[str] | None:
    """The names of a ClassLabel, by itself or in a List, a Sequence, a LargeList or ``[...]``."""
    if isinstance(feature, list) and len(feature) == 1:
        feature = feature[0]
    if isinstance(feature, dict) and feature.get("_type") in LISTS:
        feature = feature.get("feature")
    if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
        return None
    names = feature.get("names")
    return [str(name) for name in names] if isinstance(names, list) and names else None


def with_names(value: Any, feature: Any) -> Any:
    """A value of a row with the names of its classes in place of their numbers; a number without a name stays."""
    names = class_names(feature)
    if isinstance(value, dict):
        return {key: with_names(one, feature_of_field(feature, key)) for key, one in value.items()}
    if isinstance(value, list):
        inner = feature[0] if isinstance(feature, list) and len(feature) == 1 else feature
        inner = inner.get("feature") if isinstance(inner, dict) and inner.get("_type") in LISTS else inner
        return [with_names(one, inner if names is None else feature) for one in value]
    if names is not None and isinstance(value, int) and value == -1:
        return None
    return names[value] if names is not None and isinstance(value, int) and 0 <= value < len(names) else value
