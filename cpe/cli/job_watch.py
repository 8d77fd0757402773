"""`cpe job watch|tail`: what happens to jobs, as it happens. A client's queue is not touched."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cpe.cli.moments import Since
from cpe.cli.operating import Operator, client_option, job_argument, json_option, operates
from cpe.cli.options import EXIT_FAILURE, EXIT_INTERRUPTED

if TYPE_CHECKING:
    from cpe.aws.runs import Run


@click.command()
@job_argument
@operates
@client_option
@json_option
def watch(*, operator: Operator, job: str, client: str | None, as_json: bool) -> None:
    """Show what happens to a job until it ends.

    Bars on a terminal, lines elsewhere. Ends with 0 if the job completed, with 1 if it ended in another way.
    """
    with left_by_interrupt():
        follow_to_the_end(operator, operator.run(job, client), as_json=as_json)


@click.command()
@operates
@client_option
@click.option(
    "--since",
    type=Since(),
    metavar="AGE",
    help="Begin with what happened since: 30m, 2h, or an ISO time.  [default: now]",
)
@json_option
def tail(*, operator: Operator, client: str | None, since: float | None, as_json: bool) -> None:
    """Show what happens to all jobs until Ctrl-C.

    With --client to those of one client. Reads histories every two seconds. What workers report between
    start and end is not in them.
    """
    from cpe.cli.event_view import make_view
    from cpe.cli.follow import TAIL_INTERVAL, Tail, looks

    begun = time.time() if since is None else since
    followed = Tail(operator, client, since=begun)
    with left_by_interrupt(), make_view(as_json=as_json, with_job=True) as view:
        for look in looks(TAIL_INTERVAL):
            with look:
                view.show(followed.news(time.time()))
            sys.stdout.flush()


def follow_to_the_end(operator: Operator, run: Run, *, as_json: bool) -> None:
    """Show a job's events until it closes, and end the program with how it ended."""
    from cpe.cli.event_view import make_view
    from cpe.cli.follow import INTERVAL, Followed, looks
    from cpe.protocol import EventType

    followed = Followed(operator, run.workflow_id, run.run_id)
    with make_view(as_json=as_json) as view:
        for look in looks(INTERVAL):
            with look:
                view.show(followed.news())
            sys.stdout.flush()
            if followed.closing is not None:
                break
    completed = followed.closing is not None and followed.closing.type is EventType.WORKFLOW_COMPLETED
    sys.exit(0 if completed else EXIT_FAILURE)


@contextmanager
def left_by_interrupt() -> Iterator[None]:
    """Let Ctrl-C end what would go on, without complaint."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
