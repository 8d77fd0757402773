"""Who polls: SWF keeps no list of pollers, but each task in a history names who took it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cpe.decider import HistoryEvent

_ENDINGS = frozenset(
    {
        "ActivityTaskCompleted",
        "ActivityTaskFailed",
        "ActivityTaskTimedOut",
        "ActivityTaskCanceled",
        "DecisionTaskCompleted",
        "DecisionTaskTimedOut",
    }
)
_CLOSED = frozenset(
    {
        "WorkflowExecutionCompleted",
        "WorkflowExecutionFailed",
        "WorkflowExecutionCanceled",
        "WorkflowExecutionTimedOut",
        "WorkflowExecutionTerminated",
        "WorkflowExecutionContinuedAsNew",
    }
)


class Role(StrEnum):
    """What a poller polls for."""

    DECIDER = "DECIDER"
    WORKER = "WORKER"


@dataclass(slots=True, kw_only=True)
class Sighting:
    """One poller on one task list.

    Attributes:
        identity: What it calls itself: ``host:pid`` for CPE's daemons.
        role: What it polls for.
        task_list: Where.
        types: Names and versions of the workflows it decided, or of the activities it ran.
        tasks: How many tasks it took.
        running: How many of them have not ended.
        first_seen, last_seen: When it first took a task, and when one last began or ended, in seconds since
            the epoch.
    """

    identity: str
    role: Role
    task_list: str
    types: set[tuple[str, str]] = field(default_factory=set)
    tasks: int = 0
    running: int = 0
    first_seen: float = 0.0
    last_seen: float = 0.0

    def details(self) -> dict[str, Any]:
        """The poller for programs."""
        return {
            "identity": self.identity,
            "role": self.role.value,
            "taskList": self.task_list,
            "types": [{"name": name, "version": version} for name, version in sorted(self.types)],
            "tasks": self.tasks,
            "running": self.running,
            "firstSeen": self.first_seen,
            "lastSeen": self.last_seen,
        }


class Sightings:
    """Collects pollers from histories.

    Args:
        since: Tasks that were taken before do not count, in seconds since the epoch.
    """

    def __init__(self, *, since: float = 0.0) -> None:
        self._since = since
        self._found: dict[tuple[str, Role, str], Sighting] = {}

    def take(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Take a run's whole history: SWF's own dicts, oldest first."""
        workflow: Mapping[str, str] = {}
        scheduled: dict[int, tuple[str, tuple[str, str]]] = {}
        taken: dict[int, Sighting] = {}
        for event in map(HistoryEvent.from_swf, events):
            attributes = event.attributes
            if event.type == "WorkflowExecutionStarted":
                workflow = attributes["workflowType"]
            elif event.type in {"ActivityTaskScheduled", "DecisionTaskScheduled"}:
                kind = attributes.get("activityType", workflow)
                scheduled[event.id] = attributes["taskList"]["name"], (kind["name"], kind["version"])
            elif event.type in {"ActivityTaskStarted", "DecisionTaskStarted"}:
                task = scheduled.get(attributes["scheduledEventId"])
                if task is not None and event.time >= self._since:
                    role = Role.WORKER if event.type == "ActivityTaskStarted" else Role.DECIDER
                    taken[event.id] = self._took(attributes.get("identity", ""), role, *task, event.time)
            elif event.type in _ENDINGS and (
                sighting := taken.pop(attributes.get("startedEventId", 0), None)
            ):
                sighting.running -= 1
                if not event.type.endswith("TimedOut"):  # it was not heard of then
                    sighting.last_seen = max(sighting.last_seen, event.time)
            elif event.type in _CLOSED:
                for sighting in taken.values():
                    sighting.running -= 1
                taken.clear()

    def found(self) -> list[Sighting]:
        """Tell who was seen; deciders first, those first that were seen last."""
        return sorted(self._found.values(), key=lambda one: (one.role, one.task_list, -one.last_seen))

    def _took(
        self, identity: str, role: Role, task_list: str, kind: tuple[str, str], when: float
    ) -> Sighting:
        key = identity, role, task_list
        sighting = self._found.get(key)
        if sighting is None:
            sighting = self._found[key] = Sighting(
                identity=identity, role=role, task_list=task_list, first_seen=when, last_seen=when
            )
        sighting.types.add(kind)
        sighting.tasks += 1
        sighting.running += 1
        sighting.first_seen = min(sighting.first_seen, when)
        sighting.last_seen = max(sighting.last_seen, when)
        return sighting
