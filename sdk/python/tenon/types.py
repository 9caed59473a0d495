"""Arrow's types, as they are named in the schema that crosses the boundary."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import BadConfig

if TYPE_CHECKING:
    from .column import Column
    from .schema import Field


@dataclass(frozen=True, slots=True)
class DataType:
    """The type of a column. Called with values, it makes a column of them: ``int64([1, None, 3])``.

    ``format`` is the format string of the Arrow C data interface (``l``, ``u``, ``tsu:UTC``, ``d:38,10``, ``+l``); of a
    dictionary, that of its indices.
    """

    format: str
    #: Whether the data are indices into the values of the only child.
    is_dictionary: bool = False
    #: The fields of a nested type, or the values of a dictionary.
    children: tuple[Field, ...] = field(default=())

    def __call__(self, values: Iterable[Any]) -> Column[Any]:
        from .column import build

        return build(self, values)

    @property
    def name(self) -> str:
        """The type's name, for people."""
        if self.is_dictionary:
            return f"dictionary of {self.children[0].type.name}"
        known = _NAMES.get(self.format)
        if known is not None:
            return known
        if self.format.startswith("d:"):
            return f"decimal({self.format[2:]})"
        if self.format.startswith("w:"):
            return f"fixed-size binary({self.format[2:]})"
        kind = _FAMILIES.get(self.format[:2], "type")
        return f"{kind} (`{self.format}`)"

    def __str__(self) -> str:
        return self.name


_NAMES = {
    "n": "null",
    "b": "boolean",
    "c": "int8",
    "s": "int16",
    "i": "int32",
    "l": "int64",
    "C": "uint8",
    "S": "uint16",
    "I": "uint32",
    "L": "uint64",
    "e": "float16",
    "f": "float32",
    "g": "float64",
    "u": "utf8",
    "U": "large utf8",
    "vu": "utf8 view",
    "z": "binary",
    "Z": "large binary",
    "vz": "binary view",
    "tdD": "date",
    "tdm": "date in milliseconds",
    "+s": "struct",
    "+m": "map",
    "+r": "run-end encoded",
}
_FAMILIES = {
    "tt": "time",
    "ts": "timestamp",
    "tD": "duration",
    "ti": "interval",
    "+l": "list",
    "+L": "list",
    "+v": "list",
    "+w": "fixed-size list",
    "+u": "union",
}

null = DataType("n")
boolean = DataType("b")
int8 = DataType("c")
int16 = DataType("s")
int32 = DataType("i")
int64 = DataType("l")
uint8 = DataType("C")
uint16 = DataType("S")
uint32 = DataType("I")
uint64 = DataType("L")
float16 = DataType("e")
float32 = DataType("f")
float64 = DataType("g")
utf8 = DataType("u")
large_utf8 = DataType("U")
binary = DataType("z")
large_binary = DataType("Z")
date = DataType("tdD")

_UNITS = {"s": "s", "ms": "m", "us": "u", "ns": "n"}


def _unit(unit: str) -> str:
    if unit not in _UNITS:
        raise BadConfig(f"`{unit}` is no unit of time; the units are {', '.join(_UNITS)}")
    return _UNITS[unit]


def timestamp(unit: str = "us", zone: str | None = None) -> DataType:
    """A point in time; the zone is the one to show it in. Units are ``s``, ``ms``, ``us`` and ``ns``."""
    return DataType(f"ts{_unit(unit)}:{zone or ''}")


def time(unit: str = "us") -> DataType:
    """Since midnight."""
    return DataType(f"tt{_unit(unit)}")


def duration(unit: str = "us") -> DataType:
    """A span of time."""
    return DataType(f"tD{_unit(unit)}")


def decimal128(precision: int, scale: int) -> DataType:
    """A number of so many digits, so many of them after the point."""
    return DataType(f"d:{precision},{scale}")


def fixed_size_binary(width: int) -> DataType:
    """So many bytes each."""
    return DataType(f"w:{width}")


def dictionary(values: DataType, index: DataType = int32) -> DataType:
    """Each distinct value once, and an index per row."""
    from .schema import Field

    return DataType(index.format, True, (Field("values", values),))


def list_of(item: DataType) -> DataType:
    """A list of values per row."""
    from .schema import Field

    return DataType("+l", children=(Field("item", item),))


def struct(**members: DataType) -> DataType:
    """A dictionary of the same keys per row."""
    from .schema import Field

    return DataType("+s", children=tuple(Field(name, member) for name, member in members.items()))


_OF_PYTHON: dict[type, DataType] = {
    bool: boolean,
    int: int64,
    float: float64,
    str: utf8,
    bytes: binary,
    datetime.date: date,
    datetime.datetime: timestamp("us"),
    datetime.time: time("us"),
    datetime.timedelta: duration("us"),
}


def type_of(what: DataType | type | str) -> DataType:
    """A type by itself, by the Python type of its values, or by its format string.

    >>> type_of(int).name, type_of("tsu:UTC").format
    ('int64', 'tsu:UTC')
    """
    if isinstance(what, DataType):
        return what
    if isinstance(what, str):
        return DataType(what)
    found = _OF_PYTHON.get(what)
    if found is None:
        name = getattr(what, "__name__", repr(what))
        hint = "; say `decimal128(precision, scale)`" if what is decimal.Decimal else ""
        raise BadConfig(f"`{name}` stands for no column type{hint}")
    return found


def type_of_value(value: object) -> DataType | None:
    """The type of a column of such values, where there is one."""
    if isinstance(value, datetime.datetime):
        return timestamp("us", "UTC") if value.tzinfo is not None else timestamp("us")
    if isinstance(value, decimal.Decimal):
        exponent = value.as_tuple().exponent
        return decimal128(38, max(0, -exponent)) if isinstance(exponent, int) else None
    return _OF_PYTHON.get(type(value))
