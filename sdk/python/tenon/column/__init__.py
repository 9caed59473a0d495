"""Columns: values of one name and type."""

from __future__ import annotations

import array
from collections.abc import Iterable
from typing import Any

from ..errors import BadData
from ..schema import Field
from ..types import DataType, type_of_value
from .base import Column, Node
from .decimals import Decimals
from .layout import class_of, column_of, encode_field
from .nested import Dictionary, FixedLists, Lists, Maps, Structs
from .number import CODES, Boolean, Null, Number
from .temporal import Date, DayTime, Duration, Interval, MonthDayNano, Time, Timestamp
from .text import Binary, FixedBinary, Text

__all__ = [
    "Binary",
    "Boolean",
    "Column",
    "Date",
    "DayTime",
    "Decimals",
    "Dictionary",
    "Duration",
    "FixedBinary",
    "FixedLists",
    "Interval",
    "Lists",
    "Maps",
    "MonthDayNano",
    "Node",
    "Null",
    "Number",
    "Structs",
    "Text",
    "Time",
    "Timestamp",
    "build",
    "class_of",
    "column_of",
    "infer",
]


def build(what: DataType | Field, values: Iterable[Any]) -> Column[Any]:
    """A column of a type made of values, None among them. Buffers of the same type are taken as they are."""
    field = what if isinstance(what, Field) else Field("values", what)
    if isinstance(values, Column):
        if values.field.type == field.type:
            return column_of(field, values.nodes, values.buffers)
        values = values.to_list()
    elif isinstance(values, (memoryview, array.array)) or hasattr(values, "__array_interface__"):
        column = _of_buffer(memoryview(values))  # type: ignore[arg-type]
        if column is not None and column.field.type == field.type:
            return column_of(field, column.nodes, column.buffers)
    items = values if isinstance(values, list) else list(values)
    encoded = encode_field(field, items)
    return column_of(field, encoded.nodes, encoded.buffers)


def infer(name: str, values: Any, rows: int) -> Column[Any]:
    """A column made of whatever was given for it; its type comes from the values."""
    if isinstance(values, Column):
        return values
    scalar = type_of_value(values)
    if scalar is not None:
        # One value for all rows.
        return build(scalar, [values] * rows)
    if isinstance(values, (memoryview, array.array)) or hasattr(values, "__array_interface__"):
        column = _of_buffer(memoryview(values))
        if column is not None:
            return column
    items = values if isinstance(values, list) else list(values)
    first = next((value for value in items if value is not None), None)
    found = type_of_value(first)
    if found is None:
        why = "there are no values to tell it by" if first is None else f"{first!r} stands for none"
        raise BadData(f"column `{name}` has no type: {why}; say it, as in `utf8([...])` or `int64([...])`")
    return build(found, items)


#: The formats of buffers, with the Arrow formats of the same values.
_FORMATS = {code: format for format, code in reversed(CODES.items())} | {"l": "l", "L": "L"}


def _of_buffer(view: memoryview) -> Column[Any] | None:
    """A column of the numbers in a buffer, if they are of a type that Arrow has."""
    format = _FORMATS.get(view.format.lstrip("<=@"))
    if view.ndim != 1 or format is None or view.itemsize != _SIZES.get(format):
        return None
    return Number(Field("values", DataType(format)), [Node(len(view), 0)], [b"", view.tobytes()])


_SIZES = {"c": 1, "s": 2, "i": 4, "l": 8, "C": 1, "S": 2, "I": 4, "L": 8, "e": 2, "f": 4, "g": 8}
