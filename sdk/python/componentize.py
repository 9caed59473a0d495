"""Builds a project in Python into a component. `tenon build` runs this with the Python that has componentize-py.

    python componentize.py PROJECT --wit WIT --work FOLDER --output X.wasm [--offline]

It prints nothing if all went well, and the sentence that says what to do on stderr if it did not.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unleak import unleaked

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    from pip._vendor import tomli as tomllib  # type: ignore[no-redef]

SDK = Path(__file__).resolve().parent
ENTRY = "tenon_component"
#: Parts of Python's library that its other parts import only when they are used.
LATE = (
    "_strptime",
    "encodings.ascii",
    "encodings.cp1252",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.unicode_escape",
    "encodings.utf_16",
    "encodings.utf_32",
    "encodings.utf_8_sig",
)
#: Modules of well-known packages with native code: naming them in pyproject.toml would only lead to the next error.
NATIVE = {
    "_cffi_backend",
    "cryptography",
    "cv2",
    "duckdb",
    "lxml",
    "numpy",
    "orjson",
    "pandas",
    "PIL",
    "polars",
    "psycopg2",
    "pyarrow",
    "pydantic_core",
    "scipy",
    "sklearn",
}
#: Follows what says that something has native code.
NO_NATIVE = (
    ": that is compiled for a machine, and a sandbox runs WebAssembly without an operating system. Use a package that is "
    'pure Python, or let the host compute: batch.eval("...") and batch.filter("...") run natively'
)
#: Folders of a project that hold no modules of the component.
PASSED_OVER = {"target", "tests", "test", "node_modules", "__pycache__", "out", "data", "venv", "build", "dist"}


class Refused(Exception):
    """What is wrong with the project, as a sentence that says what to do."""


def main() -> int:
    """Builds; 1 with a sentence on stderr where it can't be."""
    parser = argparse.ArgumentParser()
    parser.add_argument("project", type=Path)
    parser.add_argument("--wit", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--offline", action="store_true")
    arguments = parser.parse_args()
    try:
        build(arguments.project.resolve(), arguments.wit, arguments.work, arguments.output, arguments.offline)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def build(project: Path, wit: Path, work: Path, output: Path, offline: bool) -> None:
    """Builds the project in a folder."""
    manifest = read_manifest(project)
    module, roots = find_module(project, manifest)
    packages, sources = dependencies(project, manifest, work, offline)
    files = [file for root in roots for file in python_files(root)]
    is_job = any(has_job(file) for file in files)
    late = sorted({name for root in [*roots, packages, *sources] if root for name in late_imports(root)})
    entry = write_entry(work, module, late, is_job)
    paths = [entry, *roots, SDK, *sources, *([packages] if packages else [])]
    world = "job-script" if is_job else "transformer"
    componentize(wit, world, paths, output, work)
    mended = unleaked(output.read_bytes())
    if mended is None:
        raise Refused("this is not the componentize-py that the SDK knows: `pip install componentize-py==0.25.1`")
    output.write_bytes(mended)


def read_manifest(project: Path) -> dict[str, Any]:
    """The project's `pyproject.toml`; a folder with modules needs none."""
    file = project / "pyproject.toml"
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"{file} is not TOML: {error}") from None


def find_module(project: Path, manifest: dict[str, Any]) -> tuple[str, list[Path]]:
    """The module to import, and the folders in which modules are."""
    roots = [folder for folder in (project, project / "src") if folder.is_dir()]
    named = manifest.get("tool", {}).get("tenon", {}).get("module")
    if named is not None:
        return named, roots
    name = manifest.get("project", {}).get("name", project.name)
    candidates = [re.sub(r"[-.]+", "_", name).lower(), "plugin", "main", "app"]
    for candidate in candidates:
        for root in roots:
            if (root / f"{candidate}.py").is_file() or (root / candidate / "__init__.py").is_file():
                return candidate, roots
    alone = [
        file.stem for root in roots for file in root.glob("*.py") if not file.stem.startswith(("test_", "conftest"))
    ]
    if len(alone) == 1:
        return alone[0], roots
    looked_for = ", ".join(f"{name}.py" for name in candidates)
    raise Refused(
        f"which module of {project} holds the functions? Looked for {looked_for}, there "
        'and in src/. Name it in pyproject.toml:\n\n[tool.tenon]\nmodule = "NAME"'
    )


