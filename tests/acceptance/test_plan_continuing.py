"""Jobs that go on as new runs, with real daemons on the local SWF."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from cpe.client import JobStatus
from cpe.protocol import Event, EventType
from cpe.protocol.references import Reference
from tests.acceptance.jobs import Jobs

CHARACTERS = 8_000
"""Of one item's result: what five of them make is more than SWF carries from run to run, 32,768. No run goes on
with fewer: an item needs six events at most, and the plan's runs go on after 50."""


def test_a_long_job_goes_on_as_new_runs_with_all_that_it_knows(jobs: Jobs) -> None:
    count = 30
    items = [{"value": number} for number in range(count)]
    items[5] = {"fail_times": 1, "value": 5}
    job_id = jobs.start("GoesOn", {"list": items})
    first = jobs.run_id(job_id)
    jobs.signal(job_id, "approve", '{"by": "Ann"}')
    closed = jobs.closed(job_id)
    assert closed.type is EventType.WORKFLOW_COMPLETED
    assert closed.details["result"] == {"by": "Ann", "values": list(range(count))}
    runs = runs_told(jobs, job_id, first, closed)
    assert len(runs) >= 3
    state = jobs.state(job_id)
    assert (state.status, state.run_id) == (JobStatus.COMPLETED, runs[-1])
    assert state.activities["Do[5]"].attempt == 2
    expected = Counter({f"Do[{index}]": 1 for index in range(count)})
    expected["Do[5]"] += 1

    def scheduled() -> Counter[str]:
        events = jobs.heard(job_id, EventType.ACTIVITY_SCHEDULED)
        return Counter(event.activity.activity_id for event in events if event.activity)

    # What a decision does is told once SWF has taken it, which may be after what came of it.
    jobs.wait(lambda: scheduled() >= expected or None, "all that was scheduled")
    assert scheduled() == expected


def test_what_a_run_carries_along_may_be_more_than_swf_does(jobs: Jobs) -> None:
    items = [{"characters": CHARACTERS}] * 20 + [{"characters": 50_000}]
    job_id = jobs.start("GoesOn", {"list": items})
    first = jobs.run_id(job_id)
    jobs.signal(job_id, "approve", '{"by": "Ann"}')
    closed = jobs.closed(job_id)
    assert [len(value) for value in closed.details["result"]["values"]] == [CHARACTERS] * 20 + [50_000]
    runs = runs_told(jobs, job_id, first, closed)
    assert len(runs) > 1
    for before, run_id in pairwise(runs):
        (started, *_) = jobs.history(job_id, run_id)
        carried = started["workflowExecutionStartedEventAttributes"]
        assert Reference.parse(carried["input"]) is not None
        assert carried["continuedExecutionRunId"] == before


def test_a_job_that_has_gone_on_can_be_cancelled(jobs: Jobs) -> None:
    items = [*({"value": number} for number in range(20)), {"for_ever": True}]
    job_id = jobs.start("GoesOn", {"list": items})
    jobs.event(job_id, EventType.ACTIVITY_STARTED, "Do[20]")
    jobs.event(job_id, EventType.WORKFLOW_CONTINUED)
    jobs.cancel(job_id)
    assert jobs.closed(job_id).type is EventType.WORKFLOW_CANCELED
    assert jobs.state(job_id).status is JobStatus.CANCELED


def runs_told(jobs: Jobs, job_id: str, first: str, closed: Event) -> list[str]:
    """Wait until it was told how each run became the next, up to the one that closed; the runs, in order."""
    assert closed.workflow is not None
    last = closed.workflow.run_id

    def told() -> list[str] | None:
        events = jobs.heard(job_id, EventType.WORKFLOW_CONTINUED)
        became = {event.workflow.run_id: event.details["newRunId"] for event in events if event.workflow}
        runs = [first]
        while runs[-1] in became:
            runs.append(became.pop(runs[-1]))
        return runs if runs[-1] == last and not became else None

    return jobs.wait(told, f"all runs of {job_id}")
