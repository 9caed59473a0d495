import pytest

from tenon import BadConfig, BadData, Batch, Schema, Unsupported, float64, int64, utf8


def orders() -> Batch:
    return Batch(id=[1, 2, 3], customer=["Ada", None, "Mary"], amount=[1.5, 2.0, None])


def test_columns_are_added_and_replaced() -> None:
    batch = orders().with_columns(id=[4, 5, 6], note=utf8(["x", "y", None]), year=2024)
    assert batch.schema == Schema({"id": int64, "customer": utf8, "amount": float64, "note": utf8, "year": int64})
    assert batch.to_rows()[2] == {"id": 6, "customer": "Mary", "amount": None, "note": None, "year": 2024}
    assert orders().with_columns({"id": 7}).to_dict()["id"] == [7, 7, 7]
    with pytest.raises(BadData, match="column `note` has 1 rows, but the batch has 3"):
        orders().with_columns(note=["x"])
    with pytest.raises(BadData, match="column `note` has no type"):
        orders().with_columns(note=[None, None, None])


def test_rows_and_columns_are_picked() -> None:
    batch = orders()
    assert batch.select("amount", "id").schema.names == ["amount", "id"]
    assert batch.drop("id").schema.names == ["customer", "amount"]
    assert batch.slice(1, 2)["id"].to_list() == [2, 3]
    assert batch.take([2, 2, 0])["id"].to_list() == [3, 3, 1]
    assert batch.mask([True, False, None])["id"].to_list() == [1]
    assert Batch.concat([batch, batch.slice(0, 1)])["customer"].to_list() == ["Ada", None, "Mary", "Ada"]
    with pytest.raises(BadConfig, match="there is no column `nowhere`; the columns are `id`, `customer`, `amount`"):
        batch["nowhere"]
    with pytest.raises(BadConfig, match="rows 2 to 5"):
        batch.slice(2, 3)


def test_raw_columns_make_a_batch() -> None:
    batch = orders()
    raw = [batch.raw(name) for name in batch.schema.names]
    assert Batch.build(batch.schema, 3, raw).to_dict() == batch.to_dict()
    with pytest.raises(Unsupported):
        batch.raw("id").to_list()


def test_sql_computes() -> None:
    pytest.importorskip("duckdb")
    batch = orders()
    assert batch.with_columns(twice=batch.eval("amount * 2"))["twice"].to_list() == [3.0, 4.0, None]
    assert batch.eval("id + 1").to_list() == [2, 3, 4]
    assert batch.filter("amount > 1.6")["id"].to_list() == [2]
    assert batch.project(["id", "upper(customer) as name"]).to_dict() == {
        "id": [1, 2, 3],
        "name": ["ADA", None, "MARY"],
    }
    assert batch.rename(id="number").schema.names == ["number", "customer", "amount"]
    with pytest.raises(BadConfig):
        batch.eval("nope(id)")
