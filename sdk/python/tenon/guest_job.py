"""The export `job` of a component with a job."""

from __future__ import annotations

from wit_world import exports

# What the job calls must be in the snapshot.
from .boundary import sandbox_frames as _frames  # noqa: F401
from .guest import _reseed, answer
from .jobs import Context, the_job


class Job(exports.Job):
    """The export `job`."""

    def run(self) -> None:
        """Runs the job."""
        _reseed()
        answer(lambda: the_job()(Context()))
