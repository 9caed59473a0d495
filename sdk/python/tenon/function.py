"""The functions of a component, and the decorators that declare them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from .batch import Batch
from .config import schema_of
from .errors import BadConfig, BadData
from .schema import Schema
from .signature import Signature

F = TypeVar("F", bound=Callable[..., Any])

#: The attribute by which a decorated function knows what it is.
MARK = "__tenon_function__"


class Running:
    """A function that has been started."""

    def process(self, batch: Batch) -> Any:
        """Takes one batch."""
        raise NotImplementedError

    def finish(self) -> Any:
        """After the last batch."""
        return None

    def output_schema(self, schema: Schema) -> Schema:
        """The schema of what comes out: what the function makes of a batch without rows."""
        batches = batches_of(self.process(Batch.empty(schema)))
        return batches[0].schema if batches else schema


class Function:
    """One function of a component."""

    #: How many parameters come before the configuration.
    skip = 1

    def __init__(self, call: Callable[..., Any], name: str | None, shape: str, reads: Any, stateless: bool) -> None:
        self.call = call
        # `pass_` and `filter_` are how Python spells names that it keeps for itself.
        self.name = name or call.__name__.rstrip("_")
        self.doc = inspect.cleandoc(call.__doc__ or "")
        self.shape = shape
        self.reads = None if reads is None else list(reads)
        self.stateless = stateless
        self._signature: Signature | None = None

    @property
    def signature(self) -> Signature:
        """Read when it is needed first: types may be named before they are defined."""
        if self._signature is None:
            self._signature = Signature(self.call, self.skip)
        return self._signature

    @property
    def config_schema(self) -> str:
        """JSON Schema of the configuration."""
        signature = self.signature
        if signature.takes_anything:
            return '{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}'
        return schema_of(self.name, signature.doc, signature.keys)

    def start(self, config: str, schema: Schema) -> Running:
        """Binds the configuration."""
        return _Plain(self.call, self.signature.arguments(config, schema))


class _Plain(Running):
    def __init__(self, call: Callable[..., Any], arguments: dict[str, Any]) -> None:
        self._call = call
        self._arguments = arguments

    def process(self, batch: Batch) -> Any:
        return self._call(batch, **self._arguments)


class ClassFunction(Function):
    """A class that keeps something between batches."""

    skip = 0

    def start(self, config: str, schema: Schema) -> Running:
        """Makes an instance."""
        return _Instance(self.call(**self.signature.arguments(config, schema)))


class _Instance(Running):
    def __init__(self, instance: Any) -> None:
        self._instance = instance

    def process(self, batch: Batch) -> Any:
        return self._instance.process(batch)

    def finish(self) -> Any:
        finish = getattr(self._instance, "finish", None)
        return None if finish is None else finish()

    def output_schema(self, schema: Schema) -> Schema:
        announce = getattr(self._instance, "output_schema", None)
        return schema if announce is None else announce(schema)


_functions: dict[str, Function] = {}


def register(function: Function) -> None:
    """Offers a function to jobs."""
    known = _functions.get(function.name)
    if known is not None and known.call.__module__ != function.call.__module__:
        raise BadConfig(f"two functions are called `{function.name}`: give one of them a `name`")
    _functions[function.name] = function


def all_functions() -> list[Function]:
    """All functions of this component, by name."""
    return [_functions[name] for name in sorted(_functions)]


def forget_all() -> None:
    """Forgets all functions: what a script offers takes their place."""
    _functions.clear()


def function_named(name: str) -> Function:
    """One function; `BadConfig` with the names that there are."""
    function = _functions.get(name)
    if function is None:
        there = ", ".join(f"`{known}`" for known in sorted(_functions)) or "none"
        raise BadConfig(f"there is no function `{name}`; the functions are {there}")
    return function


@overload
def transform(call: F, /) -> F: ...
@overload
def transform(
    *,
    name: str | None = None,
    reads: Iterable[str] | None = None,
    stateless: bool | None = None,
    shape: str = "batchwise",
) -> Callable[[F], F]: ...
def transform(
    call: Any = None,
    /,
    *,
    name: str | None = None,
    reads: Iterable[str] | None = None,
    stateless: bool | None = None,
    shape: str = "batchwise",
) -> Any:
    """Offers a function, or a class, to jobs.

    A function takes a batch and its configuration, and answers with a batch, several, or none. Its output's schema is
    what it makes of a batch without rows. A class keeps something between batches: it is made with the configuration,
    its ``process`` takes batches, its ``finish`` (if it has one) comes after the last, and its ``output_schema`` (if
    it has one) says what columns come out, those of the input otherwise.

    ``name`` is the name for jobs; that of the function otherwise, without a ``_`` at its end. ``reads`` are the
    columns that it reads, where it knows them: others may not reach it. ``stateless`` says whether batches may go to
    several sandboxes in any order: functions are, classes are not. With ``shape="scalar"`` it is a function for SQL,
    which makes one column."""
    if shape not in ("batchwise", "scalar"):
        raise BadConfig(f"`{shape}` is no shape of a function: it is `batchwise` or `scalar`")

    def declare(call: Any) -> Any:
        kind, default = (ClassFunction, False) if isinstance(call, type) else (Function, True)
        function = kind(call, name, shape, reads, default if stateless is None else stateless)
        setattr(call, MARK, function)
        register(function)
        return call

    return declare if call is None else declare(call)


def batches_of(answer: Any) -> list[Batch]:
    """The batches that a function answered with."""
    if isinstance(answer, Batch):
        return [answer]
    if answer is None:
        return []
    if isinstance(answer, (str, bytes, dict)) or not hasattr(answer, "__iter__"):
        raise BadData(f"a function answers with a batch, several, or None, not with {type(answer).__name__}")
    batches = list(answer)
    for batch in batches:
        if not isinstance(batch, Batch):
            raise BadData(f"a function answers with batches, but one of them is a {type(batch).__name__}")
    return batches
