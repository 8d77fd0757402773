"""From a START_JOB to what SWF is asked to start."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cpe.config import Client
from cpe.daemons.startjob import start_request
from cpe.errors import ProtocolError
from cpe.protocol import Command, CommandType
from cpe.protocol.references import PayloadPlace, Reference

CLIENT = Client(name="ClientA", input_queue="https://q/1/in", output_queue="https://q/1/out")
OURS = {"name": "ClientA", "queues": {"input": "https://q/1/in", "output": "https://q/1/out"}}
WORKFLOW = {"name": "Transcode", "version": "1.0", "domain": "SADomain"}


def command(job_id: str = "j1", workflow: Any = WORKFLOW, **data: Any) -> Command:
    return Command(type=CommandType.START_JOB, time=1.0, job_id=job_id, data={"workflow": workflow, **data})


def refusal(asked: Command, *, domain: str | None = None) -> str:
    with pytest.raises(ProtocolError) as caught:
        start_request(asked, CLIENT, domain=domain)
    return caught.value.code


def test_the_whole_of_data_is_the_input_with_the_client_put_there() -> None:
    workflow = {**WORKFLOW, "taskList": "basic", "executionStartToCloseTimeout": 2592000}
    request = start_request(command(workflow=workflow, input_asset={"file": "é.mp4"}), CLIENT, domain=None)
    assert json.loads(request.input) == {
        "workflow": workflow,
        "input_asset": {"file": "é.mp4"},
        "client": OURS,
    }
    assert request.workflow_id == "ClientA.j1"
    assert request.tags == ("ClientA", "j1")
    assert (request.workflow_name, request.workflow_version) == ("Transcode", "1.0")
    assert (request.domain, request.task_list) == ("SADomain", "basic")
    assert request.execution_start_to_close_timeout == "2592000"


@pytest.mark.parametrize("stated", [OURS, {"name": "ClientA"}, {**OURS, "key": "other"}, {}])
def test_a_client_that_agrees_is_taken(stated: Any) -> None:
    request = start_request(command(client=stated), CLIENT, domain=None)
    assert json.loads(request.input)["client"] == OURS


@pytest.mark.parametrize(
    "stated",
    [
        {"name": "ClientB"},
        {"name": "ClientA", "queues": {"output": "https://q/1/elsewhere"}},
        {"queues": "https://q/1/out"},
        "ClientA",
        [],
    ],
)
def test_a_client_that_differs_is_refused(stated: Any) -> None:
    assert refusal(command(client=stated)) == "CLIENT_MISMATCH"


def test_the_stacks_domain_goes_before_the_commands() -> None:
    without = {"name": "Transcode", "version": "1.0"}
    assert start_request(command(workflow=without), CLIENT, domain="SADomain").domain == "SADomain"
    assert start_request(command(), CLIENT, domain="SADomain").domain == "SADomain"
    assert refusal(command(), domain="Other") == "DOMAIN_MISMATCH"
    assert refusal(command(workflow=without)) == "DOMAIN_MISSING"


def test_a_job_id_that_swf_would_refuse_is_refused() -> None:
    assert refusal(command(job_id="a/b")) == "INVALID_JOB_ID"


def test_an_input_may_be_larger_than_swf_carries() -> None:
    request = start_request(command(text="ü" * 40_000), CLIENT, domain=None)
    assert json.loads(request.input)["text"] == "ü" * 40_000


def test_no_command_can_be_taken_for_a_reference() -> None:
    reference: dict[str, Any] = PayloadPlace(bucket="cpe-payloads").refer("{}", client="ClientB").value()
    assert Reference.parse(start_request(command(**reference), CLIENT, domain=None).input) is None
