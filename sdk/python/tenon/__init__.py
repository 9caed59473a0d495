"""Write Tenon transforms and whole jobs in Python.

A transform is a function from batches to batches that runs in a sandbox. The rows stay with the host: a function
reads the columns it needs, adds the ones it makes, and lets the host do what the host does best.

    from dataclasses import dataclass
    from tenon import Batch, reject, transform, utf8

    @dataclass
    class Config:
        late_after: int = 15

    @transform
    def categorise(batch: Batch, config: Config) -> Batch:
        '''Says of each flight whether it was on time.'''
        delays = batch["arr_delay"].to_list()
        labels = ["cancelled" if d is None else "late" if d > config.late_after else "on time" for d in delays]
        for row, delay in enumerate(delays):
            if delay is not None and delay < -1440:
                reject(row, "the flight arrived the day before")
        return batch.with_columns(category=utf8(labels)).without_rejected()
"""

from . import state, types
from .batch import Batch
from .column import Column
from .errors import (
    BadConfig,
    BadData,
    Denied,
    Error,
    ErrorKind,
    Internal,
    LimitReached,
    Transient,
    Unsupported,
    error_of,
)
from .function import transform
from .host import count, log, now, now_ns, parameter, random_bytes, secret
from .jobs import Context, Frame, Written, job
from .program import Expression
from .rejects import reject
from .rows import Reject, Row, each_row, scalar
from .schema import Field, Schema
from .sql import literal, quote
from .types import (
    DataType,
    binary,
    boolean,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    utf8,
)

__version__ = "0.1.0"

__all__ = [
    "BadConfig",
    "BadData",
    "Batch",
    "Column",
    "Context",
    "DataType",
    "Denied",
    "Error",
    "ErrorKind",
    "Expression",
    "Field",
    "Frame",
    "Internal",
    "LimitReached",
    "Reject",
    "Row",
    "Schema",
    "Transient",
    "Unsupported",
    "Written",
    "binary",
    "boolean",
    "count",
    "each_row",
    "error_of",
    "float32",
    "float64",
    "int16",
    "int32",
    "int64",
    "int8",
    "job",
    "literal",
    "log",
    "now",
    "now_ns",
    "parameter",
    "quote",
    "random_bytes",
    "reject",
    "scalar",
    "secret",
    "state",
    "transform",
    "types",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "utf8",
]