def python_files(root: Path) -> Iterator[Path]:
    """The modules below a folder, without tests and what tools leave behind."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in PASSED_OVER and not name.startswith("."))
        if Path(folder) == root and (root / "src").is_dir() and "src" in folders:
            folders.remove("src")
        for file in sorted(files):
            if file.endswith(".py") and not file.startswith(("test_", "conftest")):
                yield Path(folder) / file


def parsed(file: Path) -> ast.Module:
    """A module's syntax."""
    try:
        return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        # componentize-py compiles with its own, newer Python and reports what is wrong by itself.
        del error
        return ast.Module([], [])


def has_job(file: Path) -> bool:
    """Whether a module declares a job: a function with the SDK's decorator `job`."""
    names, modules = set(), {"tenon"}
    tree = parsed(file)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("tenon", "tenon.jobs"):
            names.update(alias.asname or alias.name for alias in node.names if alias.name == "job")
        elif isinstance(node, ast.Import):
            modules.update(alias.asname or alias.name for alias in node.names if alias.name in ("tenon", "tenon.jobs"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Name) and decorator.id in names:
                    return True
                if isinstance(decorator, ast.Attribute) and decorator.attr == "job":
                    if ast.unparse(decorator.value) in modules:
                        return True
    return False


def late_imports(root: Path) -> Iterator[str]:
    """Modules that are imported inside functions: a component has no files to find them in later."""
    for file in python_files(root):
        for node in ast.walk(parsed(file)):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import):
                    yield from (alias.name for alias in inner.names)
                elif isinstance(inner, ast.ImportFrom) and inner.module and not inner.level:
                    yield inner.module


def dependencies(project: Path, manifest: dict[str, Any], work: Path, offline: bool) -> tuple[Path | None, list[Path]]:
    """The folder of the packages that the project depends on, and the folders of those that it has by a path."""
    paths = manifest.get("tool", {}).get("uv", {}).get("sources", {})
    wanted, sources = [], []
    for requirement in manifest.get("project", {}).get("dependencies", []):
        name = re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]
        if re.sub(r"[-_.]+", "-", name).lower() == "tenon-sdk":
            # Tenon brings its own.
            continue
        path = paths.get(name, {}).get("path")
        if path is None:
            wanted.append(requirement)
            continue
        folder = (project / path).resolve()
        if not folder.is_dir():
            raise Refused(f"pyproject.toml says that `{name}` is in {folder}, where there is no folder")
        sources.append(folder / "src" if (folder / "src").is_dir() else folder)
    if not wanted:
        return None, sources
    return install(wanted, work / "packages", offline), sources


