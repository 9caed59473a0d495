"""Sources and sinks, as JSON of their tables in a job file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def place(what: str | Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """A URL or name by itself, or a table with options."""
    if not options:
        return json.dumps(what if isinstance(what, str) else dict(what))
    table = {"connector": "file", "url": what} if isinstance(what, str) else dict(what)
    return json.dumps(table | dict(options))
