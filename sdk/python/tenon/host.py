"""What the run offers besides data: log, counters, parameters, secrets, clock, random bytes."""

from __future__ import annotations

import datetime

from .boundary import host
from .errors import BadConfig

_LEVELS = ("trace", "debug", "info", "warn", "error")


def log(level: str, message: object) -> None:
    """Writes to the run's log. Levels are ``trace``, ``debug``, ``info``, ``warn`` and ``error``. What is written
    with the module `logging` goes there too, and what is printed."""
    if level not in _LEVELS:
        raise BadConfig(f"`{level}` is no level of the log; the levels are {', '.join(_LEVELS)}")
    host.log(level, str(message))


def count(metric: str, amount: float = 1.0) -> None:
    """Adds to a counter of the run's metrics."""
    host.count(str(metric), float(amount))


def parameter(name: str) -> str | None:
    """A job parameter by name, as text."""
    return host.parameter(str(name))


def secret(name: str) -> str:
    """A secret by name; `Denied` unless the job was granted it."""
    return host.secret(str(name))


def now() -> datetime.datetime:
    """The run's clock, in UTC."""
    seconds, nanoseconds = host.now()
    started = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return started.replace(microsecond=nanoseconds // 1000)


def now_ns() -> int:
    """The run's clock, in nanoseconds since 1970."""
    seconds, nanoseconds = host.now()
    return seconds * 1_000_000_000 + nanoseconds


def random_bytes(count: int) -> bytes:
    """Random bytes, at most 64 KiB per call; `LimitReached` for more."""
    if not 0 <= count < 1 << 32:
        raise BadConfig(f"{count} random bytes can't be asked for")
    return host.random(count)
