"""Tells large orders from small ones."""

from dataclasses import dataclass
from typing import Annotated

from tenon import Batch, reject, transform, utf8


@dataclass
class Classify:
    """What the job file says under `config`."""

    large_from: Annotated[float, "Amount from which an order is large."] = 100.0


@transform
def classify(batch: Batch, config: Classify) -> Batch:
    """Adds the column `size`; orders below nothing are rejected."""
    amounts = batch["amount"].to_list()
    sizes = [None if amount is None else "small" if amount < config.large_from else "large" for amount in amounts]
    for row, amount in enumerate(amounts):
        if amount is not None and amount < 0:
            reject(row, "the amount is negative")
    return batch.with_columns(size=utf8(sizes)).without_rejected()
