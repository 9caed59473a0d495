"""Bitmaps, as Arrow packs them: the first row is the lowest bit of the first byte.

Python has no operation that packs bits, but integers are bits: reading and writing them in base 2 is linear and native.
A mask holds one byte per row, 0 or 1.
"""

from __future__ import annotations

_FROM_DIGITS = bytes.maketrans(b"01", b"\0\1")
_TO_DIGITS = bytes.maketrans(b"\0\1", b"01")


def unpack(bits: bytes, rows: int) -> bytes:
    """The mask of a bitmap."""
    if rows == 0:
        return b""
    digits = f"{int.from_bytes(bits, 'little'):0{8 * len(bits)}b}"
    return digits[: -rows - 1 : -1].encode("ascii").translate(_FROM_DIGITS)


def pack(mask: bytes) -> bytes:
    """The bitmap of a mask."""
    rows = len(mask)
    if rows == 0:
        return b""
    return int(mask[::-1].translate(_TO_DIGITS), 2).to_bytes((rows + 7) // 8, "little")


def hide(values: list[object], mask: bytes, nulls: int) -> None:
    """Puts None where the mask says that there is no value."""
    if nulls * 16 > len(values):
        values[:] = [value if valid else None for value, valid in zip(values, mask)]
        return
    row = mask.find(0)
    while row >= 0:
        values[row] = None
        row = mask.find(0, row + 1)
