"""Whole jobs: read, transform and write, while the host plans and runs everything natively.

    from tenon import Context, job

    @job
    def run(ctx: Context) -> None:
        orders = ctx.read("orders/*.parquet").filter("status = 'paid'")
        orders.apply(clean, late_after=15).write("out/paid/", partition_by=["country"], mode="overwrite")

A project with one function that has the decorator `job` is a job: ``tenon run FOLDER``. Its frames are queries that
have not run; its functions run in sandboxes of their own, in parallel."""

from .context import Context
from .declare import job, the_job
from .frame import Frame, Written

__all__ = ["Context", "Frame", "Written", "job", "the_job"]
