#!/usr/bin/env python3
"""Follows all jobs of a client: a daemon that reads the output queue and keeps what it learns in SQLite.

On a terminal it shows a live table, elsewhere a line per event; with ``--export`` it keeps a JSON file of all
jobs besides. It may be killed at any moment and started again: an event is deleted from the queue only after
it is in the database, and one that comes twice counts once. The first SIGTERM or Ctrl-C lets it finish with
what it has read, the second ends it at once.
"""

from __future__ import annotations

import argparse
import contextlib
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

from client_example.database import database_file, database_option, open_store, reading
from client_example.display import STATUS_STYLE, activity_words, event_line, reason_words
from client_example.export import Export, state_text
from client_example.options import EXIT_FAILURE, EXIT_USAGE, client_options, use_aws_options
from client_example.signals import drain_on_signals
from cpe.client import Client, JobState, StoreFailed, Tracker, Update, load_client_config
from cpe.errors import ConfigError, CpeError
from cpe.protocol import EventType, encode_event

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
# So long SIGTERM has to wait for a poll that brings nothing.
_POLL_SECONDS = 5.0
_JOBS_SHOWN = 10
_BAR_WIDTH = 30


Show = Callable[[Update], None]
"""Shows an event, and what it made of its job."""


def show_line(update: Update) -> None:
    """Print a line of text; repetitions are passed over."""
    event = update.event
    if update.job is not None or event.type.is_answer or event.type is EventType.COMMAND_REJECTED:
        print(event_line(event, update.job), flush=True)


def show_json(update: Update) -> None:
    """Print a line of JSON, repetitions too."""
    print(encode_event(update.event), flush=True)


def show_nothing(_update: Update) -> None:
    """Leave it to the live table, which asks the tracker once a second."""


def jobs_view(jobs: Sequence[JobState]) -> Group:
    """Jobs, the newest first, each with a line per activity."""
    parts: list[Text | Table] = []
    for job in reversed(jobs):
        parts += [_headline(job), _activities(job)]
    return Group(*parts)


class JobsView:
    """The newest jobs as a tracker knows them; the view before while its database fails.

    The poller tells of the failure: it writes to the same database.

    Args:
        tracker: Knows the jobs.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._view = Group()

    def __call__(self) -> Group:
        """Lay the jobs out."""
        with contextlib.suppress(StoreFailed):
            self._view = jobs_view(self._tracker.jobs(_JOBS_SHOWN))
        return self._view


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
        bar = ProgressBar(
            total=100,
            completed=activity.progress or 0,
            width=_BAR_WIDTH,
            # The defaults differ from each other only where a terminal has 256 colours.
            style="dim",
            complete_style="cyan",
            finished_style="green",
        )
        why = reason_words(activity.reason, activity.details)
        words = Text(why or activity_words(activity), style=STATUS_STYLE.get(activity.status, ""))
        table.add_row(Text(f"  {activity.activity_id}"), bar, words)
    return table


class ClientPoller:
    """Reads events until it is told to stop.

    Args:
        client: Reads them.
        show: Is called for each.
        export: Is told of each.
    """

    def __init__(self, client: Client, show: Show, export: Export) -> None:
        self._client = client
        self._show = show
        self._export = export
        self._stopping = threading.Event()

    def run(self) -> None:
        """Read until :meth:`stop`; faults that pass, of AWS or the database, are waited out.

        Raises:
            CpeError: A fault that does not pass, such as a queue that does not exist.
        """
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                with closing(self._client.updates()) as updates:
                    for update in updates:
                        self._show(update)
                        self._export.note()
                        pause = _FIRST_PAUSE
            except CpeError as error:
                if not error.retryable:
                    raise
                logging.getLogger("client_poller").warning("%s; trying again in %.0f s", error, pause)
                self._stopping.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def stop(self) -> None:
        """Finish with what was read, then return from :meth:`run`."""
        self._stopping.set()
        self._client.stop()


def _follow(options: argparse.Namespace) -> None:
    file = database_file(options)
    with reading(file), closing(open_store(file)) as store:
        tracker = Tracker(store)
        client = Client.from_config(options.config, tracker=tracker, poll=_POLL_SECONDS)
        on_terminal = Console().is_terminal and not options.debug
        show = show_json if options.debug else show_nothing if on_terminal else show_line
        with Export(options.export, client.name, tracker).running() as export:
            poller = ClientPoller(client, show, export)
            drain_on_signals(poller.stop)
            if on_terminal:
                with Live(get_renderable=JobsView(tracker), refresh_per_second=1):
                    poller.run()
            else:
                poller.run()


def _dump(options: argparse.Namespace) -> None:
    name = load_client_config(options.config).name
    with closing(open_store(database_file(options))) as store:
        sys.stdout.write(state_text(name, Tracker(store).jobs()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the poller; returns the exit code: 0 when it was told to end."""
    parser = argparse.ArgumentParser(prog="client_poller.py", description="Follow all jobs of a client.")
    client_options(parser)
    parser.add_argument("-d", "--debug", action="store_true", help="print every event as a line of JSON")
    database_option(parser)
    parser.add_argument(
        "--export", type=Path, metavar="FILE", help="keep a JSON file of all jobs, replaced whole"
    )
    parser.add_argument(
        "--dump", action="store_true", help="print all jobs of the database as JSON, and end; reads no queue"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s")
    use_aws_options(options)
    try:
        if options.dump:
            _dump(options)
        else:
            _follow(options)
    except CpeError as error:
        print(f"client_poller.py: {error}", file=sys.stderr)
        return EXIT_USAGE if isinstance(error, ConfigError) else EXIT_FAILURE
    except OSError as error:
        print(f"client_poller.py: standard output: {error.strerror}", file=sys.stderr)
        return EXIT_FAILURE
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
