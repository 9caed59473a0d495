"""The guest of the conformance suite: the functions that every language has."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import tenon
from tenon import (
    Batch,
    Column,
    Error,
    Field,
    Schema,
    Unsupported,
    error_of,
    int64,
    scalar,
    state,
    transform,
    utf8,
)
from tenon import reject as refuse

# Whatever is no letter or digit of ASCII.
OTHERS = re.compile("[^A-Za-z0-9]+")


@transform
def pass_(batch: Batch) -> Batch:
    """Returns its batch."""
    return batch


@transform
def rebuild(batch: Batch) -> Batch:
    """Reads every column value by value, and builds it anew of those values."""
    columns = [rebuilt(column) for column in batch.read()]
    return Batch.build(batch.schema, batch.rows, columns)


def rebuilt(column: Column[Any]) -> Column[Any]:
    # Dates and times by their numbers: Python's own end at microseconds and the year 9999.
    exact = getattr(column, "integers", None) if column.type.format.startswith("t") else None
    values = exact() if exact is not None else [value for value in column]
    try:
        return column.type(values)
    except Unsupported as error:
        raise Unsupported(f"column `{column.field.name}` (`{column.type.format}`): {error}") from None


@transform
def raw(batch: Batch) -> Batch:
    """Builds the batch anew of its raw columns."""
    columns = [batch.raw(name) for name in batch.schema.names]
    copies = [Column(column.field, column.nodes, [bytes(buffer) for buffer in column.buffers]) for column in columns]
    return Batch.build(batch.schema, batch.rows, copies)


@transform
def kernel(batch: Batch, expressions: list[str]) -> Batch:
    """Lets the host compute."""
    return batch.project(expressions)


@transform(name="filter")
def filtered(batch: Batch, predicate: str) -> Batch:
    """Lets the host filter."""
    return batch.filter(predicate)


@transform(name="slice")
def sliced(batch: Batch, offset: int, length: int) -> Batch:
    """Some rows."""
    return batch.slice(offset, length) if batch.rows else batch


@transform
def take(batch: Batch, rows: list[int]) -> Batch:
    """Rows by number."""
    return batch.take(rows) if batch.rows else batch


@transform
def select(batch: Batch, columns: list[str]) -> Batch:
    """Columns by name."""
    return batch.select(*columns)


@transform
def concat(batch: Batch) -> Batch:
    """The batch twice."""
    return Batch.concat([batch, batch])


@transform
def double(batch: Batch, column: str) -> Batch:
    """Twice the values of a column."""
    doubled = [None if value is None else 2 * value for value in batch.column(column, int64)]
    return batch.with_columns({column: int64(doubled)})


@transform
def clean(batch: Batch, column: str) -> Batch:
    """Texts in upper case, with nothing but the letters and digits of ASCII; null where nothing is left."""
    return batch.with_columns({column: utf8([kept(text) for text in batch[column]])})


def kept(text: str | None) -> str | None:
    return None if text is None else OTHERS.sub("", text).upper() or None


@transform
def branch(batch: Batch, column: str) -> Batch:
    """Adds the column `size`, which tells amounts apart."""
    return batch.with_columns(size=utf8([size_of(amount) for amount in batch[column]]))


def size_of(amount: float | None) -> str:
    if amount is None:
        return "unknown"
    if amount < 0:
        return "refund"
    if amount < 10:
        return "small"
    return "medium" if amount < 100 else "large"


@transform
def reject(batch: Batch, column: str, reason: str) -> Batch:
    """Rejects rows whose boolean column is false or null."""
    for row, value in enumerate(batch[column]):
        if not value:
            refuse(row, reason)
    return batch.without_rejected()


@transform
def reject_late(batch: Batch, predicate: str) -> Batch:
    """Filters before it leaves out what it refused."""
    refuse(0, "it is the first")
    return batch.filter(predicate).without_rejected()


@dataclass
class Config:
    text: str
    number: int
    ratio: float
    flag: bool = True
    names: list[str] = field(default_factory=list)


@transform(name="config")
def configured(batch: Batch, config: Config) -> Batch:
    """Says its configuration."""
    values = {name: getattr(config, name) for name in ("text", "number", "ratio", "flag", "names")}
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return batch.with_columns(config=utf8([text] * batch.rows))


@transform
def host(batch: Batch, parameter: str, secret: str) -> Batch:
    """Calls everything that the host offers."""
    for level in ("trace", "debug", "info", "warn", "error"):
        tenon.log(level, f"a line of {level}")
    tenon.count("conformance.rows", batch.rows)
    try:
        found = tenon.secret(secret)
    except Error as error:
        found = error.kind.value
    rows = batch.rows
    return batch.with_columns(
        parameter=utf8([tenon.parameter(parameter)] * rows),
        secret=utf8([found] * rows),
        year=int64([tenon.now().year] * rows),
        random=int64([len(tenon.random_bytes(16))] * rows),
    )


@transform(name="state")
class State:
    """Counts its runs."""

    def __init__(self) -> None:
        self.runs = int(state.get("runs") or b"0") + 1
        state.put("runs", str(self.runs).encode())

    def output_schema(self, schema: Schema) -> Schema:
        return schema.with_fields([Field("runs", int64)])

    def process(self, batch: Batch) -> Batch:
        return batch.with_columns(runs=int64([self.runs] * batch.rows))


@transform
def fail(batch: Batch, kind: str, message: str) -> Batch:
    """Fails."""
    if batch.rows:
        raise error_of(kind, message)
    return batch


@transform(name="raise")
def raising(batch: Batch) -> Batch:
    """Raises what nobody catches."""
    if batch.rows:
        outer()
    return batch


def outer() -> None:
    middle()


def middle() -> None:
    inner()


def inner() -> None:
    raise ValueError("raised on purpose")


@transform
def lie(batch: Batch) -> Batch:
    """Announces one schema, and returns a batch with another."""
    return batch.with_columns(lie=int64([0] * batch.rows)) if batch.rows else batch


@transform
def missing(batch: Batch) -> Batch:
    """Reads a column that isn't there."""
    return batch.with_columns(copy=batch["nowhere"]) if batch.rows else batch


@transform
def memory(batch: Batch) -> Batch:
    """Allocates without end."""
    held = []
    while batch.rows:
        held.append(bytearray(1 << 20))
    return batch


@transform
def spin(batch: Batch) -> Batch:
    """Loops without end."""
    while batch.rows:
        pass
    return batch


@transform(name="count_rows")
class CountRows:
    """Counts the rows of its partition."""

    def __init__(self) -> None:
        self.rows = 0

    def output_schema(self, schema: Schema) -> Schema:
        return Schema({"rows": int64})

    def process(self, batch: Batch) -> None:
        self.rows += batch.rows

    def finish(self) -> Batch:
        return Batch(rows=int64([self.rows]))


@scalar
def greet(name: str) -> str:
    """Greets."""
    return f"Hello, {name}"
