"""Integers, floats and truth values."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from .. import bitmap
from ..errors import Unsupported
from ..types import DataType
from .base import Column, Encoded, Node, misfit, split, view

#: Arrow's formats, and those of `struct` and `memoryview` for the same values.
CODES = {
    "c": "b",
    "s": "h",
    "i": "i",
    "l": "q",
    "C": "B",
    "S": "H",
    "I": "I",
    "L": "Q",
    "e": "e",
    "f": "f",
    "g": "d",
    "tdD": "i",
    "tdm": "q",
    "tts": "i",
    "ttm": "i",
    "ttu": "q",
    "ttn": "q",
    "tiM": "i",
}


def code_of(format: str) -> str:
    """The code of a fixed-width type in `struct`; timestamps and durations are 64 bits."""
    return CODES.get(format, "q")


class Number(Column[Any]):
    """Integers or floats. ``values`` is a view of them all; where ``is_null``, it holds anything."""

    holds: ClassVar[str] = "numbers"
    __slots__ = ()

    @property
    def values(self) -> memoryview[Any]:
        """All values without a copy: ``sum(column.values)``, ``column.values[3]``,
        ``numpy.frombuffer(column.values)``."""
        return view(self.buffers[1], code_of(self.field.type.format))

    def to_numpy(self) -> Any:
        """The values as a numpy array, without a copy; it can't be written to. Where there are nulls, look at
        ``validity``. In native tests only: no sandbox has numpy."""
        try:
            import numpy
        except ModuleNotFoundError:
            raise Unsupported(
                "there is no numpy here, and none in any sandbox: it is machine code. `values` is a view of the same "
                "numbers, `to_list()` has them as Python's own, and `batch.eval(..)` has the host compute with them"
            ) from None

        return numpy.frombuffer(self.buffers[1], dtype=code_of(self.field.type.format))

    def _decode(self) -> list[Any]:
        code = code_of(self.field.type.format)
        if code == "e":
            return list(struct.unpack(f"<{len(self)}e", self.buffers[1]))
        return view(self.buffers[1], code).tolist()

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Packs numbers; None becomes null."""
        return encode_fixed(type, values, code_of(type.format))


def encode_fixed(type: DataType, values: list[Any], code: str) -> Encoded:
    """Packs numbers of one code of `struct`."""
    packing = f"<{len(values)}{code}"
    try:
        # The usual case first: no nulls.
        return Encoded([Node(len(values), 0)], [b"", struct.pack(packing, *values)])
    except (struct.error, OverflowError, TypeError):
        node, validity, filled = split(values, 0)
    try:
        return Encoded([node], [validity, struct.pack(packing, *filled)])
    except (struct.error, OverflowError, TypeError):
        raise misfit(type, values, lambda value: _packs(code, value), _EXPECTED.get(code, "an integer")) from None


_EXPECTED = {
    "e": "a float of half precision",
    "f": "a float of single precision",
    "d": "a float",
    "b": "an integer from -128 to 127",
    "h": "an integer of 16 bits",
    "i": "an integer of 32 bits",
    "q": "an integer of 64 bits",
    "B": "an integer from 0 to 255",
    "H": "an integer from 0 to 65,535",
    "I": "an integer of 32 bits, not below 0",
    "Q": "an integer of 64 bits, not below 0",
}


def _packs(code: str, value: object) -> bool:
    try:
        struct.pack("<" + code, value)
    except (struct.error, OverflowError, TypeError):
        return False
    return True


class Boolean(Column[bool]):
    """Truth values."""

    holds: ClassVar[str] = "truth values"
    __slots__ = ()

    @property
    def values(self) -> bytes:
        """One byte per row, 0 or 1."""
        return bitmap.unpack(self.buffers[1], len(self))

    def _decode(self) -> list[Any]:
        return list(map(_TRUTH.__getitem__, self.values))

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Packs truth values; None becomes null."""
        node, validity, filled = split(values, False)
        try:
            mask = bytes(filled)
            return Encoded([node], [validity, bitmap.pack(mask)])
        except (ValueError, TypeError):
            raise misfit(type, values, lambda value: value in (True, False), "True or False") from None


_TRUTH = (False, True)


class Null(Column[None]):
    """Nothing but nulls."""

    holds: ClassVar[str] = "nothing"
    __slots__ = ()

    @property
    def validity(self) -> bytes:
        """All 0."""
        return bytes(len(self))

    def to_list(self) -> list[None]:
        """None for each row."""
        return [None] * len(self)

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Takes None."""
        if any(value is not None for value in values):
            raise misfit(type, values, lambda value: False, "nothing but None")
        return Encoded([Node(len(values), len(values))], [])
