"""`cpe job list|show|history`: what is known of jobs."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from cpe.cli.json_text import print_json
from cpe.cli.moments import Since
from cpe.cli.operating import Operator, client_option, job_argument, json_option, operates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cpe.jobs import JobSummary

_PAGE = 100
_FILTERS = ("OPEN", "CLOSED", "RUNNING", "COMPLETED", "FAILED", "CANCELED", "TIMED_OUT", "TERMINATED")


@click.command("list")
@operates
@client_option
@click.option("--status", type=click.Choice(_FILTERS, case_sensitive=False), help="Only these.")
@click.option(
    "--since",
    type=Since(),
    metavar="AGE",
    help="Only those started since: 30m, 2h, 7d, or an ISO time.  [default: 30d]",
)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most."
)
@click.option("--page", help="Go on where a list with --json ended: its `page`.")
@json_option
def list_jobs(
    *,
    operator: Operator,
    client: str | None,
    status: str | None,
    since: float | None,
    limit: int,
    page: str | None,
    as_json: bool,
) -> None:
    """List jobs, those first that were started last.

    Those of all clients, unless --client names one.
    """
    from cpe.protocol import JobFilter

    wanted = JobFilter(status) if status is not None else None
    jobs: list[JobSummary] = []
    while True:
        listing = operator.jobs.listing(
            client,
            status=wanted,
            since=since if page is None else None,  # a page says itself since when
            limit=min(limit - len(jobs), _PAGE),
            page=page,
        )
        jobs += listing.jobs
        page = listing.page
        if page is None or len(jobs) >= limit:
            break
    if as_json:
        found = {"jobs": [job.details() for job in jobs], "page": page}
        print_json(found)
        return
    from cpe.cli.job_view import JOB_HEADERS, STYLES, job_row
    from cpe.cli.tables import print_table

    now = time.time()
    print_table(JOB_HEADERS, [job_row(job, now=now) for job in jobs], styles=STYLES)
    if page is not None:
        click.echo(f"there are more than {limit}; ask for them with --limit", err=True)


@click.command()
@job_argument
@operates
@client_option
@json_option
def show(*, operator: Operator, job: str, client: str | None, as_json: bool) -> None:
    """Show a job: where it stands, and each of its activities."""
    run = operator.run(job, client)
    report = operator.jobs.report(run)
    if as_json:
        told = {
            "workflow": {"workflowId": run.workflow_id, "runId": run.run_id},
            "job": report.details(),
        }
        print_json(told)
        return
    from cpe.cli.job_view import ACTIVITY_HEADERS, STYLES, activity_rows, job_lines
    from cpe.cli.tables import print_table

    now = time.time()
    for name, text in job_lines(report, now=now):
        click.echo(f"{name:<9} {text}")
    if report.activities:
        click.echo()
        print_table(ACTIVITY_HEADERS, activity_rows(report.activities, now=now), styles=STYLES)


@click.command()
@job_argument
@operates
@client_option
@click.option("--run", "run_id", metavar="RUN_ID", help="An earlier run of the job; the newest by default.")
@click.option("--raw", is_flag=True, help="Leave references to large payloads as they are.")
def history(*, operator: Operator, job: str, client: str | None, run_id: str | None, raw: bool) -> None:
    """Print a job's history as JSON.

    `cpe plan replay` reads it. Large payloads stand in it whole.
    """
    from cpe.aws.new_events import new_events

    run = operator.run(job, client, run_id)
    events = (
        new_events(operator.swf, operator.domain, run.workflow_id, run.run_id)
        if raw
        else operator.jobs.history(run)
    )
    document = {
        "workflowId": run.workflow_id,
        "runId": run.run_id,
        "events": [_with_seconds(event) for event in events],
    }
    print_json(document, indent=1)


def _with_seconds(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with its time as seconds since the epoch."""
    when: datetime = event["eventTimestamp"]
    return {**event, "eventTimestamp": when.timestamp()}
