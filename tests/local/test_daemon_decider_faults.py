"""What goes wrong between a decider and SWF: botocore's stubber plays SWF, the client's queue is real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from structlog.testing import capture_logs

from cpe.aws.payloads import Payloads
from cpe.aws.session import AwsSession
from cpe.aws.sqs import Queue
from cpe.aws.swf import SwfGateway
from cpe.aws.tasks import DecisionTask
from cpe.clock import SystemClock
from cpe.daemons.decider import PATIENCE, Decider
from cpe.daemons.publisher import Publisher
from cpe.errors import AwsError
from cpe.local.server import LocalAws
from cpe.logs import get_logger
from cpe.plan import parse_plan
from tests.local.stage import Stage
from tests.unit.histories import HistoryBuilder

if TYPE_CHECKING:
    from types_boto3_swf import SWFClient

PLAN = parse_plan("""
name: Works
version: "1.0"
activities:
  - { name: Work, version: v1, input_spec: { type: object }, outputs_spec: { done: "$.done" } }
steps:
  - { name: First, activity: Work, input: "{{__input__.first}}" }
""")


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    return Stage(tmp_path)


class Bench:
    """A decider whose SWF is botocore's stubber, so that each answer is as rare as the test needs; its queue is real."""

    def __init__(self, stage: Stage, stub: Stubber, client: SWFClient) -> None:
        self.stub, self.client = stub, client
        aws = AwsSession()
        sqs = aws.sqs()
        self.waits: list[float] = []
        self.decider = Decider(
            swf=SwfGateway(polls=client, calls=client),
            plans={(PLAN.name, PLAN.version): PLAN},
            publisher=Publisher(
                stage.settings, lambda url: Queue(sqs, url), get_logger(), Payloads(aws.s3(), None)
            ),
            payloads=Payloads(AwsSession().s3(), None),
            domain="d",
            task_list="tl",
            clock=SystemClock(),
            wait=self.waits.append,
            log=get_logger(),
        )

    def answer_expected(self, *kinds: str) -> None:
        """Expect an answer with decisions of these types."""

        def check(params: Any, **_: Any) -> None:
            assert [decision["decisionType"] for decision in params["decisions"]] == list(kinds)

        self.client.meta.events.register("provide-client-params.swf.RespondDecisionTaskCompleted", check)
        self.stub.add_response("respond_decision_task_completed", {})

    def newest(self, event_id: int, kind: str) -> None:
        """Let the history end with this event when the decider looks whether the execution is closed."""
        event = {"eventId": event_id, "eventType": kind, "eventTimestamp": 1}
        self.stub.add_response("get_workflow_execution_history", {"events": [event]})


@pytest.fixture
def bench(stage: Stage) -> Iterator[Bench]:
    client: SWFClient = boto3.client("swf")
    with Stubber(client) as stub:
        yield Bench(stage, stub, client)
        stub.assert_no_pending_responses()


def task(*kinds: str, name: str = "Works", text: str = "{}") -> DecisionTask:
    events: list[dict[str, Any]] = [
        {
            "eventId": 1,
            "eventType": "WorkflowExecutionStarted",
            "eventTimestamp": 1,
            "workflowExecutionStartedEventAttributes": {"input": text},
        }
    ]
    for kind in kinds:
        attributes = {"startedEventId": 0, "scheduledEventId": 0}
        key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        event = {"eventId": len(events) + 1, "eventType": kind, "eventTimestamp": 1, key: attributes}
        events.append(event)
    return task_of(events, name)


def task_of(events: list[dict[str, Any]], name: str = "Works") -> DecisionTask:
    return DecisionTask(
        token="t",
        workflow_id="ClientA.job-1",
        run_id="run-1",
        workflow_name=name,
        workflow_version="1.0",
        started_event_id=len(events),
        events=tuple(events),
    )


LOST = ("DecisionTaskScheduled", "DecisionTaskStarted", "DecisionTaskTimedOut")
NOW = ("DecisionTaskScheduled", "DecisionTaskStarted")


def test_an_execution_that_nobody_knows_fails_after_some_patience(stage: Stage, bench: Bench) -> None:
    with capture_logs() as logs:
        bench.decider.handle(task(*LOST * (PATIENCE - 1), *NOW, name="Absent"))
        assert stage.receive() == []
        bench.answer_expected("FailWorkflowExecution")
        bench.newest(99, "WorkflowExecutionFailed")
        bench.decider.handle(task(*LOST * PATIENCE, *NOW, name="Absent"))
    (closed,) = stage.event("WORKFLOW_FAILED")
    assert (closed["data"]["reason"], closed["eventId"]) == ("PLAN_NOT_FOUND", "run-1:closed")
    assert [line["tries"] for line in logs if line["event"] == "decision_failed"] == [PATIENCE, PATIENCE + 1]


def test_a_closing_that_swf_did_not_take_is_not_announced(stage: Stage, bench: Bench) -> None:
    bench.answer_expected("FailWorkflowExecution")
    bench.newest(99, "DecisionTaskScheduled")
    with capture_logs() as logs:
        bench.decider.handle(task(*NOW, text="no json"))
    assert stage.receive() == []
    assert "execution_not_closed" in [line["event"] for line in logs]


