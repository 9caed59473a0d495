"""Runs functions in tests, outside a sandbox: a stand-in for the host holds the rows.

What a test sets and logs stays until `reset`; the fixture of the same module resets before each test:

    from tenon.testing import fresh_run  # noqa: F401  (a pytest fixture that is used automatically)
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from . import log_bridge
from .batch import Batch
from .boundary import stand_in
from .errors import Internal
from .function import MARK, Function, register
from .schema import Schema
from .session import Session as _Session


class Output(NamedTuple):
    """What came of one call."""

    #: In order.
    batches: list[Batch]
    #: Rows of the input that were refused, with the reasons.
    rejected: list[tuple[int, str]]

    @property
    def batch(self) -> Batch:
        """All batches as one."""
        return Batch.concat(self.batches)


class Session:
    """A function that is bound to its configuration and input."""

    def __init__(self, session: _Session) -> None:
        self._session = session

    @property
    def output_schema(self) -> Schema:
        """The schema that the function said its output has."""
        return self._session.output

    def process(self, batch: Batch) -> Output:
        """Gives it one batch."""
        return self._checked(Output(*self._session.process(batch)))

    def finish(self) -> Output:
        """Ends it."""
        return self._checked(Output(*self._session.finish()))

    def _checked(self, output: Output) -> Output:
        said = [(field.name, field.type) for field in self.output_schema]
        for batch in output.batches:
            made = [(field.name, field.type) for field in batch.schema]
            if made != said:
                raise Internal(f"the function said that it makes {self.output_schema!r}, but made {batch.schema!r}")
        return output


def open(function: str | Callable[..., Any], config: object = None, schema: Schema | None = None) -> Session:
    """Binds a function, by itself or by its name, as the host does. ``config`` is JSON, as text or as Python's
    values."""
    log_bridge.start()
    text = config if isinstance(config, str) else json.dumps({} if config is None else config)
    declared: Function | None = getattr(function, MARK, None)
    if declared is not None:
        # Another test may have declared a function of the same name since.
        register(declared)
    name = declared.name if declared is not None else str(function)
    return Session(_Session(name, text, schema if schema is not None else Schema([])))


def run(function: str | Callable[..., Any], batch: Batch, config: object = None, /, **keys: Any) -> Output:
    """Opens a function, gives it one batch and finishes it. The configuration is given whole, or key by key."""
    session = open(function, keys if config is None else config, batch.schema)
    first = session.process(batch)
    last = session.finish()
    return Output(first.batches + last.batches, first.rejected + last.rejected)


def reset() -> None:
    """Forgets everything that was set, logged, counted and kept."""
    stand_in.run = stand_in.Run()


def set_parameter(name: str, value: object) -> None:
    """Sets a job parameter."""
    stand_in.run.parameters[name] = str(value)


def set_secret(name: str, value: str) -> None:
    """Grants a secret."""
    stand_in.run.secrets[name] = value


def set_now(now: datetime.datetime) -> None:
    """Sets the run's clock, which otherwise is the machine's."""
    micros = int((now - datetime.datetime(1970, 1, 1, tzinfo=now.tzinfo)) / datetime.timedelta(microseconds=1))
    stand_in.run.now = (micros // 1_000_000, micros % 1_000_000 * 1000)


def logs() -> list[tuple[str, str]]:
    """What was logged, in order: level and message."""
    return list(stand_in.run.logs)


def counter(metric: str) -> float:
    """The sum of what was counted under this name."""
    return stand_in.run.counters.get(metric, 0.0)


def source(name: str, batch: Batch) -> None:
    """Gives a job a source, by the name or URL with which it reads it. Given again, there are more rows."""
    stand_in.run.sources.setdefault(name, []).append(batch)


def written(url: str) -> Batch:
    """What a job wrote to this URL."""
    batches = stand_in.run.written.get(url)
    if batches is None:
        there = ", ".join(f"`{known}`" for known in stand_in.run.written) or "nothing"
        raise KeyError(f"nothing was written to `{url}`; written was {there}")
    return Batch.concat(batches)


try:
    import pytest as _pytest

    @_pytest.fixture(autouse=True)
    def fresh_run() -> Iterator[None]:
        """A run of its own for each test."""
        reset()
        yield

except ModuleNotFoundError:
    pass
