"""A function's configuration: JSON from the job, checked against the types that the function names."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Union

from .errors import BadConfig

MISSING: Any = dataclasses.MISSING


class Key(NamedTuple):
    """One key of a configuration."""

    name: str
    type: Any
    default: Any = MISSING
    factory: Any = MISSING
    doc: str = ""

    @property
    def is_required(self) -> bool:
        """Whether the job must give it."""
        return self.default is MISSING and self.factory is MISSING


def keys_of(cls: type) -> list[Key]:
    """The keys of a dataclass: its fields. A field's doc is a text in `Annotated`, or ``metadata["doc"]``."""
    hints = typing.get_type_hints(cls, include_extras=True)
    keys = []
    for field in dataclasses.fields(cls):
        if field.init:
            hint, doc = unannotated(hints[field.name])
            doc = field.metadata.get("doc", doc)
            keys.append(Key(field.name, hint, field.default, field.default_factory, doc))
    return keys


def unannotated(hint: Any) -> tuple[Any, str]:
    """A type, and the text that `Annotated` gives with it."""
    if typing.get_origin(hint) is Annotated:
        inner, *extras = typing.get_args(hint)
        return inner, next((extra for extra in extras if isinstance(extra, str)), "")
    return hint, ""


def parse(text: str) -> dict[str, Any]:
    """Reads the text of a configuration; an empty text and ``null`` stand for ``{}``."""
    try:
        value = json.loads(text) if text.strip() else None
    except ValueError as error:
        raise BadConfig(f"the configuration isn't JSON: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _misfit("$", "an object", value)
    return value


def fit(keys: Sequence[Key], given: Mapping[str, Any], path: str = "$") -> dict[str, Any]:
    """The values of keys. The error names the path of what doesn't fit."""
    known = {key.name for key in keys}
    for name in given:
        if name not in known:
            takes = f"the keys are {', '.join(sorted(known))}" if known else "it takes none"
            raise BadConfig(f"the configuration doesn't fit at {path}.{name}: there is no such key; {takes}")
    fitted = {}
    for key in keys:
        if key.name in given:
            fitted[key.name] = _fit(key.type, given[key.name], f"{path}.{key.name}")
        elif key.is_required:
            expected = expectation(key.type)
            raise BadConfig(f"the configuration doesn't fit at {path}.{key.name}: it is missing; expected {expected}")
        else:
            fitted[key.name] = key.factory() if key.default is MISSING else key.default
    return fitted


def _fit(hint: Any, value: Any, path: str) -> Any:
    hint, _ = unannotated(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (Any, object, MISSING):
        return value
    if hint is None or hint is types.NoneType:
        if value is None:
            return None
    elif origin is Union or origin is types.UnionType:
        return _fit_union(hint, arguments, value, path)
    elif origin is Literal:
        for choice in arguments:
            if value == choice and type(value) is type(choice):
                return value
    elif dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if isinstance(value, dict):
            return hint(**fit(keys_of(hint), value, path))
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        for member in hint:
            if value == member.value or value == member.name:
                return member
    elif origin in (list, Sequence, tuple, set, frozenset) or hint in (list, tuple, set, frozenset):
        if isinstance(value, list):
            return _fit_items(origin or hint, arguments, value, path)
    elif origin in (dict, Mapping) or hint is dict:
        if isinstance(value, dict):
            of = arguments[1] if len(arguments) == 2 else Any
            return {name: _fit(of, member, f"{path}.{name}") for name, member in value.items()}
    elif hint is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    elif hint is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif isinstance(hint, type) and isinstance(value, hint):
        return value
    raise _misfit(path, expectation(hint), value)


def _fit_union(hint: Any, choices: Sequence[Any], value: Any, path: str) -> Any:
    faults = []
    for choice in choices:
        try:
            return _fit(choice, value, path)
        except BadConfig as fault:
            faults.append(fault)
    real = [choice for choice in choices if choice is not types.NoneType]
    if len(real) == 1 and value is not None:
        # Of an optional value, what is wrong with the value says more.
        raise faults[choices.index(real[0])]
    raise _misfit(path, expectation(hint), value)


def _fit_items(kind: Any, arguments: Sequence[Any], value: list[Any], path: str) -> Any:
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            raise BadConfig(
                f"the configuration doesn't fit at {path}: expected {len(arguments)} items, got {len(value)}"
            )
        return tuple(_fit(of, item, f"{path}[{at}]") for at, (of, item) in enumerate(zip(arguments, value)))
    of = arguments[0] if arguments else Any
    items = [_fit(of, item, f"{path}[{at}]") for at, item in enumerate(value)]
    return items if kind in (list, Sequence) else kind(items)


def _misfit(path: str, expected: str, value: Any) -> BadConfig:
    return BadConfig(f"the configuration doesn't fit at {path}: expected {expected}, got {shown(value)}")


def shown(value: Any) -> str:
    """A JSON value, for a message."""
    if value is None:
        return "null"
    kind = {bool: "the boolean", int: "the integer", float: "the number", str: "the string"}.get(type(value))
    if kind is None:
        return "an array" if isinstance(value, list) else "an object"
    text = json.dumps(value)
    return f"{kind} {text if len(text) <= 80 else text[:77] + '...'}"


_EXPECTED = {bool: "a boolean", int: "an integer", float: "a number", str: "a string"}


def expectation(hint: Any) -> str:
    """What a type takes, for a message."""
    hint, _ = unannotated(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is None or hint is types.NoneType:
        return "null"
    if origin is Union or origin is types.UnionType:
        return " or ".join(expectation(choice) for choice in arguments)
    if origin is Literal:
        return "one of " + ", ".join(json.dumps(choice) for choice in arguments)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return "one of " + ", ".join(json.dumps(member.value) for member in hint)
    if origin in (list, Sequence, tuple, set, frozenset) or hint in (list, tuple, set, frozenset):
        return f"an array, each item {expectation(arguments[0])}" if arguments else "an array"
    if hint in _EXPECTED:
        return _EXPECTED[hint]
    return "anything" if hint in (Any, object, MISSING) else "an object"


def schema_of(title: str, doc: str, keys: Sequence[Key]) -> str:
    """The JSON Schema of a configuration."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    if doc:
        schema["description"] = doc
    return json.dumps({**schema, **_object(keys)}, default=_plain)


def _object(keys: Sequence[Key]) -> dict[str, Any]:
    properties = {}
    for key in keys:
        property = _schema(key.type)
        if key.doc:
            property["description"] = key.doc
        default = key.factory() if key.factory is not MISSING else key.default
        if default is not MISSING:
            property["default"] = default
        properties[key.name] = property
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [key.name for key in keys if key.is_required]
    if required:
        schema["required"] = required
    return schema


def _schema(hint: Any) -> dict[str, Any]:
    hint, doc = unannotated(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is None or hint is types.NoneType:
        return {"type": "null"}
    if origin is Union or origin is types.UnionType:
        return {"anyOf": [_schema(choice) for choice in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _object(keys_of(hint))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"enum": [member.value for member in hint]}
    if origin in (list, Sequence, tuple, set, frozenset) or hint in (list, tuple, set, frozenset):
        return {"type": "array", **({"items": _schema(arguments[0])} if arguments else {})}
    if origin in (dict, Mapping) or hint is dict:
        return {"type": "object", **({"additionalProperties": _schema(arguments[1])} if len(arguments) == 2 else {})}
    named = {bool: "boolean", int: "integer", float: "number", str: "string"}.get(hint)
    return {"type": named} if named else {}


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return list(value) if isinstance(value, (set, frozenset, tuple)) else str(value)
