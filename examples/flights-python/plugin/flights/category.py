"""What became of a flight."""

from typing import NamedTuple


class Thresholds(NamedTuple):
    """From which delay, in minutes, a flight counts as what."""

    #: Up to this delay an arrival is on time.
    late_after: int
    #: Past this delay it is very late.
    very_late_after: int

    def category(self, departure_delay: int | None, arrival_delay: int | None) -> str:
        """The category of a flight with these delays, in minutes; None where it didn't leave or arrive."""
        if arrival_delay is None:
            return "cancelled" if departure_delay is None else "diverted"
        if arrival_delay < 0:
            return "early"
        if arrival_delay <= self.late_after:
            return "on time"
        return "late" if arrival_delay <= self.very_late_after else "very late"
