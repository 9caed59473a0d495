"""Batches: handles on rows that stay in the host's memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import Any

from . import rejects as rejected
from .boundary import host
from .column import Column, build, column_of, infer
from .errors import BadConfig, BadData, Internal
from .program import Expression, compiled
from .schema import Field, Schema
from .sql import quote
from .types import DataType

#: Up to so many rows, picking rows by number costs less than a filter.
_FEW = 256


class Batch:
    """An immutable batch of rows. The rows stay with the host: only columns that are read, and new ones, cross the
    boundary. Every operation gives a new batch.

    ``batch["amount"]`` reads a column, ``batch.with_columns(total=...)`` adds one, ``batch.eval("amount * rate")`` lets
    the host compute one.
    """

    __slots__ = ("_handle", "_schema", "_rows", "__weakref__")

    def __init__(self, columns: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """A batch of columns, all with the same number of rows: `Column`, lists, or anything `with_columns` takes."""
        given = {**(columns or {}), **named}
        made = {name: infer(name, values, _rows_among(given)) for name, values in given.items()}
        rows = len(next(iter(made.values()))) if made else 0
        for name, column in made.items():
            _check_rows(name, column, rows)
        self._schema: Schema | None = Schema([column.field.named(name) for name, column in made.items()])
        self._rows: int | None = rows
        self._handle: Any = host.build(self._schema, rows, list(made.values()))

    @classmethod
    def _of(cls, handle: Any, schema: Schema | None = None, rows: int | None = None) -> Batch:
        batch = cls.__new__(cls)
        batch._handle = handle
        batch._schema = schema
        batch._rows = rows
        return batch

    @classmethod
    def build(cls, schema: Schema, rows: int, columns: Sequence[Column[Any]]) -> Batch:
        """A batch of this schema, which the host checks in full: a lie is `BadData` and names the column."""
        if len(schema) != len(columns):
            raise BadData(f"the schema has {len(schema)} columns, but {len(columns)} were given")
        for field, column in zip(schema, columns):
            _check_rows(field.name, column, rows)
        return cls._of(host.build(schema, rows, list(columns)), schema, rows)

    @classmethod
    def empty(cls, schema: Schema) -> Batch:
        """A batch of this schema without rows."""
        return cls.build(schema, 0, [_empty_column(field) for field in schema])

    @staticmethod
    def concat(parts: Iterable[Batch]) -> Batch:
        """The rows of all parts, which must share one schema."""
        batches = list(parts)
        if not batches:
            raise BadConfig("a batch is made of at least one part")
        handle = host.concat([batch._host() for batch in batches])
        return Batch._of(handle, batches[0].schema)

    @property
    def schema(self) -> Schema:
        """The columns' names and types."""
        if self._schema is None:
            self._schema = host.schema(self._host())
        return self._schema

    @property
    def rows(self) -> int:
        """Number of rows."""
        if self._rows is None:
            self._rows = host.rows(self._host())
        return self._rows

    def __len__(self) -> int:
        return self.rows

    def __contains__(self, name: object) -> bool:
        return name in self.schema

    def __getitem__(self, name: str) -> Column[Any]:
        return self.column(name)

    def column(self, name: str, expected: DataType | None = None) -> Column[Any]:
        """Reads one column: only that column crosses, as a whole.

        A column of another type than the one that is expected, if one is, is `BadConfig`.
        """
        column = self.read([name])[0]
        if expected is not None and column.type.format != expected.format:
            raise BadConfig(f"the column `{name}` is of type {column.type.name}, where {expected.name} is expected")
        return column

    def read(self, names: Iterable[str] | None = None) -> list[Column[Any]]:
        """Reads several columns, or all, in one call."""
        fields = self.schema.fields if names is None else self.schema.select(names).fields
        positions = [self.schema.position(field.name) for field in fields]
        return [column_of(field, *parts) for field, parts in zip(fields, host.read(self._host(), positions))]

    def raw(self, name: str) -> Column[Any]:
        """Reads a column of any type as it crosses: ``nodes`` and ``buffers``, in pre-order."""
        position = self.schema.position(name)
        ((nodes, buffers),) = host.read(self._host(), [position])
        return Column(self.schema[position], nodes, buffers)

    def to_dict(self) -> dict[str, list[Any]]:
        """All columns as lists."""
        return {column.field.name: column.to_list() for column in self.read()}

    def to_rows(self) -> list[dict[str, Any]]:
        """All rows as dictionaries. Slow: for tests and few rows."""
        columns = self.read()
        names = [column.field.name for column in columns]
        return [dict(zip(names, row)) for row in zip(*columns)]

    def with_columns(self, columns: Mapping[str, Any] | None = None, /, **named: Any) -> Batch:
        """This batch with columns added, or replaced where a name is taken. The others don't move.

        A column is a `Column` (``utf8([...])``, ``int64(...)``), an expression (``batch.eval("...")``), a list or
        other iterable (which takes the type of the column that it replaces, or else that of its values), an array
        with a buffer (`array.array`, `memoryview`, numpy), or one value for all rows."""
        given = {**(columns or {}), **named}
        expressions: dict[str, str] = {}
        fields: list[Field] = []
        values: list[Column[Any]] = []
        for name, value in given.items():
            if isinstance(value, Expression):
                if value.batch is self:
                    expressions[name] = value.text
                    continue
                value = value.column()
            column = self._column_for(name, value)
            _check_rows(name, column, self.rows)
            fields.append(column.field.named(name))
            values.append(column)
        base = self._with_expressions(expressions) if expressions else self
        if not fields:
            return base
        handle = host.with_columns(base._host(), fields, values)
        return Batch._of(handle, _extended(base.schema, tuple(fields)), self._rows)

    def _column_for(self, name: str, value: Any) -> Column[Any]:
        if isinstance(value, Column) or name not in self.schema:
            return infer(name, value, self.rows)
        field = self.schema[name]
        if (
            isinstance(value, (str, bytes))
            or not hasattr(value, "__iter__")
            and not hasattr(value, "__array_interface__")
        ):
            value = [value] * self.rows
        return build(field, value)

    def select(self, *names: str) -> Batch:
        """The named columns, in that order. Nothing is copied."""
        schema = self.schema.select(names)
        return Batch._of(host.select(self._host(), schema.names), schema, self._rows)

    def drop(self, *names: str) -> Batch:
        """All but the named columns. Nothing is copied."""
        dropped = set(self.schema.select(names).names)
        return self.select(*(name for name in self.schema.names if name not in dropped))

    def rename(self, names: Mapping[str, str] | None = None, /, **named: str) -> Batch:
        """This batch with columns under other names: ``batch.rename(old="new")``. Nothing is copied."""
        given = {**(names or {}), **named}
        self.schema.select(given)
        new = [given.get(name, name) for name in self.schema.names]
        if len(set(new)) < len(new):
            taken = next(name for name in new if new.count(name) > 1)
            raise BadConfig(f"two columns would have the name `{taken}`")
        renamed = [f"{quote(old)} as {quote(name)}" for old, name in zip(self.schema.names, new)]
        return self.project(renamed)

    def slice(self, offset: int, length: int) -> Batch:
        """Rows ``offset`` to ``offset + length``. Nothing is copied. Rows past the end are `BadConfig`."""
        handle = host.slice(self._host(), _count("offset", offset), _count("length", length))
        return Batch._of(handle, self.schema, length)

    def take(self, rows: Iterable[int]) -> Batch:
        """The rows at these positions, in this order; a position may repeat."""
        positions = [_count("a row", row) for row in rows]
        return Batch._of(host.take(self._host(), positions), self.schema, len(positions))

    def mask(self, keep: Iterable[Any]) -> Batch:
        """The rows for which ``keep`` has something true."""
        kept = bytes(map(bool, keep))
        if len(kept) != self.rows:
            raise BadData(f"the mask has {len(kept)} rows, but the batch has {self.rows}")
        return self._masked(kept)

    def without_rejected(self) -> Batch:
        """The rows that were not rejected since this call of the function began. For a batch that still has the rows of
        the function's input, in their order: one with another number of rows is `BadConfig`."""
        kept = rejected.kept(self.rows)
        return self if kept is None else self._masked(kept)

    def _masked(self, kept: bytes) -> Batch:
        if 1 not in kept:
            return self.slice(0, 0)
        if 0 not in kept:
            return self
        if len(kept) <= _FEW:
            return self.take([row for row, keep in enumerate(kept) if keep])
        return host.masked(self, kept)

    def share(self) -> Batch:
        """Another handle on the same rows. Nothing is copied."""
        return Batch._of(host.share(self._host()), self._schema, self._rows)

    def eval(self, expression: str) -> Expression:
        """A SQL expression over the columns, computed by the host. Given to `with_columns` of this batch, the result
        never enters the sandbox; `column()` reads it. One that doesn't compile is `BadConfig`, with the position in
        it."""
        compiled(self.schema, (expression,))
        return Expression(self, expression)

    def project(self, expressions: Sequence[str]) -> Batch:
        """One column per SQL expression: ``["carrier", "amount * rate as total"]``."""
        program = compiled(self.schema, tuple(expressions))
        return Batch._of(host.project(program.program, self._host()), program.output, self._rows)

    def filter(self, predicate: str) -> Batch:
        """The rows for which a boolean SQL expression is true."""
        program = compiled(self.schema, (predicate,))
        return Batch._of(host.filter(program.program, self._host()), self.schema)

    def _with_expressions(self, columns: dict[str, str]) -> Batch:
        kept = [f"{columns[name]} as {quote(name)}" if name in columns else quote(name) for name in self.schema.names]
        added = [f"{text} as {quote(name)}" for name, text in columns.items() if name not in self.schema]
        return self.project(kept + added)

    def _host(self) -> Any:
        if self._handle is None:
            raise Internal(
                "this batch was handed to the host: keep `batch.share()` of a batch that is returned as well"
            )
        return self._handle

    def __repr__(self) -> str:
        return f"<Batch of {self.rows} rows: {', '.join(map(repr, self.schema))}>"


