"""Rows that a function refuses."""

from __future__ import annotations

from operator import index

from .errors import BadData

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


def begin() -> None:
    """Starts a call."""
    _rejected.clear()


def kept(rows: int) -> bytes | None:
    """The mask of rows that were not refused, unless none were."""
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
    _rejected.clear()
    return rows
