"""The tracker against any order, any duplicates, and jobs of several runs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cpe.client import ActivityStatus, JobState, JobStatus, Tracker
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef

CLOSINGS = (
    EventType.WORKFLOW_COMPLETED,
    EventType.WORKFLOW_FAILED,
    EventType.WORKFLOW_CANCELED,
    EventType.WORKFLOW_TIMED_OUT,
)
ENDS = (
    EventType.ACTIVITY_COMPLETED,
    EventType.ACTIVITY_FAILED,
    EventType.ACTIVITY_TIMEOUT,
    EventType.ACTIVITY_CANCELED,
)


class Teller:
    """Tells what happens to a job, a second apart."""

    def __init__(self, job_id: str = "j1") -> None:
        self.job_id = job_id
        self.events: list[Event] = []

    def tell(self, run: str, event_type: EventType, step: str | None = None, **details: Any) -> None:
        number = len(self.events) + 1
        self.events.append(
            Event(
                type=event_type,
                time=1000.0 + number,
                event_id=f"{run}:{number}",
                job_id=self.job_id,
                workflow=WorkflowRef(workflow_id=f"ClientA.{self.job_id}", run_id=run),
                activity=ActivityRef(activity_id=step, name="Work", version="1") if step else None,
                details=details,
            )
        )

    def activity(self, run: str, step: str, end: EventType, reports: int) -> None:
        self.tell(run, EventType.ACTIVITY_SCHEDULED, step, attempt=1)
        self.tell(run, EventType.ACTIVITY_STARTED, step, input={})
        for number in range(reports):
            self.tell(run, EventType.ACTIVITY_PROGRESS, step, result={"progress": 99.0 * number / reports})
        details: dict[str, Any] = {"attempt": 1, "result": {"of": step, "in": run}}
        if end is EventType.ACTIVITY_FAILED:
            details = {"result": {"reason": "BROKEN", "details": f"in {run}", "attempt": 1}}
        self.tell(run, end, step, **details)


@st.composite
def jobs(draw: st.DrawFn) -> list[Event]:
    """A job: up to three runs, each continued or done again, some steps in each."""
    teller = Teller()
    runs = draw(st.integers(1, 3))
    for number in range(runs):
        run, last = f"run{9 - number}", number == runs - 1  # ids say nothing of the order
        teller.tell(run, EventType.WORKFLOW_SCHEDULED, workflowType={"name": "W", "version": "1"}, input={})
        for step in draw(st.lists(st.sampled_from("ABC"), unique=True)):
            teller.activity(run, step, draw(st.sampled_from(ENDS)), draw(st.integers(0, 3)))
        if not last and draw(st.booleans()):
            teller.tell(run, EventType.WORKFLOW_CONTINUED, newRunId=f"run{8 - number}")
        else:
            teller.tell(run, draw(st.sampled_from(CLOSINGS)), result=[run], reason=f"of {run}")
    return teller.events


def state_after(events: Sequence[Event], tracker: Tracker | None = None) -> JobState:
    tracker = tracker or Tracker()
    for event in events:
        tracker.apply(event)
    state = tracker.job("j1")
    assert state is not None
    return state


def is_not_behind(state: JobState, before: JobState) -> bool:
    if state.run_id == before.run_id and state.status.rank < before.status.rank:
        return False
    return all(
        state.activities[name].run_id != activity.run_id
        or (
            state.activities[name].status.rank >= activity.status.rank
            and (state.activities[name].progress or 0) >= (activity.progress or 0)
        )
        for name, activity in before.activities.items()
    )


@settings(deadline=None, max_examples=150)
@given(events=jobs(), data=st.data())
def test_any_order_and_any_duplicates_give_the_same_job(events: list[Event], data: st.DataObject) -> None:
    expected = state_after(events)
    told = data.draw(st.permutations(events)) + data.draw(st.lists(st.sampled_from(events), max_size=10))
    tracker = Tracker()
    before: JobState | None = None
    for event in told:
        tracker.apply(event)
        state = tracker.job("j1")
        assert state is not None
        assert before is None or is_not_behind(state, before)
        before = state
    assert before == expected
    newest = events[-1].workflow
    assert newest is not None
    assert expected.run_id == newest.run_id
    assert expected.done


@settings(deadline=None, max_examples=50)
@given(events=jobs(), data=st.data())
def test_batches_make_no_difference(events: list[Event], data: st.DataObject) -> None:
    told = data.draw(st.permutations(events)) + events
    tracker, start = Tracker(), 0
    while start < len(told):
        size = data.draw(st.integers(1, 10))
        tracker.apply_all(told[start : start + size])
        start += size
    assert tracker.job("j1") == state_after(events)


def test_a_thousand_events_shuffled_and_duplicated_make_one_job() -> None:
    teller = Teller()
    teller.tell("run1", EventType.WORKFLOW_SCHEDULED, workflowType={"name": "W", "version": "1"}, input={})
    for number in range(20):
        teller.activity("run1", f"Step[{number}]", EventType.ACTIVITY_COMPLETED, 46)
    teller.tell("run1", EventType.WORKFLOW_COMPLETED, result="all")
    assert 980 <= len(teller.events) <= 1000
    expected = state_after(teller.events)
    assert expected.status is JobStatus.COMPLETED
    for seed in range(10):
        chance = random.Random(seed)
        told = teller.events + chance.choices(teller.events, k=1000)
        chance.shuffle(told)
        tracker = Tracker()
        ranks = [state.status.rank for event in told if (state := tracker.apply(event)) is not None]
        assert len(ranks) == len(teller.events)
        assert ranks == sorted(ranks)
        assert tracker.job("j1") == expected
        assert [job.job_id for job in tracker.jobs()] == ["j1"]


def job_status(**job: Any) -> Event:
    report = {
        "jobId": "j1",
        "workflowId": "ClientA.j1",
        "runId": "run1",
        "workflowType": {"name": "W", "version": "1"},
        "status": "RUNNING",
        "started": 1001.0,
        "closed": None,
        "cancelRequested": False,
        "activities": [],
    } | job
    return Event(
        type=EventType.JOB_STATUS,
        time=2000.0,
        event_id="answer:1",
        job_id="j1",
        workflow=WorkflowRef(workflow_id="ClientA.j1", run_id="run1"),
        details={"job": report},
    )


ACTIVITY = {
    "activityId": "A",
    "activityType": {"name": "Work", "version": "1"},
    "status": "FAILED",
    "attempt": 2,
    "scheduled": 1002.0,
    "started": 1003.0,
    "ended": 1004.0,
    "cancelRequested": False,
    "reason": "BROKEN",
    "details": "why",
}


def test_a_status_stands_for_the_events_that_got_lost() -> None:
    state = Tracker().apply(
        job_status(status="FAILED", closed=1005.0, reason="A: BROKEN", details="why", activities=[ACTIVITY])
    )
    assert state is not None
    assert (state.status, state.reason, state.details) == (JobStatus.FAILED, "A: BROKEN", "why")
    assert (state.run_id, state.workflow_name, state.workflow_version) == ("run1", "W", "1")
    assert (state.created, state.updated) == (1001.0, 1005.0)
    activity = state.activities["A"]
    assert (activity.status, activity.attempt, activity.reason) == (ActivityStatus.FAILED, 2, "BROKEN")


def test_a_status_takes_nothing_back() -> None:
    teller = Teller()
    teller.tell("run1", EventType.WORKFLOW_SCHEDULED, workflowType={"name": "W", "version": "1"}, input={})
    teller.activity("run1", "A", EventType.ACTIVITY_COMPLETED, 2)
    teller.tell("run1", EventType.WORKFLOW_COMPLETED, result="all")
    tracker = Tracker()
    before = state_after(teller.events, tracker)
    assert tracker.apply(job_status(activities=[ACTIVITY | {"status": "STARTED", "attempt": 1}])) is None
    assert tracker.job("j1") == before


def test_results_that_a_status_does_not_carry_come_with_their_events() -> None:
    teller = Teller()
    teller.activity("run1", "A", EventType.ACTIVITY_COMPLETED, 1)
    tracker = Tracker()
    tracker.apply(job_status(activities=[ACTIVITY | {"status": "COMPLETED", "attempt": 1, "reason": None}]))
    assert state_after(teller.events, tracker).activities["A"].result == {"of": "A", "in": "run1"}


def test_a_status_that_is_cut_short_or_odd_tells_nothing() -> None:
    cut = replace(job_status(), details={"job": None, "truncated": True})
    for answer in (cut, job_status(status="NEW"), job_status(jobId="other"), job_status(activities=None)):
        tracker = Tracker()
        assert tracker.apply(answer) is None
        assert tracker.jobs() == []


def test_other_answers_touch_no_job() -> None:
    tracker = Tracker()
    for kind in (EventType.JOB_LIST, EventType.JOB_SIGNALED, EventType.JOB_CANCEL_REQUESTED):
        assert tracker.apply(replace(job_status(), type=kind)) is None
    assert tracker.jobs() == []