_EXTENDED: dict[tuple[int, tuple[Field, ...]], tuple[Schema, Schema]] = {}


def _extended(schema: Schema, fields: tuple[Field, ...]) -> Schema:
    """As `Schema.with_fields`, once for what comes again with every batch."""
    key = (id(schema), fields)
    known = _EXTENDED.get(key)
    # The schema that the key stands for is kept, so that no other one can have its id.
    if known is None:
        if len(_EXTENDED) >= 64:
            _EXTENDED.clear()
        known = _EXTENDED[key] = (schema, schema.with_fields(fields))
    return known[1]


def _empty_column(field: Field) -> Column[Any]:
    from .column.layout import empty

    nodes, buffers = empty(field)
    return Column(field, nodes, buffers)


def _rows_among(given: Mapping[str, Any]) -> int:
    """How many rows single values stand for: those of the first column that isn't one."""
    sized = [value for value in given.values() if hasattr(value, "__len__") and not isinstance(value, (str, bytes))]
    return len(sized[0]) if sized else 1


def _check_rows(name: str, column: Column[Any], rows: int) -> None:
    if len(column) != rows:
        raise BadData(f"column `{name}` has {len(column)} rows, but the batch has {rows}")


def _count(what: str, value: int) -> int:
    number = index(value)
    if not 0 <= number < 1 << 32:
        raise BadConfig(f"{what} can't be {number}")
    return number
