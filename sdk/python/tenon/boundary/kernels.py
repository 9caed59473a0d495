"""SQL outside a sandbox: DuckDB computes what the host's DataFusion would. It is a stand-in: functions that only one
of them has, and corners in which they differ, are not the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import BadConfig, Unsupported
from ..schema import Field, Schema
from ..sql import quote
from ..types import DataType, decimal128, timestamp
from .stand_in import Held, exact, remade

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect() -> DuckDBPyConnection:
    """A database of its own."""
    try:
        import duckdb
    except ModuleNotFoundError:
        raise Unsupported(
            "SQL outside a sandbox needs DuckDB, which stands in for the host: `pip install duckdb`"
        ) from None
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    return connection


_DDL = {
    "b": "boolean",
    "c": "tinyint",
    "s": "smallint",
    "i": "integer",
    "l": "bigint",
    "C": "utinyint",
    "S": "usmallint",
    "I": "uinteger",
    "L": "ubigint",
    "f": "float",
    "g": "double",
    "u": "varchar",
    "U": "varchar",
    "vu": "varchar",
    "z": "blob",
    "Z": "blob",
    "vz": "blob",
    "tdD": "date",
    "tss": "timestamp_s",
    "tsm": "timestamp_ms",
    "tsu": "timestamp",
    "tsn": "timestamp_ns",
    "ttu": "time",
    "n": "integer",
}
_TYPES = {
    "BOOLEAN": DataType("b"),
    "TINYINT": DataType("c"),
    "SMALLINT": DataType("s"),
    "INTEGER": DataType("i"),
    "BIGINT": DataType("l"),
    "HUGEINT": DataType("l"),
    "UTINYINT": DataType("C"),
    "USMALLINT": DataType("S"),
    "UINTEGER": DataType("I"),
    "UBIGINT": DataType("L"),
    "FLOAT": DataType("f"),
    "DOUBLE": DataType("g"),
    "VARCHAR": DataType("u"),
    "BLOB": DataType("z"),
    "DATE": DataType("tdD"),
    "TIME": DataType("ttu"),
    "TIMESTAMP": timestamp("us"),
    "TIMESTAMP_S": timestamp("s"),
    "TIMESTAMP_MS": timestamp("ms"),
    "TIMESTAMP_NS": timestamp("ns"),
    "TIMESTAMP WITH TIME ZONE": timestamp("us", "UTC"),
}


def _ddl(field: Field) -> str:
    format = field.type.format
    if field.type.is_dictionary:
        return _ddl(field.children[0])
    if format.startswith("d:"):
        precision, scale = format[2:].split(",")[:2]
        return f"decimal({precision}, {scale})"
    if format.startswith("ts") and len(format) > 4:
        return "timestamptz"
    found = _DDL.get(format.partition(":")[0])
    if found is None:
        raise Unsupported(f"the stand-in has no SQL for column `{field.name}`, a {field.type.name}")
    return found


def _type(name: str) -> DataType:
    found = _TYPES.get(name)
    if found is not None:
        return found
    decimal = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", name)
    if decimal:
        return decimal128(int(decimal[1]), int(decimal[2]))
    raise Unsupported(f"the stand-in makes no column of SQL's {name}")


def load(connection: DuckDBPyConnection, name: str, batches: Sequence[Held], schema: Schema) -> None:
    """Makes a table of batches. Columns that SQL has no type for are left out, so that others can be computed with."""
    columns, positions = [], []
    for position, field in enumerate(schema):
        try:
            columns.append(f"{quote(field.name)} {_ddl(field)}")
            positions.append(position)
        except Unsupported:
            continue
    connection.execute(f"create table {quote(name)} ({', '.join([*columns, quote(ROW) + ' bigint'])})")
    marks = ", ".join("?" * (len(positions) + 1))
    first = 0
    for batch in batches:
        values = [batch.columns[position].to_list() for position in positions]
        rows = list(zip(*values, range(first, first + batch.rows)))
        if rows:
            connection.executemany(f"insert into {quote(name)} values ({marks})", rows)
        first += batch.rows


#: The column by which rows keep their order.
ROW = "tenon:row"


def query(connection: DuckDBPyConnection, text: str) -> Held:
    """The result of a query as a batch."""
    import duckdb

    try:
        relation = connection.sql(text)
        if relation is None:
            raise BadConfig(f"`{text}` is no query")
        names, kinds, rows = relation.columns, [str(kind) for kind in relation.types], relation.fetchall()
    except duckdb.Error as error:
        raise BadConfig(str(error)) from None
    fields = [Field(name, _type(kind)) for name, kind in zip(names, kinds)]
    columns: list[tuple[Any, ...]] = list(zip(*rows)) if rows else [()] * len(fields)
    made = [remade(field, list(values)) for field, values in zip(fields, columns)]
    return Held(Schema(fields), len(rows), made)


class Program:
    """Compiled expressions."""

    def __init__(self, schema: Schema, expressions: list[str]) -> None:
        self._schema = schema
        self._items = [self._item(expression) for expression in expressions]
        self.output = self._run(Held(schema, 0, [remade(field, []) for field in schema])).schema

    def _item(self, expression: str) -> str:
        # The host names a column by its expression, where it has no name.
        has_name = re.search(r"\bas\s+(\"[^\"]+\"|\w+)\s*$", expression, re.IGNORECASE)
        is_column = expression in self._schema or re.fullmatch(r'"(?:[^"]|"")*"', expression.strip())
        return expression if has_name or is_column else f"{expression} as {quote(expression)}"

    def _run(self, batch: Held) -> Held:
        with connect() as connection:
            load(connection, "batch", [batch], self._schema)
            return query(connection, f"select {', '.join(self._items)} from batch order by {quote(ROW)}")

    def project(self, batch: Held) -> Held:
        """One column per expression. Columns that are passed on as they are keep their type."""
        computed = self._run(batch)
        columns, fields = [], []
        for item, column in zip(self._items, computed.columns):
            source = re.fullmatch(r'"((?:[^"]|"")*)"(?:\s+as\s+"((?:[^"]|"")*)")?', item.strip())
            name = source[1].replace('""', '"') if source else None
            if source and name is not None and name in self._schema:
                position = self._schema.position(name)
                named = (source[2] or source[1]).replace('""', '"')
                fields.append(self._schema[position].named(named))
                columns.append(remade(fields[-1], exact(batch.columns[position])))
            else:
                fields.append(column.field)
                columns.append(column)
        return Held(Schema(fields), batch.rows, columns)

    def filter(self, batch: Held) -> Held:
        """The rows for which the one expression is true."""
        kept = self._run(batch).columns[0].to_list()
        return batch.picked([row for row, keep in enumerate(kept) if keep])
