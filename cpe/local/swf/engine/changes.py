"""What must be durable: the values that the engine hands out and a store keeps.

A command of the engine leaves changes behind. They belong together: a store keeps all of one
:meth:`Store.save` or none. An open execution is its events and the last heartbeat of each open activity
task; everything else is derived (:mod:`cpe.local.swf.engine.restore`).

Events are plain dicts exactly as SWF's JSON has them. They are shared, never copied: whoever gets one leaves
it as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from cpe.local.swf.registered import RegistryChange

Event: TypeAlias = Mapping[str, Any]
"""One history event: eventId, eventType, eventTimestamp (epoch seconds, ms), and its attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionInfo:
    """What the visibility operations tell of one execution.

    Times are epoch seconds. `closed_at` and `close_status` are set once the execution is closed.
    `parent` is (workflowId, runId).
    """

    domain: str
    workflow_id: str
    run_id: str
    type_name: str
    type_version: str
    started_at: float
    closed_at: float | None = None
    close_status: str | None = None
    parent: tuple[str, str] | None = None
    tags: tuple[str, ...] = ()
    cancel_requested: bool = False

    def as_swf(self) -> dict[str, Any]:
        """Give SWF's WorkflowExecutionInfo."""
        info: dict[str, Any] = {
            "execution": {"workflowId": self.workflow_id, "runId": self.run_id},
            "workflowType": {"name": self.type_name, "version": self.type_version},
            "startTimestamp": self.started_at,
            "executionStatus": "OPEN" if self.closed_at is None else "CLOSED",
            "cancelRequested": self.cancel_requested,
        }
        if self.closed_at is not None:
            info["closeTimestamp"] = self.closed_at
            info["closeStatus"] = self.close_status
        if self.parent is not None:
            info["parent"] = {"workflowId": self.parent[0], "runId": self.parent[1]}
        if self.tags:
            info["tagList"] = list(self.tags)
        return info


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsRecorded:
    """Events were added to an open execution; the first of them starts it when its id is 1."""

    domain: str
    workflow_id: str
    run_id: str
    events: Sequence[Event]

    @property
    def first_event_id(self) -> int:
        """The id of the first of these events; ids are dense."""
        return int(self.events[0]["eventId"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionClosed:
    """An execution closed and left the engine; its last events are in an EventsRecorded before this."""

    info: ExecutionInfo
    events: Sequence[Event]
    """The whole history, for stores that do not have it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatRecorded:
    """The last heartbeat of an open activity task; it replaces the one before."""

    run_id: str
    scheduled_event_id: int
    at: float
    details: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretChosen:
    """The key that task and page tokens are signed with from now on."""

    secret: bytes


Change: TypeAlias = EventsRecorded | ExecutionClosed | HeartbeatRecorded | RegistryChange | SecretChosen


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenExecution:
    """An open execution as a store gives it back."""

    domain: str
    workflow_id: str
    run_id: str
    events: Sequence[Event]
    heartbeats: Mapping[int, HeartbeatRecorded] = field(default_factory=dict)
    """By the task's scheduled event id; those of closed tasks do no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that a store gives back at start.

    `executions` come in the order in which they were started: task lists are first in, first out.
    """

    executions: Sequence[OpenExecution] = ()
    registry: Sequence[RegistryChange] = ()
    secret: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """Which executions the visibility operations ask for; None asks for nothing. Bounds are inclusive."""

    started_from: float | None = None
    started_to: float | None = None
    closed_from: float | None = None
    closed_to: float | None = None
    workflow_id: str | None = None
    type_name: str | None = None
    type_version: str | None = None
    tag: str | None = None
    close_status: str | None = None

    def matches(self, info: ExecutionInfo) -> bool:
        """Say whether an execution is one of those asked for.

        Example:
            >>> info = ExecutionInfo(domain="d", workflow_id="w", run_id="r", type_name="t",
            ...                      type_version="1", started_at=5.0)
            >>> ExecutionFilter(workflow_id="w", started_from=6.0).matches(info)
            False
        """
        return (
            _within(info.started_at, self.started_from, self.started_to)
            and _within(info.closed_at, self.closed_from, self.closed_to)
            and self.workflow_id in (None, info.workflow_id)
            and self.type_name in (None, info.type_name)
            and self.type_version in (None, info.type_version)
            and self.close_status in (None, info.close_status)
            and (self.tag is None or self.tag in info.tags)
        )

    @property
    def by_close_time(self) -> bool:
        """Whether the answer is ordered by close time; it is by start time otherwise, as SWF has it."""
        return self.closed_from is not None or self.closed_to is not None


def _within(value: float | None, lowest: float | None, highest: float | None) -> bool:
    if lowest is None and highest is None:
        return True
    if value is None:
        return False
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)


class Store(Protocol):
    """Where changes go, and where closed executions live."""

    def save(self, changes: Sequence[Change]) -> None:
        """Keep all of these or none; when it returns they survive the process."""

    def load(self) -> Snapshot:
        """Give back what was kept of the open executions, the registry and the secret."""

    def closed_history(self, domain: str, workflow_id: str, run_id: str) -> Sequence[Event] | None:
        """Give a closed execution's events, or None when there is no such execution.

        The engine asks for the length and for slices (one page each) only: a lazy sequence is welcome.
        """

    def closed_info(self, domain: str, workflow_id: str, run_id: str) -> ExecutionInfo | None:
        """Give what is told of one closed execution."""

    def closed_infos(
        self,
        domain: str,
        where: ExecutionFilter,
        *,
        newest_first: bool = True,
        after: tuple[float, str] | None = None,
    ) -> Iterator[ExecutionInfo]:
        """Give closed executions, ordered by (start or close time, run id), as `where` says.

        Args:
            domain: The domain's name.
            where: Which; its `by_close_time` says by which time they are ordered.
            newest_first: SWF's default order; False is its `reverseOrder`.
            after: The (time, run id) of the last one given before; they go on behind it.
        """

    def forget_closed(self, domain: str, closed_before: float) -> int:
        """Drop a domain's executions that closed before a time; say how many."""

    def clear(self) -> None:
        """Drop everything."""

    def close(self) -> None:
        """Let go of files."""
