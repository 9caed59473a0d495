"""Dictionaries, lists, structs and maps."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from ..types import DataType
from .base import Column, Encoded, misfit, split, view
from .layout import child_columns, encode_field
from .number import code_of
from .text import pack_offsets


class Dictionary(Column[Any]):
    """Indices into distinct values. As a sequence it gives the values."""

    holds: ClassVar[str] = "values"
    __slots__ = ()

    @property
    def indices(self) -> memoryview[Any]:
        """The index of each row's value in ``dictionary``; anything where there is none."""
        return view(self.buffers[1], code_of(self.field.type.format))

    @property
    def dictionary(self) -> Column[Any]:
        """The distinct values."""
        return child_columns(self)[0]

    def _decode(self) -> list[Any]:
        values = self.dictionary.to_list()
        if not values:
            return [None] * len(self)
        if self.nulls:
            # An index under a null may be anything.
            return [values[index] if valid else None for index, valid in zip(self.indices, self.validity)]
        return list(map(values.__getitem__, self.indices))

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Keeps each distinct value once; None becomes null."""
        positions: dict[Any, int] = {}
        indices = [None if value is None else positions.setdefault(value, len(positions)) for value in values]
        node, validity, filled = split(indices, 0)
        try:
            packed = struct.pack(f"<{len(filled)}{code_of(type.format)}", *filled)
        except struct.error:
            raise misfit(type, values, lambda value: False, f"at most as many values as {type.format} counts") from None
        distinct = encode_field(type.children[0], list(positions))
        return Encoded([node, *distinct.nodes], [validity, packed, *distinct.buffers])


class Lists(Column[list[Any]]):
    """A list of values per row."""

    holds: ClassVar[str] = "lists"
    __slots__ = ()

    @property
    def items(self) -> Column[Any]:
        """The values of all lists, one after the other."""
        return child_columns(self)[0]

    def _offsets(self) -> list[int]:
        code = "q" if self.field.type.format in ("+L", "+vL") else "i"
        return view(self.buffers[1] or bytes(8), code).tolist()

    def _decode(self) -> list[Any]:
        if not len(self):
            return []
        items = self.items.to_list()
        start, *ends = self._offsets()
        return [items[start : (start := end)] for end in ends]

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Joins lists; None becomes null."""
        node, validity, filled = split(values, ())
        if any(not isinstance(value, (list, tuple)) for value in filled):
            raise misfit(type, values, lambda value: isinstance(value, (list, tuple)), "lists")
        items = encode_field(type.children[0], [item for value in filled for item in value])
        wide = DataType("+L") if type.format in ("+L", "+vL") else type
        offsets = pack_offsets(wide, filled)
        return Encoded([node, *items.nodes], [validity, offsets, *items.buffers])


class Maps(Lists):
    """Pairs of key and value per row, as a list of tuples."""

    holds: ClassVar[str] = "pairs"
    __slots__ = ()

    def _decode(self) -> list[Any]:
        keys = [field.name for field in self.field.children[0].children]
        pairs = super()._decode()
        return [[tuple(entry[key] for key in keys) for entry in row if entry is not None] for row in pairs]

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Takes dictionaries and lists of pairs; None becomes null."""
        names = [field.name for field in type.children[0].children]
        try:
            entries = [
                None
                if value is None
                else [
                    dict(zip(names, pair, strict=True))
                    for pair in (value.items() if isinstance(value, dict) else value)
                ]
                for value in values
            ]
        except (TypeError, ValueError):
            fits = lambda value: isinstance(value, dict)  # noqa: E731
            raise misfit(type, values, fits, "dictionaries, or lists of pairs") from None
        return super().encode(type, entries)


class FixedLists(Column[list[Any]]):
    """Lists of one length."""

    holds: ClassVar[str] = "lists"
    __slots__ = ()

    @property
    def items(self) -> Column[Any]:
        """The values of all lists, one after the other."""
        return child_columns(self)[0]

    def _decode(self) -> list[Any]:
        size, items = _size(self.field.type), self.items.to_list()
        return [items[row * size : (row + 1) * size] for row in range(len(self))]

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Joins lists; None becomes null."""
        size = _size(type)
        node, validity, filled = split(values, [None] * size)
        if any(not isinstance(value, (list, tuple)) or len(value) != size for value in filled):
            fits = lambda value: isinstance(value, (list, tuple)) and len(value) == size  # noqa: E731
            raise misfit(type, values, fits, f"lists of {size}")
        items = encode_field(type.children[0], [item for value in filled for item in value])
        return Encoded([node, *items.nodes], [validity, *items.buffers])


def _size(type: DataType) -> int:
    return int(type.format[3:])


class Structs(Column[dict[str, Any]]):
    """A dictionary of the same keys per row."""

    holds: ClassVar[str] = "dictionaries"
    __slots__ = ()

    def member(self, name: str) -> Column[Any]:
        """The values of one key, in all rows."""
        names = [field.name for field in self.field.children]
        return child_columns(self)[names.index(name)]

    def _decode(self) -> list[Any]:
        names = [field.name for field in self.field.children]
        if not names:
            return [{} for _ in range(len(self))]
        members = [column.to_list() for column in child_columns(self)]
        return [dict(zip(names, row)) for row in zip(*members)]

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Takes dictionaries; a key that is missing is null, and so is None."""
        node, validity, filled = split(values, {})
        if any(not isinstance(value, dict) for value in filled):
            raise misfit(type, values, lambda value: isinstance(value, dict), "dictionaries")
        nodes, buffers = [node], [validity]
        for field in type.children:
            encoded = encode_field(field, [value.get(field.name) for value in filled])
            nodes += encoded.nodes
            buffers += encoded.buffers
        return Encoded(nodes, buffers)
