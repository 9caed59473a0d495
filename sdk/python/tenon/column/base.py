"""What all columns have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar, overload

from .. import bitmap
from ..errors import BadData, Unsupported
from ..schema import Field
from ..types import DataType

T = TypeVar("T")


class NodeLike(Protocol):
    """Length and null count of one array."""

    @property
    def length(self) -> int: ...
    @property
    def nulls(self) -> int: ...


class Node(NamedTuple):
    """Length and null count of one array."""

    length: int
    nulls: int


class Encoded(NamedTuple):
    """Values in the layout that crosses."""

    nodes: list[NodeLike]
    buffers: list[bytes]


class Column(Generic[T]):
    """One column's values, as they crossed: ``nodes`` and ``buffers`` in pre-order.

    A column is a sequence: it has a length, gives values by position and in order, and None where there is none. The
    first look at a value decodes all of them once; what doesn't look, pays nothing. ``to_list`` gives a list of one's
    own."""

    #: How messages call what a column of this class holds.
    holds: ClassVar[str] = "values"

    __slots__ = ("field", "nodes", "buffers", "_items", "_mask")

    def __init__(self, field: Field, nodes: Sequence[NodeLike], buffers: Sequence[bytes]) -> None:
        self.field = field
        self.nodes = list(nodes)
        self.buffers = list(buffers)
        self._items: list[T | None] | None = None
        self._mask: bytes | None = None

    @property
    def type(self) -> DataType:
        """The column's type."""
        return self.field.type

    @property
    def nulls(self) -> int:
        """Number of nulls."""
        return self.nodes[0].nulls

    @property
    def validity(self) -> bytes:
        """One byte per row: 1 where there is a value, 0 where there is none."""
        if self._mask is None:
            rows = len(self)
            self._mask = bitmap.unpack(self.buffers[0], rows) if self.nulls else b"\1" * rows
        return self._mask

    def is_null(self, row: int) -> bool:
        """Whether there is no value in a row."""
        return bool(self.nulls) and not self.validity[row]

    def to_list(self) -> list[T | None]:
        """The values as Python's own, None where there is none."""
        values = self._decode()
        if self.nulls:
            bitmap.hide(values, self.validity, self.nulls)
        return values

    def _decode(self) -> list[Any]:
        """The values, anything where there is none."""
        raise unreadable(self.field)

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """The layout of these values, None among them."""
        raise Unsupported(f"no column of {type.name} can be made of values: make it of raw buffers")

    def _values(self) -> list[T | None]:
        if self._items is None:
            self._items = self.to_list()
        return self._items

    def __len__(self) -> int:
        return self.nodes[0].length

    def __iter__(self) -> Iterator[T | None]:
        return iter(self._values())

    @overload
    def __getitem__(self, row: int) -> T | None: ...
    @overload
    def __getitem__(self, row: slice) -> list[T | None]: ...
    def __getitem__(self, row: int | slice) -> T | None | list[T | None]:
        return self._values()[row]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Column):
            return NotImplemented
        return self.field.type == other.field.type and self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} rows of {self.field!r}>"


def unreadable(field: Field) -> Unsupported:
    """The error for a column whose values have no Python type."""
    return Unsupported(
        f"column `{field.name}` is a {field.type.name} (`{field.type.format}`), whose values can't be read one by one: "
        "use its `nodes` and `buffers`"
    )


def split(values: list[Any], filler: Any) -> tuple[NodeLike, bytes, list[Any]]:
    """The node and validity of values that may be None, and the values with a filler in place of None."""
    mask = bytes([value is not None for value in values])
    nulls = mask.count(0)
    if not nulls:
        return Node(len(values), 0), b"", values
    filled = [filler if value is None else value for value in values]
    return Node(len(values), nulls), bitmap.pack(mask), filled


def misfit(type: DataType, values: list[Any], fits: Any, expected: str) -> BadData:
    """The error that names the first value which isn't what the type holds."""
    for row, value in enumerate(values):
        if value is not None and not fits(value):
            shown = repr(value)
            shown = shown if len(shown) <= 80 else shown[:77] + "..."
            return BadData(f"a column of {type.name} can't hold {shown} (row {row}): it takes {expected}")
    return BadData(f"these values make no column of {type.name}: it takes {expected}")


def view(buffer: bytes, code: str) -> memoryview[Any]:
    """A buffer as numbers of a code of `struct`, without a copy."""
    return memoryview(buffer).cast(code)  # type: ignore[call-overload,no-any-return]
