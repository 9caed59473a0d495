"""One function, bound to its configuration and input."""

from __future__ import annotations

import sys
from typing import Any

from . import rejects as rejected
from .batch import Batch
from .errors import BadConfig, BadData
from .function import Function, Running, batches_of, function_named
from .schema import Schema


class Session:
    """A function that is open."""

    def __init__(self, name: str, config: str, schema: Schema) -> None:
        self.input = schema
        self.function: Function = function_named(name)
        for column in self.function.reads or ():
            schema.position(column)
        rejected.begin()
        self._running: Running = self.function.start(config, schema)
        self.output: Schema = self._running.output_schema(schema)
        rejected.begin()
        if self.function.shape == "scalar" and len(self.output) != 1:
            raise BadConfig(f"scalar function `{name}` must answer with one column, not {len(self.output)}")

    def process(self, batch: Batch) -> tuple[list[Batch], list[tuple[int, str]]]:
        """Takes one batch: what comes out, and what was rejected."""
        rejected.begin(batch)
        try:
            batches = batches_of(self._running.process(batch))
            if self.function.shape == "scalar":
                self._check_values(batches, batch.rows)
            return batches, rejected.take()
        finally:
            rejected.begin()

    def finish(self) -> tuple[list[Batch], list[tuple[int, str]]]:
        """After the last batch."""
        rejected.begin()
        batches = batches_of(self._running.finish())
        return batches, rejected.take()

    def _check_values(self, batches: list[Batch], rows: int) -> None:
        found = sum(made.rows for made in batches)
        if len(batches) != 1 or found != rows:
            raise BadData(f"scalar function `{self.function.name}` made {found} values for {rows} rows")


def handed_over(batches: list[Batch]) -> list[Any]:
    """The handles of batches that are returned. One that is still in use elsewhere is shared, the others are given
    away."""
    handles = []
    for position, batch in enumerate(batches):
        if sys.getrefcount(batches[position]) > _UNIQUE:
            batch = batch.share()
        handles.append(batch._host())
        batch._handle = None
    return handles


def _references(things: list[object]) -> int:
    for position, thing in enumerate(things):
        return sys.getrefcount(things[position])
    return 0


#: References to something that only its list and a loop hold, as this interpreter counts them.
_UNIQUE = _references([object()])
