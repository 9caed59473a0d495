"""SQL text made of values and names."""

from __future__ import annotations


def quote(name: str) -> str:
    """A column's name as an expression: in quotes, those in it doubled."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | float | bool | None) -> str:
    """A value as a SQL literal."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
