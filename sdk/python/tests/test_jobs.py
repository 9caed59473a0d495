import pytest

from tenon import BadConfig, Batch, Context, job, reject, testing, transform, utf8

pytest.importorskip("duckdb")


@transform
def check(batch: Batch, most: float) -> Batch:
    for row, amount in enumerate(batch["amount"]):
        if amount > most:
            reject(row, "too much")
    return batch.with_columns(checked=utf8(["yes"] * batch.rows)).without_rejected()


@job
def run(ctx: Context) -> None:
    orders = ctx.read("orders.csv", csv={"null": ["NA"]})
    rates = ctx.read("warehouse.rates")
    most = ctx.param("most", float, 100.0)
    checked = orders.filter("status = 'paid'").apply(check, most=most)
    priced = checked.join(rates, on="country", how="left").with_columns(eur="amount * rate")
    assert priced.schema.names == ["country", "amount", "status", "checked", "rate", "eur"]
    assert priced.write("out/", partition_by=["country"], mode="overwrite").rows == priced.count()
    priced.aggregate("country", "count(*) as orders", total="sum(eur)").sort("country desc").write("totals.csv")
    checked.rejected().write("rejected.ndjson")
    ctx.sql("select max(amount) as most from o", o=orders).union(orders.project(["amount as most"]).limit(1)).write("x")


def test_a_job_reads_and_writes() -> None:
    orders = Batch(country=["DE", "US", "DE"], amount=[10.0, 500.0, 20.0], status=["paid", "paid", "open"])
    testing.source("orders.csv", orders)
    testing.source("warehouse.rates", Batch(country=["DE", "US"], rate=[1.0, 0.9]))
    run(Context())
    assert testing.written("out/")["eur"].to_list() == [10.0]
    assert testing.written("totals.csv").to_dict() == {"country": ["DE"], "orders": [1], "total": [10.0]}
    assert testing.written("rejected.ndjson")["rejected_because"].to_list() == ["too much"]
    assert testing.written("x")["most"].to_list() == [500.0, 10.0]


def test_parameters_are_checked() -> None:
    testing.set_parameter("most", "many")
    with pytest.raises(BadConfig, match="the parameter `most` is `many`, which is no float"):
        Context().param("most", float)
    with pytest.raises(BadConfig, match="no parameter `other`"):
        Context().param("other")