def install(wanted: list[str], target: Path, offline: bool) -> Path:
    """Has pip put packages into a folder, once for each set of them."""
    record = target.with_suffix(".installed")
    listed = "\n".join(sorted(wanted))
    if target.is_dir() and record.is_file() and record.read_text(encoding="utf-8") == listed:
        return target
    pip = ["pip", "install", "--target", str(target), "--no-compile"]
    # What runs on the CPython that is in a component, whatever this one is: wheels without native code.
    pip += ["--implementation=py", "--python-version=3.14", "--only-binary=:all:"]
    shown = f"pip install {' '.join(wanted)}"
    if offline:
        raise Refused(
            f"the project's dependencies are not installed yet, and TENON_OFFLINE is set. Without it: {shown}"
        )
    shutil.rmtree(target, ignore_errors=True)
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    ran = subprocess.run([sys.executable, "-m", *pip, *quiet, *wanted], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Refused(explained(shown, ran.stderr))
    refuse_native(target)
    record.write_text(listed, encoding="utf-8")
    return target


def explained(command: str, output: str) -> str:
    """What pip said, and what it means where a package has no version without native code."""
    missing = re.search(r"No matching distribution found for ([^\s;]+)", output)
    if missing and "Could not find a version" in output:
        return (
            f"{missing[1]} has no wheel that is pure Python, or there is no such package. One with native code (numpy, "
            f"pandas, pyarrow and their like) won't do{NO_NATIVE}\n`{command}` said:\n{output.strip()}"
        )
    return f"`{command}` failed:\n{output.strip()}"


def refuse_native(folder: Path) -> None:
    """Says which packages have native code."""
    file = next(native_files(folder), None)
    if file:
        file = file.relative_to(folder)
        shutil.rmtree(folder, ignore_errors=True)
        raise Refused(f"the package `{file.parts[0].partition('.')[0]}` has native code ({file}){NO_NATIVE}")


def native_file(name: str, paths: list[Path]) -> Path | None:
    """A file with the machine code of a module or package of this name, in one of these folders."""
    for path in paths:
        for file in native_files(path):
            if file.relative_to(path).parts[0].partition(".")[0] == name:
                return file
    return None


def native_files(folder: Path) -> Iterator[Path]:
    """Files below a folder that hold machine code."""
    return (file for file in folder.rglob("*") if file.suffix in {".so", ".pyd", ".dylib"})


def write_entry(work: Path, module: str, late: list[str], is_job: bool) -> Path:
    """The module that is componentized: it loads the project's and has the exports."""
    folder = work / "entry"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lines = ["from tenon.guest import Transform, load"]
    if is_job:
        lines.append("from tenon.guest_job import Job")
    lines.append(f"load({module!r}, {(*LATE, *late)!r})")
    (folder / f"{ENTRY}.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def componentize(wit: Path, world: str, paths: list[Path], output: Path, work: Path) -> None:
    """Runs componentize-py."""
    command = [sys.executable, "-c", "import sys, componentize_py; sys.exit(componentize_py.script())"]
    command += ["--quiet", "--wit-path", str(wit), "--world", world, "componentize"]
    for path in paths:
        command += ["--python-path", str(path)]
    command += ["--output", str(output), ENTRY]
    # Only what the project names is bundled: nothing of an environment that happens to be active or installed. The tool
    # looks for one in several places, but nowhere else once it is given one: an empty one.
    nothing = work / "nothing"
    (nothing / "site-packages").mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "VIRTUAL_ENV": str(nothing.resolve())}
    environment.pop("PYTHONPATH", None)
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if ran.returncode:
        raise Refused(fault(ran.stderr + ran.stdout, paths))


def fault(output: str, paths: list[Path]) -> str:
    """What the project failed with when it was imported, as the SDK described it, and where modules were looked for."""
    # The last one: the line of the SDK that says it is part of the traceback.
    told = re.findall(r"<<<(.*?)>>>", output, re.DOTALL)
    if not told:
        return f"componentize-py failed:\n{output.strip()}"
    # Its lines after the first are indented on the way.
    trace = re.sub(r"^ {4}", "", told[-1].strip(), flags=re.MULTILINE)
    missing = re.search(r"ModuleNotFoundError: No module named '([^']+)'", trace)
    if missing is None:
        return trace
    name = missing[1].partition(".")[0]
    native = native_file(name, paths)
    if native or name in NATIVE:
        where = f" ({native})" if native else ""
        return f"the project imports `{name}`, which has native code{where}{NO_NATIVE}\n{trace}"
    return (
        f"the project imports `{name}`, which is not bundled. If it is a package, name it in "
        "pyproject.toml, and it will be:"
        f'\n\n[project]\ndependencies = ["{name}"]\n\nModules that need an operating system (ctypes, ssl, mmap, '
        f"multiprocessing) are not in a sandbox.\n{trace}"
    )


if __name__ == "__main__":
    sys.exit(main())
