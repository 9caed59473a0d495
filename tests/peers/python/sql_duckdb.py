"""Converts CSV of lineitem to Parquet with DuckDB: requests on stdin."""

import duckdb

from serve import serve

COLUMNS = {
    "l_orderkey": "bigint",
    "l_partkey": "bigint",
    "l_suppkey": "bigint",
    "l_linenumber": "integer",
    "l_quantity": "decimal(15,2)",
    "l_extendedprice": "decimal(15,2)",
    "l_discount": "decimal(15,2)",
    "l_tax": "decimal(15,2)",
    "l_returnflag": "varchar",
    "l_linestatus": "varchar",
    "l_shipdate": "date",
    "l_commitdate": "date",
    "l_receiptdate": "date",
    "l_shipinstruct": "varchar",
    "l_shipmode": "varchar",
    "l_comment": "varchar",
}

connection = duckdb.connect()
# Nothing asks for an order, and keeping one costs DuckDB time.
connection.execute("set preserve_insertion_order = false")


def work(request):
    connection.execute(
        f"""
        copy (from read_csv('{request["csv"]}', header = false, columns = {COLUMNS}))
        to '{request["to"]}' (format parquet, compression snappy)
        """
    )


serve(work)
