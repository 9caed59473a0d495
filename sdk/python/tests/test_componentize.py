"""What the build finds out about a project before it runs componentize-py."""

from pathlib import Path

import pytest

import componentize
import unleak


def project(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py").replace("_toml", ".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_module_is_found(tmp_path: Path) -> None:
    folder = project(tmp_path / "my-shop", src__my_shop_py="", helper_py="")
    assert componentize.find_module(folder, {"project": {"name": "my_shop"}})[0] == "my_shop"
    assert componentize.find_module(project(tmp_path / "one", clean_py=""), {})[0] == "clean"
    assert componentize.find_module(folder, {"tool": {"tenon": {"module": "helper"}}})[0] == "helper"
    with pytest.raises(componentize.Refused, match=r"\[tool.tenon\]"):
        componentize.find_module(project(tmp_path / "two", a_py="", b_py=""), {})


@pytest.mark.parametrize(
    ("text", "is_job"),
    [
        ("from tenon import job\n@job\ndef run(ctx): ...", True),
        ("from tenon import job as j\n@j\ndef run(ctx): ...", True),
        ("import tenon as t\n@t.job\ndef run(ctx): ...", True),
        ("from other import job\n@job\ndef run(ctx): ...", False),
        ("from tenon import transform\n@transform\ndef job(batch): ...", False),
        ("def broken(:", False),
    ],
)
def test_jobs_are_told(tmp_path: Path, text: str, is_job: bool) -> None:
    (tmp_path / "plugin.py").write_text(text)
    assert componentize.has_job(tmp_path / "plugin.py") is is_job


def test_late_imports_are_found(tmp_path: Path) -> None:
    text = "import os\ndef f():\n    import json.decoder, re\n    from html import escape\n    from . import near\n"
    project(tmp_path, plugin_py=text, tests__test_x_py="def f():\n    import pytest")
    assert sorted(componentize.late_imports(tmp_path)) == ["html", "json.decoder", "re"]


def test_packages_with_native_code_are_named(tmp_path: Path) -> None:
    (tmp_path / "fast").mkdir()
    (tmp_path / "fast" / "core.cpython-311-x86_64-linux-gnu.so").write_text("")
    with pytest.raises(componentize.Refused, match="the package `fast` has native code"):
        componentize.refuse_native(tmp_path)
    output = "ERROR: Could not find a version that satisfies\nERROR: No matching distribution found for numpy"
    assert "numpy has no wheel that is pure Python" in componentize.explained("pip install numpy", output)


def test_what_a_project_failed_with_is_found() -> None:
    missing = "ModuleNotFoundError: No module named 'attr.x'"
    output = f'AssertionError: Traceback\nImportError: <<<{missing}\n  File "plugin.py">>>\n'
    text = componentize.fault(output, [])
    assert 'dependencies = ["attr"]' in text and 'File "plugin.py"' in text and "AssertionError" not in text
    assert componentize.fault("ImportError: <<<nothing here>>>", []) == "nothing here"
    assert "no space left" in componentize.fault("no space left", [])


def test_imports_of_native_code_are_not_advised_to_be_bundled(tmp_path: Path) -> None:
    (tmp_path / "fast").mkdir()
    (tmp_path / "fast" / "_core.cpython-314-x86_64-linux-gnu.so").write_text("")
    for module, found in [("numpy", "numpy"), ("fast._core", "fast"), ("pandas.io", "pandas")]:
        output = f"ImportError: <<<ModuleNotFoundError: No module named '{module}'\n  File \"plugin.py\">>>\n"
        text = componentize.fault(output, [tmp_path])
        assert f"imports `{found}`, which has native code" in text and "batch.eval" in text, text
        assert "dependencies" not in text and 'File "plugin.py"' in text, text


def test_offline_says_what_it_would_run(tmp_path: Path) -> None:
    with pytest.raises(componentize.Refused, match="TENON_OFFLINE is set. Without it: pip install attrs"):
        componentize.install(["attrs"], tmp_path / "packages", offline=True)


def test_only_what_is_known_is_mended() -> None:
    call = b"\x10\x80\x80\x80\x80\x00"
    known = (
        b"\x20\x00\x41\x01"
        + call
        + b"\x21\x04\x20\x03\x41\x08\x6a\x20\x01"
        + call
        + b"\x20\x00\x20\x03\x28\x02\x0c\x22\x05\x47\x0d\x09"
        + b"\x02\x40\x20\x00\x45\x0d\x00\x20\x04\x20\x03\x28\x02\x08\x20\x00\xfc\x0a\x00\x00\x0b"
    )
    mended = unleak.unleaked(b"before" + known + b"after")
    assert mended is not None and len(mended) == len(known) + 11 and b"\xfc\x0a" not in mended
    assert unleak.unleaked(b"another") is None and unleak.unleaked(known + known) is None
