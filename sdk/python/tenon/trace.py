"""Tracebacks of guests, short enough to cross and with what matters first."""

from __future__ import annotations

import importlib
import linecache
import os
import sys
import traceback

#: The host clips messages at 4 KiB.
_LONGEST = 3900
_SDK = os.path.dirname(os.path.abspath(__file__)) + os.sep
_OTHERS = (_SDK, "<frozen importlib", os.path.dirname(importlib.__file__))
#: Files whose frames say nothing to whom the traceback is for.
_hidden: set[str] = set()


def hide(file: str) -> None:
    """Leaves a file's frames out of tracebacks."""
    _hidden.add(file)


def describe(error: BaseException, hint: bool = True) -> str:
    """An uncaught exception: what it is, then where it came from, without frames of the SDK and of imports."""
    summary = traceback.TracebackException.from_exception(error)
    for part in _chain(summary):
        part.stack = traceback.StackSummary.from_list([_shown(frame) for frame in _own(part.stack)])
        if isinstance(error, SyntaxError) and part is summary:
            # It happened nowhere but in the text that it names by itself.
            part.stack = traceback.StackSummary()
            part.filename = shown_name(error.filename or "")
    headline = "".join(summary.format_exception_only()).strip()
    # The exception comes first, where clipping leaves it, and not a second time at the end.
    frames = "".join(summary.format()).rstrip().removesuffix(headline).rstrip()
    text = f"{headline}{_hint(error) if hint else ''}\n{frames}".rstrip()
    if len(text.encode("utf-8", "backslashreplace")) <= _LONGEST:
        return text
    # The end is where it happened.
    head, tail = text[: _LONGEST // 4], text[-_LONGEST // 3 :]
    return f"{head}\n  ...\n{tail}"


def _chain(summary: traceback.TracebackException) -> list[traceback.TracebackException]:
    parts = []
    part: traceback.TracebackException | None = summary
    while part is not None:
        parts.append(part)
        part = part.__cause__ or part.__context__
    return parts


def _own(stack: traceback.StackSummary) -> list[traceback.FrameSummary]:
    frames = list(stack)
    own = [frame for frame in frames if not frame.filename.startswith(_OTHERS) and frame.filename not in _hidden]
    return own or frames


def _shown(frame: traceback.FrameSummary) -> traceback.FrameSummary:
    shown = shown_name(frame.filename)
    return traceback.FrameSummary(shown, frame.lineno, frame.name, lookup_line=False, line=frame.line)


def shown_name(file: str) -> str:
    """A file by its name in the project: folders are mounted as `/0`, `/1` and so on while a component is built."""
    for folder in sys.path:
        if folder.startswith("/") and folder[1:].isdigit() and file.startswith(folder + "/"):
            return file[len(folder) + 1 :]
    return file


def _hint(error: BaseException) -> str:
    if not isinstance(error, ModuleNotFoundError) or not error.name or sys.platform != "wasi":
        return ""
    name = error.name.partition(".")[0]
    return (
        f"\n`{name}` is not in this component: a component holds what its build saw. Import it at the "
        "top of a module, and "
        "name its package in `dependencies` of pyproject.toml if it isn't part of Python; packages with "
        "native code can't "
        "be bundled."
    )


def is_of_project(file: str) -> bool:
    """Whether a file is the project's, or of a package that it brought along."""
    return shown_name(file) != file and not file.startswith(_SDK)


def keep_source(name: str, text: str) -> None:
    """Keeps a file's lines for tracebacks: a sandbox has no files."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
