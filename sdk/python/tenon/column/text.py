"""Text and bytes of any length."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from ..errors import BadData
from ..types import DataType
from .base import Column, Encoded, Node, NodeLike, misfit, split, view

#: Formats whose offsets have 64 bits.
_LARGE = {"U", "Z"}


class _Bytes(Column[Any]):
    __slots__ = ()

    @property
    def offsets(self) -> memoryview[Any]:
        """Where each value begins and ends in ``data``: one more than there are rows."""
        offsets = self.buffers[1] or bytes(8)
        return view(offsets, "q" if self.field.type.format in _LARGE else "i")

    @property
    def data(self) -> bytes:
        """All values, one after the other."""
        return self.buffers[2]


class Text(_Bytes):
    """Text."""

    holds: ClassVar[str] = "text"
    __slots__ = ()

    def _decode(self) -> list[Any]:
        rows, data = len(self), self.buffers[2]
        if not rows:
            return []
        start, *ends = self.offsets.tolist()
        if data.isascii():
            text = data.decode("ascii")
            return [text[start : (start := end)] for end in ends]
        return [str(data[start : (start := end)], "utf-8") for end in ends]

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Joins texts; None becomes null."""
        node: NodeLike
        try:
            # The usual case first: no nulls.
            joined = "".join(values)
            node, validity, filled = Node(len(values), 0), b"", values
        except TypeError:
            node, validity, filled = split(values, "")
            joined = _joined(type, filled)
        try:
            data = joined.encode("utf-8")
        except UnicodeEncodeError:
            raise misfit(type, values, _is_encodable, "text without lone surrogates") from None
        sized = filled if len(data) == len(joined) else [text.encode("utf-8") for text in filled]
        return Encoded([node], [validity, pack_offsets(type, sized), data])


class Binary(_Bytes):
    """Bytes."""

    holds: ClassVar[str] = "bytes"
    __slots__ = ()

    def _decode(self) -> list[Any]:
        data = self.buffers[2]
        if not len(self):
            return []
        start, *ends = self.offsets.tolist()
        return [data[start : (start := end)] for end in ends]

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Joins bytes; None becomes null."""
        node, validity, filled = split(values, b"")
        try:
            data = b"".join(filled)
        except TypeError:
            raise misfit(type, values, lambda value: isinstance(value, (bytes, bytearray)), "`bytes`") from None
        return Encoded([node], [validity, pack_offsets(type, filled), data])


class FixedBinary(Column[bytes]):
    """Bytes of one length."""

    holds: ClassVar[str] = "bytes"
    __slots__ = ()

    def _decode(self) -> list[Any]:
        width, data = _width(self.field.type), self.buffers[1]
        return [data[row * width : (row + 1) * width] for row in range(len(self))]

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Joins bytes; None becomes null."""
        width = _width(type)
        node, validity, filled = split(values, bytes(width))
        if any(not isinstance(value, (bytes, bytearray)) or len(value) != width for value in filled):
            fits = lambda value: isinstance(value, (bytes, bytearray)) and len(value) == width  # noqa: E731
            raise misfit(type, values, fits, f"`bytes` of length {width}")
        return Encoded([node], [validity, b"".join(filled)])


def _joined(type: DataType, values: list[Any]) -> str:
    try:
        return "".join(values)
    except TypeError:
        raise misfit(type, values, lambda value: isinstance(value, str), "text (`str`)") from None


def _width(type: DataType) -> int:
    return int(type.format[2:])


def _is_encodable(value: object) -> bool:
    try:
        str(value).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def pack_offsets(type: DataType, values: list[Any]) -> bytes:
    """The offsets of values that stand one after the other."""
    code = "q" if type.format in _LARGE or type.format == "+L" else "i"
    total = 0
    try:
        # Faster than `itertools.accumulate` in a sandbox, where calls through pointers are slow.
        return struct.pack(f"<{len(values) + 1}{code}", 0, *[total := total + len(value) for value in values])
    except struct.error:
        raise BadData(f"a column of {type.name} holds at most 2 GiB: make fewer rows at once") from None
