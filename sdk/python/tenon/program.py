"""SQL expressions that the host computes, compiled once per sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .boundary import host
from .schema import Schema

if TYPE_CHECKING:
    from .batch import Batch
    from .column import Column

#: How many programs a sandbox keeps; the oldest goes first.
_KEPT = 64


class Compiled(NamedTuple):
    """A compiled program with the schema of what it computes."""

    program: Any
    output: Schema


class Expression:
    """An expression over a batch, checked but computed only when it is needed, and then by the host."""

    __slots__ = ("batch", "text")

    def __init__(self, batch: Batch, text: str) -> None:
        self.batch = batch
        self.text = text

    def column(self) -> Column[Any]:
        """Computes and reads it: only the result crosses."""
        return self.batch.project([self.text]).read()[0]

    def to_list(self) -> list[Any]:
        """Computes it, and gives its values."""
        return self.column().to_list()

    def __repr__(self) -> str:
        return f"<{self.text}>"


_PROGRAMS: dict[tuple[Schema, tuple[str, ...]], Compiled] = {}


def compiled(schema: Schema, expressions: tuple[str, ...]) -> Compiled:
    """The program of these expressions over this schema."""
    key = (schema, expressions)
    known = _PROGRAMS.get(key)
    if known is None:
        program = host.compile(schema, list(map(str, expressions)))
        known = Compiled(program, host.output(program))
        if len(_PROGRAMS) >= _KEPT:
            del _PROGRAMS[next(iter(_PROGRAMS))]
        _PROGRAMS[key] = known
    return known
