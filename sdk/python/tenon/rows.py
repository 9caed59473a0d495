"""Functions of single rows and single values, called once for each."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import NoneType
from typing import Any, TypeVar

from .batch import Batch
from .column import Column, build
from .config import unannotated
from .errors import BadConfig, BadData
from .function import MARK, Function, Running, register
from .rejects import reject
from .schema import Field, Schema
from .types import type_of

F = TypeVar("F", bound=Callable[..., Any])


class Reject(Exception):
    """Raised by a function of rows: refuses the row, with this reason."""


class Row(dict[str, Any]):
    """One row, by column. A column is read when the first row asks for it; the rows after that have it from the
    start."""

    __slots__ = ("_columns", "_number")

    # Set right after a row is made: a constructor in Python would cost as much as the rest of the row.
    _columns: _Columns
    _number: int

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._columns.values(name)[self._number]
        return value

    def _complete(self) -> None:
        for name in self._columns.schema.names:
            if not dict.__contains__(self, name):
                self.__missing__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """A value, or the default where there is no such column."""
        return self[name] if name in self else default

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or name in self._columns.schema

    def __iter__(self) -> Iterator[str]:
        self._complete()
        return dict.__iter__(self)

    def __len__(self) -> int:
        self._complete()
        return dict.__len__(self)

    def keys(self) -> Any:
        """The columns' names."""
        self._complete()
        return dict.keys(self)

    def values(self) -> Any:
        """The values."""
        self._complete()
        return dict.values(self)

    def items(self) -> Any:
        """Names and values."""
        self._complete()
        return dict.items(self)

    def copy(self) -> dict[str, Any]:
        """A plain dictionary of the same."""
        return dict(self.items())


