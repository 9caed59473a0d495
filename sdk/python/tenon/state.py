"""Values kept between runs of a job, saved with the run's commit."""

from __future__ import annotations

from .boundary import host


def get(key: str) -> bytes | None:
    """A value, if there is one."""
    return host.state_get(str(key))


def put(key: str, value: bytes) -> None:
    """Sets a value; `LimitReached` past the run's state quota."""
    host.state_put(str(key), bytes(value))


def delete(key: str) -> None:
    """Removes a value, if it is there."""
    host.state_delete(str(key))
