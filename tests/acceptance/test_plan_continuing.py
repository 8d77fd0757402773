"""Jobs that go on as new runs, with real daemons on the local SWF."""

from __future__ import annotations

from cpe.client import JobStatus
from cpe.protocol import EventType
from cpe.protocol.references import Reference
from tests.acceptance.jobs import Jobs

CHARACTERS = 3_000
"""Of one item's result: what all of them make is more than SWF carries from run to run."""


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
    assert closed.workflow is not None
    continued = {
        event.workflow.run_id: event.details["newRunId"]
        for event in jobs.heard(job_id, EventType.WORKFLOW_CONTINUED)
        if event.workflow
    }
    runs = [first]
    while runs[-1] in continued:
        runs.append(continued[runs[-1]])
    assert len(runs) == len(continued) + 1 >= 3
    assert runs[-1] == closed.workflow.run_id
    state = jobs.state(job_id)
    assert (state.status, state.run_id) == (JobStatus.COMPLETED, runs[-1])
    assert state.activities["Do[5]"].attempt == 2
    scheduled = [
        event.activity.activity_id
        for event in jobs.heard(job_id, EventType.ACTIVITY_SCHEDULED)
        if event.activity
    ]
    assert sorted(scheduled) == sorted([f"Do[{index}]" for index in range(count)] + ["Do[5]"])


def test_what_a_run_carries_along_may_be_more_than_swf_does(jobs: Jobs) -> None:
    items = [{"characters": CHARACTERS}] * 20 + [{"characters": 50_000}]
    job_id = jobs.start("GoesOn", {"list": items})
    jobs.run_id(job_id)
    jobs.signal(job_id, "approve", '{"by": "Ann"}')
    closed = jobs.closed(job_id)
    assert [len(value) for value in closed.details["result"]["values"]] == [CHARACTERS] * 20 + [50_000]
    (started, *_) = jobs.history(job_id)
    carried = started["workflowExecutionStartedEventAttributes"]
    assert Reference.parse(carried["input"]) is not None
    before = [event.workflow for event in jobs.heard(job_id, EventType.WORKFLOW_CONTINUED)]
    assert carried["continuedExecutionRunId"] in {run.run_id for run in before if run}


def test_a_job_that_has_gone_on_can_be_cancelled(jobs: Jobs) -> None:
    items = [*({"value": number} for number in range(20)), {"for_ever": True}]
    job_id = jobs.start("GoesOn", {"list": items})
    jobs.event(job_id, EventType.ACTIVITY_STARTED, "Do[20]")
    assert jobs.heard(job_id, EventType.WORKFLOW_CONTINUED)
    jobs.cancel(job_id)
    assert jobs.closed(job_id).type is EventType.WORKFLOW_CANCELED
    assert jobs.state(job_id).status is JobStatus.CANCELED
