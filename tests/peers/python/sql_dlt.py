"""Copies tables with dlt: `sql_dlt.py URL FOLDER`, then requests on stdin."""

import shutil
import sys

import dlt
import pyarrow.parquet
from dlt.sources.sql_database import sql_table

from serve import serve

URL, FOLDER = sys.argv[1:3]
URL = URL.replace("postgres://", "postgresql://")
# SQLAlchemy 2.1 would take another driver.
SOURCE = URL.replace("postgresql://", "postgresql+psycopg2://")


def work(request):
    shutil.rmtree(f"{FOLDER}/pipelines", ignore_errors=True)
    if "read" in request:
        destination = dlt.destinations.filesystem(f"file://{FOLDER}/dlt")
        data = sql_table(SOURCE, table=request["read"], backend="pyarrow")
    else:
        destination = dlt.destinations.postgres(URL)
        batches = pyarrow.parquet.ParquetFile(request["write"]).iter_batches(50_000)
        data = dlt.resource((pyarrow.Table.from_batches([batch]) for batch in batches), name="written")
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=f"{FOLDER}/pipelines",
        destination=destination,
        dataset_name="bench",
    )
    pipeline.run(data, loader_file_format="parquet" if "read" in request else "csv", write_disposition="replace")


serve(work)
