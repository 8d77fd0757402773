"""`cpe worker list`: who polls what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import click

from cpe.cli.json_text import print_json
from cpe.cli.moments import Since
from cpe.cli.operating import Operator, json_option, operates

_HOUR = 3600.0
_HEADERS = ("identity", "role", "task list", "tasks", "running", "last seen", "ago", "types")


@click.group("worker")
def worker() -> None:
    """Show who takes tasks: deciders and workers."""


@worker.command("list")
@operates
@click.option(
    "--since",
    type=Since(),
    metavar="AGE",
    help="Only who took a task since: 30m, 2h, 7d, or an ISO time.  [default: 1h]",
)
@click.option(
    "--executions",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    help="How many open executions are looked at, and how many closed ones.",
)
@json_option
def list_workers(*, operator: Operator, since: float | None, executions: int, as_json: bool) -> None:
    """List who took tasks lately, and from which task lists.

    Read from the histories of recent executions: SWF keeps no list of pollers, and one that waits and has
    found no task is not seen. What CPE's daemons call themselves is host:pid.
    """
    from cpe.aws.new_events import new_events
    from cpe.cli.sightings import Sightings
    from cpe.errors import AwsError

    begun = time.time() - _HOUR if since is None else since
    sightings = Sightings(since=begun)
    for workflow_id, run_id in _runs(operator, begun, executions):
        try:
            events = new_events(operator.swf, operator.domain, workflow_id, run_id)
        except AwsError as error:
            if error.code != "UNKNOWN_RESOURCE":
                raise
            continue  # its retention ended meanwhile
        sightings.take(events)
    found = sightings.found()
    if as_json:
        print_json({"workers": [one.details() for one in found]})
        return
    from cpe.cli.job_view import visible
    from cpe.cli.moments import duration, moment
    from cpe.cli.tables import print_table

    now = time.time()
    print_table(
        _HEADERS,
        [
            (
                visible(one.identity) or "(unnamed)",
                one.role.value,
                visible(one.task_list),
                str(one.tasks),
                str(one.running),
                moment(one.last_seen),
                duration(max(now - one.last_seen, 0.0)),
                visible(", ".join(f"{name} {version}" for name, version in sorted(one.types))),
            )
            for one in found
        ],
    )


def _runs(operator: Operator, since: float, most: int) -> Iterator[tuple[str, str]]:
    """The newest open runs, whenever they were started, and those that closed last; ids of both."""
    gateway, domain = operator.gateway, operator.domain
    for run in islice(gateway.open_runs(domain), most):
        yield run.workflow_id, run.run_id
    for closed in gateway.closed_runs(domain, since=since)[:most]:
        yield closed.workflow_id, closed.run_id
