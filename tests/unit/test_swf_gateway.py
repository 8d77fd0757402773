"""SWF's answers as typed values; botocore's stubber stands in for the service, to give answers that are rare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from structlog.testing import capture_logs

from cpe.activity import Cancellation, HeartbeatDetails
from cpe.aws.registry import SwfRegistry
from cpe.aws.swf import SwfGateway
from cpe.daemons.decider import lost_in_a_row
from cpe.daemons.heartbeat import Heartbeat
from cpe.errors import ActivityCancelled, AwsError, ConfigError, LeaseLost
from cpe.logs import get_logger
from cpe.protocol.references import MAX_SWF_DATA

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

RUN = {"workflowId": "ClientA.j1", "runId": "r1"}


@pytest.fixture
def client() -> SWFClient:
    return boto3.client("swf")


@pytest.fixture
def stub(client: SWFClient) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def swf(client: SWFClient) -> SwfGateway:
    return SwfGateway(polls=client, calls=client, identity="me")


def event(event_id: int, kind: str = "DecisionTaskStarted") -> dict[str, Any]:
    return {"eventId": event_id, "eventType": kind, "eventTimestamp": 1}


def page(*events: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "taskToken": "t1",
        "startedEventId": 3,
        "previousStartedEventId": 0,
        "workflowExecution": RUN,
        "workflowType": {"name": "Transcode", "version": "1.0"},
        "events": list(events),
    }
    return answer if token is None else {**answer, "nextPageToken": token}


def test_all_pages_of_a_history_make_one_task(stub: Stubber, swf: SwfGateway) -> None:
    asked = {
        "domain": "d",
        "taskList": {"name": "tl"},
        "identity": "me",
        "startAtPreviousStartedEvent": True,
    }
    stub.add_response("poll_for_decision_task", page(event(1), token="p2"), asked)
    stub.add_response("poll_for_decision_task", page(event(2), token="p3"), {**asked, "nextPageToken": "p2"})
    stub.add_response("poll_for_decision_task", page(event(3)), {**asked, "nextPageToken": "p3"})
    task = swf.poll_decision("d", "tl")
    assert task is not None
    assert [one["eventId"] for one in task.events] == [1, 2, 3]
    assert (task.token, task.workflow_id, task.run_id) == ("t1", "ClientA.j1", "r1")
    assert (task.workflow_name, task.workflow_version, task.started_event_id) == ("Transcode", "1.0", 3)


def test_reasons_and_details_are_cut_to_swfs_room(stub: Stubber, swf: SwfGateway) -> None:
    stub.add_response(
        "respond_activity_task_failed",
        {},
        {"taskToken": "t", "reason": "R" * 256, "details": "d" * MAX_SWF_DATA},
    )
    swf.fail_activity("t", reason="R" * 300, details="d" * (MAX_SWF_DATA + 1))


def test_a_passing_fault_is_retryable(stub: Stubber, swf: SwfGateway) -> None:
    stub.add_client_error("poll_for_activity_task", "ThrottlingException")
    with pytest.raises(AwsError) as caught:
        swf.poll_activity("d", "tl")
    assert caught.value.retryable


def test_a_deprecated_domain_is_the_operators(stub: Stubber, client: SWFClient) -> None:
    stub.add_response(
        "describe_domain",
        {
            "domainInfo": {"name": "d", "status": "DEPRECATED"},
            "configuration": {"workflowExecutionRetentionPeriodInDays": "1"},
        },
    )
    with pytest.raises(ConfigError) as caught:
        SwfRegistry(client).register_domain("d")
    assert caught.value.code == "DOMAIN_DEPRECATED"


def heartbeat(swf: SwfGateway, cancellation: Cancellation) -> Heartbeat:
    return Heartbeat(
        swf=swf,
        token="t",
        cancellation=cancellation,
        details=HeartbeatDetails(),
        interval=60,
        log=get_logger(),
    )


def test_a_heartbeat_brings_the_cancellation_once(stub: Stubber, swf: SwfGateway) -> None:
    cancellation = Cancellation()
    beat = heartbeat(swf, cancellation).beat
    stub.add_response("record_activity_task_heartbeat", {"cancelRequested": False})
    stub.add_response("record_activity_task_heartbeat", {"cancelRequested": True})
    stub.add_response("record_activity_task_heartbeat", {"cancelRequested": True})
    with capture_logs() as logs:
        assert beat()
        assert not cancellation.requested
        assert beat()  # the lease is kept while the activity winds up
        assert isinstance(cancellation.reason, ActivityCancelled)
        assert beat()
    told = [line["event"] for line in logs if line["log_level"] != "debug"]
    assert told == ["task_cancel_requested"]


def test_a_heartbeat_learns_that_the_task_is_gone(stub: Stubber, swf: SwfGateway) -> None:
    cancellation = Cancellation()
    stub.add_client_error("record_activity_task_heartbeat", "UnknownResourceFault")
    assert not heartbeat(swf, cancellation).beat()
    assert isinstance(cancellation.reason, LeaseLost)


def test_a_failed_heartbeat_loses_nothing_yet(stub: Stubber, swf: SwfGateway) -> None:
    cancellation = Cancellation()
    stub.add_client_error("record_activity_task_heartbeat", "InternalFailure", http_status_code=500)
    assert heartbeat(swf, cancellation).beat()
    assert not cancellation.requested


def test_only_decision_tasks_lost_since_the_last_answer_count() -> None:
    kinds = [
        "WorkflowExecutionStarted",
        "DecisionTaskTimedOut",
        "DecisionTaskCompleted",
        "DecisionTaskTimedOut",
        "ActivityTaskCompleted",
        "DecisionTaskTimedOut",
    ]
    assert lost_in_a_row([event(number, kind) for number, kind in enumerate(kinds, 1)]) == 2
