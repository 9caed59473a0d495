"""Queries that have not run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from ..batch import Batch
from ..errors import BadConfig
from ..function import MARK
from ..schema import Schema
from ..sql import quote
from .place import place

How = Literal["inner", "left", "right", "full", "semi", "anti"]
_HOW = ("inner", "left", "right", "full", "semi", "anti")


def frames() -> Any:
    """The host's frames, or their stand-in: imported when a job runs, since only a job's component has them."""
    if sys.platform == "wasi":
        from ..boundary import sandbox_frames

        return sandbox_frames
    from ..boundary import stand_in_frames

    return stand_in_frames


class Written(NamedTuple):
    """What a sink has taken. It becomes visible when the job has ended well."""

    rows: int
    bytes: int
    #: Files, tables or messages.
    objects: int


class Frame:
    """A query that has not run: `write`, `collect` and `count` run it. Rows never enter the job's sandbox, unless it
    collects them. Planning happens as a frame is made, so that a wrong column is an error where it was named."""

    __slots__ = ("handle", "_schema")

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self._schema: Schema | None = None

    @property
    def schema(self) -> Schema:
        """The columns that it will have."""
        known = self._schema
        if known is None:
            known = self._schema = frames().schema(self.handle)
        return known

    def filter(self, predicate: str) -> Frame:
        """The rows for which a SQL predicate is true."""
        return Frame(frames().filter(self.handle, predicate))

    def select(self, *names: str) -> Frame:
        """The named columns, in that order."""
        return self.project([quote(name) for name in names])

    def project(self, expressions: Iterable[str]) -> Frame:
        """One column per SQL expression: ``["carrier", "amount * rate as total"]``."""
        return Frame(frames().project(self.handle, _texts(expressions)))

    def with_columns(self, columns: Mapping[str, str] | None = None, /, **named: str) -> Frame:
        """This frame with columns added, or replaced where a name is taken, by SQL expressions over its columns:
        ``orders.with_columns(amount_eur="amount * rate")``."""
        given = {**(columns or {}), **named}
        kept = [f"{given[name]} as {quote(name)}" if name in given else quote(name) for name in self.schema.names]
        added = [f"{text} as {quote(name)}" for name, text in given.items() if name not in self.schema]
        return self.project(kept + added)

    def join(self, other: Frame, on: str | Iterable[str], how: How = "inner") -> Frame:
        """Rows of this frame and another, paired where the columns ``on`` are equal."""
        if how not in _HOW:
            raise BadConfig(f"`{how}` is no kind of join; the kinds are {', '.join(_HOW)}")
        return Frame(frames().join(self.handle, other.handle, _texts(on), how))

    def union(self, other: Frame) -> Frame:
        """The rows of both, columns matched by name."""
        return Frame(frames().union(self.handle, other.handle))

    def aggregate(self, group_by: str | Iterable[str], /, *expressions: str, **named: str) -> Frame:
        """One row per group: the group's columns, and one column per SQL expression:
        ``orders.aggregate("country", "count(*) as orders", total="sum(amount)")``."""
        columns = [*expressions, *(f"{text} as {quote(name)}" for name, text in named.items())]
        return Frame(frames().aggregate(self.handle, _texts(group_by), columns))

    def sort(self, *by: str) -> Frame:
        """Ordered by SQL order expressions: ``"amount desc", "id"``."""
        return Frame(frames().sort(self.handle, list(by)))

    def limit(self, rows: int) -> Frame:
        """The first rows."""
        return Frame(frames().limit(self.handle, rows))

    def apply(self, function: str | Callable[..., Any], config: object = None, /, **keys: Any) -> Frame:
        """Passes the rows through a function: one of this project, by itself or by its name, or one of another
        plugin, as ``"plugin:name"``. The configuration is given whole, or key by key."""
        declared = getattr(function, MARK, None)
        if declared is None and not isinstance(function, str):
            raise BadConfig(
                f"`{getattr(function, '__name__', function)}` can't be applied to a frame: put `@transform` on it"
            )
        name = declared.name if declared is not None else str(function)
        try:
            text = json.dumps(keys if config is None else config)
        except TypeError as error:
            raise BadConfig(f"the configuration of `{name}` isn't JSON: {error}") from None
        return Frame(frames().apply(self.handle, name, text))

    def rejected(self) -> Frame:
        """The rows that functions rejected on the way to this frame, with the step and the reason."""
        return Frame(frames().rejected(self.handle))

    def write(self, sink: str | Mapping[str, Any], /, **options: Any) -> Written:
        """Runs the frame into a sink: a URL, or the table of a sink in a job file. Options are the keys of that table:
        ``orders.write("lake/orders/", partition_by=["country"], mode="overwrite")``."""
        return Written(*frames().write(self.handle, place(sink, options)))

    def collect(self) -> list[Batch]:
        """Runs the frame and hands its batches to the job; `LimitReached` past what a sandbox may hold."""
        return [Batch._of(handle) for handle in frames().collect(self.handle)]

    def count(self) -> int:
        """Runs the frame and counts its rows."""
        return int(frames().count(self.handle))


def _texts(texts: str | Iterable[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else [str(text) for text in texts]
