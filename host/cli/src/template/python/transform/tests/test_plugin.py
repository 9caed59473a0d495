"""Run with `pytest`: outside a sandbox a stand-in for the host holds the rows."""

from plugin import classify
from tenon import Batch, testing
from tenon.testing import fresh_run  # noqa: F401  (each test has a run of its own)


def test_sizes_are_told_and_negative_amounts_rejected() -> None:
    orders = Batch(amount=[20.0, 250.0, -1.0, None])
    output = testing.run(classify, orders, large_from=100)
    assert output.batch["size"].to_list() == ["small", "large", None]
    assert output.rejected == [(2, "the amount is negative")]
