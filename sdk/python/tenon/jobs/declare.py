"""The decorator that makes a function the job of its project."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import BadConfig
from .context import Context

J = TypeVar("J", bound=Callable[[Context], None])

_job: Callable[[Context], None] | None = None


def job(call: J) -> J:
    """Makes a function the job of its project. It takes a `Context`; a project has one."""
    global _job
    if _job is not None and _job.__module__ != call.__module__:
        raise BadConfig(f"a project has one job, but `{_job.__name__}` and `{call.__name__}` both are")
    _job = call
    return call


def the_job() -> Callable[[Context], None]:
    """The project's job."""
    if _job is None:
        raise BadConfig("no function of this project is its job: put `@job` on one")
    return _job


def has_job() -> bool:
    """Whether a function is."""
    return _job is not None
