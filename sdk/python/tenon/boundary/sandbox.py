"""The real host, behind the generated bindings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from componentize_py_types import Err
from wit_world.imports import arrow, batches
from wit_world.imports import host as services

from ..column.base import Column, NodeLike
from ..errors import Error, error_of
from ..schema import Field, Schema
from ..sql import quote
from ..types import DataType

if TYPE_CHECKING:
    from ..batch import Batch

_MASK = "tenon:kept"


class guarded:
    """Turns what the host answers into the SDK's errors. A class and not a generator: it stands around every call."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None and isinstance(error, Err):
            raise _error(error.value) from None


_guard = guarded()


def _error(error: Any) -> Error:
    kind = error.kind.name.lower().replace("_", "-")
    return error_of(kind, error.message, tuple(error.context))


def schema(handle: Any) -> Schema:
    """The schema of a batch."""
    return schema_from(handle.schema())


def rows(handle: Any) -> int:
    """The rows of a batch."""
    return handle.rows()  # type: ignore[no-any-return]


def read(handle: Any, positions: list[int]) -> list[tuple[Sequence[NodeLike], list[bytes]]]:
    """Nodes and buffers of columns."""
    with _guard:
        return [(column.nodes, column.buffers) for column in handle.read(positions)]


def build(schema: Schema, rows: int, columns: Sequence[Column[Any]]) -> Any:
    """A batch of these columns."""
    with _guard:
        return batches.Batch.build(wire_schema(schema), rows, _wire_columns(columns))


def with_columns(handle: Any, fields: Sequence[Field], columns: Sequence[Column[Any]]) -> Any:
    """A batch with columns added or replaced."""
    with _guard:
        return handle.with_columns([wire for field in fields for wire in wire_field(field)], _wire_columns(columns))


def select(handle: Any, names: list[str]) -> Any:
    """Some columns."""
    with _guard:
        return handle.select(names)


def slice(handle: Any, offset: int, length: int) -> Any:
    """Some rows in a row."""
    with _guard:
        return handle.slice(offset, length)


def take(handle: Any, rows: list[int]) -> Any:
    """Some rows."""
    with _guard:
        return handle.take(rows)


def masked(batch: Batch, kept: bytes) -> Batch:
    """The rows of a mask. Numbers of rows would cross one by one; a column of bits crosses as a whole, and the host's
    own filter does the rest."""
    from ..types import boolean

    marked = batch.with_columns({_MASK: boolean(kept)})
    return marked.filter(quote(_MASK)).select(*batch.schema.names)


def concat(handles: list[Any]) -> Any:
    """The rows of all."""
    with _guard:
        return batches.Batch.concat(handles)


def share(handle: Any) -> Any:
    """Another handle on the same rows."""
    return handle.share()


def compile(schema: Schema, expressions: list[str]) -> Any:
    """A program."""
    with _guard:
        return batches.Program.compile(wire_schema(schema), expressions)


def output(program: Any) -> Schema:
    """What a program computes."""
    return schema_from(program.output())


def project(program: Any, handle: Any) -> Any:
    """Computes."""
    with _guard:
        return program.project(handle)


def filter(program: Any, handle: Any) -> Any:
    """Filters."""
    with _guard:
        return program.filter(handle)


_LEVELS = {level.name.lower(): level for level in services.Level}


def log(level: str, message: str) -> None:
    """Writes to the run's log."""
    services.log(_LEVELS[level], text(message))


def text(value: object) -> str:
    """A text that can cross: lone surrogates would end the sandbox."""
    string = str(value)
    return string if string.isascii() else string.encode("utf-8", "backslashreplace").decode("utf-8")


def count(metric: str, amount: float) -> None:
    """Adds to a counter."""
    services.count(metric, amount)


def parameter(name: str) -> str | None:
    """A parameter of the job."""
    return services.parameter(name)


def secret(name: str) -> str:
    """A secret."""
    with _guard:
        return services.secret(name)


def now() -> tuple[int, int]:
    """Seconds since 1970 and nanoseconds."""
    instant = services.now()
    return instant.seconds, instant.nanoseconds


def random(count: int) -> bytes:
    """Random bytes."""
    with _guard:
        return services.random(count)


def state_get(key: str) -> bytes | None:
    """A kept value."""
    with _guard:
        return services.state_get(key)


def state_put(key: str, value: bytes) -> None:
    """Keeps a value."""
    with _guard:
        services.state_put(key, value)


def state_delete(key: str) -> None:
    """Forgets a value."""
    with _guard:
        services.state_delete(key)


def schema_from(fields: list[Any]) -> Schema:
    """The schema that a list of fields in pre-order stands for."""
    rest = iter(fields)

    def following() -> Field:
        wire = next(rest)
        children = tuple(following() for _ in range(wire.children))
        type = DataType(wire.format, wire.encoding is arrow.Encoding.DICTIONARY, children)
        return Field(wire.name, type, wire.nullable, wire.metadata)

    top = []
    while True:
        try:
            top.append(following())
        except StopIteration:
            return Schema(top)


def wire_schema(schema: Schema) -> list[Any]:
    """A schema as it crosses, made once."""
    if schema._wire is None:
        schema._wire = [wire for field in schema.fields for wire in wire_field(field)]
    return schema._wire  # type: ignore[no-any-return]


def wire_field(field: Field) -> list[Any]:
    """A field with its children in pre-order, made once."""
    if field._wire is None:
        encoding = arrow.Encoding.DICTIONARY if field.type.is_dictionary else arrow.Encoding.PLAIN
        children = field.children
        own = arrow.Field(field.name, field.type.format, encoding, field.nullable, len(children), list(field.metadata))
        object.__setattr__(field, "_wire", [own, *(wire for child in children for wire in wire_field(child))])
    return field._wire  # type: ignore[no-any-return]


def _wire_columns(columns: Sequence[Column[Any]]) -> list[Any]:
    # The boundary takes nothing but exact bytes; other buffers would end the sandbox.
    make: Any = arrow.Column
    return [
        make(column.nodes, [part if part.__class__ is bytes else bytes(part) for part in column.buffers])
        for column in columns
    ]
