"""Decimal numbers."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any, ClassVar

from ..types import DataType
from .base import Column, Encoded, misfit, split

#: More digits than any decimal has: nothing is rounded.
_EXACT = decimal.Context(prec=100, traps=[decimal.InvalidOperation, decimal.Inexact])


class Decimals(Column[Decimal]):
    """Decimal numbers, exact."""

    holds: ClassVar[str] = "decimal numbers (`decimal.Decimal`)"
    __slots__ = ()

    def integers(self) -> list[int | None]:
        """The numbers without their point, None where there is none."""
        integers: list[Any] = self._unscaled()
        if self.nulls:
            integers = [value if valid else None for value, valid in zip(integers, self.validity)]
        return integers

    def _unscaled(self) -> list[Any]:
        width, data = _shape(self.field.type)[0], self.buffers[1]
        whole = int.from_bytes
        return [
            whole(data[start : start + width], "little", signed=True) for start in range(0, width * len(self), width)
        ]

    def _decode(self) -> list[Any]:
        scale = -_shape(self.field.type)[2]
        scaled = _EXACT.scaleb
        return [scaled(Decimal(value), scale) for value in self._unscaled()]

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Takes decimals and integers that are exact at the type's scale; None becomes null."""
        width, precision, scale = _shape(type)
        bound = 10**precision
        node, validity, filled = split(values, 0)

        def unscaled(value: Any) -> bytes:
            if not isinstance(value, (Decimal, int)):
                raise TypeError
            shifted = _EXACT.scaleb(Decimal(value), scale)
            whole = int(shifted)
            if whole != shifted or abs(whole) >= bound:
                raise ValueError
            return whole.to_bytes(width, "little", signed=True)

        def fits(value: Any) -> bool:
            try:
                unscaled(value)
            except (TypeError, ValueError, ArithmeticError):
                return False
            return True

        try:
            return Encoded([node], [validity, b"".join([unscaled(value) for value in filled])])
        except (TypeError, ValueError, ArithmeticError):
            expected = f"`Decimal` of {precision} digits, {scale} of them after the point"
            raise misfit(type, values, fits, expected) from None


def _shape(type: DataType) -> tuple[int, int, int]:
    """Bytes of a value, digits, and digits after the point."""
    parts = [int(part) for part in type.format[2:].split(",")]
    bits = parts[2] if len(parts) > 2 else 128
    return bits // 8, parts[0], parts[1]
