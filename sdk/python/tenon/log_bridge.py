"""What is written with the module `logging` goes to the run's log."""

from __future__ import annotations

import logging

from .boundary import host


class HostHandler(logging.Handler):
    """Hands records to the host."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hands on one record."""
        message = self.format(record)
        if record.name != "root":
            message = f"{record.name}: {message}"
        host.log(_level(record.levelno), message)


def _level(number: int) -> str:
    for least, level in ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info")):
        if number >= least:
            return level
    return "debug" if number >= logging.DEBUG else "trace"


_handler = HostHandler()


def start() -> None:
    """Connects `logging`, once. The host decides what is kept, so every level is handed on."""
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
        root.setLevel(1)
