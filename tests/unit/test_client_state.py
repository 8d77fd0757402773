"""Jobs as their clients see them: duplicates, disorder, and no way back."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cpe.client import ActivityStatus, JobState, JobStatus, MemoryStore, SqliteStore, Store, Tracker
from cpe.client.sql import SqlStore
from cpe.errors import ConfigError
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef

RUN = WorkflowRef(workflow_id="ClientA.j1", run_id="run1")
VALIDATE = ActivityRef(activity_id="ValidateAssetStep", name="ValidateAsset", version="v2")
TRANSCODE = ActivityRef(activity_id="TranscodeAssetStep", name="TranscodeAsset", version="v2")


class Story:
    """Tells events one after the other, a second apart, each with an id of its own."""

    def __init__(self, *, job_id: str | None = "j1", workflow: WorkflowRef = RUN) -> None:
        self.job_id = job_id
        self.workflow = workflow
        self.events: list[Event] = []

    def tell(self, event_type: EventType, activity: ActivityRef | None = None, **details: Any) -> Event:
        number = len(self.events) + 1
        event = Event(
            type=event_type,
            time=1000.0 + number,
            event_id=f"{self.workflow.run_id}:{number}",
            job_id=self.job_id,
            workflow=self.workflow,
            activity=activity,
            details=details,
        )
        self.events.append(event)
        return event


def whole_story(job_id: str | None = "j1") -> list[Event]:
    story = Story(job_id=job_id)
    story.tell(EventType.WORKFLOW_SCHEDULED, workflowType={"name": "Transcode", "version": "1.0"}, input={})
    for activity in (VALIDATE, TRANSCODE):
        story.tell(EventType.ACTIVITY_SCHEDULED, activity)
        story.tell(EventType.ACTIVITY_STARTED, activity, input={})
        story.tell(EventType.ACTIVITY_PREPARING, activity)
        for percent in range(0, 101, 2):
            story.tell(
                EventType.ACTIVITY_PROGRESS, activity, result={"progress": percent, "fps": percent / 3}
            )
        story.tell(EventType.ACTIVITY_FINISHING, activity)
        story.tell(EventType.ACTIVITY_COMPLETED, activity, result={"of": activity.name})
    story.tell(EventType.WORKFLOW_COMPLETED, result={"all": "well"})
    return story.events


@pytest.fixture(params=["memory", "sqlite", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "sql":
        with closing(SqlStore(f"sqlite:///{tmp_path / 'jobs.db'}")) as sql:
            yield sql
    else:
        with closing(SqliteStore(tmp_path / "jobs.sqlite")) as sqlite:
            yield sqlite


def told(tracker: Tracker, events: list[Event]) -> JobState:
    for event in events:
        tracker.apply(event)
    state = tracker.job("j1")
    assert state is not None
    return state


def test_a_job_is_followed_from_start_to_end(store: Store) -> None:
    tracker = Tracker(store)
    statuses: list[JobStatus] = []
    for event in whole_story():
        state = tracker.apply(event)
        assert state is not None
        if state.status not in statuses:
            statuses.append(state.status)
    assert statuses == [JobStatus.SCHEDULED, JobStatus.RUNNING, JobStatus.COMPLETED]
    state = tracker.job("j1")
    assert state is not None
    assert state.done
    assert (state.workflow_name, state.workflow_version, state.run_id) == ("Transcode", "1.0", "run1")
    assert (state.created, state.updated) == (1001.0, 1000.0 + len(whole_story()))
    assert state.result == {"all": "well"}
    transcode = state.activities["TranscodeAssetStep"]
    assert (transcode.status, transcode.progress) == (ActivityStatus.COMPLETED, 100.0)
    assert transcode.reports == {"": {"progress": 100, "fps": 100 / 3}}
    assert transcode.result == {"of": "TranscodeAsset"}
    assert tracker.jobs() == [state]


@pytest.mark.parametrize("seed", range(6))
def test_disorder_and_duplicates_give_the_same_job_which_never_goes_back(store: Store, seed: int) -> None:
    expected = told(Tracker(), whole_story())
    events = whole_story() * 3
    random.Random(seed).shuffle(events)
    tracker = Tracker(store)
    before: JobState | None = None
    fresh = 0
    for event in events:
        state = tracker.apply(event)
        if state is None:
            continue
        fresh += 1
        if before is not None:
            assert state.status.rank >= before.status.rank
            for activity_id, activity in before.activities.items():
                assert state.activities[activity_id].status.rank >= activity.status.rank
                assert (state.activities[activity_id].progress or 0) >= (activity.progress or 0)
        before = state
    assert fresh == len(whole_story())
    assert before == expected
    assert tracker.job("j1") == expected


def test_a_final_state_stays() -> None:
    tracker = Tracker()
    story = Story()
    tracker.apply(story.tell(EventType.WORKFLOW_FAILED, reason="STEP_FAILED", details="why"))
    tracker.apply(story.tell(EventType.ACTIVITY_PROGRESS, TRANSCODE, result={"progress": 50}))
    state = tracker.apply(story.tell(EventType.WORKFLOW_TIMED_OUT, timeoutType="START_TO_CLOSE"))
    assert state is not None
    assert (state.status, state.reason, state.details) == (JobStatus.FAILED, "STEP_FAILED", "why")


@pytest.mark.parametrize(
    ("event_type", "details", "status", "reason", "explanation"),
    [
        (
            EventType.ACTIVITY_FAILED,
            {"result": {"reason": "PROBE_FAILED", "details": "no stream"}},
            ActivityStatus.FAILED,
            "PROBE_FAILED",
            "no stream",
        ),
        (
            EventType.ACTIVITY_TIMEOUT,
            {"timeoutType": "HEARTBEAT"},
            ActivityStatus.TIMED_OUT,
            "HEARTBEAT",
            None,
        ),
        (EventType.ACTIVITY_CANCELED, {"details": "asked"}, ActivityStatus.CANCELED, None, "asked"),
        (EventType.ACTIVITY_FAILED, {"result": "odd"}, ActivityStatus.FAILED, None, None),
    ],
)
def test_why_an_activity_ended(
    event_type: EventType,
    details: dict[str, Any],
    status: ActivityStatus,
    reason: str | None,
    explanation: str | None,
) -> None:
    state = Tracker().apply(Story().tell(event_type, TRANSCODE, **details))
    assert state is not None
    activity = state.activities["TranscodeAssetStep"]
    assert activity.done
    assert (activity.status, activity.reason, activity.details) == (status, reason, explanation)


def test_a_later_attempt_replaces_an_earlier_one() -> None:
    story = Story()
    story.tell(EventType.ACTIVITY_SCHEDULED, TRANSCODE, attempt=1)
    story.tell(EventType.ACTIVITY_PROGRESS, TRANSCODE, result={"progress": 80})
    story.tell(EventType.ACTIVITY_FAILED, TRANSCODE, result={"reason": "X", "attempt": 1, "willRetry": True})
    failed = told(Tracker(), story.events).activities["TranscodeAssetStep"]
    assert (failed.attempt, failed.status, failed.reason) == (1, ActivityStatus.FAILED, "X")
    story.tell(EventType.ACTIVITY_SCHEDULED, TRANSCODE, attempt=2)
    story.tell(EventType.ACTIVITY_PROGRESS, TRANSCODE, result={"progress": 10})
    again = told(Tracker(), story.events).activities["TranscodeAssetStep"]
    assert (again.attempt, again.status) == (2, ActivityStatus.RUNNING)
    assert (again.progress, again.reason) == (10.0, None)
    assert (again.created, again.updated) == (1001.0, 1005.0)
    late = told(Tracker(), [story.events[3], story.events[2]]).activities["TranscodeAssetStep"]
    assert (late.attempt, late.status) == (2, ActivityStatus.SCHEDULED)


def test_an_attempt_is_counted_as_far_as_databases_count(store: Store) -> None:
    story = Story()
    story.tell(EventType.ACTIVITY_SCHEDULED, TRANSCODE, attempt=2)
    story.tell(EventType.ACTIVITY_SCHEDULED, TRANSCODE, attempt=2**70)
    assert told(Tracker(store), story.events).activities["TranscodeAssetStep"].attempt == 2


@pytest.mark.parametrize(
    ("progress", "percent"), [(50, 50.0), (-3, 0.0), (250.5, 100.0), (True, None), ("50", None), (None, None)]
)
def test_progress_is_a_percentage(progress: object, percent: float | None) -> None:
    state = Tracker().apply(
        Story().tell(EventType.ACTIVITY_PROGRESS, TRANSCODE, result={"progress": progress})
    )
    assert state is not None
    assert state.activities["TranscodeAssetStep"].progress == percent


def test_progress_is_that_of_all_outputs() -> None:
    story = Story()
    outputs = {"output_assets": [{"file": "a.mp4"}, {"file": "b.jpg"}]}
    story.tell(EventType.ACTIVITY_STARTED, TRANSCODE, input=outputs)
    for output, percent in (("a.mp4", 40), ("a.mp4", 100), ("b.jpg", 0), ("b.jpg", 50)):
        story.tell(EventType.ACTIVITY_PROGRESS, TRANSCODE, result={"output": output, "progress": percent})
    seen: list[float | None] = []
    tracker = Tracker()
    for event in story.events:
        state = tracker.apply(event)
        assert state is not None
        seen.append(state.activities["TranscodeAssetStep"].progress)
    assert seen == [None, 20.0, 50.0, 50.0, 75.0]
    late = told(Tracker(), [story.events[2], story.events[0], story.events[4], story.events[3]])
    assert late.activities["TranscodeAssetStep"].progress == 100.0
    assert late.activities["TranscodeAssetStep"].reports["b.jpg"]["progress"] == 50


def test_the_originals_events_find_their_job(store: Store) -> None:
    named = Story()
    named.tell(EventType.WORKFLOW_SCHEDULED, workflowType={"name": "Transcode", "version": "1.0"}, input={})
    nameless = whole_story(job_id=None)[1:]
    early, late = nameless[:70], nameless[70:]
    tracker = Tracker(store)
    for event in early:
        tracker.apply(event)
    assert tracker.job("j1") is None
    tracker.request("j1", 900.0)
    tracker.apply(named.events[0])
    state = told(tracker, late)
    assert [job.job_id for job in tracker.jobs()] == ["j1"]
    assert state.status is JobStatus.COMPLETED
    assert state.created == 900.0
    assert state.activities == told(Tracker(), whole_story()).activities


def rejected(command: str | None) -> Event:
    return Event(
        type=EventType.COMMAND_REJECTED,
        time=1.0,
        event_id=f"rejected:{command}",
        job_id="j1",
        details={"command": command, "reason": "UNKNOWN_WORKFLOW", "details": "no such workflow"},
    )


def test_a_rejected_start_ends_the_wait() -> None:
    tracker = Tracker()
    tracker.request("j1", 0.5)
    state = tracker.apply(rejected("START_JOB"))
    assert state is not None
    assert state.done
    assert (state.status, state.reason) == (JobStatus.REJECTED, "UNKNOWN_WORKFLOW")


def test_a_second_start_that_is_rejected_does_not_end_the_job() -> None:
    tracker = Tracker()
    tracker.apply(Story().tell(EventType.ACTIVITY_STARTED, VALIDATE))
    state = tracker.apply(rejected("START_JOB"))
    assert state is not None
    assert (state.status, state.reason) == (JobStatus.RUNNING, None)


def test_a_rejected_question_says_nothing_of_the_job() -> None:
    tracker = Tracker()
    assert tracker.apply(rejected("GET_JOB_STATUS")) is None
    assert tracker.jobs() == []
    tracker.request("j1", 0.5)
    state = tracker.apply(rejected("CANCEL_JOB"))
    assert state is not None
    assert (state.status, state.reason) == (JobStatus.REQUESTED, None)


def test_an_event_of_nobodys_job_is_passed_over() -> None:
    nobody = Event(type=EventType.COMMAND_REJECTED, time=1.0, event_id="r", details={"command": None})
    tracker = Tracker()
    assert tracker.apply(nobody) is None
    assert tracker.jobs() == []


def test_the_newest_jobs_come_last(store: Store) -> None:
    tracker = Tracker(store)
    for number in (2, 0, 3, 1):
        tracker.request(f"j{number}", float(number))
    assert [job.job_id for job in tracker.jobs()] == ["j0", "j1", "j2", "j3"]
    assert [job.job_id for job in tracker.jobs(2)] == ["j2", "j3"]
    assert [job.job_id for job in tracker.jobs(0)] == []
    assert len(tracker.jobs(9)) == 4


@pytest.mark.parametrize(
    "make",
    [
        lambda path: MemoryStore(remember=3),
        lambda path: SqliteStore(path / "j.sqlite", remember=3),
        lambda path: SqlStore(f"sqlite:///{path / 'j.db'}", remember=3),
    ],
)
def test_the_oldest_events_are_forgotten(make: Callable[[Path], Any], tmp_path: Path) -> None:
    store = make(tmp_path)
    for number in range(5):
        event = Event(type=EventType.WORKFLOW_SCHEDULED, time=1.0, event_id=str(number), job_id="j1")
        Tracker(store).apply(event)
    with store.transaction():
        assert [store.seen(str(number)) for number in range(5)] == [False, False, True, True, True]
    if isinstance(store, SqliteStore | SqlStore):
        store.close()


def test_a_database_is_read_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    events = whole_story()
    with closing(SqliteStore(path)) as first:
        told(Tracker(first), events[:40])
    with closing(SqliteStore(path)) as second:
        tracker = Tracker(second)
        assert tracker.apply(events[39]) is None
        assert told(tracker, events[40:]) == told(Tracker(), events)


def test_a_database_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("This is no database, but a text of some length. " * 30)
    for path in (text, tmp_path / "missing" / "jobs.sqlite", tmp_path):
        with pytest.raises(ConfigError) as caught:
            SqliteStore(path)
        assert caught.value.code == "DATABASE_UNUSABLE"
        assert str(path) in str(caught.value)


def test_a_job_that_went_on_as_new_runs_is_in_the_last_one_in_whatever_order_that_is_heard() -> None:
    runs = ["run1", "run2", "run3"]
    told = [
        Event(
            type=EventType.WORKFLOW_CONTINUED,
            time=2.0,
            event_id=f"{old}:closed",
            job_id="j1",
            workflow=WorkflowRef(workflow_id="ClientA.j1", run_id=old),
            details={"newRunId": new},
        )
        for old, new in itertools.pairwise(runs)
    ]
    for order in itertools.permutations(told):
        tracker = Tracker()
        for event in order:
            tracker.apply(event)
        state = tracker.job("j1")
        assert state is not None
        assert (state.run_id, state.status) == ("run3", JobStatus.RUNNING)
