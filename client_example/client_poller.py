#!/usr/bin/env python3
"""Follows all jobs of a client: a daemon that reads the output queue and keeps what it learns in SQLite.

On a terminal it shows a live table, elsewhere a line per event. It may be killed at any moment and started
again: an event is deleted from the queue only after it is in the database, and one that comes twice counts
once.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from client_example.display import STATUS_STYLE, activity_words, event_line, reason_words
from client_example.options import EXIT_FAILURE, EXIT_USAGE, client_options, use_aws_options
from client_example.signals import interrupt_until_ended
from cpe.client import Client, JobState, SqliteStore, Tracker
from cpe.errors import AwsError, ConfigError, CpeError
from cpe.protocol import Event, EventType, encode_event

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_JOBS_SHOWN = 10
_BAR_WIDTH = 30


Show = Callable[[Event, JobState | None], None]
"""Shows an event; the job is None when the event was known already or belongs to no job."""


def show_line(event: Event, job: JobState | None) -> None:
    """Print a line of text; repetitions are passed over."""
    nobodys = event.type is EventType.COMMAND_REJECTED and event.job_id is None
    if job is not None or nobodys:
        print(event_line(event, job), flush=True)


def show_json(event: Event, _job: JobState | None) -> None:
    """Print a line of JSON, repetitions too."""
    print(encode_event(event), flush=True)


def jobs_view(jobs: Sequence[JobState]) -> Group:
    """Jobs, the newest first, each with a line per activity."""
    parts: list[Text | Table] = []
    for job in reversed(jobs):
        parts += [_headline(job), _activities(job)]
    return Group(*parts)


def _headline(job: JobState) -> Text:
    workflow = f"{job.workflow_name} {job.workflow_version}" if job.workflow_name else ""
    why = "" if job.activities else reason_words(job.reason, job.details)
    status = (job.status.value, STATUS_STYLE.get(job.status, ""))
    return Text("  ").join(
        Text.assemble(part) for part in ((job.job_id, "bold"), workflow, status, why) if part
    )


def _activities(job: JobState) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(width=_BAR_WIDTH)
    table.add_column()
    for activity in job.activities.values():
        bar = ProgressBar(total=100, completed=activity.progress or 0, width=_BAR_WIDTH)
        why = reason_words(activity.reason, activity.details)
        words = Text(why or activity_words(activity), style=STATUS_STYLE.get(activity.status, ""))
        table.add_row(Text(f"  {activity.activity_id}"), bar, words)
    return table


def poll(client: Client, show: Show) -> None:
    """Read events until interrupted; passing faults of AWS are waited out.

    Raises:
        AwsError: A fault that does not pass, such as a queue that does not exist.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            with closing(client.events()) as events:
                for event in events:
                    show(event, client.tracker.apply(event))
                    pause = _FIRST_PAUSE
        except AwsError as error:
            if not error.retryable:
                raise
            logging.getLogger("client_poller").warning("%s; trying again in %.0f s", error, pause)
            threading.Event().wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _follow(options: argparse.Namespace) -> None:
    database = options.database or options.config.with_suffix(".sqlite")
    with closing(SqliteStore(database)) as store:
        tracker = Tracker(store)
        client = Client.from_config(options.config, tracker=tracker)
        if options.debug:
            poll(client, show_json)
        elif Console().is_terminal:
            # The view asks the tracker once a second; an event needs no showing of its own.
            with Live(get_renderable=lambda: jobs_view(tracker.jobs(_JOBS_SHOWN)), refresh_per_second=1):
                poll(client, lambda _event, _job: None)
        else:
            poll(client, show_line)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the poller; returns the exit code: 0 when it was told to end."""
    parser = argparse.ArgumentParser(prog="client_poller.py", description="Follow all jobs of a client.")
    client_options(parser)
    parser.add_argument("-d", "--debug", action="store_true", help="print every event as a line of JSON")
    parser.add_argument(
        "--database",
        type=Path,
        metavar="FILE",
        help="where jobs are kept (default: beside the configuration)",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s")
    use_aws_options(options)
    interrupt_until_ended()
    try:
        _follow(options)
    except KeyboardInterrupt:
        return os.EX_OK
    except CpeError as error:
        print(f"client_poller.py: {error}", file=sys.stderr)
        return EXIT_USAGE if isinstance(error, ConfigError) else EXIT_FAILURE
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
