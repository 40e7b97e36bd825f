"""The rows of a CSV whose form a format prescribes, with the line of each; any other table is read by ``table``."""

from __future__ import annotations

import csv
import io

from tagfit.data.pictures.sources import Place, content_of
from tagfit.errors import Fault


def csv_rows(place: Place, shown: str, faults: list[Fault]) -> list[tuple[int, list[str]]]:
    """(line, cells without outer blanks) of each row that is not empty; what cannot be read goes to ``faults``.

    Args:
        place: the file.
        shown: how messages name it.
        faults: gets what is wrong.
    """
    content = content_of(place)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.append(Fault("the row is not UTF-8", f"{shown}, row {line}", "save the file as UTF-8"))
        return []
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        return [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except csv.Error as error:
        faults.append(Fault(str(error), f"{shown}, row {reader.line_num}", 'quotes in pairs: "a ""quoted"" word"'))
        return []
