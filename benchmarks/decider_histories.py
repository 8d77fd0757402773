"""Long histories as SWF would have written them, and the plans that they belong to.

SWF is played here without its engine: activities end in the order in which they were scheduled, and each end
is decided on at once. That makes six events an activity, the most that a plain activity can have.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cpe.plan import Plan, parse_plan

WORKFLOW_ID, RUN_ID = "Bench.job-1", "run-1"
LONGEST = 25_000
"""Events that SWF allows a history (quotas of SWF)."""

PARALLEL = 50
"""Items of the `for_each` that run at the same time."""

_PER_ACTIVITY = 6
_EPOCH = 1_700_000_000.0
_ACTIVITY = {"name": "Work", "version": "v1"}
_HEAD = """\
name: Long
version: "1.0"
activities: [{ name: Work, version: v1, input_spec: { type: object }, outputs_spec: { value: "$.value" } }]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A plan and the history of an execution of it, up to the decision task that closes it.

    Attributes:
        plan: The plan.
        events: As boto3 gives them, but for the times, which are seconds since the epoch.
        turns: For each decision task, how many events there are with its DecisionTaskStarted.
    """

    plan: Plan
    events: tuple[dict[str, Any], ...]
    turns: tuple[int, ...]

    def as_read(self) -> list[dict[str, Any]]:
        """Read the events as boto3 reads them off the wire: each value new, the times as datetimes."""
        events: list[dict[str, Any]] = json.loads(json.dumps(self.events))
        for event in events:
            event["eventTimestamp"] = datetime.fromtimestamp(event["eventTimestamp"], UTC)
        return events


def chain(steps: int) -> Recorded:
    """Record a chain: each step requires the one before it and takes its input from there."""
    lines = ["  - { name: Step0, activity: Work, input: '{ \"value\": {{ __input__.value }} }' }"]
    for number in range(1, steps):
        before = f"Step{number - 1}"
        value = f"'{{ \"value\": {{{{ {before}.value }}}} }}'"
        lines.append(f"  - {{ name: Step{number}, activity: Work, requires: [{before}], input: {value} }}")
    plan = parse_plan(f"{_HEAD}steps:\n" + "\n".join(lines))
    inputs = {f"Step{number}": '{"value":0}' for number in range(steps)}
    return _record(plan, inputs, parallel=1, workflow_input={"value": 0})


def fan(events: int) -> Recorded:
    """Record a `for_each` over as many items as a history of so many events has room for.

    A plan's runs continue as new ones long before that; so long a history is of one that could not.
    """
    step = """\
steps:
  - name: Item
    activity: Work
    for_each: "{{ __input__.items }}"
    max_parallel: %d
    input: '{ "value": {{ item }} }'
"""
    items = (events - 3) // _PER_ACTIVITY
    inputs = {f"Item[{index}]": f'{{"value":{index}}}' for index in range(items)}
    workflow_input = {"items": list(range(items))}
    return _record(
        parse_plan(_HEAD + step % PARALLEL), inputs, parallel=PARALLEL, workflow_input=workflow_input
    )


def _record(plan: Plan, inputs: Mapping[str, str], *, parallel: int, workflow_input: object) -> Recorded:
    """Play SWF; `inputs` are those of the activities, by activity id, in the order of scheduling."""
    history = _History(workflow_input)
    waiting, running = deque(inputs.items()), deque[int]()
    while waiting or running:
        completed = history.decide()
        while waiting and len(running) < parallel:
            running.append(history.schedule(*waiting.popleft(), completed))
        history.finish(running.popleft())
    history.begin_decision()
    return Recorded(plan=plan, events=tuple(history.events), turns=tuple(history.turns))


class _History:
    """A history that grows, a second an event."""

    def __init__(self, workflow_input: object) -> None:
        self.events: list[dict[str, Any]] = []
        self.turns: list[int] = []
        self._add("WorkflowExecutionStarted", input=json.dumps(workflow_input))

    def begin_decision(self) -> int:
        scheduled = self._add("DecisionTaskScheduled", taskList={"name": "bench"})
        started = self._add("DecisionTaskStarted", scheduledEventId=scheduled, identity="bench:1")
        self.turns.append(len(self.events))
        return started

    def decide(self) -> int:
        started = self.begin_decision()
        return self._add("DecisionTaskCompleted", scheduledEventId=started - 1, startedEventId=started)

    def schedule(self, activity_id: str, activity_input: str, completed: int) -> int:
        return self._add(
            "ActivityTaskScheduled",
            activityType=_ACTIVITY,
            activityId=activity_id,
            input=activity_input,
            taskList={"name": "Work-v1"},
            decisionTaskCompletedEventId=completed,
            heartbeatTimeout="60",
            scheduleToStartTimeout="43200",
            scheduleToCloseTimeout="518400",
            startToCloseTimeout="432000",
        )

    def finish(self, scheduled: int) -> None:
        started = self._add("ActivityTaskStarted", scheduledEventId=scheduled, identity="bench:2")
        result = json.dumps({"value": 0, "text": "x" * 80})
        self._add("ActivityTaskCompleted", scheduledEventId=scheduled, startedEventId=started, result=result)

    def _add(self, kind: str, **attributes: Any) -> int:
        number = len(self.events) + 1
        event = {"eventId": number, "eventType": kind, "eventTimestamp": _EPOCH + number}
        event[f"{kind[0].lower()}{kind[1:]}EventAttributes"] = attributes
        self.events.append(event)
        return number