class _Columns:
    """The columns of a batch, as far as rows have asked for them."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.schema = batch.schema
        self._read: dict[str, list[Any]] = {}

    def values(self, name: str) -> list[Any]:
        known = self._read.get(name)
        if known is None:
            known = self._read[name] = self._batch[name].to_list()
        return known


class RowFunction(Function):
    """A function that is called once for each row."""

    def __init__(self, call: Callable[..., Any], name: str | None, reads: Any, columns: Mapping[str, Any]) -> None:
        super().__init__(call, name, "batchwise", reads, True)
        self.columns = [Field(column, type_of(what)) for column, what in columns.items()]

    def start(self, config: str, schema: Schema) -> Running:
        """Binds the configuration."""
        return _RowByRow(self, self.signature.arguments(config, schema))


class _RowByRow(Running):
    def __init__(self, function: RowFunction, arguments: dict[str, Any]) -> None:
        self._call = function.call
        self._arguments = arguments
        self._columns = function.columns
        #: Columns that rows asked for, in the order in which they did.
        self._asked: list[str] = []

    def output_schema(self, schema: Schema) -> Schema:
        return schema.with_fields(self._columns)

    def process(self, batch: Batch) -> Batch:
        columns = _Columns(batch)
        answers = self._answers(batch, columns)
        self._asked = list(columns._read)
        named: dict[str, None] = dict.fromkeys(field.name for field in self._columns)
        last: Any = None
        for answer in answers:
            # Nearly always the columns are those of the row before.
            if answer is not None and answer.keys() != last:
                last = answer.keys()
                named.update(dict.fromkeys(last))
        made = {name: self._made(name, batch, columns, answers) for name in named}
        return batch.with_columns(made).without_rejected()

    def _answers(self, batch: Batch, columns: _Columns) -> list[Any]:
        call, arguments, asked = self._call, self._arguments, self._asked
        known = zip(*[columns.values(name) for name in asked]) if asked else iter([()] * batch.rows)
        answers: list[Any] = []
        for number, values in enumerate(known):
            row = Row(zip(asked, values))
            row._columns = columns
            row._number = number
            try:
                answer = call(row, **arguments) if arguments else call(row)
            except Reject as refusal:
                reject(number, str(refusal))
                answer = None
            if answer is not None and not isinstance(answer, dict):
                kind = type(answer).__name__
                raise BadData(f"a function of rows answers with a dictionary of columns, or None, not with {kind}")
            answers.append(answer)
        return answers

    def _made(self, name: str, batch: Batch, columns: _Columns, answers: list[Any]) -> Column[Any]:
        field = next((field for field in self._columns if field.name == name), None)
        if field is None and name not in batch.schema:
            raise BadConfig(
                f"column `{name}` is new, and its type isn't known: say it where the function is declared, as in "
                f'`@each_row(columns={{"{name}": str}})`'
            )
        if name in batch.schema:
            # A row that says nothing of a column leaves it as it is.
            before = columns.values(name)
            values = [old if answer is None else answer.get(name, old) for answer, old in zip(answers, before)]
        else:
            values = [None if answer is None else answer.get(name) for answer in answers]
        return build(field or batch.schema[name], values)


def each_row(
    call: Any = None,
    /,
    *,
    columns: Mapping[str, Any] | None = None,
    name: str | None = None,
    reads: Iterable[str] | None = None,
) -> Any:
    """Offers a function to jobs that is called once for each row.

    It takes the row, a dictionary by column, and its configuration, and answers with a dictionary of the columns that
    it changes or adds, or with None where it leaves the row as it is. It refuses a row by raising `Reject` with the
    reason. ``columns`` has the types of columns that are new: ``{"size": str, "total": float}``."""

    def declare(call: Any) -> Any:
        function = RowFunction(call, name, reads, columns or {})
        setattr(call, MARK, function)
        register(function)
        return call

    return declare if call is None else declare(call)


class ScalarFunction(Function):
    """A function that is called once for each value, usable in SQL."""

    skip = 0

    def __init__(self, call: Callable[..., Any], name: str | None, returns: Any) -> None:
        super().__init__(call, name, "scalar", None, True)
        self._returns = returns

    @property
    def config_schema(self) -> str:
        """It has no configuration: its parameters are values."""
        from .config import schema_of

        return schema_of(self.name, "", [])

    def start(self, config: str, schema: Schema) -> Running:
        """Checks the values that it is called with."""
        from .config import fit, parse

        fit([], parse(config))
        keys = self.signature.keys
        if len(keys) != len(schema):
            takes = ", ".join(key.name for key in keys)
            raise BadConfig(f"`{self.name}` takes {len(keys)} values ({takes}), but is called with {len(schema)}")
        returns = self._returns
        if returns is None:
            hint = typing.get_type_hints(self.call).get("return")
            if hint is None:
                raise BadConfig(f"`{self.name}` doesn't say what it makes: give it a return type, as in `-> str`")
            returns = _without_none(hint)
        takes_none = [_takes_none(key.type) for key in keys]
        return _ValueByValue(self.call, takes_none, Field(self.name, type_of(returns)))


class _ValueByValue(Running):
    def __init__(self, call: Callable[..., Any], takes_none: list[bool], field: Field) -> None:
        self._call = call
        self._takes_none = takes_none
        self._field = field

    def output_schema(self, schema: Schema) -> Schema:
        return Schema([self._field])

    def process(self, batch: Batch) -> Batch:
        columns = batch.read()
        values = [column.to_list() for column in columns]
        call = self._call
        strict = [at for at, column in enumerate(columns) if column.nulls and not self._takes_none[at]]
        if not values:
            made = [call() for _ in range(batch.rows)]
        elif len(values) == 1:
            # In a sandbox a comprehension is faster than `map`, which calls through pointers.
            only = values[0]
            made = (
                [None if value is None else call(value) for value in only]
                if strict
                else [call(value) for value in only]
            )
        else:
            rows = zip(*values)
            made = [None if any(row[at] is None for at in strict) else call(*row) for row in rows]
        return Batch.build(Schema([self._field]), batch.rows, [build(self._field, made)])


def _without_none(hint: Any) -> Any:
    choices = [choice for choice in typing.get_args(hint) if choice is not NoneType]
    return choices[0] if len(choices) == 1 and _takes_none(hint) else hint


def _takes_none(hint: Any) -> bool:
    return hint is None or hint is Any or NoneType in typing.get_args(unannotated(hint)[0])


def scalar(call: Any = None, /, *, name: str | None = None, returns: Any = None) -> Any:
    """Offers a function of single values to SQL: ``select greet(name) from people``.

    Its return type says the type of the column, or ``returns`` does. A null is null without a call, unless the type
    of the parameter takes None (``str | None``)."""

    def declare(call: Any) -> Any:
        function = ScalarFunction(call, name, returns)
        setattr(call, MARK, function)
        register(function)
        return call

    return declare if call is None else declare(call)
