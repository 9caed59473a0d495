"""The orders job on Spark, as a whole process: `orders_spark.py ORDERS RATES HASH COMPRESSION TARGET`."""

import hashlib
import sys

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as f

ORDERS, RATES, HASH, COMPRESSION, TARGET = sys.argv[1:6]


def sha256(batches):
    for batch in batches:
        at = batch.schema.get_field_index("customer")
        hashed = [None if c is None else hashlib.sha256(c.encode()).hexdigest() for c in batch.column(at).to_pylist()]
        columns = batch.columns
        columns[at] = pa.array(hashed, pa.string())
        yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)


spark = (
    SparkSession.builder.master("local[*]")
    .config("spark.driver.memory", "4g")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.parquet.compression.codec", COMPRESSION)
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
rows = (
    spark.read.parquet(ORDERS)
    .where("status = 'paid'")
    .join(f.broadcast(spark.read.parquet(RATES)), "country")
    .select("id", "ts", "customer", "country", "amount", (f.col("amount") * f.col("rate")).alias("amount_eur"))
)
if HASH == "sha256-python":
    rows = rows.mapInArrow(sha256, rows.schema)
else:
    rows = rows.withColumn("customer", f.sha2("customer", 256))
rows.write.mode("overwrite").parquet(TARGET)
spark.stop()
