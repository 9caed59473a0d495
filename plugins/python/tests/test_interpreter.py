from typing import Any

import pytest
from interpreter import Script
from tenon import BadConfig, Batch, Error, Unsupported, testing


def orders() -> Batch:
    return Batch(id=[1, 2, 3], name=["ada", None, "mary"])


def run(script: str, config: Any = None, function: str | None = None) -> testing.Output:
    given = {"script": script, "file": "clean.py", "config": config}
    return testing.run(Script, orders(), given | ({"function": function} if function else {}))


TRANSFORM = """
from dataclasses import dataclass
from tenon import transform, utf8

@dataclass
class Config:
    suffix: str

@transform
def clean(batch, config: Config):
    names = [name and name.upper() + config.suffix for name in batch["name"]]
    return batch.with_columns(name=names, kind=utf8(["x"] * batch.rows))
"""


def test_a_transform_runs_as_if_it_were_built_in() -> None:
    output = run(TRANSFORM, {"suffix": "!"})
    assert output.batch["name"].to_list() == ["ADA!", None, "MARY!"]
    with pytest.raises(BadConfig, match=r"\$\.suffix: it is missing; expected a string"):
        run(TRANSFORM)


def test_rows_need_no_decorator() -> None:
    script = 'columns = {"next": int}\n\ndef row(row):\n    return {"next": row["id"] + 1}\n'
    assert run(script).batch["next"].to_list() == [2, 3, 4]


def test_batches_need_no_decorator() -> None:
    assert (
        run("def process(batch, least: int = 2):\n    return batch.mask(v >= least for v in batch['id'])").batch.rows
        == 2
    )


def test_one_of_several_is_named() -> None:
    script = "from tenon import transform\n@transform\ndef a(batch):\n    return batch\n"
    script += "@transform\ndef b(batch):\n    return batch.slice(0, 0)\n"
    assert run(script, function="b").batch.rows == 0
    with pytest.raises(BadConfig, match="several functions, `a`, `b`"):
        run(script)
    with pytest.raises(BadConfig, match="no function `c` in clean.py; its functions are `a`, `b`"):
        run(script, function="c")


@pytest.mark.parametrize(
    ("script", "kind", "says"),
    [
        ("x = 1", BadConfig, "clean.py has nothing to call"),
        ("def f(:\n  pass", BadConfig, r'File "clean.py", line 1'),
        ("import nowhere_to_be_found", BadConfig, "imports `nowhere_to_be_found`, which isn't here.*tenon new"),
        (
            "from tenon import transform\n@transform\nclass A:\n    def process(self, b): ...",
            Unsupported,
            "several sandboxes",
        ),
        ("from tenon import scalar\n@scalar\ndef a(b: str) -> str: ...", Unsupported, "for SQL"),
    ],
)
def test_what_is_wrong_is_said(script: str, kind: type[Error], says: str) -> None:
    with pytest.raises(kind, match=f"(?s){says}"):
        run(script)


def test_what_is_only_looked_at_does_not_run() -> None:
    def look(script: str) -> testing.Output:
        return testing.run(Script, orders(), {"script": script, "file": "clean.py", "function": "none", "check": True})

    assert look("import nowhere_to_be_found\nraise ValueError('it runs')\n").batch.rows == 3
    with pytest.raises(BadConfig, match=r'(?s)File "clean.py", line 2.*SyntaxError'):
        look("def row(row):\n    return row[\n")


def test_errors_name_the_line() -> None:
    with pytest.raises(BadConfig) as caught:
        run("def process(batch):\n    x = 1\n    return batch.drop('nowhere')\n")
    assert caught.value.__notes__ == ["clean.py, line 3, `return batch.drop('nowhere')`"]
