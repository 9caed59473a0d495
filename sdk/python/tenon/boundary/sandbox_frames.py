"""The real host's frames. Only a component that exports `job` has them."""

from __future__ import annotations

from typing import Any

from wit_world.imports import pipeline

from ..schema import Schema
from . import sandbox
from .sandbox import _guard

_HOW = {kind.name.lower(): kind for kind in pipeline.JoinKind}


def read(source: str) -> Any:
    """A source."""
    with _guard:
        return pipeline.Frame.read(source)


def sql(query: str, inputs: list[tuple[str, Any]]) -> Any:
    """A query over frames."""
    with _guard:
        return pipeline.Frame.sql(query, inputs)


def schema(frame: Any) -> Schema:
    """The columns of a frame."""
    with _guard:
        return sandbox.schema_from(frame.schema())


def filter(frame: Any, predicate: str) -> Any:
    """Some rows."""
    with _guard:
        return frame.filter(predicate)


def project(frame: Any, expressions: list[str]) -> Any:
    """One column per expression."""
    with _guard:
        return frame.project(expressions)


def join(frame: Any, other: Any, on: list[str], how: str) -> Any:
    """Pairs."""
    with _guard:
        return frame.join(other, on, _HOW[how])


def union(frame: Any, other: Any) -> Any:
    """The rows of both."""
    with _guard:
        return frame.union(other)


def aggregate(frame: Any, group_by: list[str], expressions: list[str]) -> Any:
    """One row per group."""
    with _guard:
        return frame.aggregate(group_by, expressions)


def sort(frame: Any, by: list[str]) -> Any:
    """In order."""
    with _guard:
        return frame.sort(by)


def limit(frame: Any, rows: int) -> Any:
    """The first rows."""
    with _guard:
        return frame.limit(rows)


def apply(frame: Any, function: str, config: str) -> Any:
    """Through a function."""
    with _guard:
        return frame.apply(function, config)


def rejected(frame: Any) -> Any:
    """What functions rejected."""
    with _guard:
        return frame.rejected()


def write(frame: Any, sink: str) -> tuple[int, int, int]:
    """Into a sink."""
    with _guard:
        written = frame.write(sink)
    return int(written.rows), int(written.bytes), written.objects


def collect(frame: Any) -> list[Any]:
    """The batches."""
    with _guard:
        return frame.collect()  # type: ignore[no-any-return]


def count(frame: Any) -> float:
    """The number of rows."""
    with _guard:
        return frame.count()  # type: ignore[no-any-return]
