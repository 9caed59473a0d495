"""Dates, times, timestamps, durations and intervals."""

from __future__ import annotations

import datetime
import struct
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from ..errors import BadData
from ..types import DataType
from .base import Column, Encoded, misfit, split
from .number import Number, code_of, encode_fixed

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_DAY = 86_400_000_000
_UTC = datetime.timezone.utc
_START = datetime.datetime(1970, 1, 1)
_START_UTC = datetime.datetime(1970, 1, 1, tzinfo=_UTC)
#: How many microseconds a unit has; of nanoseconds, a thousand make one.
_MICROS = {"s": 1_000_000, "m": 1_000, "u": 1, "n": 1}


class _Temporal(Number):
    """Whole numbers of a unit since a beginning. ``values`` and ``integers`` give those numbers; as a sequence, the
    column gives objects of Python's `datetime`, which is slower and ends at microseconds and the year 9999."""

    __slots__ = ()

    def integers(self) -> list[int | None]:
        """The numbers, None where there is no value: exact for every value, and fast."""
        return Number.to_list(self)

    def to_list(self) -> list[Any]:
        """The values as objects of `datetime`, None where there is none."""
        convert = self._converter()
        try:
            return [None if value is None else convert(value) for value in self.integers()]
        except (OverflowError, ValueError) as error:
            raise BadData(
                f"column `{self.field.name}` holds a {self.field.type.name} that Python's `datetime` can't: {error}; "
                "read it with `integers()`"
            ) from None

    def _converter(self) -> Any:
        raise NotImplementedError

    @classmethod
    def number(cls, type: DataType, value: Any) -> int:
        """The number that stands for an object of `datetime`; other values raise TypeError."""
        raise NotImplementedError

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Takes objects of `datetime`, or the numbers themselves."""
        code = code_of(type.format)
        if all(value is None or value.__class__ is int for value in values):
            return encode_fixed(type, values, code)
        number = cls.number
        try:
            numbers = [value if value is None or value.__class__ is int else number(type, value) for value in values]
        except (TypeError, AttributeError, ValueError):
            raise misfit(type, values, lambda value: _converts(cls, type, value), f"{cls.holds} or integers") from None
        return encode_fixed(type, numbers, code)


def _converts(cls: type[_Temporal], type: DataType, value: Any) -> bool:
    try:
        return isinstance(value, int) or cls.number(type, value) is not None
    except (TypeError, AttributeError, ValueError):
        return False


class Date(_Temporal):
    """Dates."""

    holds: ClassVar[str] = "dates (`datetime.date`)"
    __slots__ = ()

    def _converter(self) -> Any:
        of_day = lru_cache(maxsize=4096)(lambda day: datetime.date.fromordinal(_EPOCH + day))
        if self.field.type.format == "tdm":
            return lambda value: of_day(value // 86_400_000)
        return of_day

    @classmethod
    def number(cls, type: DataType, value: Any) -> int:
        """Days, or milliseconds, since 1970."""
        if not isinstance(value, datetime.date):
            raise TypeError
        days = value.toordinal() - _EPOCH
        return days * 86_400_000 if type.format == "tdm" else days


class Time(_Temporal):
    """Times of day."""

    holds: ClassVar[str] = "times (`datetime.time`)"
    __slots__ = ()

    def _converter(self) -> Any:
        unit = self.field.type.format[2]
        micros, is_nanos = _MICROS[unit], unit == "n"

        def convert(value: int) -> datetime.time:
            value = value // 1000 if is_nanos else value * micros
            seconds, microsecond = divmod(value, 1_000_000)
            minutes, second = divmod(seconds, 60)
            hour, minute = divmod(minutes, 60)
            return datetime.time(hour, minute, second, microsecond)

        return convert

    @classmethod
    def number(cls, type: DataType, value: Any) -> int:
        """Units since midnight."""
        if not isinstance(value, datetime.time):
            raise TypeError
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return _in_unit(type.format[2], seconds * 1_000_000 + value.microsecond)


class Timestamp(_Temporal):
    """Points in time: aware ones in UTC where the type has a zone, naive ones where it has none."""

    holds: ClassVar[str] = "points in time (`datetime.datetime`)"
    __slots__ = ()

    def _converter(self) -> Any:
        format = self.field.type.format
        unit, start = format[2], _START_UTC if len(format) > 4 else _START
        micros, delta = _MICROS[unit], datetime.timedelta
        if unit == "n":
            return lambda value: start + delta(microseconds=value // 1000)
        return lambda value: start + delta(microseconds=value * micros)

    @classmethod
    def number(cls, type: DataType, value: Any) -> int:
        """Units since 1970."""
        if not isinstance(value, datetime.datetime):
            raise TypeError
        since = value - (_START if value.tzinfo is None else _START_UTC)
        return _in_unit(type.format[2], _micros(since))


class Duration(_Temporal):
    """Spans of time."""

    holds: ClassVar[str] = "spans of time (`datetime.timedelta`)"
    __slots__ = ()

    def _converter(self) -> Any:
        unit = self.field.type.format[2]
        micros, delta = _MICROS[unit], datetime.timedelta
        if unit == "n":
            return lambda value: delta(microseconds=value // 1000)
        return lambda value: delta(microseconds=value * micros)

    @classmethod
    def number(cls, type: DataType, value: Any) -> int:
        """Units."""
        if not isinstance(value, datetime.timedelta):
            raise TypeError
        return _in_unit(type.format[2], _micros(value))


def _micros(span: datetime.timedelta) -> int:
    return span.days * _DAY + span.seconds * 1_000_000 + span.microseconds


def _in_unit(unit: str, micros: int) -> int:
    return micros * 1000 if unit == "n" else micros // _MICROS[unit]


class DayTime(NamedTuple):
    """An interval of days and milliseconds."""

    days: int
    milliseconds: int


class MonthDayNano(NamedTuple):
    """An interval of months, days and nanoseconds."""

    months: int
    days: int
    nanoseconds: int


class Interval(Column[Any]):
    """Intervals of several parts, as tuples."""

    holds: ClassVar[str] = "intervals"
    __slots__ = ()

    def _decode(self) -> list[Any]:
        make, packing = _INTERVALS[self.field.type.format]
        return [make(*parts) for parts in struct.iter_unpack(packing, self.buffers[1])]

    @classmethod
    def encode(cls, type: DataType, values: list[Any]) -> Encoded:
        """Packs tuples; None becomes null."""
        make, packing = _INTERVALS[type.format]
        node, validity, filled = split(values, (0,) * len(make._fields))
        try:
            return Encoded([node], [validity, b"".join([struct.pack(packing, *value) for value in filled])])
        except (struct.error, TypeError):
            parts = ", ".join(make._fields)
            fits = lambda value: isinstance(value, tuple) and len(value) == len(make._fields)  # noqa: E731
            raise misfit(type, values, fits, f"tuples of {parts}") from None


_INTERVALS: dict[str, tuple[Any, str]] = {"tiD": (DayTime, "<ii"), "tin": (MonthDayNano, "<iiq")}
