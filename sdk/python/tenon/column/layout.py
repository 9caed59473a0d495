"""Which class reads which type, and how nested columns are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..schema import Field
from ..types import DataType
from .base import Column, Encoded, Node, NodeLike


def class_of(type: DataType) -> type[Column[Any]]:
    """The class of a type's columns; `Column` itself where values can't be read one by one."""
    return _class_of(type.format, type.is_dictionary)


@lru_cache(maxsize=256)
def _class_of(format: str, is_dictionary: bool) -> type[Column[Any]]:
    from . import decimals, nested, number, temporal, text

    if is_dictionary:
        return nested.Dictionary
    if format in ("c", "s", "i", "l", "C", "S", "I", "L", "e", "f", "g", "tiM"):
        return number.Number
    exact: dict[str, type[Column[Any]]] = {
        "b": number.Boolean,
        "n": number.Null,
        "tiD": temporal.Interval,
        "tin": temporal.Interval,
        "+s": nested.Structs,
        "+m": nested.Maps,
    }
    families: tuple[tuple[tuple[str, ...], type[Column[Any]]], ...] = (
        (("u", "U", "vu"), text.Text),
        (("z", "Z", "vz"), text.Binary),
        (("tdD", "tdm"), temporal.Date),
        (("+l", "+L", "+vl", "+vL"), nested.Lists),
    )
    prefixes: tuple[tuple[str, type[Column[Any]]], ...] = (
        ("tt", temporal.Time),
        ("ts", temporal.Timestamp),
        ("tD", temporal.Duration),
        ("d:", decimals.Decimals),
        ("w:", text.FixedBinary),
        ("+w:", nested.FixedLists),
    )
    if format in exact:
        return exact[format]
    for formats, found in families:
        if format in formats:
            return found
    for prefix, found in prefixes:
        if format.startswith(prefix):
            return found
    return Column


def column_of(field: Field, nodes: Sequence[NodeLike], buffers: Sequence[bytes]) -> Column[Any]:
    """A column that crossed, as its type's class."""
    return class_of(field.type)(field, nodes, buffers)


def encode_field(field: Field, values: list[Any]) -> Encoded:
    """The layout of a field's values."""
    return class_of(field.type).encode(field.type, values)


def child_columns(column: Column[Any]) -> list[Column[Any]]:
    """The columns of a column's children."""
    node, buffer = 1, _own_buffers(column.field.type)
    children = []
    for child in column.field.children:
        nodes, buffers = counts(child)
        children.append(column_of(child, column.nodes[node : node + nodes], column.buffers[buffer : buffer + buffers]))
        node += nodes
        buffer += buffers
    return children


def counts(field: Field) -> tuple[int, int]:
    """How many nodes and buffers a field's columns have, with all their children."""
    nodes, buffers = 1, _own_buffers(field.type)
    for child in field.children:
        more_nodes, more_buffers = counts(child)
        nodes += more_nodes
        buffers += more_buffers
    return nodes, buffers


def _own_buffers(type: DataType) -> int:
    format = type.format
    if type.is_dictionary:
        return 2
    if format in ("n", "+r"):
        return 0
    if format == "+s" or format.startswith(("+w:", "+us:")):
        return 1
    if format in ("u", "U", "vu", "z", "Z", "vz"):
        return 3
    return 2


def empty(field: Field) -> tuple[list[NodeLike], list[bytes]]:
    """The layout of a field without rows, whatever its type."""
    nodes: list[NodeLike] = [Node(0, 0)]
    buffers = [b""] * _own_buffers(field.type)
    for child in field.children:
        more_nodes, more_buffers = empty(child)
        nodes += more_nodes
        buffers += more_buffers
    return nodes, buffers
