"""DuckDB's answers to TPC-H: `tpch_duckdb.py DATA QUERIES SCALE ANSWERS`.

Each answer is a file `qNN.ndjson` with a row per line, as a list of values: numbers, or everything else as text.
"""

import decimal
import json
import pathlib
import sys

import duckdb

DATA, QUERIES, SCALE, ANSWERS = sys.argv[1:5]

connection = duckdb.connect()
for table in sorted(pathlib.Path(DATA).glob("*.parquet")):
    connection.execute(f"create view {table.stem} as from '{table}'")
pathlib.Path(ANSWERS).mkdir(parents=True, exist_ok=True)


def plain(value):
    if value is None or isinstance(value, (int, float, str)):
        return value
    if isinstance(value, decimal.Decimal):
        return float(value)
    return str(value)


for query in sorted(pathlib.Path(QUERIES).glob("q*.sql")):
    text = query.read_text().replace("FRACTION", f"{0.0001 / float(SCALE):.10f}")
    rows = connection.execute(text).fetchall()
    with open(pathlib.Path(ANSWERS) / f"{query.stem}.ndjson", "w", encoding="utf-8") as answer:
        for row in rows:
            print(json.dumps([plain(value) for value in row]), file=answer)
