"""Rows that a function refuses."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING

from .errors import BadConfig, BadData

if TYPE_CHECKING:
    from .batch import Batch

#: The batch that this call was given, if it was given one.
_input: Batch | None = None

#: Rows refused so far in this call, with their reasons.
_rejected: dict[int, str] = {}


def reject(row: int, reason: str) -> None:
    """Refuses a row of the batch that was given to the function: it goes to the job's reject sink with this reason, for
    people to read. The function leaves the row out of its output by itself, for example with
    ``batch.without_rejected()``. A row is refused once; the first reason stays."""
    number = index(row)
    if not 0 <= number < 1 << 32:
        raise BadData(f"there is no row {number} to reject")
    _rejected.setdefault(number, str(reason))


def begin(batch: Batch | None = None) -> None:
    """Starts a call, on a batch or on none."""
    global _input
    _input = batch
    _rejected.clear()


def kept(rows: int) -> bytes | None:
    """The mask of rows that were not refused, unless none were."""
    if _input is not None and _input.rows != rows:
        raise BadConfig(
            f"this batch has {rows} rows, but the function was given {_input.rows}, and rows are rejected by their "
            "positions in those: call `without_rejected` before `filter` and whatever else leaves rows out, moves or "
            "adds them"
        )
    if not _rejected:
        return None
    mask = bytearray(b"\1" * rows)
    for row in _rejected:
        if row < rows:
            mask[row] = 0
    return bytes(mask)


def take() -> list[tuple[int, str]]:
    """Ends a call: what was refused in it."""
    rows = list(_rejected.items())
    begin()
    return rows
