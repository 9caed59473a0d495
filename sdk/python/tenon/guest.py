"""The exports of a component. `load` runs while it is built; what it leaves behind is in the snapshot."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import transform as wire
from wit_world.imports import errors

from . import function, log_bridge, trace
from .batch import Batch
from .boundary import host, sandbox
from .errors import BadConfig, Error
from .jobs import declare
from .session import Session, handed_over

_KINDS = {kind.name.lower().replace("_", "-"): kind for kind in errors.Kind}
_SHAPES = {"batchwise": wire.Shape.BATCHWISE, "scalar": wire.Shape.SCALAR}

_described: list[Any] | None = None
_session: Session | None = None


class _Rejection(NamedTuple):
    row: int
    reason: str


class _Output(NamedTuple):
    batches: list[Any]
    rejected: list[Any]


def load(module: str, also: tuple[str, ...] = ()) -> None:
    """Imports the component's module, and others that are imported only when functions run."""
    for name in also:
        try:
            importlib.import_module(name)
        except ImportError:
            # It is imported somewhere under a condition; who meets the condition is told.
            continue
    try:
        importlib.import_module(module)
        if not function.all_functions() and not declare.has_job():
            raise BadConfig(f"module `{module}` offers nothing to jobs: put `@transform` on a function")
    except BaseException as error:
        told = str(error) if isinstance(error, Error) else trace.describe(error, hint=False)
        # The build finds this in what componentize-py prints.
        raise ImportError(f"<<<{told}>>>") from None
    for loaded in list(sys.modules.values()):
        file = getattr(loaded, "__file__", None)
        if file and trace.is_of_project(file):
            with open(file, encoding="utf-8") as source:
                trace.keep_source(file, source.read())
    prepare()


def prepare() -> None:
    """The last step of a build: describes the functions, and puts everything there is out of the collector's sight."""
    global _described
    log_bridge.start()
    _described = describe()
    gc.collect()
    gc.freeze()


def describe() -> list[Any]:
    """The functions, as they cross."""
    return [
        wire.Function(each.name, each.doc, _SHAPES[each.shape], each.config_schema, each.reads, each.stateless)
        for each in function.all_functions()
    ]


class Transform(exports.Transform):
    """The export `transform`."""

    def describe(self) -> list[Any]:
        """The functions of this component."""
        return _described if _described is not None else describe()

    def open(self, function: str, config: str, input: list[Any]) -> list[Any]:
        """Binds one function."""
        global _session

        def opened() -> list[Any]:
            global _session
            _session = Session(function, config, sandbox.schema_from(input))
            return sandbox.wire_schema(_session.output)

        _reseed()
        announced: list[Any] = answer(opened)
        return announced

    def process(self, input: Any) -> Any:
        """One batch."""
        try:
            session = _session
            assert session is not None, "no function is open"
            batches, rejected = session.process(Batch._of(input, session.input))
            return _output(batches, rejected)
        except BaseException as error:
            raise failure(error) from None

    def finish(self) -> Any:
        """After the last batch."""
        try:
            session = _session
            assert session is not None, "no function is open"
            return _output(*session.finish())
        except BaseException as error:
            raise failure(error) from None


def _output(batches: list[Batch], rejected: list[tuple[int, str]]) -> _Output:
    return _Output(handed_over(batches), [_Rejection(row, sandbox.text(reason)) for row, reason in rejected])


def answer(call: Callable[[], Any]) -> Any:
    """Calls, and turns what is raised into an error that crosses."""
    try:
        return call()
    except BaseException as error:
        raise failure(error) from None


def failure(error: BaseException) -> BaseException:
    """An error as it crosses."""
    if isinstance(error, Error):
        notes = tuple(reversed(getattr(error, "__notes__", ())))
        return _wire_error(error.kind.value, error.message, notes + error.context)
    if isinstance(error, MemoryError):
        # Uncaught, it ends the sandbox, and the host says which limit it was and how to raise it.
        return error
    return _wire_error("internal", trace.describe(error), ())


def _wire_error(kind: str, message: str, context: tuple[str, ...]) -> Err[Any]:
    return Err(errors.Error(_KINDS[kind], sandbox.text(message), [sandbox.text(what) for what in context]))


def _reseed() -> None:
    """What the module `random` drew its seed from is part of the snapshot: every sandbox would draw the same
    numbers."""
    random = sys.modules.get("random")
    if random is not None:
        random.seed(host.random(32))
