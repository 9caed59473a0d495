"""Run with `pytest`: outside a sandbox a stand-in for the host holds the rows."""

from plugin import run
from tenon import Batch, Context, testing
from tenon.testing import fresh_run  # noqa: F401  (each test has a run of its own)


def test_orders_are_classified_and_written() -> None:
    testing.source("data/orders.csv", Batch(id=[1, 2, 3], amount=[20.0, 250.0, -1.0]))
    run(Context())
    assert testing.written("out/classified.csv")["size"].to_list() == ["small", "large"]
    assert testing.written("out/rejected.ndjson")["rejected_because"].to_list() == ["the amount is negative"]
