"""What a job starts from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, overload

from ..boundary import host
from ..errors import BadConfig
from .frame import Frame, frames
from .place import place

P = TypeVar("P", str, int, float, bool)


class Context:
    """The run that a job drives."""

    def read(self, source: str | Mapping[str, Any], /, **options: Any) -> Frame:
        """A source: the URL of files, the name of a table that the job knows, or the table of a source in a job file.
        Options are the keys of that table: ``ctx.read("flights.csv.gz", csv={"null": ["NA"]})``."""
        return Frame(frames().read(place(source, options)))

    def sql(self, query: str, inputs: Mapping[str, Frame] | None = None, /, **named: Frame) -> Frame:
        """A SQL query over frames, which are its tables by these names."""
        tables = {**(inputs or {}), **named}
        return Frame(frames().sql(query, [(name, frame.handle) for name, frame in tables.items()]))

    @overload
    def param(self, name: str) -> str: ...
    @overload
    def param(self, name: str, type: type[P], default: P | None = None) -> P: ...
    @overload
    def param(self, name: str, *, default: str) -> str: ...
    def param(self, name: str, type: type[Any] = str, default: Any = None) -> Any:
        """A parameter of the job, as a text, a number or a truth value; the default where the job has none of the
        name."""
        text = host.parameter(name)
        if text is None:
            if default is None:
                raise BadConfig(f"the job has no parameter `{name}`")
            return default
        if type is bool:
            if text in ("true", "false"):
                return text == "true"
            raise BadConfig(f"the parameter `{name}` is `{text}`, and neither `true` nor `false`")
        try:
            return type(text)
        except ValueError:
            raise BadConfig(f"the parameter `{name}` is `{text}`, which is no {type.__name__}") from None

    def secret(self, name: str) -> str:
        """A secret by name; `Denied` unless the job was granted it."""
        return host.secret(name)
