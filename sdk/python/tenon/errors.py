"""What a transform raises when something goes wrong."""

from __future__ import annotations

from enum import Enum


class ErrorKind(Enum):
    """What a caller can do about an error."""

    BAD_DATA = "bad-data"
    BAD_CONFIG = "bad-config"
    TRANSIENT = "transient"
    UNSUPPORTED = "unsupported"
    DENIED = "denied"
    LIMIT = "limit"
    INTERNAL = "internal"


class Error(Exception):
    """An error with a message for people and a kind for the engine. Raise one of its subclasses.

    What was being done is said with ``add_note``, from the inside out; it becomes the context of the error in the
    report of the run. ``context`` holds what the host said was being done, from the outside in."""

    kind: ErrorKind = ErrorKind.INTERNAL

    def __init__(self, message: str, context: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.context = context

    def __str__(self) -> str:
        return ": ".join((*self.context, self.message))


class BadData(Error):
    """The data are wrong; the same data will fail again."""

    kind = ErrorKind.BAD_DATA


class BadConfig(Error):
    """The configuration or the plugin is wrong."""

    kind = ErrorKind.BAD_CONFIG


class Transient(Error):
    """Worth trying again."""

    kind = ErrorKind.TRANSIENT


class Unsupported(Error):
    """Not something that this side does."""

    kind = ErrorKind.UNSUPPORTED


class Denied(Error):
    """Not granted."""

    kind = ErrorKind.DENIED


class LimitReached(Error):
    """A limit was reached; the message names it."""

    kind = ErrorKind.LIMIT


class Internal(Error):
    """A defect."""

    kind = ErrorKind.INTERNAL


_CLASSES = {cls.kind: cls for cls in (BadData, BadConfig, Transient, Unsupported, Denied, LimitReached, Internal)}


def error_of(kind: ErrorKind | str, message: str, context: tuple[str, ...] = ()) -> Error:
    """The error of a kind, which may be given by its name: ``error_of("bad-data", "...")``."""
    return _CLASSES[ErrorKind(kind)](message, context)
