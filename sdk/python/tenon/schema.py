"""Names and types of columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from .errors import BadConfig
from .types import DataType, type_of

#: A type by itself, by the Python type of its values (`int`), or by its format string.
ColumnType = DataType | type | str


class Field:
    """A column's name and type. Immutable."""

    __slots__ = ("name", "type", "nullable", "metadata", "_wire", "_hash")

    name: str
    type: DataType
    #: Whether there may be nulls.
    nullable: bool
    metadata: tuple[tuple[str, str], ...]
    _wire: Any
    _hash: int | None

    def __init__(
        self,
        name: str,
        type: ColumnType,
        nullable: bool = True,
        metadata: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> None:
        pairs = metadata.items() if isinstance(metadata, Mapping) else metadata
        for attribute, value in (
            ("name", name),
            ("type", type_of(type)),
            ("nullable", nullable),
            ("metadata", tuple(pairs)),
            # What the boundary makes of the field, once.
            ("_wire", None),
            ("_hash", None),
        ):
            object.__setattr__(self, attribute, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a field can't be changed: make another with `field.named(..)` or `Field(..)` ({name})")

    @property
    def children(self) -> tuple[Field, ...]:
        """The fields of a nested type, or the values of a dictionary."""
        return self.type.children

    def named(self, name: str) -> Field:
        """The same field with another name."""
        if name == self.name:
            return self
        if not self.nullable or self.metadata:
            return Field(name, self.type, self.nullable, self.metadata)
        # The same few come again with every batch, and what the boundary makes of them is kept in them.
        known = _NAMED.get((name, self.type))
        if known is None:
            if len(_NAMED) >= 256:
                _NAMED.clear()
            known = _NAMED[(name, self.type)] = Field(name, self.type)
        return known

    def _key(self) -> tuple[Any, ...]:
        return self.name, self.type, self.nullable, self.metadata

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Field) and self._key() == other._key())

    def __hash__(self) -> int:
        if self._hash is None:
            object.__setattr__(self, "_hash", hash(self._key()))
        return self._hash  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"{self.name}: {self.type.name}{'' if self.nullable else ' not null'}"


_NAMED: dict[tuple[str, DataType], Field] = {}


class Schema:
    """The columns of a batch, in order. Immutable."""

    __slots__ = ("fields", "_positions", "_wire", "_hash")

    fields: tuple[Field, ...]

    def __init__(self, fields: Iterable[Field] | Mapping[str, ColumnType]) -> None:
        if isinstance(fields, Mapping):
            self.fields = tuple(Field(name, what) for name, what in cast("Mapping[str, ColumnType]", fields).items())
        else:
            self.fields = tuple(fields)
        self._positions = {field.name: position for position, field in enumerate(self.fields)}
        self._wire: Any = None
        self._hash: int | None = None

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [field.name for field in self.fields]

    def position(self, name: str) -> int:
        """Where a column stands; ``BadConfig`` if there is none of the name."""
        position = self._positions.get(name)
        if position is None:
            there = ", ".join(f"`{field.name}`" for field in self.fields) or "none"
            raise BadConfig(f"there is no column `{name}`; the columns are {there}")
        return position

    def with_fields(self, fields: Iterable[Field]) -> Schema:
        """With fields added, or replaced where a name is taken."""
        merged = {field.name: field for field in self.fields}
        merged.update((field.name, field) for field in fields)
        return Schema(merged.values())

    def select(self, names: Iterable[str]) -> Schema:
        """The named fields, in that order."""
        return Schema([self.fields[self.position(name)] for name in names])

    def __getitem__(self, name: str | int) -> Field:
        return self.fields[name if isinstance(name, int) else self.position(name)]

    def __contains__(self, name: object) -> bool:
        return name in self._positions

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Schema) and self.fields == other.fields)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(self.fields)
        return self._hash

    def __repr__(self) -> str:
        return f"Schema({', '.join(map(repr, self.fields))})"
