"""Events for people: a line each, or a bar for each activity on a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import click

from cpe.cli.job_view import STYLES, json_line, visible
from cpe.cli.json_text import json_text
from cpe.cli.moments import duration, moment
from cpe.cli.tables import console
from cpe.protocol import Event, EventType
from cpe.protocol.codec import encode_event

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import RenderableType

_STATUSES = {
    EventType.ACTIVITY_SCHEDULED: "SCHEDULED",
    EventType.ACTIVITY_STARTED: "STARTED",
    EventType.ACTIVITY_COMPLETED: "COMPLETED",
    EventType.ACTIVITY_FAILED: "FAILED",
    EventType.ACTIVITY_TIMEOUT: "TIMED_OUT",
    EventType.ACTIVITY_CANCELED: "CANCELED",
}
_OPEN = {"SCHEDULED", "STARTED"}
_WIDTH = 25
_FRAMES = 4


class View(Protocol):
    """What shows events, as a context manager."""

    def __enter__(self) -> View: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, events: Iterable[Event]) -> None:
        """Show some more."""
        ...


def event_line(event: Event, *, with_job: bool) -> str:
    """Tell an event on one line."""
    parts = [moment(event.time), f"{event.type.value:<{_WIDTH}}"]
    if with_job and event.workflow is not None:
        parts.append(visible(event.workflow.workflow_id))
    if event.activity is not None:
        parts.append(visible(event.activity.activity_id))
    if said := _said(event):
        parts.append(said)
    return "  ".join(parts).rstrip()


def _said(event: Event) -> str:
    details = event.details
    result = details.get("result")
    if event.type is EventType.ACTIVITY_FAILED and isinstance(result, dict):
        details = result
    attempt = details.get("attempt", 1)
    words = [f"attempt {attempt}"] if attempt != 1 else []
    if event.type is EventType.WORKFLOW_SCHEDULED:
        kind = details["workflowType"]
        words.append(f"{kind['name']} {kind['version']}")
    if event.type in (EventType.ACTIVITY_COMPLETED, EventType.WORKFLOW_COMPLETED) and result is not None:
        words.append(json_line(result))
    words += [str(details[name]) for name in ("signal", "newRunId", "timeoutType") if details.get(name)]
    if why := ": ".join(str(details[name]) for name in ("reason", "details") if details.get(name)):
        words.append(why)
    return visible(", ".join(words))


class Lines:
    """A line for each event, or a JSON document for each, on standard output.

    Args:
        as_json: Whether it is JSON, in the layout of the wire.
        with_job: Whether lines name the job.
    """

    def __init__(self, *, as_json: bool, with_job: bool) -> None:
        self._as_json = as_json
        self._with_job = with_job

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held back."""

    def show(self, events: Iterable[Event]) -> None:
        """Print some more."""
        for event in events:
            click.echo(_compact(event) if self._as_json else event_line(event, with_job=self._with_job))


def _compact(event: Event) -> str:
    message: dict[str, Any] = json.loads(encode_event(event))
    return json_text(message, indent=None, separators=(",", ":"))


class Bars:
    """A bar for each activity, on a terminal. Those that run move; how far they are, no history says.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        from rich.live import Live

        self._clock = clock
        self._bars: dict[str, _Bar] = {}
        self._live = Live(get_renderable=self._table, refresh_per_second=_FRAMES, console=console())

    def __enter__(self) -> Bars:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, events: Iterable[Event]) -> None:
        """Move the bars; what is about no activity becomes a line above them."""
        for event in events:
            if event.activity is None or event.type not in _STATUSES:
                # As text, not as rich's markup: names come from jobs.
                self._live.console.print(event_line(event, with_job=False), markup=False)
                continue
            status = _STATUSES[event.type]
            bar = self._bars.setdefault(event.activity.activity_id, _Bar())
            bar.status = status
            bar.said = _said(event) if status not in {"STARTED", "COMPLETED"} else ""
            bar.begun = None if status == "SCHEDULED" else bar.begun
            bar.ended = None if status in _OPEN else event.time
            if status == "STARTED":
                bar.begun = event.time

    def _table(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for name, bar in self._bars.items():
            took = "" if bar.begun is None else duration(max((bar.ended or self._clock()) - bar.begun, 0.0))
            table.add_row(
                Text(visible(name)),
                ProgressBar(
                    total=1,
                    completed=int(bar.status == "COMPLETED"),
                    width=_WIDTH,
                    pulse=bar.status == "STARTED",
                ),
                Text(bar.status, style=STYLES[bar.status]),
                Text(took),
                Text(bar.said),
            )
        return table


@dataclass(slots=True)
class _Bar:
    """Where an activity stands; times in seconds since the epoch."""

    status: str = "SCHEDULED"
    begun: float | None = None
    ended: float | None = None
    said: str = ""


def make_view(*, as_json: bool, with_job: bool = False) -> View:
    """Make what shows a job's events: bars on a terminal, lines elsewhere."""
    if not as_json and not with_job and sys.stdout.isatty():
        return Bars()
    return Lines(as_json=as_json, with_job=with_job)
