import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

import tenon
from tenon import (
    BadConfig,
    BadData,
    Batch,
    Field,
    Reject,
    Schema,
    each_row,
    int64,
    reject,
    scalar,
    state,
    testing,
    transform,
    utf8,
)
from tenon.function import function_named


@dataclass
class Config:
    """How to label."""

    column: str
    limit: Annotated[int, "From which on."] = 10
    ratio: float = 1.0
    kind: Literal["a", "b"] = "a"
    names: list[str] | None = None


@transform(reads=["amount"])
def label(batch: Batch, config: Config) -> Batch:
    """Labels.

    More of it."""
    labels = [None if value is None else "many" if value >= config.limit else "few" for value in batch[config.column]]
    return batch.with_columns(label=utf8(labels))


def test_functions_run_as_the_host_runs_them() -> None:
    output = testing.run(label, Batch(amount=[1, None, 20]), column="amount")
    assert output.batch["label"].to_list() == ["few", None, "many"]
    session = testing.open("label", '{"column": "amount", "limit": 30}', Schema({"amount": int64}))
    assert session.output_schema.names == ["amount", "label"]
    assert session.process(Batch(amount=[20])).batch["label"].to_list() == ["few"]
    with pytest.raises(BadConfig, match="there is no column `amount`"):
        testing.run(label, Batch(other=[1]), column="amount")


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("{}", r"\$\.column: it is missing; expected a string"),
        ('{"column": 1}', r"\$\.column: expected a string, got the integer 1"),
        ('{"column": "a", "limit": "x"}', r'\$\.limit: expected an integer, got the string "x"'),
        ('{"column": "a", "limit": true}', r"\$\.limit: expected an integer, got the boolean true"),
        ('{"column": "a", "kind": "c"}', r'\$\.kind: expected one of "a", "b"'),
        ('{"column": "a", "names": [1]}', r"\$\.names\[0\]: expected a string"),
        (
            '{"column": "a", "color": 1}',
            r"\$\.color: there is no such key; the keys are column, kind, limit, names, ratio",
        ),
        ("[", "isn't JSON"),
        ("[]", r"at \$: expected an object, got an array"),
    ],
)
def test_configurations_that_do_not_fit(config: str, says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        testing.run(label, Batch(amount=[1]), config)


def test_configurations_are_described() -> None:
    function = function_named("label")
    assert function.doc == "Labels.\n\nMore of it." and function.stateless and function.reads == ["amount"]
    for text in ('"required": ["column"]', '"description": "From which on."', '"description": "How to label."'):
        assert text in function.config_schema


def test_parameters_are_keys() -> None:
    @transform
    def pass_(batch: Batch, schema: Schema, column: str = "a") -> Batch:
        assert column in schema
        return batch

    assert testing.run(pass_, Batch(a=[1])).batch.rows == 1
    with pytest.raises(BadConfig, match=r"\$\.columm"):
        testing.run("pass", Batch(a=[1]), columm="b")


def test_rows_are_rejected_once() -> None:
    @transform
    def positive(batch: Batch) -> Batch:
        for row, value in enumerate(batch["a"]):
            if value < 0:
                reject(row, f"{value} is negative")
                reject(row, "again")
        return batch.without_rejected()

    output = testing.run(positive, Batch(a=[1, -2, 3]))
    assert output.batch["a"].to_list() == [1, 3]
    assert output.rejected == [(1, "-2 is negative")]
    assert testing.run(positive, Batch(a=[-1])).batch.rows == 0


def test_rows_are_left_out_of_no_other_batch_than_the_input() -> None:
    @transform
    def late(batch: Batch) -> Batch:
        kept = batch.slice(0, min(batch.rows, 2))
        reject(0, "the first")
        return kept.without_rejected()

    with pytest.raises(BadConfig, match="has 2 rows, but the function was given 3, .* before `filter`"):
        testing.run(late, Batch(a=[1, 2, 3]))
    assert testing.run(late, Batch(a=[1, 2])).batch["a"].to_list() == [2]
    # What the call before was given is forgotten.
    assert Batch(a=[1]).without_rejected().rows == 1


def test_classes_keep_something() -> None:
    @transform
    class Total:
        def __init__(self, column: str) -> None:
            self.column, self.total = column, 0

        def output_schema(self, schema: Schema) -> Schema:
            return Schema([Field("total", int64)])

        def process(self, batch: Batch) -> None:
            self.total += sum(batch[self.column].values)

        def finish(self) -> Iterator[Batch]:
            yield Batch(total=int64([self.total]))

    assert testing.run(Total, Batch(a=[1, 2]), column="a").batch["total"].to_list() == [3]
    assert not function_named("Total").stateless


def test_a_lie_is_told() -> None:
    @transform
    def lie(batch: Batch) -> Batch:
        return batch.with_columns(x=1) if batch.rows else batch

    with pytest.raises(tenon.Internal, match="said that it makes"):
        testing.run(lie, Batch(a=[1]))


def test_rows_one_by_one() -> None:
    @each_row(columns={"size": str})
    def size(row: tenon.Row, limit: int = 10) -> dict[str, object] | None:
        if row["amount"] is None:
            return None
        if row["amount"] < 0:
            raise Reject("negative")
        assert "name" in row and set(row) == {"amount", "name"}
        return {"size": "large" if row["amount"] > limit else "small", "name": row["name"].upper()}

    output = testing.run(size, Batch(amount=[20, 5, None, -1], name=["a", "b", "c", "d"]))
    assert output.batch["size"].to_list() == ["large", "small", None]
    assert output.batch["name"].to_list() == ["A", "B", "c"]
    assert output.rejected == [(3, "negative")]

    @each_row
    def untyped(row: tenon.Row) -> dict[str, object]:
        return {"new": 1}

    with pytest.raises(BadConfig, match=r"column `new` is new, and its type isn't known"):
        testing.run(untyped, Batch(a=[1]))


def test_single_values() -> None:
    @scalar
    def greet(name: str, greeting: str | None) -> str:
        return f"{greeting or 'Hello'}, {name}"

    output = testing.run(greet, Batch(arg_1=utf8(["Ada", None]), arg_2=utf8([None, "Hi"])))
    assert output.batch["greet"].to_list() == ["Hello, Ada", None]
    with pytest.raises(BadConfig, match=r"takes 2 values \(name, greeting\), but is called with 1"):
        testing.run(greet, Batch(arg_1=utf8(["Ada"])))


def test_the_run_is_there() -> None:
    @transform
    def services(batch: Batch) -> Batch:
        logging.getLogger("shop").warning("watch %s", "out")
        tenon.log("info", "seen")
        tenon.count("rows", batch.rows)
        state.put("key", b"1" if state.get("key") is None else b"2")
        return batch.with_columns(p=utf8([tenon.parameter("p")] * batch.rows), s=utf8([tenon.secret("s")] * batch.rows))

    testing.set_parameter("p", 5)
    testing.set_secret("s", "x")
    batch = testing.run(services, Batch(a=[1])).batch
    assert batch["p"].to_list() == ["5"] and batch["s"].to_list() == ["x"]
    assert ("warn", "shop: watch out") in testing.logs() and testing.counter("rows") == 1.0
    assert state.get("key") == b"2" and len(tenon.random_bytes(7)) == 7 and tenon.now().year >= 2024
    with pytest.raises(tenon.Denied):
        tenon.secret("other")


def test_answers_are_batches() -> None:
    @transform
    def wrong(batch: Batch) -> str:
        return "batch"

    with pytest.raises(BadData, match="answers with a batch, several, or None, not with str"):
        testing.run(wrong, Batch(a=[1]))
