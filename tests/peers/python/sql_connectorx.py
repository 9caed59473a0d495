"""Reads lineitem with connectorx and writes Parquet: `sql_connectorx.py URL`, then requests on stdin."""

import sys

import connectorx
import pyarrow.parquet

from serve import serve

URL = sys.argv[1]


def work(request):
    table = connectorx.read_sql(
        URL,
        "select * from lineitem",
        return_type="arrow",
        partition_on="l_orderkey",
        partition_num=2,
    )
    pyarrow.parquet.write_table(table, request["to"], compression="snappy")


serve(work)
