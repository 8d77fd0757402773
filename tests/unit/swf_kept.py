"""What a durable store would keep: the changes, folded into the snapshot they amount to."""

from __future__ import annotations

import json
from collections.abc import Iterable

from cpe.local.swf.engine.changes import (
    Change,
    Event,
    EventsRecorded,
    ExecutionClosed,
    HeartbeatRecorded,
    OpenExecution,
)


class Kept:
    """The open executions as their changes tell; each change must fit what is there."""

    def __init__(self) -> None:
        self.open: dict[str, tuple[str, str, list[Event]]] = {}
        self.beats: dict[str, dict[int, HeartbeatRecorded]] = {}
        self.closed: dict[str, list[Event]] = {}

    def save(self, changes: Iterable[Change]) -> None:
        """Take in changes, in their order."""
        for change in changes:
            if isinstance(change, EventsRecorded):
                names = (change.domain, change.workflow_id)
                if change.first_event_id == 1:
                    assert change.run_id not in self.open
                    self.open[change.run_id] = (*names, [])
                events = self.open[change.run_id][2]
                assert [event["eventId"] for event in change.events] == list(
                    range(len(events) + 1, len(events) + len(change.events) + 1)
                )
                events.extend(change.events)
            elif isinstance(change, HeartbeatRecorded):
                beats = self.beats.setdefault(change.run_id, {})
                beats[change.scheduled_event_id] = change
            elif isinstance(change, ExecutionClosed):
                events = self.open.pop(change.info.run_id)[2]
                assert events == list(change.events)
                self.beats.pop(change.info.run_id, None)
                self.closed[change.info.run_id] = events

    def executions(self) -> list[OpenExecution]:
        """Give the open executions back, as a store that writes JSON would."""
        return [
            OpenExecution(
                domain=domain,
                workflow_id=workflow_id,
                run_id=run_id,
                events=json.loads(json.dumps(events)),
                heartbeats=self.beats.get(run_id, {}),
            )
            for run_id, (domain, workflow_id, events) in self.open.items()
        ]
