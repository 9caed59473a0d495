"""A stand-in for the host's frames: sources are batches that a test gives, and DuckDB runs the queries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..errors import BadConfig
from ..schema import Field, Schema
from ..sql import quote
from ..types import int64, utf8
from . import kernels, stand_in
from .stand_in import Held, remade

if TYPE_CHECKING:
    from ..batch import Batch


class HeldFrame:
    """A frame whose rows are there already, with the rows that functions rejected on the way to it."""

    __slots__ = ("batch", "rejected")

    def __init__(self, batch: Held, rejected: list[Held]) -> None:
        self.batch = batch
        self.rejected = rejected


def _place(text: str) -> str:
    place = json.loads(text)
    return place if isinstance(place, str) else place.get("url") or place.get("table") or text


def read(source: str) -> HeldFrame:
    """What a test gave by this name."""
    name = _place(source)
    batches = stand_in.run.sources.get(name)
    if batches is None:
        there = ", ".join(f"`{known}`" for known in stand_in.run.sources) or "none"
        raise BadConfig(f"the test gave no source `{name}`; it gave {there}")
    return HeldFrame(stand_in.concat([batch._host() for batch in batches]), [])


def sql(query: str, inputs: list[tuple[str, HeldFrame]]) -> HeldFrame:
    """A query over frames."""
    with kernels.connect() as connection:
        for name, frame in inputs:
            kernels.load(connection, name, [frame.batch], frame.batch.schema)
        made = kernels.query(connection, query)
    kept = [name for name in made.schema.names if not name.startswith(kernels.ROW)]
    return HeldFrame(stand_in.select(made, kept), [held for _, frame in inputs for held in frame.rejected])


def schema(frame: HeldFrame) -> Schema:
    """The columns of a frame."""
    return frame.batch.schema


def filter(frame: HeldFrame, predicate: str) -> HeldFrame:
    """Some rows."""
    program = kernels.Program(frame.batch.schema, [predicate])
    return HeldFrame(program.filter(frame.batch), frame.rejected)


def project(frame: HeldFrame, expressions: list[str]) -> HeldFrame:
    """One column per expression."""
    program = kernels.Program(frame.batch.schema, expressions)
    return HeldFrame(program.project(frame.batch), frame.rejected)


def join(frame: HeldFrame, other: HeldFrame, on: list[str], how: str) -> HeldFrame:
    """Pairs."""
    columns = ", ".join(quote(name) for name in on)
    return sql(f"select * from a {how} join b using ({columns})", [("a", frame), ("b", other)])


def union(frame: HeldFrame, other: HeldFrame) -> HeldFrame:
    """The rows of both."""
    if set(frame.batch.schema.names) != set(other.batch.schema.names):
        raise BadConfig("the columns of the two frames differ")
    second = stand_in.select(other.batch, frame.batch.schema.names)
    return HeldFrame(stand_in.concat([frame.batch, second]), frame.rejected + other.rejected)


def aggregate(frame: HeldFrame, group_by: list[str], expressions: list[str]) -> HeldFrame:
    """One row per group."""
    groups = [quote(name) for name in group_by]
    grouping = f" group by {', '.join(groups)}" if groups else ""
    return sql(f"select {', '.join(groups + expressions)} from a{grouping}", [("a", frame)])


def sort(frame: HeldFrame, by: list[str]) -> HeldFrame:
    """In order."""
    return sql(f"select * from a order by {', '.join(by)}", [("a", frame)])


def limit(frame: HeldFrame, rows: int) -> HeldFrame:
    """The first rows."""
    return HeldFrame(stand_in.slice(frame.batch, 0, min(rows, frame.batch.rows)), frame.rejected)


def apply(frame: HeldFrame, function: str, config: str) -> HeldFrame:
    """Through a function of this project."""
    from ..batch import Batch
    from ..session import Session

    if ":" in function:
        raise BadConfig(f"`{function}` is a function of another plugin, which a test outside a sandbox can't call")
    session = Session(function, config, frame.batch.schema)
    batches, rejected = session.process(Batch._of(frame.batch, frame.batch.schema))
    last, _ = session.finish()
    made = [batch._host() for batch in batches + last]
    result = stand_in.concat(made) if made else Held(session.output, 0, [remade(field, []) for field in session.output])
    return HeldFrame(result, [*frame.rejected, _refused(frame.batch, function, rejected)])


def _refused(batch: Held, function: str, rejected: list[tuple[int, str]]) -> Held:
    picked = batch.picked([row for row, _ in rejected])
    fields = [Field("rejected_by", utf8), Field("rejected_row", int64), Field("rejected_because", utf8)]
    values: list[list[Any]] = [
        [function] * len(rejected),
        [row for row, _ in rejected],
        [reason for _, reason in rejected],
    ]
    return stand_in.with_columns(picked, fields, [remade(field, each) for field, each in zip(fields, values)])


def rejected(frame: HeldFrame) -> HeldFrame:
    """What functions rejected."""
    if not frame.rejected:
        raise BadConfig("no function was applied on the way to this frame")
    # Those of several functions may have different columns.
    last = frame.rejected[-1]
    return HeldFrame(stand_in.concat([held for held in frame.rejected if held.schema == last.schema]), [])


def write(frame: HeldFrame, sink: str) -> tuple[int, int, int]:
    """Keeps what was written for the test."""
    from ..batch import Batch

    batch: Batch = Batch._of(frame.batch, frame.batch.schema)
    stand_in.run.written.setdefault(_place(sink), []).append(batch)
    return frame.batch.rows, 0, 1


def collect(frame: HeldFrame) -> list[Held]:
    """The rows."""
    return [frame.batch]


def count(frame: HeldFrame) -> int:
    """The number of rows."""
    return frame.batch.rows
