"""What a function takes besides its batch, read from its signature."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from .config import Key, fit, keys_of, parse, unannotated
from .errors import BadConfig
from .schema import Schema


class Signature:
    """The configuration of a function, as its parameters name it.

    A single parameter whose type is a dataclass takes the whole configuration; one that is called ``config`` and has
    no type, or is a ``dict``, takes it as it is. Otherwise every parameter is a key. A parameter of type `Schema`
    takes the input's."""

    def __init__(self, call: Callable[..., Any], skip: int) -> None:
        parameters = list(inspect.signature(call).parameters.values())[skip:]
        hints = _hints(call)
        self.keys: list[Key] = []
        self.doc = ""
        self._whole: tuple[str, Any] | None = None
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        typed = [(each, *unannotated(hints.get(each.name, Any))) for each in parameters if each.kind not in variable]
        self._schemas = [parameter.name for parameter, hint, _ in typed if hint is Schema]
        rest = [each for each in typed if each[1] is not Schema]
        for parameter, hint, doc in rest:
            if _is_dataclass(hint) and len(rest) == 1:
                self._whole = (parameter.name, hint)
                self.keys = keys_of(hint)
                self.doc = _doc_of_dataclass(hint)
            elif parameter.name == "config" and len(rest) == 1 and _takes_anything(hint):
                self._whole = (parameter.name, dict)
            else:
                missing = parameter.default is parameter.empty
                default = dataclasses.MISSING if missing else parameter.default
                self.keys.append(Key(parameter.name, hint, default, doc=doc))

    @property
    def takes_anything(self) -> bool:
        """Whether the configuration is taken as it is."""
        return self._whole is not None and self._whole[1] is dict

    def arguments(self, config: str, schema: Schema) -> dict[str, Any]:
        """The arguments that a configuration, as JSON, stands for."""
        given = parse(config)
        arguments: dict[str, Any] = dict.fromkeys(self._schemas, schema)
        if self._whole is None:
            return arguments | fit(self.keys, given)
        name, hint = self._whole
        if hint is dict:
            return arguments | {name: given}
        fitted = fit(self.keys, given)
        try:
            return arguments | {name: hint(**fitted)}
        except (TypeError, ValueError) as error:
            # What a dataclass's own `__post_init__` objects to.
            raise BadConfig(f"the configuration doesn't fit: {error}") from error


def _hints(call: Callable[..., Any]) -> dict[str, Any]:
    target = call.__init__ if isinstance(call, type) else call  # type: ignore[misc]
    try:
        return typing.get_type_hints(target, include_extras=True)
    except NameError as error:
        raise BadConfig(f"a type in the signature of `{call.__name__}` is not known: {error}") from error


def _is_dataclass(hint: Any) -> bool:
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)


def _takes_anything(hint: Any) -> bool:
    return hint in (Any, dict, Mapping) or typing.get_origin(hint) in (dict, Mapping)


def _doc_of_dataclass(cls: type) -> str:
    doc = cls.__doc__ or ""
    # Without a docstring, `dataclass` writes the signature there.
    return "" if doc.startswith(f"{cls.__name__}(") else inspect.cleandoc(doc)
