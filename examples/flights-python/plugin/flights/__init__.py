"""The transform of the flights job: says what became of each flight, cleans its tail number, and refuses rows that
can't be true."""

from dataclasses import dataclass
from typing import Annotated

from tenon import BadConfig, Batch, reject, transform, utf8

from .category import Thresholds
from .plausible import impossible
from .tail_number import clean, is_american


@dataclass
class Categorise:
    """How to tell late flights."""

    late_after: Annotated[int, "Minutes behind schedule up to which an arrival still counts as on time."] = 15
    very_late_after: Annotated[int, "Minutes behind schedule after which an arrival counts as very late."] = 120

    def __post_init__(self) -> None:
        if self.very_late_after < self.late_after:
            raise BadConfig(
                f"very_late_after ({self.very_late_after} minutes) is less than late_after ({self.late_after} minutes)"
            )


@transform(reads=["dep_delay", "arr_delay", "tailnum", "air_time", "distance"])
def categorise(batch: Batch, config: Categorise) -> Batch:
    """Adds `delay_category` and cleans `tailnum`.

    `delay_category` is `cancelled`, `diverted`, `early`, `on time`, `late` or `very late`. `tailnum` becomes upper
    case without spaces, null where there is none. Rows that can't be true are rejected: a flight in no time, one
    faster than any airliner, one that arrived but never left, one with a tail number that the United States don't
    issue."""
    columns = batch.read(["dep_delay", "arr_delay", "air_time", "distance", "tailnum"])
    departed, arrived, air_time, distance, painted = (column.to_list() for column in columns)

    for row, flight in enumerate(zip(departed, arrived, air_time, distance)):
        reason = impossible(*flight)
        if reason is not None:
            reject(row, reason)
    tail_numbers = [None if text is None else clean(text) for text in painted]
    for row, tail_number in enumerate(tail_numbers):
        if tail_number is not None and not is_american(tail_number):
            reject(row, f"{tail_number} is no tail number of the United States: N and one to five digits or letters")

    thresholds = Thresholds(config.late_after, config.very_late_after)
    categories = [thresholds.category(left, landed) for left, landed in zip(departed, arrived)]
    return batch.with_columns(delay_category=utf8(categories), tailnum=utf8(tail_numbers)).without_rejected()
