"""`cpe job`: the jobs of a stack, for its operator."""

from __future__ import annotations

import click

from cpe.cli.job_act import cancel, retry, signal, terminate
from cpe.cli.job_read import history, list_jobs, show
from cpe.cli.job_start import start
from cpe.cli.job_watch import tail, watch


@click.group()
def job() -> None:
    """Start, show, follow and end jobs.

    JOB is <client>.<jobId>, or a jobId with --client; the only configured client need not be named.
    """


for command in (start, list_jobs, show, watch, tail, history, cancel, signal, retry, terminate):
    job.add_command(command)
