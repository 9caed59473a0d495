"""Runs a script in Python that was not built: its text is configuration, so that an edit counts from the next run on.

The script is executed as a module when the function is opened; the one function in it that is declared with
`@transform` or `@each_row` is then called as if it had been built in. So is a plain function `row(row)`, once for
each row, or `process(batch)`."""

import json
import sys
import traceback
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Annotated, Any

import library
from tenon import BadConfig, Batch, Error, Schema, Unsupported, transform
from tenon.function import Function, Running, all_functions, forget_all
from tenon.jobs import declare
from tenon.rows import RowFunction, ScalarFunction
from tenon.trace import hide, keep_source

hide(__file__)
#: By which name the script is among the modules.
MODULE = "script"
#: Plain functions that need no decorator.
PLAIN = ("row", "process")
#: What stands in for a script that is only looked at.
PASSES = "def process(batch):\n    return batch\n"


@transform(name="script", stateless=True)
class Script:
    """Runs a script in Python over batches or rows."""

    def __init__(
        self,
        schema: Schema,
        script: Annotated[str, "The script's text."],
        file: Annotated[str, "The script's name in messages."] = "script.py",
        function: Annotated[str | None, "The function in the script; its only one if not given."] = None,
        config: Annotated[Any, "What the script's function is configured with."] = None,
        check: Annotated[bool, "Whether it is only looked at: it is compiled, and nothing of it runs."] = False,
    ) -> None:
        self._file = file
        if check:
            self._located(lambda: compiled(script, file))
            script, function, config = PASSES, None, None
        self._running: Running = self._located(lambda: started(script, file, function, config, schema))

    def output_schema(self, schema: Schema) -> Schema:
        return self._located(lambda: self._running.output_schema(schema))

    def process(self, batch: Batch) -> Any:
        return self._located(lambda: self._running.process(batch))

    def finish(self) -> Any:
        return self._located(self._running.finish)

    def _located(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except ModuleNotFoundError as missing:
            raise unbundled(missing, self._file) from None
        except Error as error:
            place = line_of(error, self._file)
            if place:
                error.add_note(place)
            raise


def started(script: str, file: str, name: str | None, config: Any, schema: Schema) -> Running:
    """Executes the script, and binds the configuration of the function in it."""
    module = executed(script, file)
    function = chosen(module, name, file)
    if isinstance(function, ScalarFunction):
        raise Unsupported(
            f"`{function.name}` in {file} is a function of single values, for SQL: give it a project of its own"
        )
    if not function.stateless:
        raise Unsupported(
            f"`{function.name}` in {file} keeps something between batches, but a script's batches go to "
            "several sandboxes: "
            "give it a project of its own, or say `@transform(stateless=True)` if that doesn't matter"
        )
    return function.start(json.dumps({} if config is None else config), schema)


def executed(script: str, file: str) -> ModuleType:
    """The script as a module."""
    code = compiled(script, file)
    module = ModuleType(MODULE)
    module.__file__ = file
    # Types in annotations are looked up in the module that they are written in.
    sys.modules[MODULE] = module
    forget_all()
    exec(code, module.__dict__)
    if declare.has_job():
        raise Unsupported(
            f"{file} has a `@job`, which drives a whole run: make it a project with `tenon new --lang python "
            "--kind job`"
        )
    return module


def compiled(script: str, file: str) -> CodeType:
    """The script as code, of which nothing has run."""
    keep_source(file, script)
    try:
        return compile(script, file, "exec")
    except SyntaxError as error:
        raise BadConfig("".join(traceback.format_exception_only(error)).strip()) from None


def chosen(module: ModuleType, name: str | None, file: str) -> Function:
    """The function that is meant."""
    declared = {function.name: function for function in all_functions()}
    if name is not None:
        if name in declared:
            return declared[name]
        plain = getattr(module, name, None)
        if callable(plain):
            return undeclared(plain, module)
        there = ", ".join(f"`{known}`" for known in declared) or "none"
        raise BadConfig(f"there is no function `{name}` in {file}; its functions are {there}")
    if len(declared) == 1:
        return next(iter(declared.values()))
    if declared:
        names = ", ".join(f"`{known}`" for known in declared)
        raise BadConfig(f"{file} has several functions, {names}: say which one is meant with `function`")
    for plain_name in PLAIN:
        plain = getattr(module, plain_name, None)
        if callable(plain) and getattr(plain, "__module__", None) == MODULE:
            return undeclared(plain, module)
    raise BadConfig(
        f"{file} has nothing to call: put `@transform` on a function of batches, `@each_row` on one of "
        "rows, or call one "
        "`row` or `process`"
    )


def undeclared(call: Callable[..., Any], module: ModuleType) -> Function:
    """A plain function: of rows where its first parameter is called `row`, else of batches."""
    first = call.__code__.co_varnames[:1] if hasattr(call, "__code__") else ()
    if first == ("row",):
        return RowFunction(call, None, None, getattr(module, "columns", {}))
    return Function(call, None, "batchwise", None, True)


def unbundled(missing: ModuleNotFoundError, file: str) -> Error:
    """The error of a script that imports what isn't there."""
    name = (missing.name or str(missing)).partition(".")[0]
    error = BadConfig(
        f"the script imports `{name}`, which isn't here: scripts have the modules of Python's library "
        "that need no operating "
        f"system ({', '.join(module for module in library.MODULES if '.' not in module)}). For a "
        "package, make a project "
        "with `tenon new --lang python` and name the package in its pyproject.toml"
    )
    place = line_of(missing, file)
    if place:
        error.add_note(place)
    return error


def line_of(error: BaseException, file: str) -> str | None:
    """The last line of the script on the way to an error."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if not frames:
        return None
    last = frames[-1]
    return f"{file}, line {last.lineno}, `{last.line}`" if last.line else f"{file}, line {last.lineno}"
