"""Reads orders, tells large ones from small ones, and writes both with what was rejected."""

from dataclasses import dataclass
from typing import Annotated

from tenon import Batch, Context, job, reject, transform, utf8


@dataclass
class Classify:
    """What `classify` is applied with."""

    large_from: Annotated[float, "Amount from which an order is large."]


@transform
def classify(batch: Batch, config: Classify) -> Batch:
    """Adds the column `size`; orders below nothing are rejected."""
    amounts = batch["amount"].to_list()
    sizes = [None if amount is None else "small" if amount < config.large_from else "large" for amount in amounts]
    for row, amount in enumerate(amounts):
        if amount is not None and amount < 0:
            reject(row, "the amount is negative")
    return batch.with_columns(size=utf8(sizes)).without_rejected()


@job
def run(ctx: Context) -> None:
    """The job: the host plans and runs it, `classify` in sandboxes of its own."""
    orders = ctx.read("data/orders.csv")
    classified = orders.apply(classify, large_from=100)
    classified.write("out/classified.csv", mode="overwrite")
    classified.rejected().write("out/rejected.ndjson", mode="overwrite")
