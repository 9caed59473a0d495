"""A stand-in for the host: outside a sandbox, it holds the rows and whatever a test has set."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..column.base import Column, NodeLike
from ..column.layout import column_of, encode_field
from ..errors import BadConfig, BadData, Denied, LimitReached
from ..schema import Field, Schema

if TYPE_CHECKING:
    from ..batch import Batch


@dataclass
class Run:
    """What a test has set, and what has come of its calls."""

    parameters: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    now: tuple[int, int] | None = None
    logs: list[tuple[str, str]] = field(default_factory=list)
    counters: dict[str, float] = field(default_factory=dict)
    state: dict[str, bytes] = field(default_factory=dict)
    sources: dict[str, list[Batch]] = field(default_factory=dict)
    written: dict[str, list[Batch]] = field(default_factory=dict)


run = Run()


class Held:
    """A batch in the stand-in's memory."""

    __slots__ = ("schema", "rows", "columns")

    def __init__(self, schema: Schema, rows: int, columns: Sequence[Column[Any]]) -> None:
        self.schema = schema
        self.rows = rows
        self.columns = list(columns)

    def picked(self, rows: Sequence[int]) -> Held:
        """The rows at these positions."""
        columns = []
        for column in self.columns:
            values = exact(column)
            columns.append(remade(column.field, [values[row] for row in rows]))
        return Held(self.schema, len(rows), columns)


def exact(column: Column[Any]) -> list[Any]:
    """A column's values, of dates and times their numbers: nothing is lost."""
    integers = getattr(column, "integers", None)
    if integers is not None and column.field.type.format.startswith("t"):
        return integers()  # type: ignore[no-any-return]
    return column.to_list()


def remade(field: Field, values: list[Any]) -> Column[Any]:
    """A column of these values."""
    encoded = encode_field(field, values)
    return column_of(field, encoded.nodes, encoded.buffers)


def schema(handle: Held) -> Schema:
    """The schema of a batch."""
    return handle.schema


def rows(handle: Held) -> int:
    """The rows of a batch."""
    return handle.rows


def read(handle: Held, positions: list[int]) -> list[tuple[Sequence[NodeLike], list[bytes]]]:
    """Nodes and buffers of columns."""
    columns = [handle.columns[position] for position in positions]
    return [(column.nodes, column.buffers) for column in columns]


def build(schema: Schema, rows: int, columns: Sequence[Column[Any]]) -> Held:
    """A batch of these columns."""
    return Held(schema, rows, [_checked(field, column, rows) for field, column in zip(schema, columns)])


def _checked(field: Field, column: Column[Any], rows: int) -> Column[Any]:
    if len(column) != rows:
        raise BadData(f"column `{field.name}` has {len(column)} rows, but the batch has {rows}")
    if column.nodes[0].nulls and not field.nullable:
        raise BadData(f"column `{field.name}` holds nulls, but its field says that there are none")
    return column_of(field, column.nodes, [bytes(buffer) for buffer in column.buffers])


def with_columns(handle: Held, fields: Sequence[Field], columns: Sequence[Column[Any]]) -> Held:
    """A batch with columns added or replaced."""
    merged = {column.field.name: column for column in handle.columns}
    for new, column in zip(fields, columns):
        merged[new.name] = _checked(new, column, handle.rows)
    return Held(handle.schema.with_fields(fields), handle.rows, list(merged.values()))


def select(handle: Held, names: list[str]) -> Held:
    """Some columns."""
    positions = [handle.schema.position(name) for name in names]
    return Held(handle.schema.select(names), handle.rows, [handle.columns[position] for position in positions])


def slice(handle: Held, offset: int, length: int) -> Held:
    """Some rows in a row."""
    if offset + length > handle.rows:
        raise BadConfig(f"rows {offset} to {offset + length} were asked of a batch that has {handle.rows}")
    return handle.picked(range(offset, offset + length))


def take(handle: Held, rows: list[int]) -> Held:
    """Some rows."""
    beyond = next((row for row in rows if row >= handle.rows), None)
    if beyond is not None:
        raise BadConfig(f"row {beyond} was asked of a batch that has {handle.rows}")
    return handle.picked(rows)


def masked(batch: Batch, kept: bytes) -> Batch:
    """The rows of a mask."""
    return batch.take([row for row, keep in enumerate(kept) if keep])


def concat(handles: list[Held]) -> Held:
    """The rows of all."""
    schema = handles[0].schema
    if any(handle.schema != schema for handle in handles):
        raise BadConfig("the parts have different schemas")
    columns = []
    for position, each in enumerate(schema):
        columns.append(remade(each, [value for handle in handles for value in exact(handle.columns[position])]))
    return Held(schema, sum(handle.rows for handle in handles), columns)


def share(handle: Held) -> Held:
    """Another handle on the same rows."""
    return handle


def compile(schema: Schema, expressions: list[str]) -> Any:
    """A program."""
    from . import kernels

    return kernels.Program(schema, expressions)


def output(program: Any) -> Schema:
    """What a program computes."""
    return program.output  # type: ignore[no-any-return]


def project(program: Any, handle: Held) -> Held:
    """Computes."""
    return program.project(handle)  # type: ignore[no-any-return]


def filter(program: Any, handle: Held) -> Held:
    """Filters."""
    return program.filter(handle)  # type: ignore[no-any-return]


def log(level: str, message: str) -> None:
    """Writes to the run's log."""
    run.logs.append((level, message))


def count(metric: str, amount: float) -> None:
    """Adds to a counter."""
    run.counters[metric] = run.counters.get(metric, 0.0) + amount


def parameter(name: str) -> str | None:
    """A parameter of the job."""
    return run.parameters.get(name)


def secret(name: str) -> str:
    """A secret."""
    if name not in run.secrets:
        raise Denied(f"the secret `{name}` was not granted: `testing.set_secret` grants it")
    return run.secrets[name]


def now() -> tuple[int, int]:
    """Seconds since 1970 and nanoseconds."""
    return run.now or divmod(time.time_ns(), 1_000_000_000)


def random(count: int) -> bytes:
    """Random bytes."""
    if count > 1 << 16:
        raise LimitReached(f"{count} random bytes were asked for; one call gives at most 65536")
    return os.urandom(count)


def state_get(key: str) -> bytes | None:
    """A kept value."""
    return run.state.get(key)


def state_put(key: str, value: bytes) -> None:
    """Keeps a value."""
    run.state[key] = value


def state_delete(key: str) -> None:
    """Forgets a value."""
    run.state.pop(key, None)
