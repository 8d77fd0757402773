"""`cpe activity`: the activities of a job."""

from __future__ import annotations

import time

import click

from cpe.cli.json_text import print_json
from cpe.cli.operating import Operator, client_option, job_argument, json_option, operates
from cpe.cli.rerun import rerun


@click.group()
def activity() -> None:
    """Show a job's activities, or run one of them again here.

    JOB is <client>.<jobId>, or a jobId with --client; the only configured client need not be named.
    """


@activity.command("list")
@job_argument
@operates
@client_option
@json_option
def list_activities(*, operator: Operator, job: str, client: str | None, as_json: bool) -> None:
    """List the activities of a job.

    They stand in the order in which they were first scheduled.
    """
    run = operator.run(job, client)
    activities = operator.jobs.report(run).activities
    if as_json:
        told = {
            "workflow": {"workflowId": run.workflow_id, "runId": run.run_id},
            "activities": [one.details() for one in activities],
        }
        print_json(told)
        return
    from cpe.cli.job_view import ACTIVITY_HEADERS, STYLES, activity_rows
    from cpe.cli.tables import print_table

    print_table(ACTIVITY_HEADERS, activity_rows(activities, now=time.time()), styles=STYLES)


activity.add_command(rerun)