def test_a_history_that_lags_is_asked_for_again(stage: Stage, bench: Bench) -> None:
    bench.answer_expected("FailWorkflowExecution")
    bench.newest(3, "DecisionTaskStarted")
    bench.newest(5, "WorkflowExecutionFailed")
    bench.decider.handle(task(*NOW, text="no json"))
    assert stage.event("WORKFLOW_FAILED")
    assert len(bench.waits) == 1


def test_an_answer_that_comes_too_late_announces_nothing(stage: Stage, bench: Bench) -> None:
    bench.stub.add_client_error("respond_decision_task_completed", "UnknownResourceFault")
    with capture_logs() as logs:
        bench.decider.handle(task(*NOW, text='{"first": {"do": "report"}}'))
    assert [line["event"] for line in logs] == ["decision_lost"]
    assert stage.receive() == []


def test_a_refused_answer_does_not_loop(stage: Stage, bench: Bench) -> None:
    for _ in range(2):
        bench.stub.add_client_error("respond_decision_task_completed", "ValidationException")
    with capture_logs() as logs, pytest.raises(AwsError):
        bench.decider.handle(task(*LOST * PATIENCE, *NOW, text='{"first": {"do": "report"}}'))
    assert [line["event"] for line in logs] == ["decision_failed"]


def test_an_answer_that_cannot_even_be_sent_fails_the_execution_after_some_patience(
    stage: Stage, bench: Bench
) -> None:
    def unsendable(params: Any, **_: Any) -> None:
        if params["decisions"][0]["decisionType"] == "ScheduleActivityTask":
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    bench.client.meta.events.register("provide-client-params.swf.RespondDecisionTaskCompleted", unsendable)
    with capture_logs() as logs:
        bench.decider.handle(task(*NOW, text='{"first": {"do": "report"}}'))
        assert stage.receive() == []
        bench.stub.add_response("respond_decision_task_completed", {})
        bench.newest(99, "WorkflowExecutionFailed")
        bench.decider.handle(task(*LOST * PATIENCE, *NOW, text='{"first": {"do": "report"}}'))
    (closed,) = stage.event("WORKFLOW_FAILED")
    assert closed["data"]["reason"] == "DECISION_FAILED"
    assert [line["tries"] for line in logs if line["event"] == "decision_failed"] == [1, PATIENCE + 1]


def test_a_passing_fault_is_tried_again_and_then_left_to_swf(stage: Stage, bench: Bench) -> None:
    for _ in range(4):
        bench.stub.add_client_error("respond_decision_task_completed", "ThrottlingException")
    with pytest.raises(AwsError):
        bench.decider.handle(task(*NOW, text='{"first": {"do": "report"}}'))
    assert len(bench.waits) == 3


def test_facts_that_cannot_be_published_leave_the_task_unanswered(
    stage: Stage, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = HistoryBuilder({"first": {"do": "report"}})
    history.decide(PLAN)
    history.start("First")
    history.complete("First", {"done": True})
    history.begin_decision()
    monkeypatch.setattr("cpe.aws.session._ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
    with pytest.raises(AwsError) as caught:
        Bench(stage, bench.stub, bench.client).decider.handle(task_of(history.events))
    assert caught.value.code == "ENDPOINT_UNREACHABLE"
    # The same task, later: what was held back comes first, then the answer.
    bench.answer_expected("CompleteWorkflowExecution")
    bench.newest(99, "WorkflowExecutionCompleted")
    bench.decider.handle(task_of(history.events))
    assert stage.event("WORKFLOW_COMPLETED")
    kinds = [event["type"] for event in stage.events]
    assert sorted(kinds) == ["ACTIVITY_COMPLETED", "ACTIVITY_SCHEDULED", "WORKFLOW_COMPLETED"]


def test_a_closing_whose_answer_got_lost_is_announced_all_the_same(stage: Stage, bench: Bench) -> None:
    bench.stub.add_client_error("respond_decision_task_completed", "UnknownResourceFault")
    bench.newest(5, "WorkflowExecutionFailed")
    bench.decider.handle(task(*NOW, text="no json"))
    assert stage.event("WORKFLOW_FAILED")


def test_an_execution_that_somebody_else_ended_is_not_announced_as_ours(stage: Stage, bench: Bench) -> None:
    bench.stub.add_client_error("respond_decision_task_completed", "UnknownResourceFault")
    bench.newest(5, "WorkflowExecutionTerminated")
    bench.decider.handle(task(*NOW, text="no json"))
    assert stage.receive() == []


def test_what_was_worked_out_is_kept_before_swf_is_answered(bench: Bench) -> None:
    """The next task of the execution may come to another thread the moment SWF has the answer."""
    kept: list[int] = []
    bench.client.meta.events.register(
        "provide-client-params.swf.RespondDecisionTaskCompleted",
        lambda **_: kept.append(len(bench.decider._walks)),
    )
    bench.stub.add_response("respond_decision_task_completed", {})
    bench.decider.handle(task(*NOW, text='{"first": {"do": "report"}}'))
    assert kept == [1]
