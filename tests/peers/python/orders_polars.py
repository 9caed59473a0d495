"""The orders job on Polars: `orders_polars.py ORDERS RATES`, then requests on stdin."""

import hashlib
import os
import sys

import polars as pl

from serve import serve

ORDERS, RATES = sys.argv[1:3]


def sha256(customers):
    hashed = [None if c is None else hashlib.sha256(c.encode()).hexdigest() for c in customers]
    return pl.Series(customers.name, hashed, pl.String)


EXPRESSIONS = {
    "sha256-python": pl.col("customer").map_batches(sha256, return_dtype=pl.String, is_elementwise=True),
    "upper": pl.col("customer").str.to_uppercase(),
}


def work(request):
    os.makedirs(request["to"], exist_ok=True)
    rows = (
        pl.scan_parquet(ORDERS)
        .filter(pl.col("status") == "paid")
        .join(pl.scan_parquet(RATES), on="country", maintain_order="none")
        .select(
            "id",
            "ts",
            EXPRESSIONS[request["hash"]],
            "country",
            "amount",
            (pl.col("amount") * pl.col("rate")).alias("amount_eur"),
        )
    )
    target = os.path.join(request["to"], "part-0.parquet")
    rows.sink_parquet(target, compression=request["compression"], maintain_order=False)


serve(work)
