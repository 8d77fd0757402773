"""What one task gives its activity."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from cpe.activity.cancellation import Cancellation
from cpe.activity.storage import Storage
from cpe.errors import ActivityError

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo:
    """Which task this is. `client` and `job_id` are None when the execution is none of CPE's own.

    `attempt` counts the attempts at the activity from 1; None where it cannot be told.
    """

    activity_id: str
    activity_name: str
    activity_version: str
    workflow_id: str
    run_id: str
    started_event_id: int
    client: str | None = None
    job_id: str | None = None
    attempt: int | None = None


class Logger(Protocol):
    """The part of structlog's bound logger that activities use. The first argument is a stable event name."""

    def debug(self, event: str, **fields: Any) -> Any: ...
    def info(self, event: str, **fields: Any) -> Any: ...
    def warning(self, event: str, **fields: Any) -> Any: ...
    def error(self, event: str, **fields: Any) -> Any: ...


class Reporter(Protocol):
    """Where an activity's own events go: the client's output queue, or a list in tests."""

    def preparing(self) -> None: ...
    def progress(self, result: Mapping[str, JsonValue]) -> None: ...
    def finishing(self) -> None: ...


MAX_HEARTBEAT = 2_048
"""Characters that SWF takes with a heartbeat (service model of SWF)."""


class HeartbeatDetails:
    """What heartbeats tell SWF of a task: the newest word of the activity, as JSON text; None before any."""

    def __init__(self) -> None:
        self.text: str | None = None

    def tell(self, details: JsonValue) -> None:
        """Take the newest word.

        Raises:
            ActivityError: ``HEARTBEAT_TOO_LARGE``.
        """
        text = json.dumps(details, allow_nan=False, separators=(",", ":"))
        if len(text) > MAX_HEARTBEAT:
            raise ActivityError(
                f"the details of a heartbeat have {len(text)} characters; SWF takes at most {MAX_HEARTBEAT}. "
                "Put what is larger into a bucket, and tell where it lies",
                code="HEARTBEAT_TOO_LARGE",
            )
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityContext:
    """What one task gives its activity.

    Attributes:
        task: Which task this is.
        input: The task's input, parsed from JSON.
        scratch: A private, empty directory; removed when the task ends.
        storage: Objects in buckets.
        settings: The activity's `settings` in the worker's configuration.
        cancellation: Whether and why to stop.
        log: A logger with the task's ids bound.
        reporter: Where progress goes; call the methods below instead.
        cores: How many processors the task should keep busy; None for all of them. Others may run beside it.
        last_heartbeat: What the attempt before told by :meth:`heartbeat`, if that timed out; None otherwise,
            and where it cannot be told.
        heartbeats: What heartbeats tell; call :meth:`heartbeat` instead.
    """

    task: TaskInfo
    input: Any
    scratch: Path
    storage: Storage
    settings: Mapping[str, Any]
    cancellation: Cancellation
    log: Logger
    reporter: Reporter
    cores: int | None = None
    last_heartbeat: Any = None
    heartbeats: HeartbeatDetails = field(default_factory=HeartbeatDetails)

    @property
    def cancelled(self) -> bool:
        """True once the activity should stop."""
        return self.cancellation.requested

    def check(self) -> None:
        """Raise if the activity should stop; call between long parts of the work."""
        self.cancellation.check()

    def heartbeat(self, details: JsonValue) -> None:
        """Say how far the work is, for the attempt that follows should this one be lost with its worker.

        SWF keeps the newest word. It goes with the next heartbeat, within ten seconds; the client reads it in
        ACTIVITY_TIMEOUT, the next attempt in :attr:`last_heartbeat`.

        Args:
            details: At most 2,048 characters of JSON: where to go on.

        Raises:
            ActivityError: ``HEARTBEAT_TOO_LARGE``; or the activity should stop.
        """
        self.check()
        self.heartbeats.tell(details)

    def preparing(self) -> None:
        """Tell the client that the input is being fetched (ACTIVITY_PREPARING)."""
        self.check()
        self.reporter.preparing()

    def progress(self, result: Mapping[str, JsonValue]) -> None:
        """Tell the client how far the work is (ACTIVITY_PROGRESS).

        Args:
            result: For a transcode `output`, `duration` s, `done` s, `progress` 0-100, `speed`, `fps`,
                `eta` s.
        """
        self.check()
        self.reporter.progress(result)

    def finishing(self) -> None:
        """Tell the client that the outputs are being published (ACTIVITY_FINISHING)."""
        self.check()
        self.reporter.finishing()
